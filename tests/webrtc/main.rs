//! The softphone socket from outside: who may speak, what is said, and calls.

mod emergency;
mod frames;
mod limits;
mod paper;
mod signing_in;
mod survival;
mod watching;
