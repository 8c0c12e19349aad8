//! Reads a description line by line, forgiving what phones get wrong: bare LF or CR ends, stray blanks,
//! lines out of order, attributes nobody knows.

use std::net::IpAddr;
use std::str::{FromStr, SplitWhitespace};

use crate::rtp::srtp::{MasterKey, Suite};

use super::error::SdpError;
use super::session::{Address, Crypto, Media, Origin, RtpMap, Session};
use super::terms::Direction;
use super::web_lines::WebLines;

/// Longest description read, in bytes. Real ones have less than 4 KiB.
pub const MAX_BYTES: usize = 32 * 1024;
/// Most `m=` lines read; an answer has to mirror every one of them.
pub const MAX_STREAMS: usize = 16;
/// Most formats of one `m=` line, and most `a=` lines of one kind of one stream.
pub const MAX_FORMATS: usize = 64;
/// Longest format, name or parameter text that is kept, in bytes; longer ones are skipped.
const MAX_WORD: usize = 256;

impl Session {
    /// Reads a description. Bytes that are not UTF-8 are replaced; only a missing or broken `v=`,
    /// `o=`, `m=` or `c=` line, or too much of anything, is refused.
    pub fn parse(bytes: &[u8]) -> Result<Session, SdpError> {
        if bytes.len() > MAX_BYTES {
            return Err(SdpError::TooLarge);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::default();
        // RFC 8866 §5 asks to take LF alone; CR alone has been seen from old gateways.
        let end = if text.contains('\n') { '\n' } else { '\r' };
        for (index, line) in text.split(end).enumerate() {
            let number = index as u32 + 1;
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let Some((kind, value)) = line.split_once('=') else {
                return Err(SdpError::Syntax(number));
            };
            reader
                .line(kind.trim(), value.trim())
                .map_err(|fault| fault.unwrap_or(SdpError::Syntax(number)))?;
        }
        reader.finish()
    }
}

impl FromStr for Session {
    type Err = SdpError;

    fn from_str(text: &str) -> Result<Session, SdpError> {
        Session::parse(text.as_bytes())
    }
}

/// A fault of one line; `None` is a plain syntax error there.
type Fault = Option<SdpError>;

#[derive(Default)]
struct Reader {
    version_seen: bool,
    origin: Option<Origin>,
    connection: Option<Address>,
    direction: Option<Direction>,
    ice_lite: bool,
    groups: Vec<String>,
    web: WebLines,
    media: Vec<Media>,
}

impl Reader {
    fn line(&mut self, kind: &str, value: &str) -> Result<(), Fault> {
        match kind {
            "v" => {
                self.version_seen = value == "0";
                if self.version_seen { Ok(()) } else { Err(None) }
            }
            "o" => {
                self.origin = Some(origin(value).ok_or(None)?);
                Ok(())
            }
            "c" => {
                let address = connection(value).ok_or(None)?;
                match self.media.last_mut() {
                    // RFC 8866 §5.7 allows several for layered streams; the first is the base.
                    Some(media) => {
                        media.connection.get_or_insert(address);
                    }
                    None => self.connection = Some(address),
                }
                Ok(())
            }
            "m" => {
                if self.media.len() == MAX_STREAMS {
                    return Err(Some(SdpError::TooLarge));
                }
                self.media.push(media(value)?);
                Ok(())
            }
            "a" => {
                let (name, value) = match value.split_once(':') {
                    Some((name, value)) => (name.trim(), value.trim()),
                    None => (value, ""),
                };
                match self.media.last_mut() {
                    Some(media) => attribute(media, name, value),
                    None => self.attribute(name, value),
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes up one attribute of the whole session.
    fn attribute(&mut self, name: &str, value: &str) {
        if let Some(direction) = Direction::from_name(name) {
            self.direction = Some(direction);
        } else if name.eq_ignore_ascii_case("ice-lite") {
            self.ice_lite = true;
        } else if name.eq_ignore_ascii_case("group") {
            let fits = (1..=MAX_WORD).contains(&value.len());
            if fits && self.groups.len() < MAX_STREAMS {
                self.groups.push(value.to_owned());
            }
        } else {
            self.web.take(name, value);
        }
    }

    fn finish(mut self) -> Result<Session, SdpError> {
        for media in &mut self.media {
            media.web.inherit(&self.web);
        }
        match self.origin {
            Some(origin) if self.version_seen => Ok(Session {
                origin,
                connection: self.connection,
                direction: self.direction,
                ice_lite: self.ice_lite,
                groups: self.groups,
                media: self.media,
            }),
            _ => Err(SdpError::Syntax(1)),
        }
    }
}

fn origin(value: &str) -> Option<Origin> {
    let mut words = value.split_whitespace();
    let username = words.next()?;
    if username.len() > MAX_WORD {
        return None;
    }
    Some(Origin {
        username: username.to_owned(),
        session_id: wide_number(words.next()?)?,
        version: wide_number(words.next()?)?,
        address: net_address(&mut words)?,
    })
}

/// Digits of any length: NTP stamps with fractions and 128-bit ids occur, and only equality counts.
fn wide_number(word: &str) -> Option<u64> {
    let digits = word.split('.').next()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))
    }))
}

