//! Postal addresses: as they are submitted, and as they are kept.

use schema::types::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::given,
    error::Fields,
    validate::{country, text},
};

/// An address as submitted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(as = AddressInput)]
pub struct AddressInput {
    /// House number.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    address_number: Option<String>,
    /// Name of the street.
    #[schema(min_length = 1, max_length = 255)]
    street: String,
    /// Suite, floor, flat or room.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    unit: Option<String>,
    /// City.
    #[schema(min_length = 1, max_length = 255)]
    city: String,
    /// Code of the state or province.
    #[schema(min_length = 1, max_length = 255)]
    state: String,
    /// Postal code.
    #[schema(min_length = 1, max_length = 32)]
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2)]
    country: String,
}

impl AddressInput {
    /// Notes what is wrong with it, under the name of the member it came in.
    pub fn check(&self, faults: &mut Fields, member: &str) {
        let name = |field: &str| format!("{member}.{field}");
        text(
            faults,
            &name("address_number"),
            self.address_number.as_ref(),
            0..=255,
        );
        text(faults, &name("street"), Some(&self.street), 1..=255);
        text(faults, &name("unit"), self.unit.as_ref(), 0..=255);
        text(faults, &name("city"), Some(&self.city), 1..=255);
        text(faults, &name("state"), Some(&self.state), 1..=255);
        text(
            faults,
            &name("postal_code"),
            Some(&self.postal_code),
            1..=32,
        );
        country(faults, &name("country"), Some(&self.country));
    }
}

/// No geocoder is asked: the address is kept as it was given.
impl From<AddressInput> for Address {
    fn from(given: AddressInput) -> Self {
        let street = match &given.address_number {
            Some(number) => format!("{number} {}", given.street),
            None => given.street.clone(),
        };
        let line = [Some(street), given.unit.clone(), Some(given.city.clone())];
        let line: Vec<String> = line.into_iter().flatten().collect();
        Self {
            place_id: None,
            address_number: given.address_number,
            street: Some(given.street),
            unit: given.unit,
            formatted_address: Some(format!(
                "{}, {} {}, {}",
                line.join(", "),
                given.state,
                given.postal_code,
                given.country
            )),
            city: given.city,
            state: given.state,
            postal_code: given.postal_code,
            country: given.country,
            latitude: None,
            longitude: None,
        }
    }
}

/// An address as it is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Address)]
pub struct AddressBody {
    /// The geocoder's id, when one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    place_id: Option<String>,
    /// House number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    address_number: Option<String>,
    /// Name of the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    street: Option<String>,
    /// Suite, floor, flat or room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    unit: Option<String>,
    /// City.
    city: String,
    /// Code of the state or province.
    state: String,
    /// Postal code.
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 2)]
    country: String,
    /// Degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    /// The whole in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    formatted_address: Option<String>,
}

impl From<Address> for AddressBody {
    fn from(kept: Address) -> Self {
        Self {
            place_id: kept.place_id,
            address_number: kept.address_number,
            street: kept.street,
            unit: kept.unit,
            city: kept.city,
            state: kept.state,
            postal_code: kept.postal_code,
            country: kept.country,
            latitude: kept.latitude,
            longitude: kept.longitude,
            formatted_address: kept.formatted_address,
        }
    }
}
