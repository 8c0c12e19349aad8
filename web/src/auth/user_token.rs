//! User tokens: a JWT (EdDSA) that acts as one user, made by `POST /v1/user_sessions`. Browsers present it to
//! `/v1/me`, for ICE servers and on the softphone's socket.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use schema::{Account, DbError, Id, Time, TokenUser, User};
use serde::{Deserialize, Serialize};

use super::{
    TokenError, expiry, jti, jwt,
    session_keys::{Keys, SessionKeyError},
};
use crate::state::State;

/// How long a token is good when nothing is said.
pub const USUAL: Duration = Duration::from_secs(86_400);
/// The longest life of a token.
pub const LONGEST: Duration = Duration::from_secs(604_800);

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserClaims {
    /// Who may act.
    pub user: Id<User>,
    /// Where they belong.
    pub account: Id<Account>,
    /// Whether it is a live account, or a sandbox.
    pub livemode: bool,
    /// When it was made.
    pub issued_at: Time,
    /// When it ends.
    pub expires_at: Time,
}

/// The claims on the wire (RFC 7519 §4.1). Browsers read `sub` and `exp`, unchecked.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    acct: String,
    /// Seconds since 1970.
    exp: i64,
    /// Seconds since 1970.
    iat: i64,
    jti: String,
    /// `iat` in microseconds: a token made in the second of a revocation, but after it, is good.
    iat_us: i64,
}

/// Makes a token for a user, and says when it ends.
///
/// # Errors
/// When no key can sign.
pub async fn mint_user_token(
    state: &State,
    user: &TokenUser,
    life: Duration,
) -> Result<(String, Time), SessionKeyError> {
    let keys = state.sessions.current().await?;
    mint(&keys, user, life, Time::now()).ok_or(SessionKeyError::None)
}

fn mint(keys: &Keys, user: &TokenUser, life: Duration, now: Time) -> Option<(String, Time)> {
    // Also under a clock that went back, or that of another node: after the revocation is after it.
    let past = |revoked: Time| revoked.after(Duration::from_micros(1));
    let issued = user
        .revoked_at
        .map_or(now, |revoked| now.max(past(revoked)));
    let (exp, expires_at) = expiry(issued, life)?;
    let claims = Claims {
        sub: user.user.to_string(),
        acct: user.account.to_string(),
        exp,
        iat: issued.micros().div_euclid(1_000_000),
        jti: jti(),
        iat_us: issued.micros(),
    };
    let token = jwt::sign(Algorithm::EdDSA, keys.id, &keys.user, &claims).ok()?;
    Some((token, expires_at))
}

/// Checks a token: its signature, its time, that the user and the account are still there, and that it was
/// not revoked. For requests and for the softphone's socket alike.
///
/// # Errors
/// See [`TokenError`].
pub async fn verify_user_token(state: &State, token: &str) -> Result<UserClaims, TokenError> {
    let (algorithm, kid) = jwt::peek(token)?;
    if algorithm != Algorithm::EdDSA {
        return Err(TokenError::Invalid);
    }
    let keys = state.sessions.find(kid).await?;
    let keys = keys.ok_or(TokenError::Invalid)?;
    let claims = read(&keys, token)?;
    let user = match state.db.find_token_user(claims.user).await {
        Err(DbError::NotFound) => return Err(TokenError::Invalid),
        found => found?,
    };
    if user.account != claims.account {
        return Err(TokenError::Invalid);
    }
    if user
        .revoked_at
        .is_some_and(|revoked| claims.issued_at <= revoked)
    {
        return Err(TokenError::Revoked);
    }
    Ok(UserClaims {
        livemode: user.livemode,
        ..claims
    })
}

/// What the token alone tells.
fn read(keys: &Keys, token: &str) -> Result<UserClaims, TokenError> {
    let claims: Claims = jwt::check(Algorithm::EdDSA, &keys.user_public, token)?;
    let time = |micros| Time::from_micros(micros).ok_or(TokenError::Invalid);
    Ok(UserClaims {
        user: claims.sub.parse().map_err(|_| TokenError::Invalid)?,
        account: claims.acct.parse().map_err(|_| TokenError::Invalid)?,
        livemode: false,
        issued_at: time(claims.iat_us)?,
        expires_at: time(claims.exp.saturating_mul(1_000_000))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::session_keys::tests::keys;
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

    fn user() -> TokenUser {
        TokenUser {
            user: Id::new(),
            account: Id::new(),
            livemode: true,
            revoked_at: None,
        }
    }

    fn part(token: &str, at: usize) -> serde_json::Value {
        let part = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn says_who_and_until_when() {
        let (keys, user, now) = (keys(), user(), Time::now());
        let (token, expires_at) = mint(&keys, &user, USUAL, now).unwrap();
        let header = part(&token, 0);
        assert_eq!(header["alg"], "EdDSA");
        assert_eq!(header["kid"], keys.id.to_string());
        let claims = part(&token, 1);
        assert_eq!(claims["sub"], user.user.to_string());
        assert_eq!(claims["acct"], user.account.to_string());
        assert_eq!(
            claims["exp"].as_i64().unwrap() * 1_000_000,
            expires_at.micros()
        );
        assert_eq!(
            claims["exp"].as_i64().unwrap(),
            claims["iat"].as_i64().unwrap() + 86_400
        );
        let told = read(&keys, &token).unwrap();
        assert_eq!((told.user, told.account), (user.user, user.account));
        assert_eq!((told.issued_at, told.expires_at), (now, expires_at));
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let (keys, user, now) = (keys(), user(), Time::now());
        let one = mint(&keys, &user, USUAL, now).unwrap().0;
        assert_ne!(one, mint(&keys, &user, USUAL, now).unwrap().0);
    }

    #[test]
    fn whatever_is_changed_spoils_it() {
        let (keys, user) = (keys(), user());
        let (token, _) = mint(&keys, &user, USUAL, Time::now()).unwrap();
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!("three parts");
        };
        let none = BASE64.encode(format!(r#"{{"alg":"none","kid":"{}"}}"#, keys.id));
        let hmac = BASE64.encode(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, keys.id));
        for wrong in [
            format!("{header}.{claims}."),
            format!("{header}.{claims}"),
            format!("{header}.{claims}.{signature}."),
            format!("{header}.{}.{signature}", claims.to_lowercase()),
            format!("{none}.{claims}."),
            format!("{hmac}.{claims}.{signature}"),
            String::new(),
            "..".to_owned(),
        ] {
            assert!(read(&keys, &wrong).is_err(), "{wrong}");
        }
        let other = super::super::session_keys::tests::keys();
        assert_eq!(read(&other, &token), Err(TokenError::Invalid));
    }

    #[test]
    fn ends_in_time() {
        let (keys, user) = (keys(), user());
        let past = Time::now().before(Duration::from_secs(61));
        let (token, _) = mint(&keys, &user, Duration::from_secs(60), past).unwrap();
        assert_eq!(read(&keys, &token), Err(TokenError::Expired));
    }

    #[test]
    fn after_a_revocation_is_after_it_whatever_the_clock_says() {
        let now = Time::now();
        let revoked = now.after(Duration::from_secs(5));
        let user = TokenUser {
            revoked_at: Some(revoked),
            ..user()
        };
        let keys = keys();
        let (token, _) = mint(&keys, &user, USUAL, now).unwrap();
        assert!(read(&keys, &token).unwrap().issued_at > revoked);
    }
}
