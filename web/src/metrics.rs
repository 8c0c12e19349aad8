//! What this room counts: requests by route, event streams, and how long the database takes.

use std::time::Duration;

use actix_web::http::Method;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// Bounds of the request histogram, in seconds.
const REQUEST_BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];
/// Bounds of the database histogram, in seconds.
const QUERY_BUCKETS: [f64; 10] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5,
];

/// The counters of this room.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    queries: HistogramVec,
    query_failures: IntCounterVec,
    streams: IntGauge,
}

impl Metrics {
    /// Declares them on a registry.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new(
                "strowger_web_requests_total",
                "Requests by route, method and status class.",
            ),
            &["route", "method", "class"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "strowger_web_request_duration_seconds",
                "Time to answer by route.",
            )
            .buckets(REQUEST_BUCKETS.to_vec()),
            &["route", "method"],
        )?;
        let queries = HistogramVec::new(
            HistogramOpts::new(
                "strowger_web_database_query_duration_seconds",
                "Time of a query, waiting included.",
            )
            .buckets(QUERY_BUCKETS.to_vec()),
            &["query"],
        )?;
        let query_failures = IntCounterVec::new(
            Opts::new(
                "strowger_web_database_query_failures_total",
                "Queries that failed for a reason of the database.",
            ),
            &["query"],
        )?;
        let streams = IntGauge::new("strowger_web_event_streams", "Open event streams.")?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(queries.clone()))?;
        registry.register(Box::new(query_failures.clone()))?;
        registry.register(Box::new(streams.clone()))?;
        Ok(Self {
            registry: registry.clone(),
            requests,
            durations,
            queries,
            query_failures,
            streams,
        })
    }

    /// Counts one answered request.
    pub fn request(&self, route: &str, method: &Method, status: u16, took: Duration) {
        // Unknown methods share one label, or a client could make up series without end.
        let method = match method.as_str() {
            known @ ("GET" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH") => known,
            _ => "other",
        };
        let class = match status {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.requests
            .with_label_values(&[route, method, class])
            .inc();
        self.durations
            .with_label_values(&[route, method])
            .observe(took.as_secs_f64());
    }

    /// Hears of every query.
    pub fn observer(&self) -> schema::Observer {
        let (queries, failures) = (self.queries.clone(), self.query_failures.clone());
        std::sync::Arc::new(move |seen: schema::Observation| {
            queries
                .with_label_values(&[seen.query])
                .observe(seen.took.as_secs_f64());
            if seen.failed {
                failures.with_label_values(&[seen.query]).inc();
            }
        })
    }

    /// One more event stream.
    pub fn stream_opened(&self) {
        self.streams.inc();
    }

    /// One event stream less.
    pub fn stream_closed(&self) {
        self.streams.dec();
    }

    /// Everything on the registry, in Prometheus' text format.
    ///
    /// # Errors
    /// When a collector is inconsistent.
    pub fn print(&self) -> prometheus::Result<Vec<u8>> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_was_counted() {
        let metrics = Metrics::new(&Registry::new()).unwrap();
        metrics.request("/v1/users", &Method::GET, 200, Duration::from_millis(1));
        let odd = Method::from_bytes(b"BREW").unwrap();
        metrics.request("unmatched", &odd, 405, Duration::from_millis(1));
        metrics.observer()(schema::Observation {
            query: "ping",
            took: Duration::from_micros(10),
            failed: true,
        });
        let text = String::from_utf8(metrics.print().unwrap()).unwrap();
        for line in [
            r#"strowger_web_requests_total{class="2xx",method="GET",route="/v1/users"} 1"#,
            r#"strowger_web_requests_total{class="4xx",method="other",route="unmatched"} 1"#,
            r#"strowger_web_database_query_failures_total{query="ping"} 1"#,
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
