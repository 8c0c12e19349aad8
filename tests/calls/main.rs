//! Calls from outside: real SIP and RTP on loopback, told by the API, the events and the records.

mod click;
mod groups;
mod inside;
mod kit;
mod loops;
mod outside;
mod refused;
mod talking;
mod transfer;
mod trunks;
