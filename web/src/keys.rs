//! The platform's API keys as the program itself handles them: the first one, and `strowger keys`.

use actors::secrets::SealError;
use schema::{ApiKey, Db, DbError, FirstKey, Id, NewApiKey};

use crate::auth::api_key;

/// What the one platform of an exchange is called.
const PLATFORM: &str = "Strowger";

/// A key could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The configured text is not a key.
    #[error("the key must be sk_live_ or sk_test_ and at least 16 letters or digits")]
    Malformed,
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] SealError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Makes the platform and its first key when they are absent; a configured key is always made to work.
/// Gives the text of a key that was generated, which is shown once and stored nowhere.
///
/// # Errors
/// See [`KeyError`].
pub async fn bootstrap(db: &Db, configured: Option<&str>) -> Result<Option<String>, KeyError> {
    let text = match configured {
        Some(text) => text.to_owned(),
        None => api_key::generate(true)?,
    };
    let livemode = api_key::parse(&text).ok_or(KeyError::Malformed)?;
    let first = first(None, &text, livemode);
    let (platform, taken) = db.bootstrap_platform(PLATFORM.to_owned(), first).await?;
    if configured.is_none() {
        return Ok(taken.map(|_| text));
    }
    if taken.is_none() {
        // The platform had keys before: the configured one joins them, unless it is there or was revoked.
        match db
            .insert_api_key(row(platform.id, None, &text, livemode))
            .await
        {
            Ok(_) | Err(DbError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Makes a key and gives its text, which is stored nowhere. On an exchange that never started it is the
/// first one.
///
/// # Errors
/// See [`KeyError`].
pub async fn create(
    db: &Db,
    name: Option<String>,
    livemode: bool,
) -> Result<(ApiKey, String), KeyError> {
    let text = api_key::generate(livemode)?;
    let first = first(name.clone(), &text, livemode);
    let key = match db.bootstrap_platform(PLATFORM.to_owned(), first).await? {
        (_, Some(key)) => key,
        (platform, None) => {
            db.insert_api_key(row(platform.id, name, &text, livemode))
                .await?
        }
    };
    Ok((key, text))
}

/// Every key, revoked ones too, newest first; none before the first start.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db) -> Result<Vec<ApiKey>, KeyError> {
    match db.find_platform().await {
        Ok(platform) => Ok(db.list_api_keys(platform.id).await?),
        Err(DbError::NotFound) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a key from now on.
///
/// # Errors
/// [`DbError::NotFound`] when there is no such key.
pub async fn revoke(db: &Db, id: Id<ApiKey>) -> Result<ApiKey, KeyError> {
    let platform = db.find_platform().await?;
    Ok(db.revoke_api_key(platform.id, id).await?)
}

fn row(
    platform_id: Id<schema::Platform>,
    name: Option<String>,
    text: &str,
    livemode: bool,
) -> NewApiKey {
    NewApiKey {
        platform_id,
        name,
        hash: api_key::hash(text).to_vec().into(),
        livemode,
        last4: api_key::last4(text),
    }
}

fn first(name: Option<String>, text: &str, livemode: bool) -> FirstKey {
    FirstKey {
        name,
        hash: api_key::hash(text).to_vec().into(),
        last4: api_key::last4(text),
        livemode,
    }
}
