//! The machine as tables of inputs and outputs: no sockets, no clock, no media plane.

mod answered;
mod cancelled;
mod challenged;
mod early;
mod incoming;
pub(in crate::leg) mod notes;
mod outgoing;
mod referred;
mod refreshed;
mod renegotiated;
mod restored;
pub(in crate::leg) mod rig;
mod web;
