//! The older spelling of emergency addresses: one a user. It is the one that was saved last.

use actix_web::{get, post};
use schema::{EmergencyAddress, NewEmergencyAddress, Time, types::Address};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::place::{self, Names};
use crate::{
    caller::Me,
    change::Change,
    db::Db,
    v1::{
        body::{Body, Check},
        error::{Error, Fields, Result},
        reply::Found,
        validate::text,
    },
};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(find_my_last_emergency_address)
        .service(set_my_emergency_address);
}

/// The address to set.
#[derive(Debug, Deserialize, ToSchema)]
struct MyEmergencyAddressUpdate {
    /// House number and street.
    #[schema(min_length = 1, max_length = 255)]
    street: String,
    /// Suite, floor or room.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    street2: Change<String>,
    /// City.
    #[schema(min_length = 1, max_length = 255)]
    city: String,
    /// Two-letter code of the state or province.
    #[schema(min_length = 2, max_length = 2)]
    state: String,
    /// Postal code.
    #[schema(min_length = 1, max_length = 20)]
    zip: String,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2)]
    country: String,
}

impl Check for MyEmergencyAddressUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "street", Some(&self.street), 1..=255);
        text(faults, "street2", self.street2.value(), 0..=255);
        text(faults, "city", Some(&self.city), 1..=255);
        text(faults, "state", Some(&self.state), 2..=2);
        text(faults, "zip", Some(&self.zip), 1..=20);
        text(faults, "country", Some(&self.country), 2..=2);
    }
}

/// A user's address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyEmergencyAddress)]
struct MyEmergencyAddressBody {
    /// House number and street.
    #[schema(min_length = 1, max_length = 255)]
    street: String,
    /// Suite, floor or room.
    #[schema(max_length = 255)]
    street2: Option<String>,
    /// City.
    #[schema(min_length = 1, max_length = 255)]
    city: String,
    /// Two-letter code of the state or province.
    #[schema(min_length = 2, max_length = 2)]
    state: String,
    /// Postal code.
    #[schema(min_length = 1, max_length = 20)]
    zip: String,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2)]
    country: String,
    /// Always so: others are not kept.
    validated: bool,
    /// When it was last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl From<EmergencyAddress> for MyEmergencyAddressBody {
    fn from(kept: EmergencyAddress) -> Self {
        let address = kept.address.0;
        Self {
            // Two spellings may have made it longer than either allows.
            street: place::street(&address).chars().take(255).collect(),
            street2: address.unit,
            city: address.city,
            state: address.state,
            zip: address.postal_code,
            country: address.country,
            validated: true,
            updated_at: kept.updated_at,
        }
    }
}

/// Retrieve my emergency address.
#[utoipa::path(tag = "me", responses((status = 200, body = MyEmergencyAddressBody), (status = 404)))]
#[get("/emergency-address")]
async fn find_my_last_emergency_address(
    Me(me): Me,
    db: Db,
) -> Result<Found<MyEmergencyAddressBody>> {
    let kept = db.find_last_emergency_address(me.account, me.user).await?;
    Ok(Found(kept.into()))
}

/// Set my emergency address; the one before is replaced. PUT does the same.
#[utoipa::path(tag = "me", request_body = MyEmergencyAddressUpdate, responses(
    (status = 200, body = MyEmergencyAddressBody), (status = 422),
))]
#[post("/emergency-address")]
async fn set_my_emergency_address(
    Me(me): Me,
    db: Db,
    Body(body): Body<MyEmergencyAddressUpdate>,
) -> Result<Found<MyEmergencyAddressBody>> {
    let given = Address {
        place_id: None,
        address_number: None,
        street: Some(body.street),
        unit: body.street2.into_column().flatten(),
        city: body.city,
        state: body.state,
        postal_code: body.zip,
        country: body.country,
        latitude: None,
        longitude: None,
        formatted_address: None,
    };
    let names = Names {
        number: "street",
        code: "zip",
    };
    let address = place::check(given, names).map_err(Error::Unusable)?;
    let new = NewEmergencyAddress {
        account_id: me.account,
        user_id: me.user,
        address,
    };
    let kept = db.replace_last_emergency_address(new).await?;
    Ok(Found(kept.into()))
}
