//! What a description says of a WebRTC stream: ICE credentials (RFC 8839), the fingerprint of a
//! certificate (RFC 8122) and who begins the DTLS handshake (RFC 4145, RFC 5763).

use serde::{Deserialize, Serialize};
use std::{fmt, net::SocketAddr, str::FromStr};

/// Our half of ICE-lite and DTLS for one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Web {
    /// Our user fragment.
    pub ufrag: String,
    /// Our password.
    pub pwd: String,
    /// Of our certificate.
    pub fingerprint: Fingerprint,
    /// Host candidates over UDP, best first. Never empty.
    pub candidates: Vec<SocketAddr>,
}

/// The peer's half, as agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dtls {
    /// The peer's user fragment.
    pub ufrag: String,
    /// The peer's password.
    pub pwd: String,
    /// One of them must be that of the peer's certificate. Never empty.
    pub fingerprints: Vec<Fingerprint>,
    /// We send the ClientHello.
    pub client: bool,
}

/// The hash of a certificate in DER form (RFC 8122 §5).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint {
    /// How it was made.
    pub hash: Hash,
    /// What came out; as long as the hash says.
    pub bytes: Vec<u8>,
}

/// A hash that a fingerprint may be made with. The broken ones (MD5, SHA-1) are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Who begins the DTLS handshake (`a=setup`), seen from whoever states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Setup {
    /// It does.
    Active,
    /// The other side does.
    Passive,
    /// The answer decides.
    ActPass,
}

/// A text that is no fingerprint we understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint with a hash of ours")]
pub struct BadFingerprint;

impl Hash {
    /// Every hash, the one that everybody knows first.
    pub const ALL: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

    /// The name in `a=fingerprint`.
    pub const fn name(self) -> &'static str {
        match self {
            Hash::Sha256 => "sha-256",
            Hash::Sha384 => "sha-384",
            Hash::Sha512 => "sha-512",
        }
    }

    /// Length of what comes out, in bytes.
    pub const fn length(self) -> usize {
        match self {
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }
}

impl FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Fingerprint, BadFingerprint> {
        let (name, hex) = text.trim().split_once(' ').ok_or(BadFingerprint)?;
        let hash = Hash::ALL
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(name))
            .ok_or(BadFingerprint)?;
        let bytes = hex
            .trim()
            .split(':')
            .take(hash.length() + 1)
            .map(|pair| match pair.len() {
                2 if pair.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    u8::from_str_radix(pair, 16).map_err(|_| BadFingerprint)
                }
                _ => Err(BadFingerprint),
            })
            .collect::<Result<Vec<u8>, _>>()?;
        if bytes.len() == hash.length() {
            Ok(Fingerprint { hash, bytes })
        } else {
            Err(BadFingerprint)
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hash.name())?;
        for (place, byte) in self.bytes.iter().enumerate() {
            let before = if place == 0 { ' ' } else { ':' };
            write!(f, "{before}{byte:02X}")?;
        }
        Ok(())
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = BadFingerprint;

    fn try_from(text: String) -> Result<Fingerprint, BadFingerprint> {
        text.parse()
    }
}

impl Setup {
    /// The attribute's value.
    pub const fn name(self) -> &'static str {
        match self {
            Setup::Active => "active",
            Setup::Passive => "passive",
            Setup::ActPass => "actpass",
        }
    }

    /// The role that an attribute of this value states. `holdconn` is none.
    pub fn from_name(name: &str) -> Option<Setup> {
        [Setup::Active, Setup::Passive, Setup::ActPass]
            .into_iter()
            .find(|setup| setup.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        for hash in Hash::ALL {
            let bytes: Vec<u8> = (0..hash.length() as u8)
                .map(|b| b.wrapping_mul(7))
                .collect();
            let fingerprint = Fingerprint { hash, bytes };
            let text = fingerprint.to_string();
            assert_eq!(text.parse(), Ok(fingerprint.clone()));
            assert_eq!(text.to_lowercase().parse(), Ok(fingerprint));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let right = Fingerprint {
            hash: Hash::Sha256,
            bytes: vec![1; 32],
        }
        .to_string();
        let wrong = [
            String::new(),
            "sha-256".to_owned(),
            right.replace("sha-256", "sha-1"),
            right.replace("sha-256", "sha-512"),
            format!("{right}:01"),
            right.replacen("01", "+1", 1),
            right.replacen("01:", "0101", 1),
        ];
        for text in wrong {
            assert_eq!(text.parse::<Fingerprint>(), Err(BadFingerprint), "{text}");
        }
    }

    #[test]
    fn roles_have_names() {
        assert_eq!(Setup::from_name("ActPass"), Some(Setup::ActPass));
        assert_eq!(Setup::from_name("holdconn"), None);
    }
}
