//! The media plane: pinned threads that own every RTP socket, relay packets between legs, play
//! prompts, and keep the figures. Orders reach a thread by a lock-free queue, figures come back
//! through atomics, news through a [`MediaSink`]; no packet waits for a lock or an allocation.

mod card;
mod command;
mod ears;
mod latch;
mod leg;
mod metrics;
mod mouth;
mod music;
mod outlet;
mod plane;
pub mod prompt;
pub mod quality;
mod reports;
mod tap;
mod thread;
pub mod tone;
mod wire;

#[cfg(test)]
mod tests;

pub use crate::rtp::ports::NoPorts;
pub use crate::sdp::Agreed as Stream;
pub use plane::{Opened, Plane};
pub use tap::{SPAN_MS, Sound};

/// Names one leg of the plane for as long as the plane lives; never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct MediaId(pub(crate) u64);

/// News of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaEvent {
    /// The party pressed a key (RFC 4733). Reported once, when it is let go.
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long it was held, in milliseconds.
        duration_ms: u32,
    },
    /// Nothing was heard for the configured time although the party should be sending. Reported
    /// once per silence.
    Silent,
    /// Handling this leg failed inside the engine. The leg is closed; its ports are given back.
    Failed,
}

/// Where the news of the plane goes. Called on a media thread: it must return at once, must not
/// block, and may give orders to the plane.
pub trait MediaSink: Send + Sync {
    /// Hands over one event.
    fn media(&self, id: MediaId, event: MediaEvent);
}
