//! A browser's leg as tables of inputs and outputs: no session, no clock, no media plane.

mod called;
mod calling;
mod ended;
mod property;
mod rig;
mod snapshot;
mod talking;
mod transfer;
