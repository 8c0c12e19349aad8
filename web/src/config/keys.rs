//! Every key there is, what it means, and how its text becomes a setting.

use std::{str::FromStr, time::Duration};

use actors::{DigestAlgorithm, EmergencyGate};

use super::{Config, LogFormat, turn};

/// One key of the configuration, for help and for finding typing errors.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Section and name, as `http.listen`.
    pub name: &'static str,
    /// A value that would do.
    pub example: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

/// Shortens the table below.
const fn key(name: &'static str, example: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        example,
        meaning,
    }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key("data.dir", "data", "recordings, clips, generated secrets"),
    key(
        "database.url",
        "sqlite://data/strowger.db",
        "or postgres://user:password@host/name",
    ),
    key(
        "api.key",
        "sk_live_0123456789abcdef0123456789abcdef",
        "the platform's first key",
    ),
    key(
        "http.listen",
        "0.0.0.0:8080",
        "REST, events, health, metrics and documentation",
    ),
    key(
        "http.public_url",
        "https://pbx.example.com",
        "prefix of URLs that are handed out",
    ),
    key("http.workers", "0", "threads for requests, 0 is one a core"),
    key(
        "http.connections",
        "16384",
        "open connections, over all workers",
    ),
    key(
        "http.keep_alive_seconds",
        "75",
        "life of an idle connection",
    ),
    key("http.request_seconds", "10", "time to send a request head"),
    key(
        "http.rate_limit",
        "100",
        "requests a second of one credential, 0 is no limit",
    ),
    key(
        "http.rate_burst",
        "200",
        "requests of one credential at once",
    ),
    key("http.streams", "50", "event streams of one credential"),
    key("http.softphone", "on", "the page at /softphone, on or off"),
    key(
        "http.proxies",
        "127.0.0.1,::1",
        "proxies whose X-Forwarded-For and -Proto are believed",
    ),
    key("sip.udp", "0.0.0.0:5060", "UDP listener, empty is off"),
    key("sip.tcp", "0.0.0.0:5060", "TCP listener, empty is off"),
    key("sip.ws", "on", "SIP over WebSocket at /sip, on or off"),
    key("sip.tls", "0.0.0.0:5061", "TLS listener, off by default"),
    key(
        "sip.tls_cert",
        "/etc/strowger/chain.pem",
        "certificate chain of the TLS listener",
    ),
    key(
        "sip.tls_key",
        "/etc/strowger/key.pem",
        "key of the TLS listener",
    ),
    key(
        "sip.address",
        "203.0.113.7",
        "address in Contact and Via, behind a 1:1 NAT",
    ),
    key(
        "sip.domain",
        "pbx.example.com",
        "realm, and domain in addresses",
    ),
    key(
        "sip.digest",
        "md5",
        "challenges offered: md5, sha-256, or both with a comma",
    ),
    key("media.address", "203.0.113.7", "address in SDP"),
    key("media.ports", "20000-39999", "RTP ports"),
    key(
        "emergency.gate",
        "auto",
        "browsers confirm where they are before they call outside: auto (US and CA), on or off",
    ),
    key(
        "webrtc.udp",
        "0.0.0.0:3478",
        "UDP listener for browsers' audio, empty is off",
    ),
    key(
        "webrtc.addresses",
        "203.0.113.7",
        "addresses browsers send to, with a comma between",
    ),
    key(
        "turn.urls",
        "stun:stun.example.com,turn:turn.example.com:3478?transport=udp",
        "STUN and TURN servers that browsers are told of, with commas",
    ),
    key(
        "turn.secret",
        "north",
        "the static-auth-secret of the TURN servers",
    ),
    key("log.level", "info", "a level or a filter"),
    key("log.format", "text", "text or json"),
    key(
        "drain.seconds",
        "30",
        "time for live calls after the first signal to stop",
    ),
];

