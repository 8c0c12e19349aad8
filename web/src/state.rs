//! What every handler can reach: built once at the start, shared by all workers.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::{Exchange, secrets::Secrets};
use schema::Db;

use crate::{
    auth::{api_key::KeyRing, session_keys::SessionKeys},
    caller::KnownAccounts,
    config::Turn,
    metrics::Metrics,
    middleware::rate_limit::RateLimit,
    v1::{events::Streams, openapi::Api},
};

/// Everything that requests share.
pub struct State {
    /// Rows.
    pub db: Db,
    /// Live things.
    pub exchange: Arc<Exchange>,
    /// The installation's key.
    pub secrets: Secrets,
    /// Platform keys.
    pub keys: KeyRing,
    /// Keys of session tokens.
    pub sessions: SessionKeys,
    /// Accounts that were found a moment ago.
    pub accounts: KnownAccounts,
    /// Requests by credential.
    pub rate: RateLimit,
    /// Open event streams.
    pub streams: Arc<Streams>,
    /// Between two comments that keep an event stream open.
    pub heartbeat: Duration,
    /// STUN and TURN servers.
    pub turn: Turn,
    /// Figures.
    pub metrics: Metrics,
    /// The document, and the paths in it.
    pub api: Api,
    /// Realm of SIP passwords and domain of SIP addresses.
    pub domain: String,
    /// Prefix of URLs that are handed out.
    pub public_url: String,
    /// Proxies whose word on a client's address is taken.
    pub proxies: Vec<IpAddr>,
    /// Set as soon as the first signal to stop arrives.
    pub draining: Arc<AtomicBool>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    /// Whether the exchange is on its way out.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
