//! Who asks. Every credential travels as `Authorization: Bearer …`; each kind has a file here and a variant.

pub mod api_key;
mod remembered;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
pub use remembered::Remembered;

use crate::{
    state::State,
    v1::error::{Error, Result},
};
use api_key::PlatformKey;

/// A credential that was presented and is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A platform key; the account is named by a header.
    Platform(PlatformKey),
}

impl Credential {
    /// What limits and stored replies are counted by.
    pub fn name(&self) -> String {
        match self {
            Self::Platform(key) => key.id.to_string(),
        }
    }
}

/// Finds out who asks.
///
/// # Errors
/// [`Error::Unauthorized`]; 503 when the database cannot be asked.
pub async fn authenticate(state: &State, headers: &HeaderMap) -> Result<Credential> {
    let token = bearer(headers).ok_or(Error::Unauthorized)?;
    let key = state.keys.find(&state.db, token).await?;
    Ok(Credential::Platform(key))
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
