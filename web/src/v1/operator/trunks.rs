//! Trunks: the ways to the public network.

use actix_web::{delete, get, post, web::Data};
use actors::secrets::{Secrets, TRUNK_PASSWORD};
use schema::{
    Id, Json, NewTrunk, Secret, Trunk, TrunkAccess, TrunkChanges, TrunkChoice,
    types::TrunkTransport,
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::trunk_body::{TrunkBody, TrunkCreate, TrunkUpdate};
use crate::{
    caller::PlatformCaller,
    change::Change,
    db::Db,
    page::{Page, PageParams},
    state::State,
    v1::{
        accounts::known,
        body::Body,
        error::{Error, Result},
        ids::{At, EntityId},
        reply::{Created, Deleted, Found, List},
    },
};

/// Priority and weight of a trunk that says nothing.
const RANK: i32 = 10;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_trunk)
        .service(list_trunks)
        .service(find_trunk)
        .service(update_trunk)
        .service(delete_trunk);
}

/// Create a trunk.
#[utoipa::path(tag = "operator", request_body = TrunkCreate, responses((status = 201, body = TrunkBody)))]
#[post("")]
async fn create_trunk(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    Body(body): Body<TrunkCreate>,
) -> Result<Created<TrunkBody>> {
    let password = body
        .password
        .map(|password| seal(&state.secrets, &password))
        .transpose()?;
    let new = NewTrunk {
        platform_id: caller.platform,
        name: body.name,
        access: TrunkAccess {
            address: body.address,
            transport: body.transport.unwrap_or(TrunkTransport::Udp),
            username: body.username,
            password_sealed: password,
            register: body.register.unwrap_or_default(),
            inbound_addresses: Json(body.inbound_addresses.unwrap_or_default()),
        },
        choice: TrunkChoice {
            priority: small(body.priority).unwrap_or(RANK),
            weight: small(body.weight).unwrap_or(RANK),
            max_channels: small(body.max_channels),
            codecs: body.codecs.map(Json),
            enabled: body.enabled.unwrap_or(true),
        },
    };
    let trunk = db.insert_trunk(new).await?;
    state
        .exchange
        .changed(actors::Change::TrunkChanged(trunk.id));
    Ok(Created(trunk.into()))
}

/// List trunks.
#[utoipa::path(tag = "operator", params(PageParams), responses((status = 200, body = List<TrunkBody>)))]
#[get("")]
async fn list_trunks(caller: PlatformCaller, db: Db, page: Page) -> Result<List<TrunkBody>> {
    let known = async |id| known(db.find_trunk(caller.platform, id).await);
    let window = page.window::<Trunk>(known).await?;
    let slice = db.list_trunks(caller.platform, window).await?;
    Ok(page.list(slice, |trunk| trunk.id, TrunkBody::from))
}

/// Retrieve a trunk.
#[utoipa::path(tag = "operator", params(("trunk_id" = EntityId, Path)), responses((status = 200, body = TrunkBody)))]
#[get("/{trunk_id}")]
async fn find_trunk(caller: PlatformCaller, db: Db, id: At<Id<Trunk>>) -> Result<Found<TrunkBody>> {
    Ok(Found(db.find_trunk(caller.platform, *id).await?.into()))
}

/// Update a trunk; what is not sent stays.
#[utoipa::path(tag = "operator", params(("trunk_id" = EntityId, Path)), request_body = TrunkUpdate,
    responses((status = 200, body = TrunkBody)))]
#[post("/{trunk_id}")]
async fn update_trunk(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<Trunk>>,
    Body(body): Body<TrunkUpdate>,
) -> Result<Found<TrunkBody>> {
    let trunk = db.find_trunk(caller.platform, *id).await?;
    let username = match &body.username {
        Change::Keep => trunk.access.username.is_some(),
        Change::Clear => false,
        Change::Set(_) => true,
    };
    let password = match &body.password {
        Change::Keep => trunk.access.password_sealed.is_some(),
        Change::Clear => false,
        Change::Set(_) => true,
    };
    if body.register.unwrap_or(trunk.access.register) && !(username && password) {
        return Err(Error::field("register", "needs a username and a password"));
    }
    let changes = TrunkChanges {
        name: body.name,
        address: body.address,
        transport: body.transport,
        username: body.username.into_column(),
        password_sealed: body
            .password
            .try_map(|password| seal(&state.secrets, &password))?
            .into_column(),
        register: body.register,
        inbound_addresses: body.inbound_addresses.map(Json),
        priority: small(body.priority),
        weight: small(body.weight),
        max_channels: body.max_channels.into_column().map(small),
        codecs: body.codecs.into_column().map(|codecs| codecs.map(Json)),
        enabled: body.enabled,
    };
    let trunk = db.update_trunk(caller.platform, *id, changes).await?;
    state.exchange.changed(actors::Change::TrunkChanged(*id));
    Ok(Found(trunk.into()))
}

/// Delete a trunk.
#[utoipa::path(tag = "operator", params(("trunk_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/{trunk_id}")]
async fn delete_trunk(
    caller: PlatformCaller,
    db: Db,
    state: Data<State>,
    id: At<Id<Trunk>>,
) -> Result<Deleted> {
    db.delete_trunk(caller.platform, *id).await?;
    state.exchange.changed(actors::Change::TrunkChanged(*id));
    Ok(Deleted)
}

fn seal(secrets: &Secrets, password: &str) -> Result<Secret<Vec<u8>>> {
    let sealed = secrets.seal(TRUNK_PASSWORD, password.as_bytes());
    sealed.map(Secret::new).map_err(|error| {
        tracing::error!(%error, "A trunk password cannot be sealed.");
        Error::Internal
    })
}

/// A checked number as the row has it.
fn small(number: Option<i64>) -> Option<i32> {
    number.and_then(|number| number.try_into().ok())
}
