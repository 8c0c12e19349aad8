//! HTTP digest for SIP (RFC 3261 §22, RFC 7616, RFC 8760): MD5 and SHA-256, qop `auth` or none.
//!
//! The server side is [`Gate`]: it writes challenges with nonces that need no memory until they are used,
//! and checks answers against an [`Ha1`], taking as long for an unknown user as for a wrong password. The
//! client side is [`Client`]. `rsip`'s digest is not used: it cannot name SHA-256 and counts in a byte.

mod challenge;
mod client;
mod credentials;
mod fields;
mod gate;
mod hash;
mod nonce;

pub use challenge::Challenge;
pub use client::Client;
pub use credentials::{Credentials, Qop};
pub use gate::{Gate, Grant};
pub use hash::{Algorithm, Ha1, ha1, response};
pub use nonce::{MAX_TRACKED_NONCES, NONCE_LIFETIME, NonceState, Nonces};

use thiserror::Error;

/// Why a digest header is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DigestError {
    /// The scheme is not `Digest`.
    #[error("the scheme is not Digest")]
    Scheme,
    /// The parameters break the grammar, or one stands twice.
    #[error("the digest parameters are malformed")]
    Syntax,
    /// A parameter that must be there is not.
    #[error("the digest lacks {0}")]
    Missing(&'static str),
    /// An algorithm other than MD5 and SHA-256.
    #[error("the digest algorithm is not supported")]
    Algorithm,
    /// A protection other than `auth`.
    #[error("the digest protection is not supported")]
    Qop,
}
