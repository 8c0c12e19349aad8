//! A small SIP of the tests' own: text in, text out. It shares nothing with the engine, so that both
//! cannot be wrong alike.

mod digest;
mod message;
pub mod tls;
mod wire;
pub mod ws;

pub use digest::{Algorithm, Login, answer_challenge, challenge, proves};
pub use message::Message;
pub use wire::{Agent, Link};

use rand::Rng;

/// A random token for tags, branches and Call-IDs.
pub fn token() -> String {
    format!("{:016x}", rand::rng().random::<u64>())
}
