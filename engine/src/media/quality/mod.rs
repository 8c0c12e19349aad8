//! How good a leg sounds: the counters of its packets and reports, and the score they add up to.

mod emodel;
mod meter;
mod spread;

pub use emodel::{Conditions, mos};
pub use meter::{Heard, Meter};
