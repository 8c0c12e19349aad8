//! What was measured of a call's audio, and read from its words.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::{Endpoint, Id};

words! {
    /// Which side of a call was measured.
    QualityLeg {
        /// The one towards the public network.
        Pstn = "pstn",
        /// The one towards a user's endpoint.
        Endpoint = "endpoint",
    }
}

words! {
    /// The mood of a speaker.
    Mood {
        /// Friendly.
        Positive = "positive",
        /// Neither.
        Neutral = "neutral",
        /// Angry or sad.
        Negative = "negative",
    }
}

/// RTP statistics of one leg. Times are milliseconds; what could not be measured is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityMetric {
    /// Which side.
    pub leg: QualityLeg,
    /// The endpoint; absent towards the public network.
    pub endpoint_id: Option<Id<Endpoint>>,
    /// Mean interarrival jitter.
    pub jitter_ms: Option<f64>,
    /// Least jitter.
    pub jitter_min_ms: Option<f64>,
    /// Greatest jitter.
    pub jitter_max_ms: Option<f64>,
    /// Standard deviation of the jitter.
    pub jitter_stddev_ms: Option<f64>,
    /// Lost packets in percent, 0 to 100.
    pub packet_loss_pct: Option<f64>,
    /// Mean round trip.
    pub rtt_ms: Option<f64>,
    /// Least round trip.
    pub rtt_min_ms: Option<f64>,
    /// Greatest round trip.
    pub rtt_max_ms: Option<f64>,
    /// Standard deviation of the round trip.
    pub rtt_stddev_ms: Option<f64>,
    /// Packets received.
    pub rx_count: Option<u64>,
    /// Packets sent.
    pub tx_count: Option<u64>,
    /// Mean opinion score by the E-model (ITU-T G.107), 1 to 5.
    pub mos: Option<f64>,
}

/// The mood of a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// Of the whole.
    pub overall: Mood,
    /// Leaning, -1 to 1.
    pub score: f64,
    /// Strength, 0 to 1.
    pub magnitude: f64,
    /// Of our side, when the sides were apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<ChannelSentiment>,
    /// Of the other side, when the sides were apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<ChannelSentiment>,
}

/// The mood of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelSentiment {
    /// The mood.
    pub sentiment: Mood,
    /// Leaning, -1 to 1.
    pub score: f64,
    /// Strength, 0 to 1.
    pub magnitude: f64,
}
