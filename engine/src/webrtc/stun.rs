//! STUN (RFC 8489) as ICE needs it: binding requests are read and their integrity is checked, answers
//! are written. Pure, and never panics.

use ring::hmac;
use std::net::{IpAddr, SocketAddr};

/// Marks a STUN message (§5).
pub const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Bytes before the attributes.
const HEADER: usize = 20;
/// Bytes of an attribute before its value.
const ATTRIBUTE: usize = 4;
/// Bytes of MESSAGE-INTEGRITY.
const INTEGRITY: usize = 20;
/// Attributes read; a message with more is refused.
const MOST_ATTRIBUTES: usize = 32;
/// Unknown attributes that an answer names.
const MOST_UNKNOWN: usize = 4;
/// What the checksum is combined with (§14.7).
const CRC_MASK: u32 = 0x5354_554e;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

/// Attributes below this must be understood (§14).
const OPTIONAL: u16 = 0x8000;

/// A transaction id.
pub type Transaction = [u8; 12];

/// What is no message that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// A message that is whole: its lengths fit and its checksum, when there is one, is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    bytes: &'a [u8],
    kind: u16,
    /// Comes back in the answer.
    pub transaction: Transaction,
    /// USERNAME.
    pub username: Option<&'a str>,
    /// PRIORITY, of the candidate that the sender would learn (RFC 8445 §7.1.1).
    pub priority: Option<u32>,
    /// The sender nominates the pair (RFC 8445 §7.1.2).
    pub use_candidate: bool,
    /// The sender says that it is the controlled one.
    pub controlled: bool,
    /// The sender says that it is the controlling one.
    pub controlling: bool,
    /// Attributes that must be understood and are not.
    pub unknown: Unknown,
    /// Where MESSAGE-INTEGRITY begins.
    integrity: Option<usize>,
    /// Address of an answer.
    pub mapped: Option<SocketAddr>,
    /// Code of an error.
    pub error: Option<u16>,
}

/// The first few types of unknown attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unknown {
    types: [u16; MOST_UNKNOWN],
    count: usize,
}

/// The key of the short-term credential mechanism (§9.1.1).
#[derive(Clone)]
pub struct Key(hmac::Key);

impl Key {
    /// The key that a password makes.
    pub fn new(password: &str) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password.as_bytes(),
        ))
    }

    /// The tag of a message whose integrity attribute begins at `end`.
    fn tag(&self, bytes: &[u8], end: usize) -> Option<hmac::Tag> {
        Some(hmac::sign(&self.0, &covered(bytes, end)?))
    }

    /// Whether such a tag is right.
    fn fits(&self, bytes: &[u8], end: usize, claimed: &[u8]) -> bool {
        covered(bytes, end).is_some_and(|covered| hmac::verify(&self.0, &covered, claimed).is_ok())
    }
}

/// What the integrity attribute that begins at `end` covers: all before it, with a length in the header
/// that reaches to its own end (§14.5).
fn covered(bytes: &[u8], end: usize) -> Option<Vec<u8>> {
    let length = u16::try_from(end.checked_sub(HEADER)? + ATTRIBUTE + INTEGRITY).ok()?;
    let mut covered = bytes.get(..end)?.to_vec();
    covered
        .get_mut(2..4)?
        .copy_from_slice(&length.to_be_bytes());
    Some(covered)
}

