//! The engine from outside: real sockets on loopback and a peer that writes SIP by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests, their helpers included"
)]

mod calls;
mod listener;
mod lossy;
mod outside;
mod peer;
mod register;
mod request;
mod streams;
