//! What the engine's signalling counts. Registered on the registry that [`crate::bind`] is given; label
//! sets are small and fixed, and a counter is looked up once, not for every message.

use crate::{leg::Transport, sip::Method};
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};
use std::{sync::OnceLock, time::Duration};

/// Methods counted by name, in the order of [`method_index`]; any other is `other`.
const METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "REGISTER",
    "OPTIONS",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
    "other",
];

/// Status classes.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];

/// Upper bounds of the set-up histogram in seconds.
const SETUP_BUCKETS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Received.
    In,
    /// Sent.
    Out,
}

impl Way {
    fn label(self) -> &'static str {
        match self {
            Way::In => "in",
            Way::Out => "out",
        }
    }
}

/// The signalling metrics of one engine.
pub(crate) struct Metrics {
    requests: IntCounterVec,
    responses: IntCounterVec,
    request_cells: Vec<OnceLock<IntCounter>>,
    response_cells: Vec<OnceLock<IntCounter>>,
    /// Requests sent again by timers A and E.
    pub(crate) request_retransmissions: IntCounter,
    /// Responses sent again, by timer G or because the request came again.
    pub(crate) response_retransmissions: IntCounter,
    /// Requests absorbed because they were repetitions.
    pub(crate) absorbed: IntCounter,
    /// Live client transactions.
    pub(crate) client_transactions: IntGauge,
    /// Live server transactions.
    pub(crate) server_transactions: IntGauge,
    /// Live legs.
    pub(crate) legs: IntGauge,
    /// What could not be read at all.
    pub(crate) parse_errors: IntCounter,
    /// Errors of `recvfrom` on a UDP listener.
    pub(crate) udp_receive_errors: IntCounter,
    /// Messages that could not be handed to the network.
    pub(crate) send_errors: IntCounter,
    /// Requests refused because the engine or its user is too busy.
    pub(crate) shed: IntCounter,
    /// News of legs that could not be kept.
    pub(crate) dropped_events: IntCounter,
    connections: IntGaugeVec,
    setup: Histogram,
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// A name is taken on the registry.
    pub(crate) fn register(registry: &Registry) -> Result<Metrics, prometheus::Error> {
        let requests = vec(
            registry,
            "strowger_engine_sip_requests_total",
            "SIP requests, retransmissions apart.",
            &["method", "direction"],
        )?;
        let responses = vec(
            registry,
            "strowger_engine_sip_responses_total",
            "SIP responses by the method they answer, retransmissions apart.",
            &["method", "class", "direction"],
        )?;
        let retransmissions = vec(
            registry,
            "strowger_engine_sip_retransmissions_total",
            "SIP messages sent again.",
            &["kind"],
        )?;
        let transactions = gauges(
            registry,
            "strowger_engine_sip_transactions",
            "Live SIP transactions.",
            "kind",
        )?;
        let connections = gauges(
            registry,
            "strowger_engine_sip_connections",
            "Open SIP connections.",
            "transport",
        )?;
        let legs = IntGauge::new("strowger_engine_legs", "Live legs.")?;
        registry.register(Box::new(legs.clone()))?;
        let setup = Histogram::with_opts(
            HistogramOpts::new(
                "strowger_engine_invite_setup_seconds",
                "From the arrival of an INVITE to its first response other than 100.",
            )
            .buckets(SETUP_BUCKETS.to_vec()),
        )?;
        registry.register(Box::new(setup.clone()))?;
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        Ok(Metrics {
            request_cells: cells(METHODS.len() * 2),
            response_cells: cells(METHODS.len() * CLASSES.len() * 2),
            requests,
            responses,
            request_retransmissions: retransmissions.with_label_values(&["request"]),
            response_retransmissions: retransmissions.with_label_values(&["response"]),
            absorbed: counter(
                "strowger_engine_sip_absorbed_total",
                "Repeated SIP requests absorbed by their transaction.",
            )?,
            client_transactions: transactions.with_label_values(&["client"]),
            server_transactions: transactions.with_label_values(&["server"]),
            legs,
            parse_errors: counter(
                "strowger_engine_sip_parse_errors_total",
                "Received bytes that are no SIP message, or one that cannot be used.",
            )?,
            udp_receive_errors: counter(
                "strowger_engine_sip_udp_receive_errors_total",
                "Errors while receiving on a SIP UDP listener.",
            )?,
            send_errors: counter(
                "strowger_engine_sip_send_errors_total",
                "SIP messages that could not be handed to the network.",
            )?,
            shed: counter(
                "strowger_engine_sip_shed_total",
                "Requests answered 503 because the exchange is busy or draining.",
            )?,
            dropped_events: counter(
                "strowger_engine_leg_events_dropped_total",
                "News of legs dropped because nobody took them in time.",
            )?,
            connections,
            setup,
        })
    }

