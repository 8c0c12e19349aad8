//! Trunks: who may come in by its address, which one goes out next, how many channels are taken.

use engine::{
    leg::{Credentials, Hop},
    rtp::Codec,
};
use schema::{Id, Trunk};
use std::net::IpAddr;

/// All that is needed to dial over a trunk.
#[derive(Debug, Clone)]
pub(crate) struct TrunkCandidate {
    /// Host (and port) written into the Request URI.
    pub host: String,
    /// Where requests are sent.
    pub hop: Hop,
    /// Answer to a challenge.
    pub credentials: Option<Credentials>,
    /// Codecs in order of preference; empty takes the engine's.
    pub codecs: Vec<Codec>,
    /// The trunk may be told who really calls (RFC 3325).
    pub identity_trusted: bool,
}

/// The trunks of the exchange. Shared, answers at once, from memory.
pub(crate) struct Trunks {}

impl Trunks {
    /// Knows none yet; they are loaded from the database at start-up and after each change.
    pub(crate) fn new() -> Self {
        Self {}
    }

    /// The trunk that owns this source address, if any.
    pub(crate) fn by_source(&self, source: IpAddr) -> Option<Id<Trunk>> {
        let _ = source;
        None
    }

    /// Trunks to try, by priority, then by weight. Those without a free channel are left out, except
    /// for an emergency.
    pub(crate) fn choose(&self, emergency: bool) -> Vec<Id<Trunk>> {
        let _ = emergency;
        Vec::new()
    }

    /// Reads the trunks again soon: the API changed one.
    pub(crate) fn reload(&self) {}

    /// How to dial over this trunk; `None` when it is gone.
    pub(crate) fn candidate(&self, trunk: Id<Trunk>) -> Option<TrunkCandidate> {
        let _ = trunk;
        None
    }

    /// Takes a channel, in either direction. `false` when none is free; an emergency always gets one.
    pub(crate) fn take(&self, trunk: Id<Trunk>, emergency: bool) -> bool {
        let _ = (trunk, emergency);
        true
    }

    /// Gives a channel back.
    pub(crate) fn release(&self, trunk: Id<Trunk>) {
        let _ = trunk;
    }
}
