//! Enums and JSON columns, with their rules and defaults.

mod account_config;
mod address;
mod call_words;
mod did_config;
mod json;
mod number_words;
mod quality;
mod secret;
pub mod sql;
mod target;
mod time;
mod user_config;
pub(crate) mod word;

pub use account_config::{AccountConfig, AccountConfigChanges, E911Notification};
pub use address::Address;
pub use call_words::{CallDirection, CallStatus};
pub use did_config::{DidConfig, FaxNotifications};
pub use json::Json;
pub use number_words::{
    CallerIdVisibility, ExtensionStatus, InboundRouting, ListingType, NumberClass,
    PhoneNumberStatus, TimeoutAction, TrunkTransport,
};
pub use quality::{ChannelSentiment, Mood, QualityLeg, QualityMetric, Sentiment};
pub use secret::Secret;
pub use target::TargetId;
pub use time::Time;
pub use user_config::{
    FindMe, FindMeAlternate, FindMeFallback, FindMeStep, FindMeTarget, UserConfig,
    UserConfigChanges, VoicemailNotifications, VoicemailNotificationsChanges,
};
pub use word::UnknownWord;

/// Replaces a member when there is something to replace it with.
fn put<T>(member: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *member = value;
    }
}
