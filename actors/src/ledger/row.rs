//! A record as a row.

use crate::call::Record;
use engine::rtp::Spread;
use schema::{
    CallInsight, CallParties, CallTimes, CallTrace, Json,
    types::{QualityLeg, QualityMetric},
};

/// The row of a record.
pub(super) fn row(record: &Record) -> schema::Call {
    schema::Call {
        id: record.id,
        account_id: record.account,
        direction: record.direction,
        status: record.status,
        parties: CallParties {
            user_id: record.user,
            endpoint_id: record.endpoint,
            did_id: record.did,
            from_number: text(&record.from_number),
            from_label: record.from_label.as_deref().map(text),
            to_number: text(&record.to_number),
            to_label: record.to_label.as_deref().map(text),
            dialed_number: text(&record.dialled),
        },
        times: CallTimes {
            started_at: record.started_at,
            answered_at: record.answered_at,
            connected_at: record.connected_at,
            ended_at: record.ended_at,
            duration_seconds: record
                .seconds
                .and_then(|seconds| i32::try_from(seconds).ok()),
        },
        hangup_cause: record.hangup_cause.map(i32::from),
        quality_metrics: Json(record.quality.iter().map(metric).collect()),
        insight: CallInsight::default(),
        trace: CallTrace {
            sip_call_id: record.sip_call_id.as_deref().map(text),
            inbound_trunk_id: record.inbound_trunk,
            outbound_trunk_id: record.outbound_trunk,
            end_reason: Some(record.end_reason.clone()),
        },
    }
}

/// Without NULs, which a caller's name may have in SIP and no text in PostgreSQL.
fn text(text: &str) -> String {
    text.replace('\0', "")
}

fn metric(measured: &crate::call::Measured) -> QualityMetric {
    let quality = &measured.quality;
    let Spread {
        mean: jitter_ms,
        min: jitter_min_ms,
        max: jitter_max_ms,
        stddev: jitter_stddev_ms,
    } = rounded(quality.jitter_ms);
    let Spread {
        mean: rtt_ms,
        min: rtt_min_ms,
        max: rtt_max_ms,
        stddev: rtt_stddev_ms,
    } = rounded(quality.rtt_ms);
    QualityMetric {
        // Figures that were spooled by an earlier version have a SIP identity or none.
        leg: match measured.inside || measured.endpoint.is_some() {
            true => QualityLeg::Endpoint,
            false => QualityLeg::Pstn,
        },
        endpoint_id: measured.endpoint,
        jitter_ms,
        jitter_min_ms,
        jitter_max_ms,
        jitter_stddev_ms,
        packet_loss_pct: quality.loss_pct.map(round),
        rtt_ms,
        rtt_min_ms,
        rtt_max_ms,
        rtt_stddev_ms,
        rx_count: Some(quality.rx_packets),
        tx_count: Some(quality.tx_packets),
        mos: quality.mos.map(round),
    }
}

/// To a thousandth: more is noise.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn rounded(spread: Spread) -> Spread {
    Spread {
        mean: spread.mean.map(round),
        min: spread.min.map(round),
        max: spread.max.map(round),
        stddev: spread.stddev.map(round),
    }
}