    /// Counts a request.
    pub(crate) fn request(&self, method: &Method, way: Way) {
        let index = method_index(method);
        let cell = self.request_cells.get(index * 2 + way as usize);
        if let Some(cell) = cell {
            cell.get_or_init(|| self.requests.with_label_values(&[name(index), way.label()]))
                .inc();
        }
    }

    /// Counts a response.
    pub(crate) fn response(&self, method: &Method, status: u16, way: Way) {
        let index = method_index(method);
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        let cell = (index * CLASSES.len() + class) * 2 + way as usize;
        if let Some(cell) = self.response_cells.get(cell) {
            cell.get_or_init(|| {
                let class = CLASSES.get(class).copied().unwrap_or_default();
                self.responses
                    .with_label_values(&[name(index), class, way.label()])
            })
            .inc();
        }
    }

    /// The gauge of open connections.
    pub(crate) fn connections(&self, transport: Transport) -> IntGauge {
        let label = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        };
        self.connections.with_label_values(&[label])
    }

    /// Notes how long an INVITE waited for its first response other than 100.
    pub(crate) fn invite_setup(&self, waited: Duration) {
        self.setup.observe(waited.as_secs_f64());
    }
}

fn name(index: usize) -> &'static str {
    METHODS.get(index).copied().unwrap_or("other")
}

fn method_index(method: &Method) -> usize {
    match method {
        Method::Invite => 0,
        Method::Ack => 1,
        Method::Bye => 2,
        Method::Cancel => 3,
        Method::Register => 4,
        Method::Options => 5,
        Method::Prack => 6,
        Method::Update => 7,
        Method::Info => 8,
        Method::Refer => 9,
        Method::Notify => 10,
        Method::Subscribe => 11,
        Method::Message => 12,
        Method::Publish => 13,
        Method::Other(_) => 14,
    }
}

fn cells(count: usize) -> Vec<OnceLock<IntCounter>> {
    (0..count).map(|_| OnceLock::new()).collect()
}

fn vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let vec = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntGaugeVec, prometheus::Error> {
    let vec = IntGaugeVec::new(Opts::new(name, help), &[label])?;
    registry.register(Box::new(vec.clone()))?;
    Ok(vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_classes_are_told_apart() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry).unwrap();
        metrics.request(&Method::Invite, Way::In);
        metrics.request(&Method::Other("FOO".into()), Way::In);
        metrics.response(&Method::Invite, 486, Way::Out);
        metrics.response(&Method::Invite, 699, Way::Out);
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap();
        for line in [
            r#"strowger_engine_sip_requests_total{direction="in",method="INVITE"} 1"#,
            r#"strowger_engine_sip_requests_total{direction="in",method="other"} 1"#,
            r#"strowger_engine_sip_responses_total{class="4xx",direction="out",method="INVITE"} 1"#,
            r#"strowger_engine_sip_responses_total{class="6xx",direction="out",method="INVITE"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(matches!(
            Metrics::register(&registry),
            Err(prometheus::Error::AlreadyReg)
        ));
    }
}
