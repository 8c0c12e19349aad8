//! One call: every leg of one conversation under one id, from the first INVITE to its record.
//!
//! *Raised by* the switchboard for an arrival and by the exchange for click-to-call. *Spoken to by* the
//! engine (news of legs), the API (end it), other calls (attended transfer) and the clock, all through one
//! bounded inbox. *State* is a value, [`state::Call`], that is replaced after every input; REST reads it
//! from the registry and waits for nobody.
//!
//! *When its actor dies* the engine keeps the legs talking and the inbox keeps the news; the nursery
//! raises another actor on the same state, which claims the legs again, repeats open questions and goes
//! on. One that dies too often is ended: legs hung up, record written.

mod actor;
pub(crate) mod cause;
mod from_engine;
mod messages;
mod perform;
mod raise;
mod snapshot;
pub(crate) mod state;

#[cfg(any(test, feature = "faults"))]
pub(crate) use actor::Die;
pub(crate) use actor::{CallActor, Wake};
pub use cause::Outcome;
pub(crate) use messages::{
    Dialling, Effect, Handover, Input, Measured, Opening, Origin, Record, Whose,
};
pub(crate) use raise::{Midwife, begin};
pub use snapshot::LiveCall;

use crate::supervision::Cell;

/// Inputs that may wait for one call. The engine keeps what does not fit and offers it again.
pub(crate) const INBOX: usize = 512;

/// What outlives the actor of a call.
pub(crate) type Memory = Cell<state::Call, Input, Effect>;
