//! What happens to every request around its handler, outermost first: observed and named, CORS, PUT read
//! as POST; below `/v1` also authenticated, limited, and replayed when it was answered before.

pub mod cors;
pub mod finish;
pub mod gate;
pub mod idempotency;
pub mod observe;
pub mod put_alias;
pub mod rate_limit;
