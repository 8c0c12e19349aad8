//! Account tokens: made for embedded components by the platform. No account header.

use std::collections::BTreeMap;

use actix_web::{post, web::Data};
use schema::{Account, Id, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    body::{Body, Check},
    error::{Error, Fields, Result},
    ids::EntityId,
    reply::Created,
    validate::blame,
};
use crate::{auth::account_token::mint_account_token, caller::PlatformCaller, state::State};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_account_session);
}

/// For what a token is made.
#[derive(Debug, Deserialize, ToSchema)]
struct AccountSessionCreate {
    /// Account the token acts for.
    account: EntityId,
    /// Embedded components the token may serve, by name; at least one must be enabled. Names that are not known
    /// open nothing.
    components: BTreeMap<String, ComponentConfig>,
}

/// Whether a component is wanted.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
struct ComponentConfig {
    /// Whether the token may serve it.
    enabled: bool,
}

impl Check for AccountSessionCreate {
    fn check(&self, faults: &mut Fields) {
        if self.enabled().next().is_none() {
            blame(faults, "components", "must enable at least one");
        }
    }
}

impl AccountSessionCreate {
    fn enabled(&self) -> impl Iterator<Item = &str> {
        let wanted = self.components.iter().filter(|(_, config)| config.enabled);
        wanted.map(|(name, _)| name.as_str())
    }
}

/// A token for embedded components.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountSession)]
struct AccountSessionBody {
    /// Account the token acts for.
    #[schema(value_type = EntityId)]
    account_id: Id<Account>,
    /// Signed JWT, used as bearer token by the components.
    client_secret: String,
    /// From when on the token is refused.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    expires_at: Time,
}

/// Make a token for embedded components, good for an hour.
#[utoipa::path(tag = "account_sessions", request_body = AccountSessionCreate, responses(
    (status = 201, body = AccountSessionBody), (status = 404),
))]
#[post("")]
async fn create_account_session(
    caller: PlatformCaller,
    state: Data<State>,
    Body(body): Body<AccountSessionCreate>,
) -> Result<Created<AccountSessionBody>> {
    let account = body.account.of::<Account>();
    let account = account.ok_or(Error::NotFound("Account"))?;
    state
        .accounts
        .confirm(&state, caller.platform, caller.livemode, account)
        .await?;
    let components = body.enabled().filter_map(|name| name.parse().ok());
    let components = components.collect();
    let (client_secret, expires_at) = mint_account_token(&state, account, components).await?;
    Ok(Created(AccountSessionBody {
        account_id: account,
        client_secret,
        expires_at,
    }))
}