impl Config {
    /// Sets one key from its text.
    ///
    /// # Errors
    /// The reason, for the person who wrote it.
    pub(super) fn apply(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "data.dir" => self.data_dir = filled(text)?.into(),
            "database.url" => self.database_url = some(text).map(database).transpose()?,
            "api.key" => self.api_key = some(text).map(api_key).transpose()?,
            "http.listen" => self.http.listen = address(text)?,
            "http.public_url" => self.http.public_url = some(text).map(url).transpose()?,
            "http.workers" => self.http.workers = number(text, 0, 256)?,
            "http.connections" => self.http.connections = number(text, 16, 1_000_000)?,
            "http.keep_alive_seconds" => self.http.keep_alive = seconds(text, 1, 3600)?,
            "http.request_seconds" => self.http.request_time = seconds(text, 1, 300)?,
            "http.rate_limit" => self.http.rate_limit = number(text, 0, 1_000_000)?,
            "http.rate_burst" => self.http.rate_burst = number(text, 0, 1_000_000)?,
            "http.streams" => self.http.streams = number(text, 1, 1_000_000)?,
            "http.softphone" => self.http.softphone = switch(text)?,
            "http.proxies" => self.http.proxies = addresses(text)?,
            "sip.udp" => self.sip.udp = listener(text)?,
            "sip.tcp" => self.sip.tcp = listener(text)?,
            "sip.ws" => self.sip.ws = switch(text)?,
            "sip.tls" => self.sip.tls = listener(text)?,
            "sip.tls_cert" => self.sip.tls_cert = some(text).map(Into::into),
            "sip.tls_key" => self.sip.tls_key = some(text).map(Into::into),
            "sip.address" => self.sip.address = some(text).map(host).transpose()?,
            "sip.domain" => self.sip.domain = some(text).map(str::to_owned),
            "sip.digest" => self.sip.digest = algorithms(text)?,
            "media.address" => {
                let parse =
                    |text: &str| text.parse().map_err(|_| "is not an IP address".to_owned());
                self.media.address = some(text).map(parse).transpose()?;
            }
            "media.ports" => self.media.ports = ports(text)?,
            "emergency.gate" => self.webrtc_sessions.emergency_gate = gate(text)?,
            "webrtc.udp" => {
                self.webrtc.udp = listener(text)?;
                self.webrtc.any_port = false;
            }
            "webrtc.addresses" => self.webrtc.addresses = addresses(text)?,
            "turn.urls" => self.turn.urls = turn::urls(text)?,
            "turn.secret" => self.turn.secret = some(text).map(|text| text.to_owned().into()),
            "log.level" => self.log.level = filled(text)?.to_owned(),
            "log.format" => {
                self.log.format = match text {
                    "text" => LogFormat::Text,
                    "json" => LogFormat::Json,
                    _ => return Err("must be text or json".to_owned()),
                }
            }
            "drain.seconds" => self.drain = seconds(text, 0, 86_400)?,
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

/// The reason for an unknown key, with the nearest known one.
pub(super) fn unknown(name: &str) -> String {
    let near = KEYS
        .iter()
        .map(|key| (distance(key.name, name), key.name))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    match near {
        Some((_, near)) => format!("unknown key; {near} was meant?"),
        None => "unknown key".to_owned(),
    }
}

/// Edit distance (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let best = (corner + usize::from(x != *y)).min(*cell + 1).min(left + 1);
            corner = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn filled(text: &str) -> Result<&str, String> {
    some(text).ok_or_else(|| "must not be empty".to_owned())
}

fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse()
        .map_err(|_| "is not an address with a port, as 0.0.0.0:8080 or [::]:8080".to_owned())
}

/// A host name, or an address without port and brackets.
fn host(text: &str) -> Result<String, String> {
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let address = text.parse::<std::net::IpAddr>();
    let fits = address.map_or_else(|_| text.bytes().all(name), |ip| !ip.is_unspecified());
    match fits && text.len() <= 253 {
        true => Ok(text.to_owned()),
        false => Err("must be a host name or an IP address, without a port".to_owned()),
    }
}

fn listener(text: &str) -> Result<Option<std::net::SocketAddr>, String> {
    some(text).map(address).transpose()
}

fn addresses(text: &str) -> Result<Vec<std::net::IpAddr>, String> {
    let one = |text: &str| {
        let parsed = text.trim().parse();
        parsed.map_err(|_| "must be IP addresses with a comma between".to_owned())
    };
    let told = some(text).map(|text| text.split(',').map(one).collect());
    told.unwrap_or_else(|| Ok(Vec::new()))
}

fn algorithms(text: &str) -> Result<Vec<DigestAlgorithm>, String> {
    let one = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
        "md5" => Ok(DigestAlgorithm::Md5),
        "sha-256" => Ok(DigestAlgorithm::Sha256),
        _ => Err("must be md5, sha-256, or both with a comma".to_owned()),
    };
    text.split(',').map(one).collect()
}

fn number<T: FromStr + PartialOrd + std::fmt::Display>(
    text: &str,
    least: T,
    most: T,
) -> Result<T, String> {
    match text.parse() {
        Ok(number) if number >= least && number <= most => Ok(number),
        _ => Err(format!("must be a number from {least} to {most}")),
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

fn seconds(text: &str, least: u64, most: u64) -> Result<Duration, String> {
    number(text, least, most).map(Duration::from_secs)
}

fn ports(text: &str) -> Result<std::ops::RangeInclusive<u16>, String> {
    let wrong = || "must be two ports, as 20000-39999, with at least two ports between".to_owned();
    let (low, high) = text.split_once('-').ok_or_else(wrong)?;
    let low: u16 = low.trim().parse().map_err(|_| wrong())?;
    let high: u16 = high.trim().parse().map_err(|_| wrong())?;
    if low < 1024 || high <= low {
        return Err(wrong());
    }
    Ok(low..=high)
}

fn url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err("must begin with http:// or https://".to_owned()),
    }
}

fn database(text: &str) -> Result<String, String> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| text.starts_with(scheme)) {
        Ok(text.to_owned())
    } else {
        Err("must begin with sqlite:// or postgres://".to_owned())
    }
}

fn api_key(text: &str) -> Result<String, String> {
    crate::auth::api_key::parse(text)
        .map(|_| text.to_owned())
        .ok_or_else(|| "must be sk_live_ or sk_test_ and at least 16 letters or digits".to_owned())
}

/// When a browser must have said where it is.
fn gate(text: &str) -> Result<EmergencyGate, String> {
    match text {
        "auto" => Ok(EmergencyGate::Auto),
        "on" => Ok(EmergencyGate::On),
        "off" => Ok(EmergencyGate::Off),
        _ => Err("must be auto, on or off".to_owned()),
    }
}
