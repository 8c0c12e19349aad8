//! Softphones in browsers and apps: what their sessions share.

mod revoked;

pub use revoked::Revocation;
pub(crate) use revoked::Revoked;
