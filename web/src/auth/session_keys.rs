//! The keys of session tokens. They are kept in the database, sealed, so that all nodes share them; one signs,
//! those before it check until their last token is over.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actors::secrets::{SealError, Secrets, random};
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::signature::{Ed25519KeyPair, KeyPair};
use schema::{Db, DbError, Id, SessionKey, Time};

use super::{jwt, user_token::LONGEST};

/// How long the keys are trusted without asking the database again: a rotation reaches all nodes within it.
const TRUST: Duration = Duration::from_secs(1);
/// How long a node that has not heard of a rotation may still sign with the old key, generously.
const LATE: Duration = Duration::from_secs(60);
/// What session keys are sealed for.
const PURPOSE: &str = "session-key";
/// Bytes of a key.
const KEY: usize = 32;

/// A session key cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SessionKeyError {
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
    /// No key signs; the database was changed by hand.
    #[error("there is no session key that can be opened")]
    None,
}

/// One key, ready for use: of one secret, a pair for user tokens and an HMAC key for account tokens.
pub struct Keys {
    /// What tokens call it.
    pub id: Id<SessionKey>,
    /// Signs user tokens.
    pub user: EncodingKey,
    /// Checks user tokens.
    pub user_public: DecodingKey,
    /// Signs account tokens.
    pub account: EncodingKey,
    /// Checks account tokens.
    pub account_check: DecodingKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.id).finish()
    }
}

impl Keys {
    fn open(secrets: &Secrets, row: &SessionKey) -> Result<Self, SealError> {
        let secret = secrets.unseal(PURPOSE, row.secret_sealed.reveal())?;
        let secret = secret.try_into().map_err(|_| SealError::Foreign)?;
        let secret = Secrets::from_key(secret);
        let seed = secret.check("user-token", &[]);
        let hmac = secret.check("account-token", &[]);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| SealError::Foreign)?;
        Ok(Self {
            id: row.id,
            user: EncodingKey::from_ed_der(&seed),
            user_public: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            account: EncodingKey::from_secret(&hmac),
            account_check: DecodingKey::from_secret(&hmac),
        })
    }
}

/// The keys as they were a moment ago.
#[derive(Debug)]
struct Bunch {
    current: Option<Arc<Keys>>,
    all: HashMap<Id<SessionKey>, Arc<Keys>>,
    read: Instant,
}

/// Finds keys; the first start makes one.
pub struct SessionKeys {
    db: Db,
    secrets: Secrets,
    bunch: Mutex<Arc<Bunch>>,
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys").finish_non_exhaustive()
    }
}

impl SessionKeys {
    /// Reads the keys and makes one when there is none, or none that can be opened.
    ///
    /// # Errors
    /// See [`SessionKeyError`].
    pub async fn open(db: Db, secrets: Secrets) -> Result<Self, SessionKeyError> {
        jwt::install();
        let kept = db.find_or_insert_session_key(fresh(&secrets)?).await?;
        if let Err(error) = Keys::open(&secrets, &kept) {
            tracing::warn!(
                %error,
                "The session key in the database was made with another secret.key; a new one is made and older tokens are void."
            );
            rotate(&db, &secrets).await?;
        }
        let bunch = Mutex::new(Arc::new(read(&db, &secrets).await?));
        Ok(Self { db, secrets, bunch })
    }

    /// The key that signs.
    ///
    /// # Errors
    /// See [`SessionKeyError`].
    pub async fn current(&self) -> Result<Arc<Keys>, SessionKeyError> {
        let bunch = self.bunch().await?;
        bunch.current.clone().ok_or(SessionKeyError::None)
    }

    /// The key of this name, while it checks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id: Id<SessionKey>) -> Result<Option<Arc<Keys>>, SessionKeyError> {
        Ok(self.bunch().await?.all.get(&id).cloned())
    }

    async fn bunch(&self) -> Result<Arc<Bunch>, SessionKeyError> {
        let known = self.lock().clone();
        if known.read.elapsed() < TRUST {
            return Ok(known);
        }
        let fresh = Arc::new(read(&self.db, &self.secrets).await?);
        *self.lock() = Arc::clone(&fresh);
        Ok(fresh)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Bunch>> {
        self.bunch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has a new key sign from now on. Tokens of the one before stay good until they expire.
///
/// # Errors
/// See [`SessionKeyError`].
pub async fn rotate(db: &Db, secrets: &Secrets) -> Result<SessionKey, SessionKeyError> {
    let row = db.rotate_session_key(fresh(secrets)?, lapsed()).await?;
    Ok(row)
}

/// A new secret, sealed.
fn fresh(secrets: &Secrets) -> Result<Vec<u8>, SealError> {
    secrets.seal(PURPOSE, &random::<KEY>()?)
}

/// A key that was retired before has no good token any more.
fn lapsed() -> Time {
    Time::now().before(LONGEST + LATE)
}

async fn read(db: &Db, secrets: &Secrets) -> Result<Bunch, SessionKeyError> {
    let began = Instant::now();
    let rows = db.list_session_keys(lapsed()).await?;
    let mut bunch = Bunch {
        current: None,
        all: HashMap::new(),
        read: began,
    };
    for row in rows {
        // One that cannot be opened was sealed with another `secret.key`: its tokens are void here.
        if let Ok(keys) = Keys::open(secrets, &row) {
            let keys = Arc::new(keys);
            if row.retired_at.is_none() {
                bunch.current = Some(Arc::clone(&keys));
            }
            bunch.all.insert(row.id, keys);
        }
    }
    Ok(bunch)
}

#[cfg(test)]
pub mod tests {
    //! A key for the tests of its neighbours.
    use super::*;

    /// Keys of a database that was never there.
    pub fn keys() -> Keys {
        jwt::install();
        let secrets = Secrets::from_key([7; 32]);
        let row = SessionKey {
            id: Id::new(),
            secret_sealed: fresh(&secrets).unwrap().into(),
            retired_at: None,
            created_at: Time::now(),
        };
        Keys::open(&secrets, &row).unwrap()
    }

    #[test]
    fn a_key_of_another_installation_cannot_be_opened() {
        let row = SessionKey {
            id: Id::new(),
            secret_sealed: fresh(&Secrets::from_key([1; 32])).unwrap().into(),
            retired_at: None,
            created_at: Time::now(),
        };
        assert!(Keys::open(&Secrets::from_key([2; 32]), &row).is_err());
    }
}
