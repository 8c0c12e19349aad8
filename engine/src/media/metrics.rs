//! The plane's metrics. The threads count in tallies of their own; a scrape adds them up.

use super::card::Count;
use crate::rtp::{Quality, ports::Ports};
use prometheus::{
    Histogram, HistogramOpts, Registry,
    core::{Collector, Desc},
    proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType},
};
use std::{collections::HashMap, sync::Arc};

/// Why a packet was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not RTP or RTCP at all.
    Malformed,
    /// Nothing is agreed with the party yet.
    Early,
    /// Not from the party.
    Foreign,
    /// Its payload type was not agreed.
    Payload,
    /// Its authentication tag is wrong, or it was replayed.
    Authentication,
    /// Media was agreed not to flow this way.
    Direction,
    /// It came too late, or twice.
    Late,
    /// The other party has no codec or format for it, or it could not be decoded.
    Format,
    /// The other party's address is not known yet.
    NoTarget,
    /// The system refused to send it.
    Send,
}

impl Refused {
    const ALL: [(Refused, &'static str); 10] = [
        (Refused::Malformed, "malformed"),
        (Refused::Early, "early"),
        (Refused::Foreign, "foreign"),
        (Refused::Payload, "payload"),
        (Refused::Authentication, "authentication"),
        (Refused::Direction, "direction"),
        (Refused::Late, "late"),
        (Refused::Format, "format"),
        (Refused::NoTarget, "no_target"),
        (Refused::Send, "send"),
    ];
}

/// Counters of one thread, which alone writes them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub received: Count,
    pub sent: Count,
    pub lost: Count,
    pub legs: Count,
    pub panics: Count,
    refused: [Count; Refused::ALL.len()],
}

impl Tally {
    /// Counts a packet that was not used.
    pub fn refuse(&self, why: Refused) {
        if let Some(count) = self.refused.get(why as usize) {
            count.add(1);
        }
    }
}

/// What the plane shows.
pub(super) struct Metrics {
    tallies: Vec<Arc<Tally>>,
    pub jitter: Histogram,
    mos: Histogram,
}

impl Metrics {
    /// Registers the plane's metrics.
    ///
    /// # Errors
    /// When a name is taken, as by a second plane on the same registry.
    pub fn register(
        registry: &Registry,
        threads: usize,
        ports: &Ports,
    ) -> prometheus::Result<Self> {
        let tallies: Vec<_> = (0..threads.max(1)).map(|_| Arc::default()).collect();
        let jitter = Histogram::with_opts(
            HistogramOpts::new(
                "strowger_engine_rtp_jitter_seconds",
                "Interarrival jitter of received RTP, sampled with every RTCP report.",
            )
            .buckets(vec![
                0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2,
            ]),
        )?;
        let mos = Histogram::with_opts(
            HistogramOpts::new(
                "strowger_engine_rtp_mos",
                "Mean opinion score (ITU-T G.107) of legs that ended.",
            )
            .buckets(vec![1.0, 2.0, 2.5, 3.0, 3.5, 3.8, 4.0, 4.2, 4.3, 4.4, 4.5]),
        )?;
        registry.register(Box::new(jitter.clone()))?;
        registry.register(Box::new(mos.clone()))?;
        registry.register(Box::new(Sum::new(tallies.clone(), ports.clone())?))?;
        Ok(Self {
            tallies,
            jitter,
            mos,
        })
    }

    /// The counters of one thread.
    pub fn tally(&self, thread: usize) -> Arc<Tally> {
        self.tallies.get(thread).cloned().unwrap_or_default()
    }

    /// Notes the end of a leg.
    pub fn closed(&self, quality: &Quality) {
        if let Some(mos) = quality.mos {
            self.mos.observe(mos);
        }
    }
}

/// Adds the tallies up when asked.
struct Sum {
    tallies: Vec<Arc<Tally>>,
    ports: Ports,
    descs: Vec<Desc>,
}

/// Name, help and source of a counter.
type CounterOf = (&'static str, &'static str, fn(&Tally) -> u64);

const COUNTERS: [CounterOf; 4] = [
    (
        "strowger_engine_rtp_packets_received_total",
        "RTP packets received and accepted.",
        |tally| tally.received.get(),
    ),
    (
        "strowger_engine_rtp_packets_sent_total",
        "RTP packets sent.",
        |tally| tally.sent.get(),
    ),
    (
        "strowger_engine_rtp_packets_lost_total",
        "RTP packets that were expected and did not come.",
        |tally| tally.lost.get(),
    ),
    (
        "strowger_engine_media_panics_total",
        "Panics caught by media threads; each ended one leg.",
        |tally| tally.panics.get(),
    ),
];

const DROPPED: (&str, &str) = (
    "strowger_engine_rtp_packets_dropped_total",
    "Received packets that were not used, by reason.",
);
const LEGS: (&str, &str) = ("strowger_engine_media_legs", "Open media legs.");
const PORTS: (&str, &str) = (
    "strowger_engine_rtp_ports_in_use",
    "Ports of the RTP range in use; a leg takes two.",
);
const RANGE: (&str, &str) = (
    "strowger_engine_rtp_ports",
    "Usable ports of the RTP range.",
);

impl Sum {
    fn new(tallies: Vec<Arc<Tally>>, ports: Ports) -> prometheus::Result<Self> {
        let plain = COUNTERS.map(|(name, help, _)| (name, help));
        let descs = plain
            .into_iter()
            .chain([LEGS, PORTS, RANGE])
            .map(|about| describe(about, Vec::new()))
            .chain([describe(DROPPED, vec!["reason".to_owned()])])
            .collect::<prometheus::Result<_>>()?;
        Ok(Self {
            tallies,
            ports,
            descs,
        })
    }

    fn total(&self, read: impl Fn(&Tally) -> u64) -> f64 {
        self.tallies.iter().map(|tally| read(tally)).sum::<u64>() as f64
    }
}

impl Collector for Sum {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families: Vec<_> = COUNTERS
            .iter()
            .map(|(name, help, read)| {
                family(
                    (name, help),
                    MetricType::COUNTER,
                    vec![counter(self.total(read), None)],
                )
            })
            .collect();
        let dropped = Refused::ALL
            .iter()
            .enumerate()
            .map(|(place, (_, reason))| {
                let n = self.total(|tally| tally.refused.get(place).map_or(0, Count::get));
                counter(n, Some(reason))
            })
            .collect();
        families.push(family(DROPPED, MetricType::COUNTER, dropped));
        for (about, value) in [
            (LEGS, self.total(|tally| tally.legs.get())),
            (PORTS, self.ports.in_use() as f64 * 2.0),
            (RANGE, self.ports.total() as f64 * 2.0),
        ] {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            let mut metric = Metric::default();
            metric.set_gauge(gauge);
            families.push(family(about, MetricType::GAUGE, vec![metric]));
        }
        families
    }
}

fn describe((name, help): (&str, &str), labels: Vec<String>) -> prometheus::Result<Desc> {
    Desc::new(name.to_owned(), help.to_owned(), labels, HashMap::new())
}

fn counter(value: f64, reason: Option<&str>) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(value);
    let mut metric = Metric::default();
    metric.set_counter(counter);
    if let Some(reason) = reason {
        let mut label = LabelPair::default();
        label.set_name("reason".to_owned());
        label.set_value(reason.to_owned());
        metric.set_label(vec![label]);
    }
    metric
}

fn family((name, help): (&str, &str), kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}