/// `IN IP4 address`, as in `o=` and `c=`.
fn net_address(words: &mut SplitWhitespace<'_>) -> Option<Address> {
    let network = words.next()?;
    let family = words.next()?;
    let text = words.next()?;
    if !network.eq_ignore_ascii_case("IN") || text.len() > MAX_WORD {
        return None;
    }
    if !family.eq_ignore_ascii_case("IP4") && !family.eq_ignore_ascii_case("IP6") {
        return None;
    }
    Some(address(text))
}

/// A literal address, of whichever family it really is, or else a name.
fn address(text: &str) -> Address {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(ip) => Address::Ip(ip),
        Err(_) => Address::Name(text.to_owned()),
    }
}

fn connection(value: &str) -> Option<Address> {
    // A multicast scope (`/127`) follows the address; the address alone counts.
    let value = value.split('/').next()?;
    net_address(&mut value.split_whitespace())
}

fn media(value: &str) -> Result<Media, Fault> {
    let mut words = value.split_whitespace();
    let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next())
    else {
        return Err(None);
    };
    let port = port.split('/').next().unwrap_or(port);
    let port = port.parse::<u16>().map_err(|_| None)?;
    let mut formats = Vec::new();
    for word in words {
        if formats.len() == MAX_FORMATS || word.len() > MAX_WORD {
            return Err(Some(SdpError::TooLarge));
        }
        formats.push(word.to_owned());
    }
    if kind.len() > MAX_WORD || protocol.len() > MAX_WORD {
        return Err(Some(SdpError::TooLarge));
    }
    Ok(Media {
        kind: kind.to_owned(),
        port,
        protocol: protocol.to_owned(),
        formats,
        ..Media::default()
    })
}

/// Takes up one attribute of a stream; what is unknown, broken or too much is passed over.
fn attribute(media: &mut Media, name: &str, value: &str) {
    if let Some(direction) = Direction::from_name(name) {
        media.direction = Some(direction);
        return;
    }
    match name.to_ascii_lowercase().as_str() {
        "rtpmap" if media.rtpmaps.len() < MAX_FORMATS => media.rtpmaps.extend(rtpmap(value)),
        "fmtp" if media.fmtps.len() < MAX_FORMATS => media.fmtps.extend(fmtp(value)),
        "crypto" if media.cryptos.len() < MAX_FORMATS => media.cryptos.extend(crypto(value)),
        "ptime" => media.ptime = milliseconds(value).or(media.ptime),
        "maxptime" => media.max_ptime = milliseconds(value).or(media.max_ptime),
        "mid" if !value.is_empty() && value.len() <= MAX_WORD => {
            media.mid.get_or_insert_with(|| value.to_owned());
        }
        "rtcp-mux" => media.rtcp.mux = true,
        "rtcp" => {
            let mut words = value.split_whitespace();
            if let Some(port) = words.next().and_then(|word| word.parse().ok()) {
                media.rtcp.port = Some(port);
                media.rtcp.address = net_address(&mut words);
            }
        }
        _ => {
            media.web.take(name, value);
        }
    }
}

/// Whole milliseconds; `20.0` occurs.
fn milliseconds(value: &str) -> Option<u16> {
    value
        .split('.')
        .next()?
        .trim()
        .parse()
        .ok()
        .filter(|ms| *ms > 0)
}

fn rtpmap(value: &str) -> Option<RtpMap> {
    let (pt, rest) = value.split_once(char::is_whitespace)?;
    let mut parts = rest.trim().split('/');
    let encoding = parts.next()?.trim();
    if encoding.is_empty()
        || encoding.len() > MAX_WORD
        || encoding.contains(char::is_whitespace)
        || encoding.contains('=')
    {
        return None;
    }
    Some(RtpMap {
        pt: payload_type(pt)?,
        encoding: encoding.to_owned(),
        clock: parts.next()?.trim().parse().ok()?,
        channels: match parts.next() {
            Some(channels) => Some(channels.trim().parse().ok()?),
            None => None,
        },
    })
}

fn fmtp(value: &str) -> Option<(u8, String)> {
    let (pt, parameters) = value.split_once(char::is_whitespace)?;
    let parameters = parameters.trim();
    (parameters.len() <= MAX_WORD).then_some((payload_type(pt)?, parameters.to_owned()))
}

fn payload_type(word: &str) -> Option<u8> {
    word.parse().ok().filter(|pt| *pt < 128)
}

/// `tag suite inline:key[|lifetime][|MKI:length] [parameters]`, RFC 4568 §9.1. A line with a master key
/// identifier, several keys or a parameter that changes the transform cannot be honoured.
fn crypto(value: &str) -> Option<Crypto> {
    let mut words = value.split_whitespace();
    let tag = words
        .next()?
        .parse()
        .ok()
        .filter(|tag| *tag < 1_000_000_000)?;
    let suite: Suite = words.next()?.parse().ok()?;
    let keys = words.next()?;
    if keys.contains(';') || !keys.get(..7)?.eq_ignore_ascii_case("inline:") {
        return None;
    }
    let mut parts = keys.get(7..)?.split('|');
    let key = MasterKey::from_base64(suite, parts.next()?).ok()?;
    if parts.any(|part| part.contains(':')) {
        return None;
    }
    // A window size is a hint; everything else would have to be done as said (RFC 4568 §6.3).
    let understood = words.all(|word| {
        word.get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case("WSH="))
    });
    understood.then_some(Crypto { tag, suite, key })
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
