//! The driver with a name server of its own.

mod calls;
mod failover;
