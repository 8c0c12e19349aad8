//! What an account looks like on the wire.

use schema::{Account, AudioClip, Id, Location, PhoneNumber, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::config::{AccountConfigBody, AccountConfigUpdate};
use crate::{
    change::Change,
    v1::{
        address::{AddressBody, AddressInput},
        body::{Check, given},
        error::Fields,
        ids::EntityId,
        validate::{blame, e164, email, text},
    },
};

/// A new account; everything may be left out.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AccountCreate {
    /// Contact address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = "email")]
    pub email: Option<String>,
    /// Name of the company.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    pub name: Option<String>,
    /// E.164.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 20)]
    pub phone: Option<String>,
    /// Contact person.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    pub primary_contact_name: Option<String>,
    /// Settings that differ from the defaults.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = AccountConfigUpdate)]
    pub config: Option<AccountConfigUpdate>,
    /// Postal address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = AddressInput)]
    pub address: Option<AddressInput>,
    /// Older name of `address`; not together with it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = AddressInput)]
    pub billing_address: Option<AddressInput>,
    /// Agreed rates; accepted, but this exchange bills nothing.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = AccountPricing)]
    pub pricing: Option<AccountPricing>,
}

/// Agreed monthly rates, in cents.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AccountPricing {
    /// For each user.
    #[schema(minimum = 0)]
    pub per_user_rate: i64,
    /// For each phone number.
    #[schema(minimum = 0)]
    pub per_did_rate: i64,
    /// For each place with a voice agent.
    #[schema(minimum = 0)]
    pub per_voiceai_location_rate: i64,
}

impl Check for AccountCreate {
    fn check(&self, faults: &mut Fields) {
        shared(
            faults,
            self.email.as_ref(),
            self.name.as_ref(),
            self.phone.as_ref(),
            self.primary_contact_name.as_ref(),
            self.config.as_ref(),
        );
        if let Some(address) = &self.address {
            address.check(faults, "address");
        }
        if let Some(address) = &self.billing_address {
            address.check(faults, "billing_address");
            if self.address.is_some() {
                blame(
                    faults,
                    "billing_address",
                    "is the older name of address; send only one",
                );
            }
        }
        if let Some(pricing) = &self.pricing {
            let rates = [
                ("pricing.per_user_rate", pricing.per_user_rate),
                ("pricing.per_did_rate", pricing.per_did_rate),
                (
                    "pricing.per_voiceai_location_rate",
                    pricing.per_voiceai_location_rate,
                ),
            ];
            for (name, rate) in rates {
                if rate < 0 {
                    blame(faults, name, "must not be negative");
                }
            }
        }
    }
}

/// What to change of an account.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AccountUpdate {
    /// Contact address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = "email")]
    pub email: Option<String>,
    /// Name of the company.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    pub name: Option<String>,
    /// E.164.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 20)]
    pub phone: Option<String>,
    /// Contact person.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 255)]
    pub primary_contact_name: Option<String>,
    /// Settings to replace.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = AccountConfigUpdate)]
    pub config: Option<AccountConfigUpdate>,
    /// Number shown on outbound calls; null leaves it to the exchange.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub default_outbound_did_id: Change<EntityId>,
    /// Other spelling of `default_outbound_did_id`.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub default_outbound_did: Change<EntityId>,
    /// Sound for waiting callers; null is the exchange's own.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub hold_music_clip_id: Change<EntityId>,
    /// Other spelling of `hold_music_clip_id`.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub hold_music_clip: Change<EntityId>,
    /// Postal address; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<AddressInput>)]
    pub billing_address: Change<AddressInput>,
    /// Other name of `billing_address`.
    #[serde(default)]
    #[schema(value_type = Option<AddressInput>)]
    pub address: Change<AddressInput>,
    /// Place used for emergency calls.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub main_location: Change<EntityId>,
    /// Other spelling of `main_location`.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub main_location_id: Change<EntityId>,
    /// Buttons of new phones.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub default_button_template: Change<EntityId>,
}

