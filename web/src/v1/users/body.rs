//! What a user looks like on the wire.

use schema::{Id, PhoneNumber, Time, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::config::{UserConfigBody, UserConfigUpdate};
use crate::{
    change::Change,
    v1::{
        body::{Check, given},
        error::Fields,
        extensions::ExtensionList,
        ids::EntityId,
        validate::{blame, email, text},
    },
};

/// A new user; `{}` will do.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserCreate {
    /// Name to show.
    #[schema(min_length = 1, max_length = 255)]
    pub name: Option<String>,
    /// E-mail address, unique in the account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = "email")]
    pub email: Option<String>,
}

impl Check for UserCreate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.as_ref(), 1..=255);
        email(faults, "email", self.email.as_ref());
    }
}

/// What to change of a user.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserUpdate {
    /// Name to show; null clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub name: Change<String>,
    /// E-mail address, unique in the account.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = "email")]
    pub email: Option<String>,
    /// Number shown on outbound calls; null is the account's.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub outbound_caller_id_did_id: Change<EntityId>,
    /// Other spelling of `outbound_caller_id_did_id`.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub outbound_caller_id_did: Change<EntityId>,
    /// Digits that open the mailbox by phone; null removes them.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4,10}$")]
    pub voicemail_pin: Change<String>,
    /// Settings to replace.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = UserConfigUpdate)]
    pub config: Option<UserConfigUpdate>,
    /// Whether calls are declined.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub do_not_disturb: Option<bool>,
}

impl Check for UserUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.value(), 1..=255);
        email(faults, "email", self.email.as_ref());
        if let Some(pin) = self.voicemail_pin.value() {
            let digits = pin.bytes().all(|b| b.is_ascii_digit());
            if !digits || !(4..=10).contains(&pin.len()) {
                blame(faults, "voicemail_pin", "must have 4 to 10 digits");
            }
        }
        if let Some(config) = &self.config {
            config.check(faults);
        }
    }
}

/// A person with phone service.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserBody {
    /// Prefix `user`.
    #[schema(value_type = EntityId)]
    id: Id<User>,
    /// Name to show.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// E-mail address.
    #[schema(format = "email")]
    email: Option<String>,
    /// Role in the administration; none here.
    account_role: Option<AccountRole>,
    /// Number shown on outbound calls; null is the account's.
    #[schema(value_type = Option<EntityId>)]
    outbound_caller_id_did_id: Option<Id<PhoneNumber>>,
    /// Same as `outbound_caller_id_did_id`.
    #[schema(value_type = Option<EntityId>)]
    outbound_caller_id_did: Option<Id<PhoneNumber>>,
    /// Digits that open the mailbox by phone.
    #[schema(pattern = "^[0-9]{4,10}$")]
    voicemail_pin: Option<String>,
    /// Settings, defaults included.
    config: UserConfigBody,
    /// Whether calls are declined.
    do_not_disturb: bool,
    /// Extensions that lead to the user, with `expand[]=extensions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExtensionList)]
    extensions: Option<ExtensionList>,
    /// When they were added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When they last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

/// A role in an account's administration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the document names it, no user here has one yet")]
enum AccountRole {
    /// May change everything.
    AccountAdmin,
}

impl UserBody {
    /// The wire shape of a row.
    pub fn new(user: User, extensions: Option<ExtensionList>) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            account_role: None,
            outbound_caller_id_did_id: user.outbound_caller_id_did_id,
            outbound_caller_id_did: user.outbound_caller_id_did_id,
            voicemail_pin: user.voicemail_pin,
            config: user.config.0.into(),
            do_not_disturb: user.do_not_disturb,
            extensions,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
