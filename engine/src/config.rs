//! What the engine needs to be told: listeners, media ports, timers and limits.

use std::{net::IpAddr, net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

/// Settings of one engine. Every limit of the room is here.
#[derive(Debug, Clone)]
pub struct Config {
    /// UDP listeners; port 0 takes any free one. Empty means none.
    pub udp: Vec<SocketAddr>,
    /// TCP listeners.
    pub tcp: Vec<SocketAddr>,
    /// TLS listener with its certificate, when wanted.
    pub tls: Option<Tls>,
    /// PEM file of the certificates trusted for TLS connections that we open; `None` takes the system's.
    pub trust: Option<PathBuf>,
    /// Host or IP address that Contact and Via say in the place of a bound one, behind a 1:1 NAT.
    pub advertised: Option<String>,
    /// Host written into our own From and Contact when nothing better is known.
    pub domain: String,
    /// `Server` and `User-Agent` header.
    pub agent: String,
    /// RTP side.
    pub media: Media,
    /// WebRTC side.
    pub webrtc: WebRtc,
    /// RFC 3261 timers.
    pub timers: Timers,
    /// Limits.
    pub limits: Limits,
}

/// A TLS listener.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Listener.
    pub listen: SocketAddr,
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// Settings of the media plane.
#[derive(Debug, Clone)]
pub struct Media {
    /// Address written into SDP; `None` takes the interface towards the peer.
    pub address: Option<IpAddr>,
    /// RTP port range, both ends included.
    pub ports: RangeInclusive<u16>,
    /// Number of pinned threads; 0 takes one a core.
    pub threads: usize,
    /// A leg that should be heard and is not, for this long, is reported lost.
    pub silence: Duration,
}

/// Settings of the WebRTC gateway. The default is off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebRtc {
    /// UDP listeners; port 0 takes any free one, an unspecified address stands for those of every
    /// interface at the start. Empty means off: offers of DTLS are refused.
    pub listen: Vec<SocketAddr>,
    /// Takes another port when that of a listener is taken.
    pub any_port: bool,
    /// Addresses told to peers; empty tells those that are listened on.
    pub addresses: Vec<IpAddr>,
}

/// The base timers of RFC 3261 §17 (table 4) and the session timers of RFC 4028.
#[derive(Debug, Clone, Copy)]
pub struct Timers {
    /// Round-trip estimate, 500 ms.
    pub t1: Duration,
    /// Longest interval between retransmissions of non-INVITE requests, 4 s.
    pub t2: Duration,
    /// Longest time a message stays in the network, 5 s.
    pub t4: Duration,
    /// Session interval asked for (RFC 4028 §4 recommends 30 minutes); whole seconds.
    pub session: Duration,
    /// Smallest session interval accepted, 90 s (RFC 4028 §4); whole seconds.
    pub min_session: Duration,
}

/// Bounds that keep one peer from using up the engine.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Arrivals waiting for the switchboard; beyond it 503 with Retry-After.
    pub arrivals: usize,
    /// Open stream connections (TCP, TLS).
    pub connections: usize,
    /// Live legs.
    pub legs: usize,
    /// A leg that nobody claims for this long is ended.
    pub orphan_after: Duration,
    /// Events kept for a leg that nobody listens to.
    pub events_per_leg: usize,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            session: Duration::from_secs(1800),
            min_session: Duration::from_secs(90),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arrivals: 1024,
            connections: 8192,
            legs: 20_000,
            orphan_after: Duration::from_secs(10),
            events_per_leg: 64,
        }
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            address: None,
            ports: 20_000..=39_999,
            threads: 0,
            silence: Duration::from_secs(60),
        }
    }
}
