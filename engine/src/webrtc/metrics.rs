//! What the gateway counts.

use super::{dtls::Failure, ice::Refusal};
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Why a datagram at the gateway was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// Neither STUN nor DTLS, or STUN that cannot be read.
    Malformed,
    /// From nobody we know.
    Foreign,
    /// The queue of what media threads pass on is full.
    Full,
}

/// The gateway's metrics.
pub(super) struct Metrics {
    handshakes: IntCounterVec,
    refused: IntCounterVec,
    dropped: IntCounterVec,
    /// Peers whose handshake is through.
    pub peers: IntGauge,
    /// Peers that stopped asking.
    pub revoked: IntCounter,
    /// Panics caught.
    pub panics: IntCounter,
}

/// How a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There are keys.
    Ok,
    /// There are none.
    Failed(Failure),
    /// There are, but no socket could be opened for them.
    NoSocket,
}

impl Metrics {
    /// Registers them.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let vec = |name: &str, help: &str, label: &str| {
            let vec = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let metrics = Self {
            handshakes: vec(
                "strowger_engine_webrtc_handshakes_total",
                "DTLS handshakes of WebRTC peers that ended, by outcome.",
                "outcome",
            )?,
            refused: vec(
                "strowger_engine_webrtc_stun_refused_total",
                "ICE checks that were not believed, by reason.",
                "reason",
            )?,
            dropped: vec(
                "strowger_engine_webrtc_datagrams_dropped_total",
                "Datagrams at the WebRTC port that were not used, by reason.",
                "reason",
            )?,
            peers: IntGauge::new(
                "strowger_engine_webrtc_peers",
                "WebRTC peers that are connected.",
            )?,
            revoked: IntCounter::new(
                "strowger_engine_webrtc_consent_lost_total",
                "WebRTC peers that stopped confirming that they want to hear us.",
            )?,
            panics: IntCounter::new(
                "strowger_engine_webrtc_panics_total",
                "Panics caught by the WebRTC gateway; each ended one leg at most.",
            )?,
        };
        registry.register(Box::new(metrics.peers.clone()))?;
        registry.register(Box::new(metrics.revoked.clone()))?;
        registry.register(Box::new(metrics.panics.clone()))?;
        Ok(metrics)
    }

    /// Counts a handshake that ended.
    pub fn shaken(&self, outcome: Outcome) {
        let label = match outcome {
            Outcome::Ok => "ok",
            Outcome::Failed(Failure::Fingerprint) => "fingerprint",
            Outcome::Failed(Failure::Profile) => "profile",
            Outcome::Failed(Failure::Protocol) => "protocol",
            Outcome::Failed(Failure::Timeout) => "timeout",
            Outcome::NoSocket => "socket",
        };
        self.handshakes.with_label_values(&[label]).inc();
    }

    /// Counts a check that was refused; `None` is one for somebody who is not here.
    pub fn refused(&self, why: Option<Refusal>) {
        let label = match why {
            None => "unknown",
            Some(Refusal::Unsigned) => "unsigned",
            Some(Refusal::Forged) => "integrity",
            Some(Refusal::Attribute) => "attribute",
            Some(Refusal::Role) => "role",
        };
        self.refused.with_label_values(&[label]).inc();
    }

    /// Counts a datagram that was not used.
    pub fn dropped(&self, why: Dropped) {
        let label = match why {
            Dropped::Malformed => "malformed",
            Dropped::Foreign => "foreign",
            Dropped::Full => "full",
        };
        self.dropped.with_label_values(&[label]).inc();
    }
}
