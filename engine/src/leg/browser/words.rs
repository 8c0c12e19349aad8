//! What a browser and a call say to each other through the engine.

use crate::leg::{Delivery, LegId, Party};
use serde::{Deserialize, Serialize};

/// Names one browser session for the life of the engine; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// Legs one session may have at a time; a further one is refused.
pub const MOST_LEGS: usize = 16;

/// The longest destination a browser may dial or transfer to, in bytes.
pub const LONGEST_DESTINATION: usize = 256;

/// Where the signals of a session's legs go. Called with the leg's shard locked: it must not block and
/// must not give orders from inside the call.
pub trait SessionSink: Send + Sync {
    /// Hands over one signal. On [`Delivery::Full`] the engine keeps it, in order, and offers it again
    /// shortly; on [`Delivery::Gone`] the leg ends as if its peer had hung up.
    fn signal(&self, leg: LegId, signal: &Signal) -> Delivery;
}

/// What a leg has to tell its browser, in the order in which the browser must hear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// The browser's call is under way and has this name. First of all signals of such a leg, unless
    /// it is [`Refused`](Self::Refused).
    Trying {
        /// The call's own name, as the API knows it.
        call: String,
    },
    /// The far side rings. Told once.
    Ringing,
    /// A description for audio before the answer. Told once; the answer repeats it.
    EarlyMedia(String),
    /// The description that answers the browser's offer; [`Answered`](Self::Answered) follows at once.
    Answer(String),
    /// The call is answered, whichever side called.
    Answered,
    /// The browser is called.
    Incoming {
        /// The call's own name.
        call: String,
        /// Who calls, as it is to be shown.
        from: Party,
        /// Who is called.
        to: Party,
        /// Our offer.
        sdp: String,
    },
    /// The call is on hold.
    Held {
        /// The far side holds; else the browser itself does.
        by_peer: bool,
    },
    /// Nobody holds any more.
    Resumed,
    /// A transfer failed with this SIP status; the call goes on.
    TransferFailed(u16),
    /// The browser's call was refused before it had a name: there is no call. The last signal.
    Refused {
        /// SIP status, 300–699.
        status: u16,
        /// Reason phrase, when the refusal had one of its own.
        phrase: Option<String>,
    },
    /// The call is over. The last signal.
    Ended(ClientEnding),
}

/// Why a call is over, as a browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientEnding {
    /// Somebody hung up, cancelled, or answered elsewhere.
    HangUp,
    /// It rang and nobody came.
    NoAnswer,
    /// The callee is busy.
    Busy,
    /// It could not be set up or kept.
    Failed,
    /// The browser handed the call on.
    Transferred,
    /// The callee, or the browser itself, declined it.
    Rejected,
}

impl ClientEnding {
    /// How the final refusal of a call reads.
    pub fn of_status(status: u16) -> ClientEnding {
        match status {
            486 | 600 => ClientEnding::Busy,
            408 | 480 | 487 => ClientEnding::NoAnswer,
            403 | 603 => ClientEnding::Rejected,
            _ => ClientEnding::Failed,
        }
    }
}

/// What a browser says about one of its legs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// Takes the call it is offered; [`Description`](Self::Description) is needed too, in either order.
    Answer,
    /// Its answer to our offer.
    Description(String),
    /// Refuses the call it is offered.
    Reject {
        /// As busy (486), else as declined (603).
        busy: bool,
    },
    /// Ends the call, in any state.
    HangUp,
    /// Puts the far side on hold.
    Hold,
    /// Takes the far side off hold.
    Resume,
    /// The far side is not to hear the browser. Has no answer and may be repeated.
    Mute,
    /// The far side hears the browser again.
    Unmute,
    /// Sends the far side to another destination.
    Transfer {
        /// A number or an extension, as typed; at most [`LONGEST_DESTINATION`] bytes.
        destination: String,
    },
    /// Joins the far sides of this leg and of another one of the same session.
    Complete {
        /// The other leg, answered as well.
        consult: LegId,
    },
}

/// What a call lets a party know that keeps no dialog in which this could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// The far side has put the party on hold.
    PeerHeld,
    /// The far side has taken the party off hold.
    PeerResumed,
}

/// A call that a browser asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserCall {
    /// Whose call.
    pub session: SessionId,
    /// What to dial, as typed; at most [`LONGEST_DESTINATION`] bytes.
    pub destination: String,
    /// The browser's offer, complete.
    pub sdp: String,
    /// Who calls.
    pub from: Party,
}
