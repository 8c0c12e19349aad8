//! A user's emergency addresses: where responders are sent when their softphone calls for help.

use actix_web::{delete, get, post};
use schema::{EmergencyAddress, Id, NewEmergencyAddress, Time, types::Address};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::place::{self, Names};
use crate::{
    caller::Me,
    db::Db,
    page::{Page, PageParams},
    v1::{
        accounts::known,
        address::AddressBody,
        body::{Body, Check, given},
        error::{Error, Fields, Result},
        ids::{At, EntityId},
        reply::{Created, Deleted, Found, List},
        validate::text,
    },
};

/// The most addresses of one user.
const MOST: i64 = 50;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(create_my_emergency_address)
        .service(list_my_emergency_addresses)
        .service(find_my_emergency_address)
        .service(delete_my_emergency_address)
        .service(unbind_my_emergency_address);
}

/// An address to save.
#[derive(Debug, Deserialize, ToSchema)]
struct EmergencyAddressInput {
    /// House number, when it is not part of the street.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 32)]
    address_number: Option<String>,
    /// Street.
    #[schema(min_length = 1, max_length = 255)]
    street: String,
    /// Suite, floor, flat or room.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    unit: Option<String>,
    /// City.
    #[schema(min_length = 1, max_length = 255)]
    city: String,
    /// Two-letter code of the state or province.
    #[schema(min_length = 2, max_length = 2)]
    state: String,
    /// Postal code.
    #[schema(min_length = 1, max_length = 20)]
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[serde(default = "united_states")]
    #[schema(min_length = 2, max_length = 2, default = "US")]
    country: String,
}

fn united_states() -> String {
    "US".to_owned()
}

impl Check for EmergencyAddressInput {
    fn check(&self, faults: &mut Fields) {
        text(
            faults,
            "address_number",
            self.address_number.as_ref(),
            0..=32,
        );
        text(faults, "street", Some(&self.street), 1..=255);
        text(faults, "unit", self.unit.as_ref(), 0..=255);
        text(faults, "city", Some(&self.city), 1..=255);
        text(faults, "state", Some(&self.state), 2..=2);
        text(faults, "postal_code", Some(&self.postal_code), 1..=20);
        text(faults, "country", Some(&self.country), 2..=2);
    }
}

impl From<EmergencyAddressInput> for Address {
    fn from(given: EmergencyAddressInput) -> Self {
        Self {
            place_id: None,
            address_number: given.address_number,
            street: Some(given.street),
            unit: given.unit,
            city: given.city,
            state: given.state,
            postal_code: given.postal_code,
            country: given.country,
            latitude: None,
            longitude: None,
            formatted_address: None,
        }
    }
}

/// A place from which a user calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmergencyAddress)]
struct EmergencyAddressBody {
    /// Prefix `emerg`.
    #[schema(value_type = EntityId)]
    id: Id<EmergencyAddress>,
    /// The place, in its usual form.
    address: AddressBody,
    /// Network it is bound to; null until a softphone presents it.
    #[schema(required = true)]
    registered_ip: Option<String>,
    /// When it was saved.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
}

impl From<EmergencyAddress> for EmergencyAddressBody {
    fn from(kept: EmergencyAddress) -> Self {
        Self {
            id: kept.id,
            address: kept.address.0.into(),
            registered_ip: kept.registered_ip,
            created_at: kept.created_at,
        }
    }
}

/// Save an emergency address. It is bound to a network when a softphone presents it.
#[utoipa::path(tag = "me", request_body = EmergencyAddressInput, responses(
    (status = 201, body = EmergencyAddressBody), (status = 422),
))]
#[post("/emergency-addresses")]
async fn create_my_emergency_address(
    Me(me): Me,
    db: Db,
    Body(body): Body<EmergencyAddressInput>,
) -> Result<Created<EmergencyAddressBody>> {
    let names = Names {
        number: "address_number",
        code: "postal_code",
    };
    let address = place::check(body.into(), names).map_err(Error::Unusable)?;
    let new = NewEmergencyAddress {
        account_id: me.account,
        user_id: me.user,
        address,
    };
    match db.insert_emergency_address(new, MOST).await? {
        Some(kept) => Ok(Created(kept.into())),
        None => Err(Error::Conflict {
            code: "too_many_addresses",
            message: "There are 50 addresses already; delete one first",
        }),
    }
}

/// List my emergency addresses.
#[utoipa::path(tag = "me", params(PageParams), responses((status = 200, body = List<EmergencyAddressBody>)))]
#[get("/emergency-addresses")]
async fn list_my_emergency_addresses(
    Me(me): Me,
    db: Db,
    page: Page,
) -> Result<List<EmergencyAddressBody>> {
    let known = async |id| known(db.find_emergency_address(me.account, me.user, id).await);
    let window = page.window::<EmergencyAddress>(known).await?;
    let slice = db
        .list_emergency_addresses(me.account, me.user, window)
        .await?;
    Ok(page.list(slice, |kept| kept.id, EmergencyAddressBody::from))
}

/// Retrieve one of my emergency addresses.
#[utoipa::path(tag = "me", params(("emergency_address_id" = EntityId, Path)), responses(
    (status = 200, body = EmergencyAddressBody),
))]
#[get("/emergency-addresses/{emergency_address_id}")]
async fn find_my_emergency_address(
    Me(me): Me,
    db: Db,
    id: At<Id<EmergencyAddress>>,
) -> Result<Found<EmergencyAddressBody>> {
    let kept = db.find_emergency_address(me.account, me.user, *id).await?;
    Ok(Found(kept.into()))
}

/// Delete one of my emergency addresses.
#[utoipa::path(tag = "me", params(("emergency_address_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/emergency-addresses/{emergency_address_id}")]
async fn delete_my_emergency_address(
    Me(me): Me,
    db: Db,
    id: At<Id<EmergencyAddress>>,
) -> Result<Deleted> {
    db.delete_emergency_address(me.account, me.user, *id)
        .await?;
    Ok(Deleted)
}

/// Unbind one of my emergency addresses from its network, so that the next connection binds it again.
#[utoipa::path(tag = "me", params(("emergency_address_id" = EntityId, Path)), responses((status = 204)))]
#[delete("/emergency-addresses/{emergency_address_id}/registered_ip")]
async fn unbind_my_emergency_address(
    Me(me): Me,
    db: Db,
    id: At<Id<EmergencyAddress>>,
) -> Result<Deleted> {
    db.unbind_emergency_address(me.account, me.user, *id)
        .await?;
    Ok(Deleted)
}
