//! The gateway in parts and as a whole.

mod dtls;
mod ice;
pub(crate) mod kit;
mod peer;
mod stun;
