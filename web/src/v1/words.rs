//! Closed sets of words as the document shows them; the words themselves are `schema`'s.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// The document's view of a set of words, under the name it has there.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident as $shown:literal = $set:ty;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$set>::WORDS.iter().copied();
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $shown.into()
            }
        })+
    };
}

words! {
    /// Where a call came from and went.
    Direction as "CallDirection" = schema::types::CallDirection;
    /// How a call ended.
    Outcome as "CallStatus" = schema::types::CallStatus;
    /// Which leg was measured.
    MeasuredLeg as "QualityLeg" = schema::types::QualityLeg;
    /// The mood of a speaker.
    MoodWord as "Mood" = schema::types::Mood;
    /// Whether an extension can be dialled.
    ExtensionState as "ExtensionStatus" = schema::types::ExtensionStatus;
    /// Where a phone number is in its life.
    NumberState as "PhoneNumberStatus" = schema::types::PhoneNumberStatus;
    /// What becomes of calls to a phone number.
    Inbound as "InboundRouting" = schema::types::InboundRouting;
    /// For how long a phone number is held.
    Class as "NumberClass" = schema::types::NumberClass;
    /// How a number appears in directories.
    Listing as "ListingType" = schema::types::ListingType;
    /// Whether the caller's name is shown.
    Visibility as "CallerIdVisibility" = schema::types::CallerIdVisibility;
    /// What follows when nobody of a ring group answers.
    AfterTimeout as "RingGroupTimeoutAction" = schema::types::TimeoutAction;
    /// What follows when a user is found nowhere.
    Fallback as "FindMeFallback" = schema::types::FindMeFallback;
    /// How a trunk is reached.
    Transport as "TrunkTransport" = schema::types::TrunkTransport;
}
