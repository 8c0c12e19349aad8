//! Account tokens: a JWT (HS256) that acts within one account, for the embedded components that it names. Made by
//! `POST /v1/account_sessions`, good for an hour.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use schema::{Account, Id, Platform, Time};
use serde::{Deserialize, Serialize};

use super::{
    TokenError,
    components::{Component, Components},
    expiry, jti, jwt,
    session_keys::{Keys, SessionKeyError},
};
use crate::state::State;

/// The life of a token.
const LIFE: Duration = Duration::from_secs(3_600);

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountClaims {
    /// Where it acts.
    pub account: Id<Account>,
    /// The account's platform.
    pub platform: Id<Platform>,
    /// Whether it is a live account, or a sandbox.
    pub livemode: bool,
    /// What it may serve.
    pub components: Components,
}

/// The claims on the wire.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    account_id: String,
    /// Enabled components that are known here.
    components: Vec<String>,
    /// Seconds since 1970.
    exp: i64,
    /// Seconds since 1970.
    iat: i64,
    jti: String,
}

/// Makes a token for an account, and says when it ends.
///
/// # Errors
/// When no key can sign.
pub async fn mint_account_token(
    state: &State,
    account: Id<Account>,
    components: Components,
) -> Result<(String, Time), SessionKeyError> {
    let keys = state.sessions.current().await?;
    mint(&keys, account, components, Time::now()).ok_or(SessionKeyError::None)
}

fn mint(
    keys: &Keys,
    account: Id<Account>,
    components: Components,
    now: Time,
) -> Option<(String, Time)> {
    let (exp, expires_at) = expiry(now, LIFE)?;
    let claims = Claims {
        account_id: account.to_string(),
        components: components.names().map(str::to_owned).collect(),
        exp,
        iat: now.micros().div_euclid(1_000_000),
        jti: jti(),
    };
    let token = jwt::sign(Algorithm::HS256, keys.id, &keys.account, &claims).ok()?;
    Some((token, expires_at))
}

/// Checks a token: its signature, its time, and that the account is still there.
///
/// # Errors
/// See [`TokenError`].
pub async fn verify_account_token(state: &State, token: &str) -> Result<AccountClaims, TokenError> {
    let (_, kid) = jwt::peek(token)?;
    let keys = state.sessions.find(kid).await?;
    let keys = keys.ok_or(TokenError::Invalid)?;
    let (account, components) = read(&keys, token)?;
    let found = state.accounts.place(&state.db, account).await?;
    let (platform, livemode) = found.ok_or(TokenError::Invalid)?;
    Ok(AccountClaims {
        account,
        platform,
        livemode,
        components,
    })
}

/// What the token alone tells.
fn read(keys: &Keys, token: &str) -> Result<(Id<Account>, Components), TokenError> {
    let claims: Claims = jwt::check(Algorithm::HS256, &keys.account_check, token)?;
    let account = claims.account_id.parse().map_err(|_| TokenError::Invalid)?;
    let known = claims
        .components
        .iter()
        .filter_map(|name| name.parse().ok());
    Ok((
        account,
        known.collect::<Vec<Component>>().into_iter().collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::session_keys::tests::keys;

    #[test]
    fn says_where_and_for_what() {
        let (keys, account) = (keys(), Id::new());
        let components: Components = [Component::CallLogs, Component::DialPlan]
            .into_iter()
            .collect();
        let now = Time::now();
        let (token, ends) = mint(&keys, account, components, now).unwrap();
        assert!(ends > now && ends <= now.after(LIFE));
        assert_eq!(read(&keys, &token), Ok((account, components)));
        let other = super::super::session_keys::tests::keys();
        assert_eq!(read(&other, &token), Err(TokenError::Invalid));
        let past = now.before(LIFE + Duration::from_secs(1));
        let (token, _) = mint(&keys, account, components, past).unwrap();
        assert_eq!(read(&keys, &token), Err(TokenError::Expired));
    }
}
