//! Platform keys: `sk_live_…` and `sk_test_…`. Only their SHA-256 is stored; a key is looked up by it.
//!
//! A key that was found is remembered for a second, so that a busy client costs no query a request and
//! a revoked key, whoever revoked it, dies within that second.

use std::time::Duration;

use actors::secrets::{SealError, random};
use ring::digest::{SHA256, digest};
use schema::{ApiKey, Db, Id, Platform};

use super::remembered::Remembered;
use crate::v1::error::{Error, Result};

/// How long a found key is trusted without asking the database again.
const TRUST: Duration = Duration::from_secs(1);

/// Keys remembered at once.
const REMEMBERED: usize = 10_000;

/// Fewest and most characters after the prefix.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;

/// A platform key as it was found: whose it is and what it reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformKey {
    /// The key itself.
    pub id: Id<ApiKey>,
    /// Whose it is.
    pub platform: Id<Platform>,
    /// Whether it reaches live accounts, or sandbox ones.
    pub livemode: bool,
}

/// Looks platform keys up.
#[derive(Debug)]
pub struct KeyRing {
    found: Remembered<[u8; 32], PlatformKey>,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self {
            found: Remembered::new(TRUST, REMEMBERED),
        }
    }
}

impl KeyRing {
    /// Finds a key by its text.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when it is unknown or revoked.
    pub async fn find(&self, db: &Db, text: &str) -> Result<PlatformKey> {
        let livemode = parse(text).ok_or(Error::Unauthorized)?;
        self.find_hash(db, hash(text), livemode).await
    }

    async fn find_hash(&self, db: &Db, hash: [u8; 32], livemode: bool) -> Result<PlatformKey> {
        if let Some(key) = self.found.get(&hash) {
            return Ok(key);
        }
        let row = match db.find_api_key_by_hash(hash.to_vec()).await {
            Err(schema::DbError::NotFound) => return Err(Error::Unauthorized),
            outcome => outcome?,
        };
        if row.livemode != livemode {
            return Err(Error::Unauthorized);
        }
        let key = PlatformKey {
            id: row.id,
            platform: row.platform_id,
            livemode,
        };
        self.found.put(hash, key);
        Ok(key)
    }
}

/// Whether this is the text of a platform key, and if so whether of a live one.
pub fn parse(text: &str) -> Option<bool> {
    let (livemode, rest) = match text.strip_prefix("sk_live_") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("sk_test_")?),
    };
    let good = LENGTHS.contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    good.then_some(livemode)
}

/// A fresh key with 192 random bits.
///
/// # Errors
/// When the system gives no randomness.
pub fn generate(livemode: bool) -> std::result::Result<String, SealError> {
    let mode = if livemode { "live" } else { "test" };
    let bits = random::<24>()?;
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sk_{mode}_{digits}"))
}

/// What is stored of a key.
pub fn hash(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

/// The last four characters, by which people tell keys apart.
pub fn last4(text: &str) -> String {
    text.get(text.len().saturating_sub(4)..)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_keys_it_accepts() {
        for livemode in [true, false] {
            let key = generate(livemode).unwrap();
            assert_eq!(parse(&key), Some(livemode));
            assert!(key.ends_with(&last4(&key)));
            assert_ne!(key, generate(livemode).unwrap());
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "sk_live_",
            "sk_live_short",
            "pk_live_0123456789abcdef",
            "sk_live_0123456789abcdé0",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
