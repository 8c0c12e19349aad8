//! Who is on a call. Raised once by the exchange, told by calls, asked by the API.
//!
//! Its state follows from the live calls: when it dies it is rebuilt from their snapshots. It never asks
//! anybody back, so it may be waited for.

mod actor;
mod state;

pub(crate) use actor::Presence;

use serde::{Deserialize, Serialize};

/// Whether a user can be reached, checked at the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// A phone is registered, or a browser is signed in.
    Available,
    /// A call is going on.
    OnCall,
    /// Nothing would ring.
    Offline,
}

impl PresenceState {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::OnCall => "on_call",
            Self::Offline => "offline",
        }
    }
}

/// A user's live presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserPresence {
    /// Over all phones and browsers: on a call before available before offline.
    pub state: PresenceState,
    /// The user does not want to be disturbed.
    pub do_not_disturb: bool,
    /// Browsers that are signed in.
    pub sessions: usize,
}
