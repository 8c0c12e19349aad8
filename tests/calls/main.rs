//! Calls from outside: real SIP and RTP on loopback, told by the API, the events and the records.

mod browser;
mod carriers;
mod click;
mod early;
mod groups;
mod inside;
mod kit;
mod loops;
mod outside;
mod refused;
mod secure;
mod sessions;
mod talking;
mod transfer;
mod trunks;
mod vanished;
mod web_sockets;
