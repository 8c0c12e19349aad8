//! What a phone number looks like on the wire.

use schema::{
    Id, Location, PhoneNumber, TargetId, Time,
    types::{
        CallerIdVisibility, DidConfig, FaxNotifications, InboundRouting, ListingType, NumberClass,
        PhoneNumberStatus,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    change::Change,
    v1::{
        accounts::Email,
        body::{Check, given},
        error::Fields,
        ids::EntityId,
        validate::{blame, is_email, text},
        words,
    },
};

/// Longest caller ID name (CNAM).
const NAME: usize = 15;
/// Most mail addresses told about faxes.
const RECIPIENTS: usize = 50;

/// What to change of a phone number.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PhoneNumberUpdate {
    /// Whether it may be presented on outgoing calls.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub outbound_enabled: Option<bool>,
    /// Takes it out of service, or back in.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Service)]
    pub status: Option<Service>,
    /// Null keeps a temporary number for good; nothing else is accepted.
    #[serde(default)]
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    pub expires_at: Change<String>,
    /// Name to publish.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub directory_listing_name: Option<String>,
    /// Whether and where it is published.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::Listing)]
    pub directory_listing_type: Option<ListingType>,
    /// Place whose address is published.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub directory_listing_location_id: Option<EntityId>,
    /// Other spelling of `directory_listing_location_id`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub directory_listing_location: Option<EntityId>,
    /// Name presented with the number (CNAM).
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, max_length = 15, pattern = r"^[\x20-\x7E]*$")]
    pub caller_id_name: Option<String>,
    /// Whether the name is shown.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::Visibility, default = "PUBLIC")]
    pub caller_id_visibility: Option<CallerIdVisibility>,
    /// Put in front of the names of inbound callers; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub caller_id_prefix: Change<String>,
    /// Whether it answers and sends faxes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub fax_enabled: Option<bool>,
    /// Free-standing settings, replaced as a whole; null clears them.
    #[serde(default)]
    #[schema(value_type = Option<DidConfigBody>)]
    pub config: Change<DidConfigBody>,
}

/// Whether a number is in service.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// It is.
    Active,
    /// It is held, but not in service.
    Inactive,
}

impl From<Service> for PhoneNumberStatus {
    fn from(service: Service) -> Self {
        match service {
            Service::Active => Self::Active,
            Service::Inactive => Self::Inactive,
        }
    }
}

impl Check for PhoneNumberUpdate {
    fn check(&self, faults: &mut Fields) {
        text(
            faults,
            "directory_listing_name",
            self.directory_listing_name.as_ref(),
            1..=200,
        );
        text(
            faults,
            "caller_id_prefix",
            self.caller_id_prefix.value(),
            0..=64,
        );
        if self.expires_at.value().is_some() {
            blame(faults, "expires_at", "can only be removed, with null");
        }
        if let Some(name) = &self.caller_id_name {
            let printable = name.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
            if !printable || name.len() > NAME {
                let reason = format!("must be at most {NAME} printable ASCII characters");
                blame(faults, "caller_id_name", reason);
            }
        }
        if let Some(fax) = self
            .config
            .value()
            .and_then(|config| config.fax_notifications.as_ref())
        {
            fax.check(faults);
        }
    }
}

/// What to change of a number's routing.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RouteUpdate {
    /// Where calls go; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub routing_target: Change<EntityId>,
    /// `drop` refuses calls and clears the target.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::Inbound)]
    pub inbound_routing: Option<InboundRouting>,
}

impl Check for RouteUpdate {
    fn check(&self, _: &mut Fields) {}
}

/// Free-standing settings of a number; unknown members are kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DIDConfig)]
pub struct DidConfigBody {
    /// Mail about faxes.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = FaxNotificationsBody, inline)]
    fax_notifications: Option<FaxNotificationsBody>,
    /// Members this version does not know.
    #[serde(flatten)]
    #[schema(ignore)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// Mail about faxes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FaxNotificationsBody {
    /// E-mail addresses.
    #[serde(default)]
    #[schema(value_type = Vec<Email>)]
    recipients: Vec<String>,
    /// Whether documents are dropped once mailed; needs a recipient.
    #[serde(default)]
    delete_documents: bool,
    /// Accepted and ignored.
    #[serde(default = "always", deserialize_with = "ignored")]
    #[schema(value_type = bool, deprecated)]
    attach_pdf: bool,
}

fn always() -> bool {
    true
}

