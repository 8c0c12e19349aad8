//! The plane as a whole, on real sockets of the loopback interface.

mod kit;
mod relay;
