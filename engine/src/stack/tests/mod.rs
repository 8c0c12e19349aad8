//! The driver with a name server of its own.

mod browsers;
mod calls;
mod failover;
