//! Header values with a grammar of their own: sequence numbers, session timers, dialog references.

mod reason;
mod replaces;
mod sequence;
mod session_timer;

pub use reason::Reason;
pub use replaces::Replaces;
pub(super) use replaces::is_call_id;
pub use sequence::{CSeq, RAck};
pub use session_timer::{MinSe, Refresher, SessionExpires};
