//! The states of a browser's leg. Each holds what exists in it and nothing else.

use crate::{leg::machine::text, sdp::Session};
use serde::{Deserialize, Serialize};

/// Where a leg is in its life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Phase {
    /// The browser calls and waits for our answer.
    Calling(Calling),
    /// We call the browser, and it rings.
    Called(Called),
    /// Answered.
    Up(Up),
    /// Over.
    Gone,
}

/// A call of the browser's that is not answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Calling {
    /// The far side rings.
    pub rang: bool,
    /// Our description went out for early audio.
    pub early: bool,
}

/// A call to the browser that is not answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Called {
    /// The browser takes it.
    pub taken: bool,
    /// The browser's answer to our offer.
    #[serde(with = "text::session")]
    pub answer: Option<Session>,
}

/// An answered call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Up {
    /// The browser began it, and is told our description when it learns the call's name.
    pub called_us: bool,
    /// The browser holds.
    pub holds: bool,
    /// The far side holds.
    pub peer_holds: bool,
}

impl Up {
    /// Answered just now.
    pub fn new(called_us: bool) -> Up {
        Up {
            called_us,
            holds: false,
            peer_holds: false,
        }
    }
}
