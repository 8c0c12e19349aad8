//! What a call looks like on the wire.

use schema::{
    Call, CallParties, Endpoint, Id, PhoneNumber, Time, User,
    types::{
        CallDirection, CallStatus, ChannelSentiment, Mood, QualityLeg, QualityMetric, Sentiment,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::v1::{
    body::{Check, given},
    error::Fields,
    ids::EntityId,
    validate::{blame, text},
    words,
};

/// An order to place a call.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CallCreate {
    /// User whose phones ring first.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub user: Option<EntityId>,
    /// Other spelling of `user`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub user_id: Option<EntityId>,
    /// What to dial then: E.164, a local number, an extension, or an emergency number.
    #[schema(min_length = 1, max_length = 64)]
    pub dial_string: String,
    /// Number to show, instead of the user's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub did: Option<EntityId>,
    /// Other spelling of `did`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = EntityId)]
    pub did_id: Option<EntityId>,
    /// Which of the user's alternates rings first.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    pub find_me_follow_me_key: Option<String>,
}

impl Check for CallCreate {
    fn check(&self, faults: &mut Fields) {
        if self.user.is_none() && self.user_id.is_none() {
            blame(faults, "user", "is required");
        }
        text(faults, "dial_string", Some(&self.dial_string), 1..=64);
        text(
            faults,
            "find_me_follow_me_key",
            self.find_me_follow_me_key.as_ref(),
            1..=64,
        );
    }
}

/// The record of a call; what is not known yet is null.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallLog)]
pub struct CallBody {
    /// Prefix `call`.
    #[schema(value_type = EntityId)]
    id: Id<Call>,
    /// User on the call.
    #[schema(value_type = Option<EntityId>, required = true)]
    user_id: Option<Id<User>>,
    /// Same as `user_id`.
    #[schema(value_type = Option<EntityId>)]
    user: Option<Id<User>>,
    /// Endpoint that handled it.
    #[schema(value_type = Option<EntityId>, required = true)]
    endpoint_id: Option<Id<Endpoint>>,
    /// Same as `endpoint_id`.
    #[schema(value_type = Option<EntityId>)]
    endpoint: Option<Id<Endpoint>>,
    /// The account's phone number involved.
    #[schema(value_type = Option<EntityId>, required = true)]
    did_id: Option<Id<PhoneNumber>>,
    /// Same as `did_id`, or an object with `expand[]=did`.
    did: Option<DidBody>,
    /// Where it came from and went.
    #[schema(value_type = words::Direction)]
    direction: CallDirection,
    /// Caller's number or extension; empty when unknown.
    #[schema(max_length = 20)]
    from_number: String,
    /// Caller's name.
    #[schema(required = true)]
    from_label: Option<String>,
    /// Where it was routed; empty when unknown.
    #[schema(max_length = 20)]
    to_number: String,
    /// Destination's name.
    #[schema(required = true)]
    to_label: Option<String>,
    /// When it began.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    started_at: Time,
    /// When it was answered, by whatever.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>, required = true)]
    answered_at: Option<Time>,
    /// When a person was connected.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    connected_at: Option<Time>,
    /// When it ended.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>, required = true)]
    ended_at: Option<Time>,
    /// Answer to end.
    #[schema(value_type = Option<i64>, minimum = 0, required = true)]
    duration_seconds: Option<i32>,
    /// How it ended.
    #[schema(value_type = Option<words::Outcome>, required = true)]
    status: Option<CallStatus>,
    /// Q.850 cause of a destination that was not connected.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 127)]
    hangup_cause: Option<i32>,
    /// Summary of what was said.
    #[schema(required = true)]
    summary: Option<String>,
    /// Mood of what was said.
    sentiment: Option<SentimentBody>,
    /// Signed link to the audio.
    #[schema(format = "uri", required = true)]
    recording_url: Option<String>,
    /// One entry a measured leg.
    quality_metrics: Vec<QualityBody>,
}

/// A phone number within a call: its id, or with `expand[]=did` an object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DidBody {
    /// The id alone.
    Id(EntityId),
    /// Id and number.
    Summary(DidSummary),
}

/// A phone number in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DIDSummary)]
pub struct DidSummary {
    /// Prefix `did`.
    #[schema(value_type = EntityId)]
    id: Id<PhoneNumber>,
    /// E.164.
    #[schema(max_length = 20)]
    phone_number: String,
}

impl DidBody {
    /// An object when the number is known, else the id.
    pub fn new(id: Id<PhoneNumber>, phone_number: Option<String>) -> Self {
        match phone_number {
            Some(phone_number) => Self::Summary(DidSummary { id, phone_number }),
            None => Self::Id(id.into()),
        }
    }
}

/// RTP statistics of one leg; times in milliseconds, null when not measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QualityMetricLeg)]
struct QualityBody {
    /// Which side.
    #[schema(value_type = words::MeasuredLeg)]
    leg: QualityLeg,
    /// The endpoint; null towards the public network.
    #[schema(value_type = Option<EntityId>)]
    endpoint_id: Option<Id<Endpoint>>,
    /// Same as `endpoint_id`.
    #[schema(value_type = Option<EntityId>)]
    endpoint: Option<Id<Endpoint>>,
    /// Mean jitter.
    #[schema(minimum = 0)]
    jitter_ms: Option<f64>,
    /// Least jitter.
    #[schema(minimum = 0)]
    jitter_min_ms: Option<f64>,
    /// Greatest jitter.
    #[schema(minimum = 0)]
    jitter_max_ms: Option<f64>,
    /// Standard deviation of the jitter.
    #[schema(minimum = 0)]
    jitter_stddev_ms: Option<f64>,
    /// Lost packets in percent.
    #[schema(minimum = 0, maximum = 100)]
    packet_loss_pct: Option<f64>,
    /// Mean round trip.
    #[schema(minimum = 0)]
    rtt_ms: Option<f64>,
    /// Least round trip.
    #[schema(minimum = 0)]
    rtt_min_ms: Option<f64>,
    /// Greatest round trip.
    #[schema(minimum = 0)]
    rtt_max_ms: Option<f64>,
    /// Standard deviation of the round trip.
    #[schema(minimum = 0)]
    rtt_stddev_ms: Option<f64>,
    /// Packets received.
    #[schema(value_type = Option<i64>, minimum = 0)]
    rx_count: Option<u64>,
    /// Packets sent.
    #[schema(value_type = Option<i64>, minimum = 0)]
    tx_count: Option<u64>,
    /// Mean opinion score by the E-model (ITU-T G.107).
    #[schema(minimum = 1, maximum = 5)]
    mos: Option<f64>,
}

