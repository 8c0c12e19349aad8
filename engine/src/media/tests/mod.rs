//! The plane as a whole, on real sockets of the loopback interface.

mod control;
mod kit;
mod relay;
