//! The lines that make a stream a WebRTC one (RFC 8839, RFC 8122, RFC 8842, RFC 8830): how they are read
//! and written. Session-level ones are read into every stream that has none of its own.

use std::fmt::{Display, Formatter, Result};
use std::net::SocketAddr;

use super::web::{Fingerprint, Setup};

/// Most fingerprints, and most candidates, kept of one stream.
pub const MAX_WEB_LINES: usize = 16;
/// Longest user fragment or password, in bytes (RFC 8839 §5.4).
const MAX_CREDENTIAL: usize = 256;
/// Longest `a=msid` kept, in bytes: two identifiers of at most 64 (RFC 8830 §2).
const MAX_MSID: usize = 129;
/// Type preference of host candidates, RFC 8445 §5.1.2.2.
const HOST: u32 = 126;

/// The ICE and DTLS attributes of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebLines {
    /// `a=ice-ufrag`; empty when not stated.
    pub ufrag: String,
    /// `a=ice-pwd`; empty when not stated.
    pub pwd: String,
    /// `a=fingerprint` lines with a hash that we know.
    pub fingerprints: Vec<Fingerprint>,
    /// `a=setup`.
    pub setup: Option<Setup>,
    /// `a=msid`, as written.
    pub msid: Option<String>,
    /// Host candidates over UDP with a literal address, best first. A peer's are of no use to us: a lite
    /// agent learns where its peer is from the checks that arrive.
    pub candidates: Vec<SocketAddr>,
}

impl WebLines {
    /// Takes up an attribute; false when it is none of these. What is broken or too much is passed over.
    pub(super) fn take(&mut self, name: &str, value: &str) -> bool {
        match name.to_ascii_lowercase().as_str() {
            "ice-ufrag" => credential(value, &mut self.ufrag),
            "ice-pwd" => credential(value, &mut self.pwd),
            "fingerprint" if self.fingerprints.len() < MAX_WEB_LINES => {
                self.fingerprints.extend(value.parse::<Fingerprint>());
            }
            "setup" => self.setup = Setup::from_name(value).or(self.setup),
            "msid" if value.len() <= MAX_MSID && !value.is_empty() => {
                self.msid.get_or_insert_with(|| value.to_owned());
            }
            "candidate" if self.candidates.len() < MAX_WEB_LINES => {
                self.candidates.extend(candidate(value));
            }
            "fingerprint" | "msid" | "candidate" => {}
            _ => return false,
        }
        true
    }

    /// Takes over what is stated for the whole session and not for this stream.
    pub(super) fn inherit(&mut self, session: &WebLines) {
        if self.ufrag.is_empty() && self.pwd.is_empty() {
            self.ufrag.clone_from(&session.ufrag);
            self.pwd.clone_from(&session.pwd);
        }
        if self.fingerprints.is_empty() {
            self.fingerprints.clone_from(&session.fingerprints);
        }
        self.setup = self.setup.or(session.setup);
    }
}

fn credential(value: &str, kept: &mut String) {
    let fits = (1..=MAX_CREDENTIAL).contains(&value.len());
    if fits && value.bytes().all(|byte| byte.is_ascii_graphic()) {
        value.clone_into(kept);
    }
}

/// `foundation component transport priority address port "typ" host …` (RFC 8839 §5.1).
fn candidate(value: &str) -> Option<SocketAddr> {
    let mut words = value.split_whitespace();
    let (_, component, transport, _) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (ip, port) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let host = words.next()?.eq_ignore_ascii_case("typ") && words.next()? == "host";
    (component == "1" && transport.eq_ignore_ascii_case("udp") && host)
        .then(|| SocketAddr::new(ip, port))
}

/// Prints the lines; candidates are all there is, and that is said too (RFC 8838 §13).
impl Display for WebLines {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(msid) = &self.msid {
            write!(f, "a=msid:{msid}\r\n")?;
        }
        if !self.ufrag.is_empty() {
            write!(f, "a=ice-ufrag:{}\r\n", self.ufrag)?;
        }
        if !self.pwd.is_empty() {
            write!(f, "a=ice-pwd:{}\r\n", self.pwd)?;
        }
        for fingerprint in &self.fingerprints {
            write!(f, "a=fingerprint:{fingerprint}\r\n")?;
        }
        if let Some(setup) = self.setup {
            write!(f, "a=setup:{}\r\n", setup.name())?;
        }
        for (place, address) in (1u32..).zip(&self.candidates) {
            // Local preference falls with the place in the list; 255 is component 1.
            let priority = (HOST << 24) | (65_536u32.saturating_sub(place) << 8) | 255;
            let (ip, port) = (address.ip(), address.port());
            write!(
                f,
                "a=candidate:{place} 1 udp {priority} {ip} {port} typ host\r\n"
            )?;
        }
        match self.candidates.is_empty() {
            true => Ok(()),
            false => f.write_str("a=end-of-candidates\r\n"),
        }
    }
}
