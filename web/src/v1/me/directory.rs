//! The people of the account, as a softphone lists them.

use std::collections::HashMap;

use actix_web::get;
use schema::{Id, TargetId, User, types::ExtensionStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    caller::Me,
    db::Db,
    page::{Page, PageParams},
    v1::{accounts::known, error::Result, ids::EntityId, reply::List},
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_my_directory);
}

/// Somebody of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DirectoryEntry)]
struct DirectoryEntry {
    /// Who.
    #[schema(value_type = EntityId)]
    user: Id<User>,
    /// Their name; without one the part of their address before the `@`, or nothing.
    display_name: String,
    /// The oldest dial code that reaches them; null without one.
    #[schema(min_length = 1, max_length = 32, required = true)]
    extension: Option<String>,
}

impl DirectoryEntry {
    fn new(user: User, extension: Option<String>) -> Self {
        let mailbox = |email: String| email.split('@').next().map(str::to_owned);
        Self {
            user: user.id,
            display_name: user
                .name
                .or(user.email.and_then(mailbox))
                .unwrap_or_default(),
            extension,
        }
    }
}

/// List the people of my account.
#[utoipa::path(tag = "me", params(PageParams), responses((status = 200, body = List<DirectoryEntry>)))]
#[get("/directory")]
async fn list_my_directory(Me(me): Me, db: Db, page: Page) -> Result<List<DirectoryEntry>> {
    let known = async |id| known(db.find_user(me.account, id).await);
    let window = page.window::<User>(known).await?;
    let slice = db.list_users(me.account, None, window).await?;
    let people = slice.rows.iter().map(|user| TargetId::User(user.id));
    let extensions = db.list_extensions_of(me.account, people.collect()).await?;
    // Newest first, so that the oldest is what stays.
    let active = extensions
        .into_iter()
        .filter(|extension| extension.status == ExtensionStatus::Active);
    let mut numbers: HashMap<TargetId, String> = active
        .map(|extension| (extension.target, extension.number))
        .collect();
    Ok(page.list(
        slice,
        |user| user.id,
        |user| {
            let number = numbers.remove(&TargetId::User(user.id));
            DirectoryEntry::new(user, number)
        },
    ))
}
