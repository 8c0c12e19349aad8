//! Settings: an optional TOML file, then the environment, which wins. Nothing else reads the environment.
//!
//! A key `listen` in section `[http]` is `STROWGER_HTTP_LISTEN` in the environment. Unknown keys are errors.

mod keys;
mod source;
mod turn;

use actors::{DigestAlgorithm, Times, WebrtcSessions};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

pub use keys::KEYS;
pub use source::{ConfigError, Fault, Place};
pub use turn::Turn;

/// Everything the program can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Recordings, clips, generated secrets. `data.dir`
    pub data_dir: PathBuf,
    /// `database.url`; `None` is `sqlite://<data dir>/strowger.db`.
    pub database_url: Option<String>,
    /// The platform's first key, when it is to be a given one. `api.key`
    pub api_key: Option<String>,
    /// REST, events and pages.
    pub http: Http,
    /// Signalling.
    pub sip: Sip,
    /// Audio.
    pub media: Media,
    /// Browsers.
    pub webrtc: WebRtc,
    /// Servers that help browsers' audio through.
    pub turn: Turn,
    /// What is logged, and how.
    pub log: Log,
    /// How long live calls may go on after the first signal to stop. `drain.seconds`
    pub drain: Duration,
    /// Times that the documents fix; nothing but a test sets them.
    pub times: Times,
    /// What browsers may do; of this only the gate may be set. `emergency.gate`
    pub webrtc_sessions: WebrtcSessions,
}

/// The HTTP listener and its limits.
#[derive(Debug, Clone)]
pub struct Http {
    /// Listener; port 0 takes any free one. `http.listen`
    pub listen: SocketAddr,
    /// Prefix of URLs that are handed out; `None` takes the listener's. `http.public_url`
    pub public_url: Option<String>,
    /// Threads that serve requests; 0 is one a core. `http.workers`
    pub workers: usize,
    /// Connections that may be open at once, over all workers. `http.connections`
    pub connections: usize,
    /// How long an idle connection is kept. `http.keep_alive_seconds`
    pub keep_alive: Duration,
    /// How long a client may take to send its request head. `http.request_seconds`
    pub request_time: Duration,
    /// Requests a second that one credential may make for long. `http.rate_limit`; 0 is no limit
    pub rate_limit: u32,
    /// Requests one credential may make at once. `http.rate_burst`
    pub rate_burst: u32,
    /// Event streams of one credential. `http.streams`
    pub streams: usize,
    /// Whether the page at `/softphone` is served. `http.softphone`
    pub softphone: bool,
    /// Proxies that are believed when they name the client and its scheme. `http.proxies`
    pub proxies: Vec<IpAddr>,
    /// Between two comments that keep an event stream open; nothing but a test sets it.
    pub heartbeat: Duration,
    /// A reader that takes nothing for this long is cut off by the system; nothing but a test sets it.
    pub stalled: Duration,
}

/// The SIP listeners. `None` is off.
#[derive(Debug, Clone)]
pub struct Sip {
    /// `sip.udp`
    pub udp: Option<SocketAddr>,
    /// `sip.tcp`
    pub tcp: Option<SocketAddr>,
    /// Whether `/sip` takes WebSockets. `sip.ws`
    pub ws: bool,
    /// `sip.tls`
    pub tls: Option<SocketAddr>,
    /// PEM file with the certificate chain. `sip.tls_cert`
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the key. `sip.tls_key`
    pub tls_key: Option<PathBuf>,
    /// Host or IP address that phones and carriers are told in the place of a bound one. `sip.address`
    pub address: Option<String>,
    /// Realm and domain in addresses; `None` takes the host of the public URL at the first start. `sip.domain`
    pub domain: Option<String>,
    /// Challenges offered, best first. Several at once make some phones fail (Debian's baresip among
    /// them), so MD5 stands alone by default. `sip.digest`
    pub digest: Vec<DigestAlgorithm>,
}

/// Where audio goes.
#[derive(Debug, Clone)]
pub struct Media {
    /// Address written into SDP; `None` takes the interface towards the peer. `media.address`
    pub address: Option<IpAddr>,
    /// RTP ports, both ends included. `media.ports`
    pub ports: RangeInclusive<u16>,
}

