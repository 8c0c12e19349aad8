//! What a user sees and sets of themselves, by their own token. The account is the token's.

mod calls;
mod directory;
mod emergency;
mod emergency_old;
mod place;
mod presence;

use actix_web::get;
use schema::{Account, Id, TargetId, Time, User, types::ExtensionStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{error::Result, ids::EntityId, reply::Found, words};
use crate::{caller::Me, db::Db};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(find_me)
        .configure(calls::routes)
        .configure(presence::routes)
        .configure(directory::routes)
        .configure(emergency::routes)
        .configure(emergency_old::routes);
}

/// The token's user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
struct MeBody {
    /// Prefix `user`.
    #[schema(value_type = EntityId)]
    id: Id<User>,
    /// Name to show.
    name: Option<String>,
    /// E-mail address.
    #[schema(format = "email")]
    email: Option<String>,
    /// Where they belong.
    #[schema(value_type = EntityId)]
    account_id: Id<Account>,
    /// Dial codes that reach them, oldest first.
    extensions: Vec<MeExtension>,
    /// When they were added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When they last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

/// A dial code of the user.
#[derive(Debug, Serialize, ToSchema)]
struct MeExtension {
    /// Dial code.
    #[schema(min_length = 1, max_length = 32)]
    number: String,
    /// Whether it can be dialled.
    #[schema(value_type = words::ExtensionState)]
    status: ExtensionStatus,
}

/// Retrieve my profile.
#[utoipa::path(tag = "me", responses((status = 200, body = MeBody)))]
#[get("")]
async fn find_me(Me(me): Me, db: Db) -> Result<Found<MeBody>> {
    let user = db.find_user(me.account, me.user).await?;
    let mut extensions = db
        .list_extensions_of(me.account, vec![TargetId::User(me.user)])
        .await?;
    extensions.sort_by_key(|extension| extension.id);
    let extensions = extensions.into_iter().map(|extension| MeExtension {
        number: extension.number,
        status: extension.status,
    });
    Ok(Found(MeBody {
        id: user.id,
        name: user.name,
        email: user.email,
        account_id: user.account_id,
        extensions: extensions.collect(),
        created_at: user.created_at,
        updated_at: user.updated_at,
    }))
}
