//! One party of a call as the rest of the house sees it: a SIP phone, a trunk or a browser.
//!
//! The engine keeps a leg by its id: dialog, offer and answer, media. Whoever controls the call gives
//! orders through [`Endpoint`](crate::Endpoint) and hears [`LegEvent`]s through a [`LegSink`].

pub(crate) mod browser;
mod events;
mod kind;
pub(crate) mod machine;
mod orders;
mod reach;

pub use browser::{
    BrowserCall, ClientEnding, LONGEST_DESTINATION, MOST_LEGS, Notice, SessionId, SessionSink,
    Signal, Word,
};
pub use events::{Digit, DigitSource, EndedBy, Ending, LegEvent, Referral, Refusal};
pub(crate) use kind::Leg;
pub use orders::{
    Credentials, Dial, DialogKey, HangUp, Hop, Party, Privacy, Prompt, Rejection, SrtpPolicy,
    Transport,
};
pub use reach::{MOST_BRANCHES, MOST_HOPS, Reach};

use serde::{Deserialize, Serialize};

/// Names one leg for the life of the engine; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LegId(pub u64);

/// What became of an event that was handed to a [`LegSink`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The listener has it.
    Taken,
    /// The listener is busy; the engine offers it again shortly.
    Full,
    /// The listener is gone; the leg is an orphan until somebody claims it.
    Gone,
}

/// Where the news of a leg goes. Called with the leg's shard locked: it must not block and must not
/// give orders from inside the call.
pub trait LegSink: Send + Sync {
    /// Hands over one event. On [`Delivery::Full`] and [`Delivery::Gone`] the engine keeps it, in order.
    fn deliver(&self, leg: LegId, event: &LegEvent) -> Delivery;
}