impl Unknown {
    fn add(&mut self, kind: u16) {
        if let Some(place) = self.types.get_mut(self.count) {
            *place = kind;
            self.count += 1;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Says whether a datagram may be STUN: its two top bits are zero and the cookie is in its place.
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER
        && bytes.first().is_some_and(|b| b & 0xc0 == 0)
        && bytes.get(4..8) == Some(&MAGIC)
}

impl<'a> Message<'a> {
    /// Reads a datagram.
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, Malformed> {
        if !is_stun(bytes) || bytes.len() != HEADER + usize::from(number(bytes, 2)?) {
            return Err(Malformed);
        }
        let transaction = bytes.get(8..).and_then(<[u8]>::first_chunk);
        let mut message = Message {
            bytes,
            kind: number(bytes, 0)?,
            transaction: *transaction.ok_or(Malformed)?,
            username: None,
            priority: None,
            use_candidate: false,
            controlled: false,
            controlling: false,
            unknown: Unknown::default(),
            integrity: None,
            mapped: None,
            error: None,
        };
        let mut at = HEADER;
        for _ in 0..MOST_ATTRIBUTES {
            if at == bytes.len() {
                return Ok(message);
            }
            at = message.attribute(at)?;
        }
        Err(Malformed)
    }

    /// Reads the attribute at a place and answers where the next begins.
    fn attribute(&mut self, at: usize) -> Result<usize, Malformed> {
        let kind = number(self.bytes, at)?;
        let length = usize::from(number(self.bytes, at + 2)?);
        let start = at + ATTRIBUTE;
        let value = self.bytes.get(start..start + length).ok_or(Malformed)?;
        let next = start + length.next_multiple_of(4);
        if next > self.bytes.len() {
            return Err(Malformed);
        }
        if kind == FINGERPRINT {
            let right = checksum(self.bytes.get(..at).unwrap_or_default()).to_be_bytes();
            let last = next == self.bytes.len();
            return (last && value == right).then_some(next).ok_or(Malformed);
        }
        // What follows the integrity is not covered by it and not believed (§14.5).
        if self.integrity.is_some() {
            return Ok(next);
        }
        match kind {
            USERNAME => {
                self.username = Some(std::str::from_utf8(value).map_err(|_| Malformed)?);
            }
            MESSAGE_INTEGRITY if length == INTEGRITY => self.integrity = Some(at),
            MESSAGE_INTEGRITY => return Err(Malformed),
            PRIORITY => {
                let value = value.try_into().map_err(|_| Malformed)?;
                self.priority = Some(u32::from_be_bytes(value));
            }
            USE_CANDIDATE => self.use_candidate = true,
            ICE_CONTROLLED => self.controlled = true,
            ICE_CONTROLLING => self.controlling = true,
            XOR_MAPPED_ADDRESS => self.mapped = unmask(value, &self.transaction),
            ERROR_CODE => {
                self.error = value
                    .get(2..4)
                    .and_then(<[u8]>::first_chunk)
                    .map(|[class, number]| u16::from(class & 7) * 100 + u16::from(*number));
            }
            UNKNOWN_ATTRIBUTES => {}
            kind if kind < OPTIONAL => self.unknown.add(kind),
            _ => {}
        }
        Ok(next)
    }

    /// Whether it asks for a binding.
    pub fn is_request(&self) -> bool {
        self.kind == BINDING_REQUEST
    }

    /// Whether it answers that the binding was made.
    #[cfg(test)]
    pub fn is_success(&self) -> bool {
        self.kind == BINDING_SUCCESS
    }

    /// Whether it says who made it.
    pub fn is_signed(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether who made it knows the password.
    pub fn is_authentic(&self, key: &Key) -> bool {
        let Some(at) = self.integrity else {
            return false;
        };
        let start = at + ATTRIBUTE;
        let claimed = self.bytes.get(start..start + INTEGRITY);
        claimed.is_some_and(|claimed| key.fits(self.bytes, at, claimed))
    }
}

/// The answer that a binding was made for `source` (RFC 8445 §7.3.1.2).
pub fn success(transaction: &Transaction, source: SocketAddr, key: &Key) -> Vec<u8> {
    let mut out = begin(BINDING_SUCCESS, transaction);
    let (family, ip) = match source.ip().to_canonical() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let port = source.port() ^ u16::from_be_bytes([MAGIC[0], MAGIC[1]]);
    let mut value = vec![0, family];
    value.extend(port.to_be_bytes());
    value.extend(ip.iter().zip(mask(transaction)).map(|(a, m)| a ^ m));
    append(&mut out, XOR_MAPPED_ADDRESS, &value);
    sign(&mut out, key);
    seal(&mut out);
    out
}

/// The answer that refuses a request; signed when the requester has shown that it knows the password.
pub fn refusal(
    transaction: &Transaction,
    code: u16,
    unknown: Unknown,
    key: Option<&Key>,
) -> Vec<u8> {
    let mut out = begin(BINDING_ERROR, transaction);
    let phrase = match code {
        400 => "Bad Request",
        401 => "Unauthenticated",
        420 => "Unknown Attribute",
        _ => "Role Conflict",
    };
    let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
    value.extend(phrase.as_bytes());
    append(&mut out, ERROR_CODE, &value);
    if !unknown.is_empty() {
        let types = unknown.types.iter().take(unknown.count);
        let value: Vec<u8> = types.flat_map(|kind| kind.to_be_bytes()).collect();
        append(&mut out, UNKNOWN_ATTRIBUTES, &value);
    }
    if let Some(key) = key {
        sign(&mut out, key);
    }
    seal(&mut out);
    out
}

fn begin(kind: u16, transaction: &Transaction) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    out.extend(kind.to_be_bytes());
    out.extend([0, 0]);
    out.extend(MAGIC);
    out.extend(transaction);
    out
}

fn append(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_be_bytes());
    out.extend((value.len() as u16).to_be_bytes());
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    let length = (out.len() - HEADER) as u16;
    if let Some(place) = out.get_mut(2..4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

fn sign(out: &mut Vec<u8>, key: &Key) {
    if let Some(tag) = key.tag(out, out.len()) {
        append(out, MESSAGE_INTEGRITY, tag.as_ref());
    }
}

/// Adds the checksum, which counts itself in the length that it covers.
fn seal(out: &mut Vec<u8>) {
    let at = out.len();
    append(out, FINGERPRINT, &[0; 4]);
    let sum = checksum(out.get(..at).unwrap_or_default());
    if let Some(place) = out.get_mut(at + ATTRIBUTE..) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
}

/// What addresses are masked with (§14.2).
fn mask(transaction: &Transaction) -> impl Iterator<Item = u8> {
    MAGIC.into_iter().chain(*transaction)
}

fn unmask(value: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let port = number(value, 2).ok()? ^ u16::from_be_bytes([MAGIC[0], MAGIC[1]]);
    let ip = value.get(4..)?.iter().zip(mask(transaction));
    let ip: Vec<u8> = ip.map(|(a, m)| a ^ m).collect();
    let ip = match value.get(1)? {
        1 => IpAddr::from(*ip.first_chunk::<4>()?),
        2 => IpAddr::from(*ip.first_chunk::<16>()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn number(bytes: &[u8], at: usize) -> Result<u16, Malformed> {
    let pair = bytes.get(at..).and_then(<[u8]>::first_chunk);
    Ok(u16::from_be_bytes(*pair.ok_or(Malformed)?))
}

/// The checksum of FINGERPRINT: CRC-32 of what comes before it (§14.7).
fn checksum(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        let place = (crc ^ u32::from(*byte)) & 0xff;
        (crc >> 8) ^ CRC.get(place as usize).copied().unwrap_or_default()
    });
    !crc ^ CRC_MASK
}

/// One step of the checksum for every byte.
static CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ 0xedb8_8320
            } else {
                value >> 1
            };
            bit += 1;
        }
        #[allow(
            clippy::indexing_slicing,
            reason = "within the array, checked by the compiler"
        )]
        {
            table[byte] = value;
        }
        byte += 1;
    }
    table
};
