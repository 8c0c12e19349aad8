//! What a trunk looks like on the wire.

use std::net::IpAddr;

use schema::{Id, Time, Trunk, types::TrunkTransport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    change::Change,
    v1::{
        body::{Check, given},
        error::Fields,
        ids::EntityId,
        validate::{blame, number, text},
        words,
    },
};

/// Most addresses trusted on one trunk.
const ADDRESSES: usize = 256;
/// Greatest priority and weight.
const RANK: i64 = 65_535;
/// Greatest number of channels.
const CHANNELS: i64 = 100_000;
/// Codecs that can be offered.
const CODECS: [&str; 4] = ["PCMU", "PCMA", "G722", "opus"];

/// A new trunk.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TrunkCreate {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// Host, with `:port` unless found by DNS.
    #[schema(min_length = 1, max_length = 255)]
    pub address: String,
    /// How it is reached.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::Transport, default = "udp")]
    pub transport: Option<TrunkTransport>,
    /// Name for digest, both ways.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub username: Option<String>,
    /// Password for digest; kept sealed.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255, write_only)]
    pub password: Option<String>,
    /// Whether we register there; needs username and password.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = false)]
    pub register: Option<bool>,
    /// Addresses or networks whose calls are trusted.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, max_items = 256)]
    pub inbound_addresses: Option<Vec<String>>,
    /// Lower ones first.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0, maximum = 65535, default = 10)]
    pub priority: Option<i64>,
    /// Share among those of one priority.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0, maximum = 65535, default = 10)]
    pub weight: Option<i64>,
    /// Calls at once at most; null is no limit.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100000)]
    pub max_channels: Option<i64>,
    /// Codecs offered, best first; null is all.
    #[schema(value_type = Option<Vec<String>>)]
    pub codecs: Option<Vec<String>>,
    /// Whether it is used at all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, default = true)]
    pub enabled: Option<bool>,
}

/// What to change of a trunk.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TrunkUpdate {
    /// Its name, for people.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub name: Option<String>,
    /// Host, with `:port` unless found by DNS.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    pub address: Option<String>,
    /// How it is reached.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = words::Transport)]
    pub transport: Option<TrunkTransport>,
    /// Name for digest; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    pub username: Change<String>,
    /// Password for digest; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, write_only)]
    pub password: Change<String>,
    /// Whether we register there.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub register: Option<bool>,
    /// Addresses or networks whose calls are trusted; replaced as a whole.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>, max_items = 256)]
    pub inbound_addresses: Option<Vec<String>>,
    /// Lower ones first.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0, maximum = 65535)]
    pub priority: Option<i64>,
    /// Share among those of one priority.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i64, minimum = 0, maximum = 65535)]
    pub weight: Option<i64>,
    /// Calls at once at most; null is no limit.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100000)]
    pub max_channels: Change<i64>,
    /// Codecs offered, best first; null is all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    pub codecs: Change<Vec<String>>,
    /// Whether it is used at all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool)]
    pub enabled: Option<bool>,
}

impl Check for TrunkCreate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", Some(&self.name), 1..=255);
        address(faults, Some(&self.address));
        text(faults, "username", self.username.as_ref(), 1..=255);
        text(faults, "password", self.password.as_ref(), 1..=255);
        sources(faults, self.inbound_addresses.as_deref());
        number(faults, "priority", self.priority, 0..=RANK);
        number(faults, "weight", self.weight, 0..=RANK);
        number(faults, "max_channels", self.max_channels, 1..=CHANNELS);
        codecs(faults, self.codecs.as_deref());
        let known = self.username.is_some() && self.password.is_some();
        if self.register == Some(true) && !known {
            blame(faults, "register", "needs a username and a password");
        }
    }
}

impl Check for TrunkUpdate {
    fn check(&self, faults: &mut Fields) {
        text(faults, "name", self.name.as_ref(), 1..=255);
        address(faults, self.address.as_ref());
        text(faults, "username", self.username.value(), 1..=255);
        text(faults, "password", self.password.value(), 1..=255);
        sources(faults, self.inbound_addresses.as_deref());
        number(faults, "priority", self.priority, 0..=RANK);
        number(faults, "weight", self.weight, 0..=RANK);
        number(
            faults,
            "max_channels",
            self.max_channels.value().copied(),
            1..=CHANNELS,
        );
        codecs(faults, self.codecs.value().map(Vec::as_slice));
    }
}