/// Where browsers send their audio.
#[derive(Debug, Clone)]
pub struct WebRtc {
    /// UDP listener of all browsers; `None` is off. `webrtc.udp`
    pub udp: Option<SocketAddr>,
    /// Take another port when this one is taken: what nobody chose keeps nobody from starting.
    pub any_port: bool,
    /// Addresses told to browsers; none takes `media.address`, else those listened on. `webrtc.addresses`
    pub addresses: Vec<IpAddr>,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// A level, or a filter such as `info,engine=debug`. `log.level`
    pub level: String,
    /// `log.format`
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        Self {
            data_dir: "data".into(),
            database_url: None,
            api_key: None,
            http: Http {
                listen: any(8080),
                public_url: None,
                workers: 0,
                connections: 16_384,
                keep_alive: Duration::from_secs(75),
                request_time: Duration::from_secs(10),
                rate_limit: 100,
                rate_burst: 200,
                streams: 50,
                softphone: true,
                proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
                heartbeat: Duration::from_secs(15),
                stalled: Duration::from_secs(30),
            },
            sip: Sip {
                udp: Some(any(5060)),
                tcp: Some(any(5060)),
                ws: true,
                tls: None,
                tls_cert: None,
                tls_key: None,
                address: None,
                domain: None,
                digest: vec![DigestAlgorithm::Md5],
            },
            media: Media {
                address: None,
                ports: 20_000..=39_999,
            },
            webrtc: WebRtc {
                udp: Some(any(3478)),
                any_port: true,
                addresses: Vec::new(),
            },
            turn: Turn::default(),
            log: Log {
                level: "info".into(),
                format: LogFormat::Text,
            },
            drain: Duration::from_secs(30),
            times: Times::default(),
            webrtc_sessions: WebrtcSessions::default(),
        }
    }
}

