//! Phone numbers: the operator's stock, and what accounts have of it.

mod handover;
mod queries;
mod stock;

use diesel::prelude::*;

use crate::Location;
use crate::account::Account;
use crate::id::{Id, Kind};
use crate::tables::phone_numbers;
use crate::types::{
    CallerIdVisibility, DidConfig, InboundRouting, Json, ListingType, NumberClass,
    PhoneNumberStatus, TargetId, Time,
};

pub use handover::NumberClaim;
pub use stock::{NewPhoneNumber, StockSearch};

/// A number of the public network (a DID), in stock or on an account.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = phone_numbers)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PhoneNumber {
    /// Its id.
    pub id: Id<PhoneNumber>,
    /// The number, E.164, unique unless released.
    pub phone_number: String,
    /// Who has it and what becomes of its calls.
    #[diesel(embed)]
    pub placement: Placement,
    /// The name presented with it.
    #[diesel(embed)]
    pub caller_id: CallerIdSettings,
    /// How directories show it.
    #[diesel(embed)]
    pub directory: Directory,
    /// Where it comes from.
    #[diesel(embed)]
    pub origin: Origin,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Kind for PhoneNumber {
    const PREFIX: &'static str = "did";
}

/// Who has a number and what becomes of its calls; all of it is reset when it changes hands.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = phone_numbers, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Placement {
    /// Whose it is; absent in stock.
    pub account_id: Option<Id<Account>>,
    /// Where it is in its life.
    pub status: PhoneNumberStatus,
    /// Whether it may be presented on outgoing calls.
    pub outbound_enabled: bool,
    /// For how long it is held.
    pub number_class: NumberClass,
    /// Where inbound calls go; every user when absent.
    pub routing_target: Option<TargetId>,
    /// Whether inbound calls go anywhere at all.
    pub inbound_routing: InboundRouting,
    /// Whether it answers and sends faxes.
    pub fax_enabled: bool,
    /// Free-standing settings.
    pub config: Json<DidConfig>,
    /// When a temporary number goes back.
    pub expires_at: Option<Time>,
    /// When it went back to the carrier.
    pub disconnected_at: Option<Time>,
}

impl Placement {
    /// Nobody's.
    pub(crate) fn in_stock() -> Self {
        Self {
            account_id: None,
            status: PhoneNumberStatus::Inactive,
            outbound_enabled: false,
            number_class: NumberClass::AccountOwned,
            routing_target: None,
            inbound_routing: InboundRouting::Default,
            fax_enabled: false,
            config: Json::default(),
            expires_at: None,
            disconnected_at: None,
        }
    }

    /// In service, without any routing.
    pub(crate) fn in_service(account: Id<Account>) -> Self {
        Self {
            account_id: Some(account),
            status: PhoneNumberStatus::Active,
            outbound_enabled: true,
            ..Self::in_stock()
        }
    }
}

/// The name presented with a number.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = phone_numbers, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CallerIdSettings {
    /// The name (CNAM), printable ASCII, at most 15 characters.
    pub caller_id_name: Option<String>,
    /// Whether it is shown.
    pub caller_id_visibility: CallerIdVisibility,
    /// Put in front of the names of inbound callers.
    pub caller_id_prefix: Option<String>,
}

impl CallerIdSettings {
    /// Those of a number that nobody has set up yet: what one account wrote is not shown to the next.
    pub(crate) fn unset() -> Self {
        Self {
            caller_id_name: None,
            caller_id_visibility: CallerIdVisibility::Public,
            caller_id_prefix: None,
        }
    }
}

/// How directories show a number.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = phone_numbers, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Directory {
    /// The name that is published.
    pub directory_listing_name: Option<String>,
    /// Whether and where.
    pub directory_listing_type: ListingType,
    /// The place whose address is published.
    pub directory_listing_location_id: Option<Id<Location>>,
}

impl Directory {
    /// As [`CallerIdSettings::unset`].
    pub(crate) fn unset() -> Self {
        Self {
            directory_listing_name: None,
            directory_listing_type: ListingType::NonRegistered,
            directory_listing_location_id: None,
        }
    }
}

/// Where a number comes from, as far as the operator said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = phone_numbers)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Origin {
    /// City of the rate centre.
    pub city: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// Rate centre.
    pub rate_center: Option<String>,
    /// LATA code.
    pub lata: Option<String>,
}

/// What to change of a number; `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = phone_numbers)]
pub struct PhoneNumberChanges {
    /// See [`Placement::status`].
    pub status: Option<PhoneNumberStatus>,
    /// See [`Placement::outbound_enabled`].
    pub outbound_enabled: Option<bool>,
    /// See [`Placement::number_class`].
    pub number_class: Option<NumberClass>,
    /// See [`Placement::expires_at`].
    pub expires_at: Option<Option<Time>>,
    /// See [`Placement::fax_enabled`].
    pub fax_enabled: Option<bool>,
    /// See [`Placement::config`].
    pub config: Option<Json<DidConfig>>,
    /// See [`CallerIdSettings::caller_id_name`].
    pub caller_id_name: Option<Option<String>>,
    /// See [`CallerIdSettings::caller_id_visibility`].
    pub caller_id_visibility: Option<CallerIdVisibility>,
    /// See [`CallerIdSettings::caller_id_prefix`].
    pub caller_id_prefix: Option<Option<String>>,
    /// See [`Directory::directory_listing_name`].
    pub directory_listing_name: Option<Option<String>>,
    /// See [`Directory::directory_listing_type`].
    pub directory_listing_type: Option<ListingType>,
    /// See [`Directory::directory_listing_location_id`].
    pub directory_listing_location_id: Option<Option<Id<Location>>>,
}