impl Check for AccountUpdate {
    fn check(&self, faults: &mut Fields) {
        shared(
            faults,
            self.email.as_ref(),
            self.name.as_ref(),
            self.phone.as_ref(),
            self.primary_contact_name.as_ref(),
            self.config.as_ref(),
        );
        if let Some(address) = self.address.value() {
            address.check(faults, "address");
        }
        if let Some(address) = self.billing_address.value() {
            address.check(faults, "billing_address");
        }
    }
}

/// What a new account and a changed one are checked for alike.
fn shared(
    faults: &mut Fields,
    mail: Option<&String>,
    name: Option<&String>,
    phone: Option<&String>,
    person: Option<&String>,
    config: Option<&AccountConfigUpdate>,
) {
    email(faults, "email", mail);
    text(faults, "name", name, 0..=255);
    e164(faults, "phone", phone);
    text(faults, "primary_contact_name", person, 0..=255);
    if let Some(config) = config {
        config.check(faults);
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountBody {
    /// Prefix `acct`.
    #[schema(value_type = EntityId)]
    id: Id<Account>,
    /// Contact address.
    #[schema(format = "email")]
    email: Option<String>,
    /// Name of the company.
    name: Option<String>,
    /// E.164.
    phone: Option<String>,
    /// Contact person.
    primary_contact_name: Option<String>,
    /// Settings, defaults included.
    config: AccountConfigBody,
    /// Number shown on outbound calls; null is the first that may be shown.
    #[schema(value_type = Option<EntityId>)]
    default_outbound_did_id: Option<Id<PhoneNumber>>,
    /// Same as `default_outbound_did_id`.
    #[schema(value_type = Option<EntityId>)]
    default_outbound_did: Option<Id<PhoneNumber>>,
    /// Sound for waiting callers; null is the exchange's own.
    #[schema(value_type = Option<EntityId>)]
    hold_music_clip_id: Option<Id<AudioClip>>,
    /// Same as `hold_music_clip_id`.
    #[schema(value_type = Option<EntityId>)]
    hold_music_clip: Option<Id<AudioClip>>,
    /// Prefix of the URLs from which phones fetch their configuration.
    provisioning_base_url: Option<String>,
    /// Postal address.
    billing_address: Option<AddressBody>,
    /// Place used for emergency calls.
    #[schema(value_type = Option<EntityId>)]
    main_location: Option<Id<Location>>,
    /// Same as `main_location`.
    #[schema(value_type = Option<EntityId>)]
    main_location_id: Option<Id<Location>>,
    /// Buttons of new phones.
    default_button_template: Option<EntityId>,
    /// Whether nothing is left to set up.
    onboarding_complete: bool,
    /// Whether an agreement is needed.
    tos_status: TosStatus,
    /// When it was signed.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    tos_accepted_at: Option<Time>,
    /// When it was created.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

/// Whether the subscription agreement is signed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(
    dead_code,
    reason = "the document names all, this exchange needs no agreement"
)]
enum TosStatus {
    /// It is.
    Signed,
    /// It is not.
    Unsigned,
    /// There is none.
    NotRequired,
}

impl AccountBody {
    /// The wire shape of a row.
    pub fn new(account: Account, public_url: &str) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            phone: account.phone,
            primary_contact_name: account.primary_contact_name,
            config: account.config.0.into(),
            default_outbound_did_id: account.default_outbound_did_id,
            default_outbound_did: account.default_outbound_did_id,
            hold_music_clip_id: account.hold_music_clip_id,
            hold_music_clip: account.hold_music_clip_id,
            provisioning_base_url: Some(format!("{public_url}/provisioning")),
            billing_address: account.billing_address.map(|address| address.0.into()),
            main_location: account.main_location_id,
            main_location_id: account.main_location_id,
            default_button_template: None,
            onboarding_complete: true,
            tos_status: TosStatus::NotRequired,
            tos_accepted_at: None,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}