/// Mood of a transcript.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sentiment)]
struct SentimentBody {
    /// Of the whole.
    #[schema(value_type = words::MoodWord)]
    overall: Mood,
    /// Leaning.
    #[schema(minimum = -1, maximum = 1)]
    score: f64,
    /// Strength.
    #[schema(minimum = 0, maximum = 1)]
    magnitude: f64,
    /// Of our side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ChannelSentimentBody)]
    local: Option<ChannelSentimentBody>,
    /// Of the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ChannelSentimentBody)]
    remote: Option<ChannelSentimentBody>,
}

/// Mood of one side.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelSentiment)]
struct ChannelSentimentBody {
    /// The mood.
    #[schema(value_type = words::MoodWord)]
    sentiment: Mood,
    /// Leaning.
    #[schema(minimum = -1, maximum = 1)]
    score: f64,
    /// Strength.
    #[schema(minimum = 0, maximum = 1)]
    magnitude: f64,
}

impl CallBody {
    /// The wire shape of a finished call.
    pub fn from_record(call: Call, did: Option<DidBody>) -> Self {
        let times = call.times;
        Self {
            answered_at: times.answered_at,
            connected_at: times.connected_at,
            ended_at: Some(times.ended_at),
            duration_seconds: times.duration_seconds,
            status: Some(call.status),
            hangup_cause: call.hangup_cause,
            summary: call.insight.summary,
            sentiment: call.insight.sentiment.map(|sentiment| sentiment.0.into()),
            quality_metrics: call
                .quality_metrics
                .0
                .into_iter()
                .map(QualityBody::from)
                .collect(),
            ..Self::begun(call.id, call.direction, call.parties, times.started_at, did)
        }
    }

    /// The wire shape of a live call: what is not known yet is null.
    pub fn from_live(call: actors::LiveCall, did: Option<DidBody>) -> Self {
        let parties = CallParties {
            user_id: call.user,
            endpoint_id: call.endpoint,
            did_id: call.did,
            from_number: call.from_number,
            from_label: call.from_label,
            to_number: call.to_number.unwrap_or_default(),
            to_label: call.to_label,
            dialed_number: String::new(),
        };
        Self {
            answered_at: call.answered_at,
            connected_at: call.connected_at,
            ended_at: call.ended_at,
            duration_seconds: call.duration_seconds.and_then(|s| s.try_into().ok()),
            status: call.status,
            hangup_cause: call.hangup_cause.map(i32::from),
            ..Self::begun(call.id, call.direction, parties, call.started_at, did)
        }
    }

    fn begun(
        id: Id<Call>,
        direction: CallDirection,
        parties: CallParties,
        started_at: Time,
        did: Option<DidBody>,
    ) -> Self {
        Self {
            id,
            user_id: parties.user_id,
            user: parties.user_id,
            endpoint_id: parties.endpoint_id,
            endpoint: parties.endpoint_id,
            did_id: parties.did_id,
            did,
            direction,
            from_number: parties.from_number,
            from_label: parties.from_label,
            to_number: parties.to_number,
            to_label: parties.to_label,
            started_at,
            answered_at: None,
            connected_at: None,
            ended_at: None,
            duration_seconds: None,
            status: None,
            hangup_cause: None,
            summary: None,
            sentiment: None,
            recording_url: None,
            quality_metrics: Vec::new(),
        }
    }
}

impl From<QualityMetric> for QualityBody {
    fn from(metric: QualityMetric) -> Self {
        Self {
            leg: metric.leg,
            endpoint_id: metric.endpoint_id,
            endpoint: metric.endpoint_id,
            jitter_ms: metric.jitter_ms,
            jitter_min_ms: metric.jitter_min_ms,
            jitter_max_ms: metric.jitter_max_ms,
            jitter_stddev_ms: metric.jitter_stddev_ms,
            packet_loss_pct: metric.packet_loss_pct,
            rtt_ms: metric.rtt_ms,
            rtt_min_ms: metric.rtt_min_ms,
            rtt_max_ms: metric.rtt_max_ms,
            rtt_stddev_ms: metric.rtt_stddev_ms,
            rx_count: metric.rx_count,
            tx_count: metric.tx_count,
            mos: metric.mos,
        }
    }
}

impl From<Sentiment> for SentimentBody {
    fn from(sentiment: Sentiment) -> Self {
        Self {
            overall: sentiment.overall,
            score: sentiment.score,
            magnitude: sentiment.magnitude,
            local: sentiment.local.map(ChannelSentimentBody::from),
            remote: sentiment.remote.map(ChannelSentimentBody::from),
        }
    }
}

impl From<ChannelSentiment> for ChannelSentimentBody {
    fn from(side: ChannelSentiment) -> Self {
        Self {
            sentiment: side.sentiment,
            score: side.score,
            magnitude: side.magnitude,
        }
    }
}
