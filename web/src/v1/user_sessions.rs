//! User tokens: made for a user's browser by the platform, and taken back. No account header.

use std::time::Duration;

use actix_web::{post, web::Data};
use schema::{Account, DbError, Id, Time, TokenUser, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    body::{Body, Check, OptionalBody, given},
    error::{Error, Fields, Result},
    ids::{At, EntityId},
    reply::{Created, Found},
    validate::blame,
};
use crate::{
    auth::user_token::{LONGEST, USUAL, mint_user_token},
    caller::PlatformCaller,
    db::Db,
    state::State,
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_user_session);
}

/// For whom a token is made.
#[derive(Debug, Deserialize, ToSchema)]
struct UserSessionCreate {
    /// User the token acts for.
    user: EntityId,
    /// Wanted life in seconds; 0 is a day, which is the default. A week at most.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0, maximum = 604_800, default = 86_400)]
    ttl_seconds: Option<i64>,
}

impl Check for UserSessionCreate {
    fn check(&self, faults: &mut Fields) {
        if self.life().is_none() {
            blame(faults, "ttl_seconds", "must be 0 to 604800");
        }
    }
}

impl UserSessionCreate {
    fn life(&self) -> Option<Duration> {
        match self.ttl_seconds.unwrap_or_default().try_into() {
            Ok(0) => Some(USUAL),
            Ok(seconds) => Some(Duration::from_secs(seconds)).filter(|life| *life <= LONGEST),
            Err(_) => None,
        }
    }
}

/// A user's token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserSession)]
struct UserSessionBody {
    /// User the token acts for.
    #[schema(value_type = EntityId)]
    user: Id<User>,
    /// The user's account.
    #[schema(value_type = EntityId)]
    account: Id<Account>,
    /// Signed JWT, used as bearer token by the user's browser or app.
    client_secret: String,
    /// From when on the token is refused.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: Time,
}

/// Make a token for a user.
#[utoipa::path(tag = "user_sessions", request_body = UserSessionCreate, responses(
    (status = 201, body = UserSessionBody), (status = 404),
))]
#[post("")]
async fn create_user_session(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    Body(body): Body<UserSessionCreate>,
) -> Result<Created<UserSessionBody>> {
    let id = body.user.of::<User>().ok_or(Error::NotFound("User"))?;
    let user = find(&caller, &db, id).await?;
    let life = body.life().unwrap_or(USUAL);
    let (client_secret, expires_at) = mint_user_token(&state, &user, life).await?;
    Ok(Created(UserSessionBody {
        user: user.user,
        account: user.account,
        client_secret,
        expires_at,
    }))
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SessionsRevoke {}

impl Check for SessionsRevoke {
    fn check(&self, _: &mut Fields) {}
}

/// Whose tokens are refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserSessionsRevoked)]
pub struct SessionsRevoked {
    /// The user.
    #[schema(value_type = EntityId)]
    user: Id<User>,
    /// Tokens made until then are refused.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    sessions_revoked_at: Time,
}

/// Refuse all tokens that a user has, and close their softphones.
#[utoipa::path(tag = "user_sessions", params(("user_id" = EntityId, Path)), request_body = Option<SessionsRevoke>,
    responses((status = 200, body = SessionsRevoked)))]
#[post("/{user_id}/revoke_sessions")]
pub async fn revoke_sessions(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<User>>,
    _: OptionalBody<SessionsRevoke>,
) -> Result<Found<SessionsRevoked>> {
    let user = find(&caller, &db, *id).await?;
    let at = db.revoke_sessions(user.account, user.user).await?;
    state.exchange.revoke_sessions(user.user, at);
    Ok(Found(SessionsRevoked {
        user: user.user,
        sessions_revoked_at: at,
    }))
}

/// A user of any account of the platform.
async fn find(caller: &PlatformCaller, db: &Db, id: Id<User>) -> Result<TokenUser> {
    let found = db.find_platform_user(caller.platform, caller.livemode, id);
    match found.await {
        Err(DbError::NotFound) => Err(Error::NotFound("User")),
        found => Ok(found?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_a_week_at_most() {
        let life = |ttl_seconds| {
            let user = EntityId::from(Id::<User>::new());
            UserSessionCreate { user, ttl_seconds }.life()
        };
        let table = [
            (None, Some(USUAL)),
            (Some(0), Some(USUAL)),
            (Some(1), Some(Duration::from_secs(1))),
            (Some(604_800), Some(LONGEST)),
            (Some(604_801), None),
            (Some(-1), None),
        ];
        for (seconds, wanted) in table {
            assert_eq!(life(seconds), wanted, "{seconds:?}");
        }
    }
}
