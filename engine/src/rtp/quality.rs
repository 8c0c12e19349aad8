//! The audio figures of one leg, as records and metrics show them.

use serde::{Deserialize, Serialize};

use super::Codec;

/// Audio figures of one leg, as measured here and as the peer reports (RFC 3550 §6.4).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Packets that should have come and did not.
    pub lost: u64,
    /// `lost` of what was expected, in percent.
    pub loss_pct: Option<f64>,
    /// Interarrival jitter in milliseconds.
    pub jitter_ms: Spread,
    /// Round-trip time in milliseconds.
    pub rtt_ms: Spread,
    /// Mean opinion score by ITU-T G.107, 1–4.5; `None` when nothing was received.
    pub mos: Option<f64>,
    /// What was received last.
    pub codec: Option<Codec>,
}

/// A figure over the life of a leg; empty when never measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: Option<f64>,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Standard deviation.
    pub stddev: Option<f64>,
}
