//! The engine from outside: real sockets on loopback and a peer that writes SIP by hand.

mod peer;
mod register;
