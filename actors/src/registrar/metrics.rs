//! Figures of the registrar.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

pub(super) struct Metrics {
    bindings: IntGauge,
    answers: IntCounterVec,
}

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let bindings = IntGauge::new("strowger_actors_registrations", "Live bindings.")?;
        registry.register(Box::new(bindings.clone()))?;
        let answers = IntCounterVec::new(
            Opts::new(
                "strowger_actors_registrations_answered_total",
                "REGISTER requests by the status they were answered with.",
            ),
            &["status"],
        )?;
        registry.register(Box::new(answers.clone()))?;
        Ok(Self { bindings, answers })
    }

    pub(super) fn holds(&self, bindings: usize) {
        self.bindings
            .set(i64::try_from(bindings).unwrap_or(i64::MAX));
    }

    /// An identity has so many bindings now. The next sweep counts them all.
    pub(super) fn changed(&self, before: usize, now: usize) {
        let count = |bindings: usize| i64::try_from(bindings).unwrap_or(i64::MAX);
        self.bindings.add(count(now) - count(before));
    }

    pub(super) fn answered(&self, status: u16) {
        let status = match status {
            200 => "200",
            400 => "400",
            401 => "401",
            403 => "403",
            423 => "423",
            503 => "503",
            _ => "other",
        };
        self.answers.with_label_values(&[status]).inc();
    }
}
