//! Users: people with phone service. Their endpoints and presence are routed here too.

mod body;
mod config;
mod endpoints;
mod find_me;

use actix_web::{delete, get, post, web::Data};
use schema::{Id, NewUser, TargetId, User, UserChanges, types::UserConfigChanges};
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{UserBody, UserCreate, UserUpdate};
use super::{
    accounts::{known, outbound_number},
    body::{Body, OptionalBody},
    error::Result,
    extensions::Extensions,
    ids::{At, EntityId},
    presence::find_presence,
    reply::{Created, Deleted, Found, List},
    user_sessions::revoke_sessions,
};
use crate::{
    caller::Caller,
    db::Db,
    expand::Expand,
    page::{Page, PageParams},
    query::Query,
    state::State,
};

/// Longest text to search for, in characters.
const SEARCH: usize = 255;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_user)
        .service(list_users)
        .service(find_user)
        .service(update_user)
        .service(delete_user)
        .configure(endpoints::routes)
        .service(find_presence)
        .service(revoke_sessions);
}

/// The filter of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct UserFilter {
    /// Part of a name or e-mail address, in any case.
    #[param(max_length = 255, required = false)]
    search: String,
}

/// What `expand[]` can add to a user or a ring group.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
pub struct ExpandExtensions {
    /// `extensions` adds the extensions that lead there.
    #[param(rename = "expand[]", required = false, inline, style = Form, explode)]
    expand: Vec<ExtensionRelation>,
}

/// The relation `extensions`.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "read only by the document's generator")]
enum ExtensionRelation {
    Extensions,
}

/// Create a user.
#[utoipa::path(tag = "users", request_body = UserCreate, responses((status = 201, body = UserBody)))]
#[post("")]
async fn create_user(
    caller: Caller,
    db: Db,
    state: Data<State>,
    OptionalBody(body): OptionalBody<UserCreate>,
) -> Result<Created<UserBody>> {
    let new = NewUser {
        account_id: caller.account,
        name: body.name,
        email: body.email,
    };
    let user = db.insert_user(new).await?;
    state.exchange.changed(actors::Change::UserChanged(user.id));
    Ok(Created(UserBody::new(user, None)))
}

/// List users.
#[utoipa::path(tag = "users", params(PageParams, UserFilter, ExpandExtensions), responses(
    (status = 200, body = List<UserBody>),
))]
#[get("")]
async fn list_users(
    caller: Caller,
    db: Db,
    page: Page,
    query: Query,
    expand: Expand,
) -> Result<List<UserBody>> {
    let search = query.value("search", |text| {
        (text.chars().count() <= SEARCH).then(|| text.to_owned())
    })?;
    let known = async |id| known(db.find_user(caller.account, id).await);
    let window = page.window::<User>(known).await?;
    let slice = db.list_users(caller.account, search, window).await?;
    let targets = slice
        .rows
        .iter()
        .map(|user| TargetId::User(user.id))
        .collect();
    let mut extensions = Extensions::load(&db, caller.account, &expand, targets).await?;
    let body = |user: User| {
        let extensions = extensions.take(TargetId::User(user.id));
        UserBody::new(user, extensions)
    };
    Ok(page.list(slice, |user| user.id, body))
}

/// Retrieve a user.
#[utoipa::path(tag = "users", params(("user_id" = EntityId, Path), ExpandExtensions), responses(
    (status = 200, body = UserBody),
))]
#[get("/{user_id}")]
async fn find_user(
    caller: Caller,
    db: Db,
    id: At<Id<User>>,
    expand: Expand,
) -> Result<Found<UserBody>> {
    let user = db.find_user(caller.account, *id).await?;
    let target = TargetId::User(*id);
    let mut extensions = Extensions::load(&db, caller.account, &expand, vec![target]).await?;
    Ok(Found(UserBody::new(user, extensions.take(target))))
}

/// Update a user; what is not sent stays.
#[utoipa::path(tag = "users", params(("user_id" = EntityId, Path)), request_body = UserUpdate, responses(
    (status = 200, body = UserBody), (status = 422),
))]
#[post("/{user_id}")]
async fn update_user(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<User>>,
    Body(body): Body<UserUpdate>,
) -> Result<Found<UserBody>> {
    db.find_user(caller.account, *id).await?;
    let did = body
        .outbound_caller_id_did
        .or(body.outbound_caller_id_did_id);
    let field = "outbound_caller_id_did_id";
    let changes = UserChanges {
        name: body.name.into_column(),
        email: body.email.map(Some),
        outbound_caller_id_did_id: outbound_number(&db, caller.account, did, field).await?,
        voicemail_pin: body.voicemail_pin.into_column(),
        do_not_disturb: body.do_not_disturb,
        presence_set_at: body.do_not_disturb.map(|_| schema::Time::now()),
        ..UserChanges::default()
    };
    let config = match body.config {
        Some(config) => config.resolve(&db, caller.account).await?,
        None => UserConfigChanges::default(),
    };
    let user = db.update_user(caller.account, *id, changes, config).await?;
    state.exchange.changed(actors::Change::UserChanged(*id));
    Ok(Found(UserBody::new(user, None)))
}

/// Delete a user with their endpoints, and end their calls.
#[utoipa::path(tag = "users", params(("user_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/{user_id}")]
async fn delete_user(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<User>>,
) -> Result<Deleted> {
    db.delete_user(caller.account, *id).await?;
    state.exchange.changed(actors::Change::UserDeleted(*id));
    Ok(Deleted)
}