impl Config {
    /// Reads the file that `path` or `STROWGER_CONFIG` names, when there is one, and the environment.
    ///
    /// # Errors
    /// Every fault found, each with its place.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        // What is no text is none of ours, and no reason to fail either.
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self::from_sources(path, environment)
    }

    /// As [`Config::load`], with the environment handed in.
    pub fn from_sources(
        path: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let (named, mut given) = source::environment(environment, &mut faults);
        if let Some(path) = path.map(Path::to_owned).or(named) {
            // The environment comes after the file, so that it wins.
            let mut file = source::file(&path, &mut faults);
            file.append(&mut given);
            given = file;
        }
        let mut config = Self::default();
        for (key, value, place) in given {
            if let Err(reason) = config.apply(&key, value.trim()) {
                faults.push(Fault { place, key, reason });
            }
        }
        config.agree(&mut faults);
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError { faults })
        }
    }

    /// What no single key can be blamed for.
    fn agree(&self, faults: &mut Vec<Fault>) {
        let mut blame = |key: &str, reason: &str| {
            faults.push(Fault {
                place: Place::Whole,
                key: key.to_owned(),
                reason: reason.to_owned(),
            });
        };
        if self.sip.tls.is_some() && self.sip.tls_cert.is_none() {
            blame("sip.tls_cert", "is needed with sip.tls");
        }
        if self.turn.lacks_secret() {
            blame("turn.secret", "is needed with turn: and turns: URLs");
        }
        if self.sip.tls.is_some() && self.sip.tls_key.is_none() {
            blame("sip.tls_key", "is needed with sip.tls");
        }
        for (key, file) in [
            ("sip.tls_cert", &self.sip.tls_cert),
            ("sip.tls_key", &self.sip.tls_key),
        ] {
            if let Some(file) = file
                && !file.is_file()
            {
                blame(key, "does not name a file");
            }
        }
        if self.http.rate_limit > 0 && self.http.rate_burst == 0 {
            blame(
                "http.rate_burst",
                "must be at least 1 while http.rate_limit is set",
            );
        }
    }

    /// The database's URL.
    pub fn database(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.data_dir.join("strowger.db").display()),
        }
    }

    /// Prefix of URLs that are handed out, without a slash at the end, given the bound listener.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.http.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// Realm and domain: the configured one, or the host of the public URL.
    pub fn domain(&self, bound: SocketAddr) -> String {
        if let Some(domain) = &self.sip.domain {
            return domain.clone();
        }
        let url = self.public_url(bound);
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_owned(),
            _ => authority.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::from_sources(None, pairs.collect::<Vec<_>>().into_iter())
    }

    #[test]
    fn an_advertised_address_is_a_host_and_nothing_more() {
        let address = |text| from_env(&[("STROWGER_SIP_ADDRESS", text)]).map(|c| c.sip.address);
        for text in ["203.0.113.7", "2001:db8::7", "pbx.example.com"] {
            assert_eq!(address(text).expect("a host").as_deref(), Some(text));
        }
        assert_eq!(address("").expect("none"), None);
        for text in ["203.0.113.7:5060", "0.0.0.0", "sip:pbx", "a b"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_the_environment() {
        let config = from_env(&[
            ("STROWGER_DATA_DIR", "/tmp/x"),
            ("STROWGER_HTTP_LISTEN", "127.0.0.1:0"),
            ("STROWGER_SIP_UDP", "127.0.0.1:0"),
            ("STROWGER_HTTP_SOFTPHONE", "off"),
            ("STROWGER_SIP_TCP", ""),
            ("STROWGER_MEDIA_PORTS", "30000-30100"),
            ("STROWGER_LOG", "debug"),
            ("STROWGER_LOG_FORMAT", "json"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(config.database(), "sqlite:///tmp/x/strowger.db");
        assert!(!config.http.softphone && Config::default().http.softphone);
        assert_eq!(config.sip.tcp, None);
        assert_eq!(config.media.ports, 30000..=30100);
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.log.level, "debug");
    }

    #[test]
    fn names_what_is_wrong() {
        let error = from_env(&[
            ("STROWGER_HTTP_LISTEN", "nonsense"),
            ("STROWGER_HTTP_LISTNE", "127.0.0.1:1"),
            ("STROWGER_MEDIA_PORTS", "9-1"),
        ])
        .unwrap_err();
        let text = error.to_string();
        for part in [
            "STROWGER_HTTP_LISTEN",
            "STROWGER_HTTP_LISTNE",
            "unknown",
            "STROWGER_MEDIA_PORTS",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn reads_a_file_and_points_into_it() {
        let path =
            std::env::temp_dir().join(format!("strowger-config-{}.toml", std::process::id()));
        std::fs::write(
            &path,
            "[http]\nlisten = \"127.0.0.1:81\"\nrate_limit = 7\n[sip]\nudp = \"\"\n",
        )
        .unwrap();
        let env = [("STROWGER_HTTP_LISTEN".to_owned(), "127.0.0.1:82".to_owned())];
        let config = Config::from_sources(Some(&path), env.into_iter()).unwrap();
        assert_eq!(config.http.listen.port(), 82);
        assert_eq!(config.http.rate_limit, 7);
        assert_eq!(config.sip.udp, None);

        std::fs::write(&path, "[http]\nlisten = \"127.0.0.1:81\"\n\nport = 3\n").unwrap();
        let error = Config::from_sources(Some(&path), std::iter::empty()).unwrap_err();
        assert!(
            error.to_string().contains(".toml:4: http.port: unknown"),
            "{error}"
        );

        std::fs::write(&path, "[http\n").unwrap();
        assert!(Config::from_sources(Some(&path), std::iter::empty()).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(Config::from_sources(Some(&path), std::iter::empty()).is_err());
    }

    #[test]
    fn finds_the_domain() {
        let bound: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let mut config = Config::default();
        assert_eq!(config.domain(bound), "127.0.0.1");
        for (url, domain) in [
            ("https://pbx.example.com", "pbx.example.com"),
            ("https://pbx.example.com:8443/base", "pbx.example.com"),
            ("http://[2001:db8::1]:8080", "[2001:db8::1]"),
            ("http://[2001:db8::1]", "[2001:db8::1]"),
        ] {
            config.http.public_url = Some(url.to_owned());
            assert_eq!(config.domain(bound), domain);
        }
    }

    #[test]
    fn every_key_can_be_set() {
        for key in KEYS {
            let mut config = Config::default();
            let reason = config.apply(key.name, key.example).err();
            assert_eq!(reason, None, "{}", key.name);
        }
    }
}
