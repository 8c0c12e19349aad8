//! Phone numbers of an account: what is set for them, and where their calls go.

mod body;

use actix_web::{get, post, web::Data};
use schema::{
    Id, Json, PhoneNumber, PhoneNumberChanges, TargetId,
    page::Slice,
    types::{InboundRouting, ListingType, NumberClass, PhoneNumberStatus},
};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use self::body::{PhoneNumberBody, PhoneNumberUpdate, RouteUpdate};
use super::{
    accounts::known,
    body::Body,
    error::{Error, Result},
    ids::{At, EntityId},
    reply::{Found, List},
};
use crate::{
    caller::Caller,
    change::Change,
    db::Db,
    page::{Page, PageParams},
    query::Query,
    state::State,
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_phone_numbers)
        .service(find_phone_number)
        .service(update_phone_number)
        .service(route_phone_number);
}

/// The filter of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read only by the document's generator")]
struct PhoneNumberFilter {
    /// Only numbers in this state; `pending` are those whose order still runs.
    #[param(inline, required = false)]
    status: StatusFilter,
}

/// States that can be asked for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "read only by the document's generator")]
enum StatusFilter {
    Active,
    Inactive,
    Pending,
    Released,
}

/// List the account's phone numbers.
#[utoipa::path(tag = "phone_numbers", params(PageParams, PhoneNumberFilter), responses(
    (status = 200, body = List<PhoneNumberBody>),
))]
#[get("")]
async fn list_phone_numbers(
    caller: Caller,
    db: Db,
    page: Page,
    query: Query,
) -> Result<List<PhoneNumberBody>> {
    // No order runs for long here, so nothing is pending; `None` inside stands for that.
    let status = query.value("status", |word| match word {
        "pending" => Some(None),
        word => word.parse::<PhoneNumberStatus>().ok().map(Some),
    })?;
    let known = async |id| known(db.find_phone_number(caller.account, id).await);
    let window = page.window::<PhoneNumber>(known).await?;
    let slice = match status {
        Some(None) => Slice {
            rows: Vec::new(),
            has_next: false,
            has_previous: false,
        },
        status => {
            db.list_phone_numbers(caller.account, status.flatten(), window)
                .await?
        }
    };
    Ok(page.list(slice, |number| number.id, PhoneNumberBody::from))
}

/// Retrieve a phone number.
#[utoipa::path(tag = "phone_numbers", params(("phone_number_id" = EntityId, Path)), responses(
    (status = 200, body = PhoneNumberBody),
))]
#[get("/{phone_number_id}")]
async fn find_phone_number(
    caller: Caller,
    db: Db,
    id: At<Id<PhoneNumber>>,
) -> Result<Found<PhoneNumberBody>> {
    let number = db.find_phone_number(caller.account, *id).await?;
    Ok(Found(number.into()))
}

/// Update a phone number; what is not sent stays.
#[utoipa::path(tag = "phone_numbers", params(("phone_number_id" = EntityId, Path)), request_body = PhoneNumberUpdate,
    responses((status = 200, body = PhoneNumberBody), (status = 422)))]
#[post("/{phone_number_id}")]
async fn update_phone_number(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<PhoneNumber>>,
    Body(body): Body<PhoneNumberUpdate>,
) -> Result<Found<PhoneNumberBody>> {
    let number = held(&db, &caller, *id).await?;
    let status = body.status.map(PhoneNumberStatus::from);
    let active = status.unwrap_or(number.placement.status) == PhoneNumberStatus::Active;
    if body.caller_id_name.is_some() && !active {
        return Err(Error::Conflict {
            code: "phone_number_inactive",
            message: "A caller ID name can only be set while the number is active",
        });
    }
    if body.directory_listing_location.is_some() || body.directory_listing_location_id.is_some() {
        let field = "directory_listing_location_id";
        return Err(Error::unusable(field, "is not a location of this account"));
    }
    let listed = body
        .directory_listing_type
        .filter(|kind| *kind != ListingType::NonRegistered);
    if listed.is_some() && number.directory.directory_listing_location_id.is_none() {
        let field = "directory_listing_location_id";
        return Err(Error::field(field, "is required for this listing type"));
    }
    let keep = body.expires_at == Change::Clear;
    let changes = PhoneNumberChanges {
        status,
        outbound_enabled: body.outbound_enabled,
        number_class: keep.then_some(NumberClass::AccountOwned),
        expires_at: keep.then_some(None),
        fax_enabled: body.fax_enabled,
        config: match body.config {
            Change::Keep => None,
            Change::Clear => Some(Json::default()),
            Change::Set(config) => Some(Json(config.into())),
        },
        caller_id_name: body
            .caller_id_name
            .map(|name| Some(name).filter(|name| !name.is_empty())),
        caller_id_visibility: body.caller_id_visibility,
        caller_id_prefix: body.caller_id_prefix.into_column(),
        directory_listing_name: body.directory_listing_name.map(Some),
        directory_listing_type: body.directory_listing_type,
        directory_listing_location_id: None,
    };
    let number = db.update_phone_number(caller.account, *id, changes).await?;
    state.exchange.changed(actors::Change::NumberChanged(*id));
    Ok(Found(number.into()))
}

/// Say where a number's calls go.
#[utoipa::path(tag = "phone_numbers", params(("phone_number_id" = EntityId, Path)), request_body = RouteUpdate,
    responses((status = 200, body = PhoneNumberBody), (status = 422)))]
#[post("/{phone_number_id}/route")]
async fn route_phone_number(
    caller: Caller,
    db: Db,
    state: Data<State>,
    id: At<Id<PhoneNumber>>,
    Body(body): Body<RouteUpdate>,
) -> Result<Found<PhoneNumberBody>> {
    let number = held(&db, &caller, *id).await?;
    let target = match body.routing_target {
        Change::Keep => None,
        Change::Clear => Some(None),
        Change::Set(target) => Some(Some(routing_target(&db, &caller, &target).await?)),
    };
    let (inbound, target) = match (body.inbound_routing, target) {
        (None, None) => return Ok(Found(number.into())),
        (Some(InboundRouting::Drop), _) => (InboundRouting::Drop, None),
        (Some(InboundRouting::Default), None) => {
            (InboundRouting::Default, number.placement.routing_target)
        }
        (None, Some(None)) => (number.placement.inbound_routing, None),
        (_, Some(target)) => (InboundRouting::Default, target),
    };
    let number = db
        .route_phone_number(caller.account, *id, inbound, target)
        .await?;
    state.exchange.changed(actors::Change::NumberChanged(*id));
    Ok(Found(number.into()))
}

/// A number of the account that is not released.
async fn held(db: &Db, caller: &Caller, id: Id<PhoneNumber>) -> Result<PhoneNumber> {
    let number = db.find_phone_number(caller.account, id).await?;
    if number.placement.status == PhoneNumberStatus::Released {
        return Err(Error::Conflict {
            code: "phone_number_released",
            message: "The number was given back to the carrier",
        });
    }
    Ok(number)
}

async fn routing_target(db: &Db, caller: &Caller, target: &EntityId) -> Result<TargetId> {
    match target.target() {
        Some(target) if db.has_target(caller.account, target).await? => Ok(target),
        _ => Err(Error::unusable(
            "routing_target",
            "is not a routing target of this account",
        )),
    }
}
