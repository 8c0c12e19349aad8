//! What a ring group looks like on the wire.

use schema::{Id, RingGroup, RingGroupMember, TargetId, Time, types::TimeoutAction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::members::MemberBody;
use crate::{
    change::Change,
    v1::{
        body::{Check, given},
        error::Fields,
        extensions::ExtensionList,
        ids::EntityId,
        validate::{blame, number, text},
        words,
    },
};

/// A new ring group.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RingGroupCreate {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// Seconds to ring.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 5, maximum = 300, default = 20)]
    pub timeout_seconds: Option<i64>,
    /// Whether redirects of members' phones count as busy.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    pub ignore_forwarding: Option<bool>,
    /// Whether members by number must press a key to be connected.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    pub confirm_external: Option<bool>,
    /// What follows when nobody answers; together with `timeout_target`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::AfterTimeout)]
    pub timeout_action: Option<TimeoutAction>,
    /// For whom.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub timeout_target: Option<EntityId>,
}

/// What to change of a ring group.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RingGroupUpdate {
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub name: Option<String>,
    /// Seconds to ring.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 5, maximum = 300)]
    pub timeout_seconds: Option<i64>,
    /// Whether redirects of members' phones count as busy.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub ignore_forwarding: Option<bool>,
    /// Whether members by number must press a key to be connected.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub confirm_external: Option<bool>,
    /// What follows when nobody answers; null clears it and the target.
    #[serde(default)]
    #[schema(value_type = Option<words::AfterTimeout>)]
    pub timeout_action: Change<TimeoutAction>,
    /// For whom.
    #[serde(default)]
    #[schema(value_type = Option<EntityId>)]
    pub timeout_target: Change<EntityId>,
}

impl Check for RingGroupCreate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", Some(&self.name), 1..=255);
        number(faults, "timeout_seconds", self.timeout_seconds, 5..=300);
        match (self.timeout_action.is_some(), self.timeout_target.is_some()) {
            (true, false) => blame(faults, "timeout_target", "is required with timeout_action"),
            (false, true) => blame(faults, "timeout_action", "is required with timeout_target"),
            _ => {}
        }
    }
}

impl Check for RingGroupUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.as_ref(), 1..=255);
        number(faults, "timeout_seconds", self.timeout_seconds, 5..=300);
    }
}

/// Members that ring together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RingGroup)]
pub struct RingGroupBody {
    /// Prefix `rg`.
    #[schema(value_type = EntityId)]
    id: Id<RingGroup>,
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Seconds to ring.
    #[schema(value_type = i64, minimum = 5, maximum = 300)]
    timeout_seconds: i32,
    /// Whether redirects of members' phones count as busy.
    ignore_forwarding: bool,
    /// Whether members by number must press a key to be connected.
    confirm_external: bool,
    /// What follows when nobody answers; null ends the call.
    #[schema(value_type = Option<words::AfterTimeout>)]
    timeout_action: Option<TimeoutAction>,
    /// For whom.
    #[schema(value_type = Option<EntityId>)]
    timeout_target: Option<TargetId>,
    /// Extensions that lead to the group, with `expand[]=extensions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExtensionList)]
    extensions: Option<ExtensionList>,
    /// All members, oldest first.
    members: Vec<MemberBody>,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl RingGroupBody {
    /// The wire shape of a row with its members.
    pub fn new(
        group: RingGroup,
        members: Vec<RingGroupMember>,
        extensions: Option<ExtensionList>,
    ) -> Self {
        Self {
            id: group.id,
            name: group.name,
            timeout_seconds: group.timeout_seconds,
            ignore_forwarding: group.ignore_forwarding,
            confirm_external: group.confirm_external,
            timeout_action: group.timeout_action,
            timeout_target: group.timeout_target,
            extensions,
            members: members.into_iter().map(MemberBody::from).collect(),
            created_at: group.created_at,
            updated_at: group.updated_at,
        }
    }
}
