//! One browser at the end of a WebSocket: who it is, its calls, whom it watches.
//!
//! *Raised by* the exchange for every socket that `web` opens. *Spoken to by* the client (frames), the engine
//! (signals of its legs), the API (revoked, deleted), whatever changes a watched user, and the clock, all
//! through one bounded inbox. *State* is a value, [`state::State`]; what waits for the socket is a bounded
//! queue beside it.
//!
//! *When its actor dies* the socket and the calls go on: signals and frames wait in the inbox, and the next
//! actor goes on from the last state. One that dies too often is ended with `internal_error`. When the
//! *socket* goes away, every call of it ends; nothing is resumed.
//!
//! A session beyond the limit of its user is refused (`session_limit`); none takes the place of another, so
//! `session_replaced` is never sent.

mod actor;
mod bucket;
mod frames;
mod messages;
mod peer;
mod perform;
mod place;
mod state;
mod table;
mod watchers;
mod wire;

#[cfg(any(test, feature = "faults"))]
pub(crate) use actor::Die;
pub(crate) use actor::Midwife;
pub(crate) use messages::Why;
pub use messages::{BadToken, TokenClaims};
pub use peer::{LONGEST_FRAME, OutgoingFrames, TokenFrame, WebrtcSession};
pub(crate) use table::{Seat, Sessions, SocketId};
pub(crate) use watchers::Watchers;
pub use wire::Outgoing;

use crate::supervision::Cell;

/// What outlives the actor of a session.
type Memory = Cell<state::State, messages::Input, messages::Effect>;
