//! Figures of the trunks. Their label is the name that the operator gave.

use prometheus::{IntGaugeVec, Opts, Registry};

#[derive(Clone)]
pub(super) struct Metrics {
    up: IntGaugeVec,
    registered: IntGaugeVec,
    channels: IntGaugeVec,
}

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let made = IntGaugeVec::new(Opts::new(name, help), &["trunk"])?;
            registry.register(Box::new(made.clone()))?;
            Ok::<_, prometheus::Error>(made)
        };
        Ok(Self {
            up: gauge(
                "strowger_actors_trunk_up",
                "1 while the trunk answers probes.",
            )?,
            registered: gauge(
                "strowger_actors_trunk_registered",
                "1 while we are registered with the trunk.",
            )?,
            channels: gauge("strowger_actors_trunk_channels", "Calls over the trunk.")?,
        })
    }

    pub(super) fn up(&self, trunk: &str, up: bool) {
        self.up.with_label_values(&[trunk]).set(i64::from(up));
    }

    pub(super) fn registered(&self, trunk: &str, registered: bool) {
        self.registered
            .with_label_values(&[trunk])
            .set(i64::from(registered));
    }

    pub(super) fn channels(&self, trunk: &str, taken: u32) {
        self.channels
            .with_label_values(&[trunk])
            .set(i64::from(taken));
    }

    pub(super) fn forget(&self, trunk: &str) {
        for gauge in [&self.up, &self.registered, &self.channels] {
            // Gone already when it never had a value.
            let _ = gauge.remove_label_values(&[trunk]);
        }
    }
}
