//! What an exchange needs to be told. Read from the environment and the file by `web`, never here.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

/// Settings of one exchange.
#[derive(Debug, Clone)]
pub struct Config {
    /// SIP over UDP; port 0 takes any free one. Empty means none.
    pub sip_udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Vec<SocketAddr>,
    /// SIP over TLS, when wanted.
    pub sip_tls: Option<SipTls>,
    /// PEM file with the authorities that TLS peers are checked against; `None` takes the system's.
    pub sip_trust: Option<PathBuf>,
    /// Host or IP address that Contact and Via say in the place of a bound one, behind a 1:1 NAT.
    pub sip_address: Option<String>,
    /// Realm of the digest and host in addresses made here. A phone may use any domain.
    pub sip_domain: String,
    /// Digest challenges offered to phones and trunks, best first. Many phones fail when they are offered
    /// one they do not know, even beside one they do.
    pub sip_digest: Vec<DigestAlgorithm>,
    /// Address written into SDP; `None` takes the interface towards the peer.
    pub media_address: Option<IpAddr>,
    /// RTP port range, both ends included.
    pub media_ports: RangeInclusive<u16>,
    /// Pinned RTP threads; 0 takes one a core.
    pub media_threads: usize,
    /// WebRTC over UDP: one port for all browsers. Empty means off.
    pub webrtc_udp: Vec<SocketAddr>,
    /// Takes another port when that of `webrtc_udp` is taken.
    pub webrtc_any_port: bool,
    /// Addresses told to browsers; empty takes `media_address`, else those listened on.
    pub webrtc_addresses: Vec<IpAddr>,
    /// Times that the documents fix.
    pub times: Times,
    /// What browsers may do.
    pub webrtc_sessions: WebrtcSessions,
    /// Where the spool of call records and the sealing key are kept.
    pub data_dir: PathBuf,
    /// `Server` and `User-Agent` header.
    pub agent: String,
    /// Threads that run actors; 0 takes one a core.
    pub arbiters: usize,
}

/// Times that the documents fix. Nobody sets them from outside; tests shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long a user's phones ring when nothing else is said; whole seconds.
    pub user_rings: Duration,
    /// An answered leg that should be heard and is not, for this long, ends its call.
    pub media_silence: Duration,
    /// RFC 3261 timer T1.
    pub sip_t1: Duration,
    /// Session interval asked for and offered (RFC 4028); whole seconds.
    pub session: Duration,
    /// Smallest session interval accepted (RFC 4028 §4); whole seconds.
    pub min_session: Duration,
    /// Between two probes of a trunk that answers.
    pub trunk_probe: Duration,
    /// Between two probes or registrations of a trunk after a failure.
    pub trunk_retry: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let engine = engine::Timers::default();
        Self {
            user_rings: Duration::from_secs(30),
            media_silence: Duration::from_secs(60),
            sip_t1: engine.t1,
            session: engine.session,
            min_session: engine.min_session,
            trunk_probe: Duration::from_secs(30),
            trunk_retry: Duration::from_secs(10),
        }
    }
}

/// What browsers may do. All but the gate is fixed; tests shorten it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebrtcSessions {
    /// Sessions of one user at a time; a further one is refused.
    pub most: usize,
    /// How long a client may take to say who it is.
    pub prove: Duration,
    /// Between two native pings.
    pub ping: Duration,
    /// How long the answer to a ping may take.
    pub pong: Duration,
    /// Frames that may wait for one client; one more and it is cut off.
    pub queue: usize,
    /// Frames a second that a client may send for long; 0 is no limit.
    pub frames_a_second: u32,
    /// Frames that it may send at once.
    pub frames_at_once: u32,
    /// Whether who has not said where they are may dial numbers outside.
    pub emergency_gate: EmergencyGate,
}

impl Default for WebrtcSessions {
    fn default() -> Self {
        Self {
            most: 10,
            prove: Duration::from_secs(20),
            ping: Duration::from_secs(30),
            pong: Duration::from_secs(10),
            queue: 256,
            frames_a_second: 50,
            frames_at_once: 100,
            emergency_gate: EmergencyGate::Auto,
        }
    }
}

/// Whether a browser must have said where its user is before it may dial numbers outside. Calls inside and
/// calls for help are never held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmergencyGate {
    /// In accounts of the regions whose rules ask for it: US and CA.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// A digest algorithm (RFC 7616, RFC 8760).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// MD5: every phone knows it.
    Md5,
    /// SHA-256.
    Sha256,
}

/// SIP over TLS.
#[derive(Debug, Clone)]
pub struct SipTls {
    /// Listener.
    pub listen: SocketAddr,
    /// PEM file with the certificate chain.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

impl Default for Config {
    /// No listeners, the data directory `data`, everything else as documented.
    fn default() -> Self {
        Self {
            sip_udp: Vec::new(),
            sip_tcp: Vec::new(),
            sip_tls: None,
            sip_trust: None,
            sip_address: None,
            sip_domain: "localhost".to_owned(),
            sip_digest: vec![DigestAlgorithm::Md5],
            media_address: None,
            media_ports: 20_000..=39_999,
            media_threads: 0,
            webrtc_udp: Vec::new(),
            webrtc_any_port: false,
            webrtc_addresses: Vec::new(),
            times: Times::default(),
            webrtc_sessions: WebrtcSessions::default(),
            data_dir: PathBuf::from("data"),
            agent: concat!("Strowger/", env!("CARGO_PKG_VERSION")).to_owned(),
            arbiters: 0,
        }
    }
}

impl Config {
    /// The engine's share of it.
    pub(crate) fn engine(&self) -> engine::Config {
        engine::Config {
            udp: self.sip_udp.clone(),
            tcp: self.sip_tcp.clone(),
            tls: self.sip_tls.as_ref().map(|tls| engine::Tls {
                listen: tls.listen,
                certificate: tls.certificate.clone(),
                key: tls.key.clone(),
            }),
            trust: self.sip_trust.clone(),
            advertised: self.sip_address.clone(),
            domain: self.sip_domain.clone(),
            agent: self.agent.clone(),
            media: engine::Media {
                address: self.media_address,
                ports: self.media_ports.clone(),
                threads: self.media_threads,
                silence: self.times.media_silence,
            },
            webrtc: engine::WebRtc {
                listen: self.webrtc_udp.clone(),
                any_port: self.webrtc_any_port,
                addresses: match self.webrtc_addresses.as_slice() {
                    [] => self.media_address.into_iter().collect(),
                    told => told.to_vec(),
                },
            },
            timers: engine::Timers {
                t1: self.times.sip_t1,
                session: self.times.session,
                min_session: self.times.min_session,
                ..engine::Timers::default()
            },
            limits: engine::Limits::default(),
        }
    }
}
