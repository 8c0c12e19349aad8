//! Crypto suites and master keys as they travel in `a=crypto` lines.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// Length of the master key of every suite offered, in bytes.
const KEY_LENGTH: usize = 16;
/// Longest master salt, in bytes.
const LONGEST_SALT: usize = 14;

/// A crypto suite of SDES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Suite {
    /// AES-128 counter mode with a tag of 80 bits, RFC 4568 §6.2.1.
    AesCm128HmacSha1_80,
    /// AES-128 counter mode with a tag of 32 bits on RTP, RFC 4568 §6.2.2.
    AesCm128HmacSha1_32,
    /// AES-128 in GCM, RFC 7714 §14.2.
    AeadAes128Gcm,
}

impl Suite {
    /// Every suite, in the order offered: the one that every phone knows first.
    pub const ALL: [Suite; 3] = [
        Suite::AesCm128HmacSha1_80,
        Suite::AesCm128HmacSha1_32,
        Suite::AeadAes128Gcm,
    ];

    /// The name in `a=crypto`.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Suite::AeadAes128Gcm => "AEAD_AES_128_GCM",
        }
    }

    /// Length of the master key in bytes.
    pub const fn key_length(self) -> usize {
        KEY_LENGTH
    }

    /// Length of the master salt in bytes.
    pub const fn salt_length(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => LONGEST_SALT,
            Suite::AeadAes128Gcm => 12,
        }
    }

    /// The most bytes that protection adds to an RTP packet.
    pub const fn rtp_overhead(self) -> usize {
        match self {
            Suite::AesCm128HmacSha1_80 => 10,
            Suite::AesCm128HmacSha1_32 => 4,
            Suite::AeadAes128Gcm => 16,
        }
    }
}

impl FromStr for Suite {
    type Err = BadKey;

    fn from_str(name: &str) -> Result<Suite, BadKey> {
        Suite::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))
            .ok_or(BadKey::Suite)
    }
}

/// Why keying material cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The suite is none of ours.
    #[error("unknown crypto suite")]
    Suite,
    /// The text is not base64.
    #[error("key is not base64")]
    Encoding,
    /// Key and salt together have another length than the suite asks for.
    #[error("key has the wrong length")]
    Length,
}

/// A master key and salt. Never shown by `Debug`; serialised as it stands in `a=crypto`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct MasterKey {
    key: [u8; KEY_LENGTH],
    salt: [u8; LONGEST_SALT],
    salt_length: u8,
}

impl MasterKey {
    /// A fresh random key for `suite`.
    pub fn generate(suite: Suite) -> MasterKey {
        let mut random = rand::rng();
        let mut key = [0; KEY_LENGTH];
        let mut salt = [0; LONGEST_SALT];
        random.fill(&mut key);
        let salt_length = suite.salt_length();
        if let Some(used) = salt.get_mut(..salt_length) {
            random.fill(used);
        }
        MasterKey {
            key,
            salt,
            salt_length: salt_length as u8,
        }
    }

    /// Reads the base64 of key and salt, as after `inline:` (RFC 4568 §6.1).
    pub fn from_base64(suite: Suite, text: &str) -> Result<MasterKey, BadKey> {
        let key = MasterKey::decode(text)?;
        if usize::from(key.salt_length) != suite.salt_length() {
            return Err(BadKey::Length);
        }
        Ok(key)
    }

    fn decode(text: &str) -> Result<MasterKey, BadKey> {
        // Some phones leave the padding out.
        let bytes = STANDARD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(text.trim_end_matches('=')))
            .map_err(|_| BadKey::Encoding)?;
        let (key, salt) = bytes
            .split_first_chunk::<KEY_LENGTH>()
            .ok_or(BadKey::Length)?;
        MasterKey::from_parts(key, salt).ok_or(BadKey::Length)
    }

    /// A key and salt as another protocol agreed on them; none when their lengths are those of no suite.
    pub fn from_parts(key: &[u8], salt: &[u8]) -> Option<MasterKey> {
        if salt.is_empty() || salt.len() > LONGEST_SALT {
            return None;
        }
        let mut master = MasterKey {
            key: key.try_into().ok()?,
            salt: [0; LONGEST_SALT],
            salt_length: salt.len() as u8,
        };
        master.salt.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(master)
    }

    /// The base64 of key and salt, as after `inline:`.
    pub fn to_base64(&self) -> String {
        let mut bytes = self.key.to_vec();
        bytes.extend_from_slice(self.salt());
        STANDARD.encode(bytes)
    }

    /// The key itself.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The salt, as long as its suite says.
    pub fn salt(&self) -> &[u8] {
        self.salt
            .get(..usize::from(self.salt_length))
            .unwrap_or(&self.salt)
    }
}

impl From<MasterKey> for String {
    fn from(key: MasterKey) -> String {
        key.to_base64()
    }
}

impl TryFrom<String> for MasterKey {
    type Error = BadKey;

    fn try_from(text: String) -> Result<MasterKey, BadKey> {
        MasterKey::decode(&text)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// The keys of one stream: what we protect with and what the peer protects with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SrtpKeys {
    /// The suite of both directions.
    pub suite: Suite,
    /// Protects what we send.
    pub local: MasterKey,
    /// Opens what the peer sends.
    pub remote: MasterKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_and_hide() {
        for suite in Suite::ALL {
            let key = MasterKey::generate(suite);
            let text = key.to_base64();
            assert_eq!(MasterKey::from_base64(suite, &text), Ok(key));
            assert_eq!(
                MasterKey::from_base64(suite, text.trim_end_matches('=')),
                Ok(key)
            );
            assert_eq!(key.salt().len(), suite.salt_length());
            assert!(!format!("{key:?}").contains(&text));
            assert_eq!(suite.name().parse(), Ok(suite));
        }
    }

    #[test]
    fn wrong_keys_are_named() {
        let suite = Suite::AesCm128HmacSha1_80;
        assert_eq!(MasterKey::from_base64(suite, "!"), Err(BadKey::Encoding));
        assert_eq!(MasterKey::from_base64(suite, "AAAA"), Err(BadKey::Length));
        assert_eq!("NULL".parse::<Suite>(), Err(BadKey::Suite));
    }
}
