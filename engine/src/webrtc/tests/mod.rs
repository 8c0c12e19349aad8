//! The gateway in parts and as a whole.

mod dtls;
mod ice;
mod kit;
mod peer;
mod stun;
