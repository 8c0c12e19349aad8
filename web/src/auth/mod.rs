//! Who asks. Every credential travels as `Authorization: Bearer …`; each kind has a file here and a variant.

pub mod account_token;
pub mod api_key;
pub mod components;
mod jwt;
mod remembered;
pub mod session_keys;
pub mod user_token;

use std::time::Duration;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use jsonwebtoken::Algorithm;
use schema::{DbError, Time};

pub use remembered::Remembered;

use crate::{
    state::State,
    v1::error::{Error, Result},
};
use account_token::{AccountClaims, verify_account_token};
use api_key::PlatformKey;
use session_keys::SessionKeyError;
use user_token::{UserClaims, verify_user_token};

/// A credential that was presented and is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A platform key; the account is named by a header.
    Platform(PlatformKey),
    /// An account token: one account, and what its components need.
    Account(AccountClaims),
    /// A user token: one user, and only what is theirs.
    User(UserClaims),
}

/// A token is not good.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not ours, changed, or of a user or an account that is gone.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was made before its user's sessions were revoked.
    #[error("the token was revoked")]
    Revoked,
    /// Nothing can be said just now.
    #[error("the token cannot be checked")]
    Unavailable(#[from] SessionKeyError),
}

impl From<DbError> for TokenError {
    fn from(error: DbError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl PartialEq for TokenError {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl From<TokenError> for Error {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unavailable(cause) => cause.into(),
            TokenError::Invalid | TokenError::Expired | TokenError::Revoked => Self::Unauthorized,
        }
    }
}

impl From<SessionKeyError> for Error {
    fn from(error: SessionKeyError) -> Self {
        match error {
            SessionKeyError::Database(cause) => cause.into(),
            error => {
                tracing::error!(%error, "Session tokens can be neither made nor checked.");
                Self::Internal
            }
        }
    }
}

/// When a token that is made now ends: in seconds since 1970, and as a time of just that second.
fn expiry(issued: Time, life: Duration) -> Option<(i64, Time)> {
    let exp = issued.after(life).micros().div_euclid(1_000_000);
    Some((exp, Time::from_micros(exp.checked_mul(1_000_000)?)?))
}

/// A name for one token.
fn jti() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Credential {
    /// What limits and stored replies are counted by.
    pub fn name(&self) -> String {
        match self {
            Self::Platform(key) => key.id.to_string(),
            Self::Account(claims) => claims.account.to_string(),
            Self::User(claims) => claims.user.to_string(),
        }
    }

    /// The same, in few bytes.
    pub fn number(&self) -> u128 {
        match self {
            Self::Platform(key) => key.id.uuid().as_u128(),
            Self::Account(claims) => claims.account.uuid().as_u128(),
            Self::User(claims) => claims.user.uuid().as_u128(),
        }
    }
}

/// Finds out who asks.
///
/// # Errors
/// [`Error::Unauthorized`]; 503 when the database cannot be asked.
pub async fn authenticate(state: &State, headers: &HeaderMap) -> Result<Credential> {
    recognize(state, bearer(headers).ok_or(Error::Unauthorized)?).await
}

/// Finds out whose token or key this is.
///
/// # Errors
/// As [`authenticate`].
pub async fn recognize(state: &State, token: &str) -> Result<Credential> {
    if api_key::parse(token).is_some() {
        let key = state.keys.find(&state.db, token).await?;
        return Ok(Credential::Platform(key));
    }
    match jwt::peek(token)?.0 {
        Algorithm::HS256 => Ok(Credential::Account(
            verify_account_token(state, token).await?,
        )),
        _ => Ok(Credential::User(verify_user_token(state, token).await?)),
    }
}

/// The token of the one `Authorization` header (RFC 6750 §2.1; the scheme's case does not matter).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn reads_bearer_tokens_only() {
        let cases = [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("", None),
        ];
        for (text, token) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
            assert_eq!(bearer(&headers), token, "{text}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