fn ignored<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    bool::deserialize(deserializer).map(|_| true)
}

impl FaxNotificationsBody {
    fn check(&self, faults: &mut Fields) {
        let name = "config.fax_notifications.recipients";
        if self.recipients.len() > RECIPIENTS {
            blame(
                faults,
                name,
                format!("must have at most {RECIPIENTS} entries"),
            );
        }
        for (place, email) in self.recipients.iter().enumerate() {
            if !is_email(email) {
                blame(
                    faults,
                    &format!("{name}[{place}]"),
                    "is not an e-mail address",
                );
            }
        }
        if self.delete_documents && self.recipients.is_empty() {
            blame(faults, name, "is required with delete_documents");
        }
    }
}

impl From<DidConfigBody> for DidConfig {
    fn from(body: DidConfigBody) -> Self {
        Self {
            fax_notifications: body.fax_notifications.map(|fax| FaxNotifications {
                recipients: fax.recipients,
                delete_documents: fax.delete_documents,
            }),
            others: body.others,
        }
    }
}

impl From<DidConfig> for DidConfigBody {
    fn from(config: DidConfig) -> Self {
        Self {
            fax_notifications: config.fax_notifications.map(|fax| FaxNotificationsBody {
                recipients: fax.recipients,
                delete_documents: fax.delete_documents,
                attach_pdf: true,
            }),
            others: config.others,
        }
    }
}

/// A number of the public network that an account holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PhoneNumber)]
pub struct PhoneNumberBody {
    /// Prefix `did`.
    #[schema(value_type = EntityId)]
    id: Id<PhoneNumber>,
    /// E.164.
    #[schema(max_length = 20, pattern = r"^\+[1-9][0-9]{1,14}$")]
    phone_number: String,
    /// Where it is in its life.
    #[schema(value_type = words::NumberState)]
    status: PhoneNumberStatus,
    /// Whether it may be presented on outgoing calls.
    outbound_enabled: bool,
    /// When a temporary number goes back; null for all others.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>, required = true)]
    expires_at: Option<Time>,
    /// When it went back to the carrier.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>, required = true)]
    disconnected_at: Option<Time>,
    /// Name presented with it (CNAM).
    #[schema(max_length = 15)]
    caller_id_name: Option<String>,
    /// Whether the name is shown.
    #[schema(value_type = words::Visibility)]
    caller_id_visibility: CallerIdVisibility,
    /// Put in front of the names of inbound callers.
    caller_id_prefix: Option<String>,
    /// Name that is published.
    directory_listing_name: Option<String>,
    /// Whether and where it is published.
    #[schema(value_type = words::Listing)]
    directory_listing_type: ListingType,
    /// Place whose address is published.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    directory_listing_location_id: Option<Id<Location>>,
    /// Same as `directory_listing_location_id`.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    directory_listing_location: Option<Id<Location>>,
    /// Where inbound calls go; null is every user of the account.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, required = true)]
    routing_target: Option<TargetId>,
    /// Whether inbound calls go anywhere at all.
    #[schema(value_type = words::Inbound)]
    inbound_routing: InboundRouting,
    /// For how long it is held.
    #[schema(value_type = words::Class)]
    number_class: NumberClass,
    /// Whether it answers and sends faxes.
    fax_enabled: bool,
    /// Free-standing settings.
    config: DidConfigBody,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl From<PhoneNumber> for PhoneNumberBody {
    fn from(number: PhoneNumber) -> Self {
        let (placement, directory) = (number.placement, number.directory);
        Self {
            id: number.id,
            phone_number: number.phone_number,
            status: placement.status,
            outbound_enabled: placement.outbound_enabled,
            expires_at: placement.expires_at,
            disconnected_at: placement.disconnected_at,
            caller_id_name: number.caller_id.caller_id_name,
            caller_id_visibility: number.caller_id.caller_id_visibility,
            caller_id_prefix: number.caller_id.caller_id_prefix,
            directory_listing_name: directory.directory_listing_name,
            directory_listing_type: directory.directory_listing_type,
            directory_listing_location_id: directory.directory_listing_location_id,
            directory_listing_location: directory.directory_listing_location_id,
            routing_target: placement.routing_target,
            inbound_routing: placement.inbound_routing,
            number_class: placement.number_class,
            fax_enabled: placement.fax_enabled,
            config: placement.config.0.into(),
            created_at: number.created_at,
            updated_at: number.updated_at,
        }
    }
}