/// A host name or IP address, with a port or without; IPv6 in brackets.
fn address(faults: &mut Fields, address: Option<&String>) {
    let Some(address) = address else { return };
    if !is_address(address) {
        blame(
            faults,
            "address",
            "must be a host, or a host and a port as sip.example.com:5060",
        );
    }
}

fn is_address(address: &str) -> bool {
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let Some((host, rest)) = rest.split_once(']') else {
                return false;
            };
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (
                "v6",
                rest.strip_prefix(':')
                    .or((!rest.is_empty()).then_some("none")),
            )
        }
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    host.len() <= 253 && host.split('.').all(label) && port
}

fn sources(faults: &mut Fields, sources: Option<&[String]>) {
    let Some(sources) = sources else { return };
    if sources.len() > ADDRESSES {
        blame(
            faults,
            "inbound_addresses",
            format!("must have at most {ADDRESSES} entries"),
        );
    }
    for (place, source) in sources.iter().enumerate() {
        if !is_source(source) {
            let name = format!("inbound_addresses[{place}]");
            blame(
                faults,
                &name,
                "must be an IP address or a network as 192.0.2.0/24",
            );
        }
    }
}

fn is_source(source: &str) -> bool {
    let (address, length) = match source.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (source, None),
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= most))
}

fn codecs(faults: &mut Fields, codecs: Option<&[String]>) {
    let Some(codecs) = codecs else { return };
    let known = |codec: &String| CODECS.iter().any(|known| known.eq_ignore_ascii_case(codec));
    if codecs.is_empty() || !codecs.iter().all(known) {
        blame(
            faults,
            "codecs",
            format!("must name some of {}", CODECS.join(", ")),
        );
    }
}

/// A carrier's address, and how it is used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
pub struct TrunkBody {
    /// Prefix `trk`.
    #[schema(value_type = EntityId)]
    id: Id<Trunk>,
    /// Its name, for people.
    name: String,
    /// Host, with `:port` unless found by DNS.
    address: String,
    /// How it is reached.
    #[schema(value_type = words::Transport)]
    transport: TrunkTransport,
    /// Name for digest.
    username: Option<String>,
    /// Whether there is a password; it is never shown.
    has_password: bool,
    /// Whether we register there.
    register: bool,
    /// Addresses or networks whose calls are trusted.
    inbound_addresses: Vec<String>,
    /// Lower ones first.
    priority: i32,
    /// Share among those of one priority.
    weight: i32,
    /// Calls at once at most; null is no limit.
    max_channels: Option<i32>,
    /// Codecs offered, best first; null is all.
    codecs: Option<Vec<String>>,
    /// Whether it is used at all.
    enabled: bool,
    /// When it was added.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    created_at: Time,
    /// When it last changed.
    #[schema(value_type = chrono::DateTime<chrono::Utc>)]
    updated_at: Time,
}

impl From<Trunk> for TrunkBody {
    fn from(trunk: Trunk) -> Self {
        Self {
            id: trunk.id,
            name: trunk.name,
            address: trunk.access.address,
            transport: trunk.access.transport,
            username: trunk.access.username,
            has_password: trunk.access.password_sealed.is_some(),
            register: trunk.access.register,
            inbound_addresses: trunk.access.inbound_addresses.0,
            priority: trunk.choice.priority,
            weight: trunk.choice.weight,
            max_channels: trunk.choice.max_channels,
            codecs: trunk.choice.codecs.map(|codecs| codecs.0),
            enabled: trunk.choice.enabled,
            created_at: trunk.created_at,
            updated_at: trunk.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_addresses() {
        for good in [
            "sip.example.com",
            "sip.example.com:5060",
            "192.0.2.1",
            "192.0.2.1:5061",
            "[2001:db8::1]",
            "[2001:db8::1]:5060",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            ":5060",
            "a b",
            "host:",
            "host:0",
            "host:70000",
            "[::1",
            "[host]:1",
            "2001:db8::1",
            "sip:host",
            "[::1]x",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn knows_networks() {
        for good in ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1"] {
            assert!(is_source(good), "{good}");
        }
        for bad in ["", "192.0.2.0/33", "host", "192.0.2.0/", "::1/129"] {
            assert!(!is_source(bad), "{bad}");
        }
    }
}
