//! Figures of the actors: calls, restarts, how long inputs wait, what calls sounded like.

use crate::supervision::Kind;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry,
};
use schema::types::{CallDirection, CallStatus};
use std::time::Duration;

/// Every figure of this crate. Labels are closed sets of words, never ids.
pub(crate) struct Metrics {
    active: IntGaugeVec,
    started: IntCounterVec,
    ended: IntCounterVec,
    setup: Histogram,
    duration: Histogram,
    mos: Histogram,
    restarts: IntCounterVec,
    mailbox_age: HistogramVec,
    arrivals: IntCounterVec,
    ledger_waiting: prometheus::IntGauge,
    sessions: prometheus::IntGauge,
}

/// Buckets of MOS: the steps at which people call a line perfect, good, fair, poor and bad.
const MOS_BUCKETS: [f64; 9] = [1.0, 1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.3, 4.5];
/// Buckets of set-up time in seconds.
const SETUP_BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Buckets of the time an input waits, in seconds.
const AGE_BUCKETS: [f64; 8] = [0.000_05, 0.000_2, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0];
/// Buckets of the answered time in seconds.
const DURATION_BUCKETS: [f64; 8] = [1.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0];

impl Metrics {
    /// Registers all of them.
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let made = Histogram::with_opts(opts)?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        let active = IntGaugeVec::new(
            Opts::new("strowger_actors_calls_active", "Live calls."),
            &["direction"],
        )?;
        registry.register(Box::new(active.clone()))?;
        let mailbox_age = HistogramVec::new(
            HistogramOpts::new(
                "strowger_actors_mailbox_age_seconds",
                "How long an input waited before it was handled.",
            )
            .buckets(AGE_BUCKETS.to_vec()),
            &["kind"],
        )?;
        registry.register(Box::new(mailbox_age.clone()))?;
        let ledger_waiting = prometheus::IntGauge::new(
            "strowger_actors_ledger_waiting",
            "Call records that are not in the database yet.",
        )?;
        registry.register(Box::new(ledger_waiting.clone()))?;
        let sessions = prometheus::IntGauge::new(
            "strowger_actors_webrtc_sessions",
            "Browsers that are signed in.",
        )?;
        registry.register(Box::new(sessions.clone()))?;
        let metrics = Self {
            active,
            sessions,
            mailbox_age,
            ledger_waiting,
            started: counter(
                "strowger_actors_calls_started_total",
                "Calls that began.",
                &["direction"],
            )?,
            ended: counter(
                "strowger_actors_calls_ended_total",
                "Calls that ended, by outcome.",
                &["direction", "status"],
            )?,
            setup: histogram(
                "strowger_actors_call_setup_seconds",
                "From the start of a call to the first alerting or answer.",
                &SETUP_BUCKETS,
            )?,
            duration: histogram(
                "strowger_actors_call_duration_seconds",
                "Answered time of a call.",
                &DURATION_BUCKETS,
            )?,
            mos: histogram(
                "strowger_actors_leg_mos",
                "Mean opinion score of each measured leg.",
                &MOS_BUCKETS,
            )?,
            restarts: counter(
                "strowger_actors_restarts_total",
                "Crashes after which something was raised again or given up.",
                &["kind"],
            )?,
            arrivals: counter(
                "strowger_actors_arrivals_total",
                "Incoming invitations by what became of them.",
                &["verdict"],
            )?,
        };
        // What has not happened yet is 0, not unknown.
        for direction in CallDirection::ALL
            .iter()
            .map(|direction| direction.as_str())
        {
            metrics.active.with_label_values(&[direction]).set(0);
            metrics.started.with_label_values(&[direction]).reset();
            for status in CallStatus::ALL {
                let labels = [direction, status.as_str()];
                metrics.ended.with_label_values(&labels).reset();
            }
        }
        for kind in Kind::ALL {
            metrics.restarts.with_label_values(&[kind.label()]).reset();
        }
        Ok(metrics)
    }

    /// A call began.
    pub(crate) fn started(&self, direction: CallDirection) {
        self.started.with_label_values(&[direction.as_str()]).inc();
        self.active.with_label_values(&[direction.as_str()]).inc();
    }

    /// A call is over.
    pub(crate) fn ended(
        &self,
        direction: CallDirection,
        status: CallStatus,
        talked: Option<Duration>,
    ) {
        let labels = [direction.as_str(), status.as_str()];
        self.ended.with_label_values(&labels).inc();
        self.active.with_label_values(&[direction.as_str()]).dec();
        if let Some(talked) = talked {
            self.duration.observe(talked.as_secs_f64());
        }
    }

    /// Somebody alerts, or answered at once.
    pub(crate) fn set_up(&self, after: Duration) {
        self.setup.observe(after.as_secs_f64());
    }

    /// A browser signed in, or is gone.
    pub(crate) fn signed_in(&self, on: bool) {
        self.sessions.add(if on { 1 } else { -1 });
    }

    /// A leg was measured.
    pub(crate) fn heard(&self, mos: f64) {
        self.mos.observe(mos);
    }

    /// Something crashed.
    pub(crate) fn crashed(&self, kind: Kind) {
        self.restarts.with_label_values(&[kind.label()]).inc();
    }

    /// An input was taken up after this long.
    pub(crate) fn waited(&self, kind: Kind, age: Duration) {
        self.mailbox_age
            .with_label_values(&[kind.label()])
            .observe(age.as_secs_f64());
    }

    /// An invitation was taken, challenged, refused or shed.
    pub(crate) fn arrived(&self, verdict: &'static str) {
        self.arrivals.with_label_values(&[verdict]).inc();
    }

    /// Records not in the database yet.
    pub(crate) fn ledger_waiting(&self, records: usize) {
        self.ledger_waiting
            .set(i64::try_from(records).unwrap_or(i64::MAX));
    }
}
