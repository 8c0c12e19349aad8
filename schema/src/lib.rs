#![doc = include_str!("../README.md")]

mod account;
mod api_key;
mod binding;
mod call;
mod db;
mod emergency_address;
mod endpoint;
mod error;
mod extension;
mod id;
mod idempotency;
mod kinds;
pub mod page;
mod phone_number;
mod platform;
mod ring_group;
mod session;
mod setting;
mod tables;
mod trunk;
pub mod types;
mod user;

pub use account::{Account, AccountChanges, NewAccount};
pub use api_key::{ApiKey, NewApiKey};
pub use binding::{Binding, BindingChange};
pub use call::{
    Call, CallFilter, CallInsight, CallParties, CallTimes, CallTrace, Recorded, UserCalls,
};
pub use db::{Db, DbConfig, Observation, Observer, QUERY_LIMIT, migrate};
pub use emergency_address::{EmergencyAddress, NewEmergencyAddress};
pub use endpoint::{Digest, Endpoint, EndpointChanges, NewEndpoint};
pub use error::{Cause, Constraint, DbError};
pub use extension::{Extension, ExtensionChanges, NewExtension};
pub use id::{Id, IdError, Kind};
pub use idempotency::{Claim, IdempotencyScope, StoredResponse};
pub use kinds::{AudioClip, DialPlan, Location, Queue, SharedVoicemailBox, VoiceApp};
pub use phone_number::{
    CallerIdSettings, Directory, NewPhoneNumber, NumberClaim, Origin, PhoneNumber,
    PhoneNumberChanges, Placement, StockSearch,
};
pub use platform::{FirstKey, Platform};
pub use ring_group::{
    MemberTarget, NewRingGroup, RingGroup, RingGroupChanges, RingGroupDeletion, RingGroupMember,
};
pub use session::{SessionKey, TokenUser};
pub use trunk::{NewTrunk, Trunk, TrunkAccess, TrunkChanges, TrunkChoice};
pub use types::{Json, Secret, TargetId, Time};
pub use user::{NewUser, PresenceSetting, RING_ALL_MAX, User, UserChanges};
