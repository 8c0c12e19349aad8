//! How a trunk is dialled.

use crate::secrets::{Secrets, TRUNK_PASSWORD};
use engine::{
    leg::{Credentials, Hop, Transport},
    rtp::Codec,
};
use schema::{Trunk, types::TrunkTransport};

/// All that is needed to dial over a trunk.
#[derive(Debug, Clone)]
pub(crate) struct TrunkCandidate {
    /// Host (and port) written into the Request URI.
    pub host: String,
    /// Where requests are sent.
    pub hop: Hop,
    /// Answer to a challenge.
    pub credentials: Option<Credentials>,
    /// Codecs in order of preference; empty takes the engine's.
    pub codecs: Vec<Codec>,
    /// The trunk may be told who really calls (RFC 3325).
    pub identity_trusted: bool,
}

/// The dialling side of one trunk.
pub(super) struct Route {
    pub(super) host: String,
    pub(super) hop: Hop,
    pub(super) credentials: Option<Credentials>,
    codecs: Vec<Codec>,
}

impl Route {
    pub(super) fn new(trunk: &Trunk, secrets: &Secrets) -> Self {
        let access = &trunk.access;
        let sealed = access.password_sealed.as_ref();
        let password = sealed.and_then(|sealed| {
            let password = secrets.unseal(TRUNK_PASSWORD, sealed.reveal());
            let password = password
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            if password.is_none() {
                tracing::error!(trunk.id = %trunk.id, "the trunk's password cannot be opened");
            }
            password
        });
        let credentials = access.username.clone().zip(password);
        let (host, port) = host_and_port(&access.address);
        Self {
            host: access.address.clone(),
            hop: Hop::Host {
                host: host.to_owned(),
                port,
                transport: Some(match access.transport {
                    TrunkTransport::Udp => Transport::Udp,
                    TrunkTransport::Tcp => Transport::Tcp,
                    TrunkTransport::Tls => Transport::Tls,
                }),
            },
            credentials: credentials.map(|(username, password)| Credentials { username, password }),
            codecs: trunk
                .choice
                .codecs
                .iter()
                .flat_map(|codecs| codecs.iter())
                .filter_map(|name| codec(name))
                .collect(),
        }
    }

    pub(super) fn candidate(&self) -> TrunkCandidate {
        TrunkCandidate {
            host: self.host.clone(),
            hop: self.hop.clone(),
            credentials: self.credentials.clone(),
            codecs: self.codecs.clone(),
            // The operator chose this carrier: it is inside our trust domain.
            identity_trusted: true,
        }
    }
}

/// Splits `host[:port]`; an IPv6 address stands in brackets and loses them.
pub(super) fn host_and_port(address: &str) -> (&str, Option<u16>) {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, after) = rest.split_once(']').unwrap_or((rest, ""));
        return (
            host,
            after.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match address.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
        _ => (address, None),
    }
}

fn codec(name: &str) -> Option<Codec> {
    match name.to_ascii_lowercase().as_str() {
        "pcmu" => Some(Codec::Pcmu),
        "pcma" => Some(Codec::Pcma),
        "g722" => Some(Codec::G722),
        "opus" => Some(Codec::Opus),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_addresses() {
        for (address, host, port) in [
            ("sip.example", "sip.example", None),
            ("sip.example:5070", "sip.example", Some(5070)),
            ("192.0.2.1:5060", "192.0.2.1", Some(5060)),
            ("[2001:db8::1]:5061", "2001:db8::1", Some(5061)),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("2001:db8::1", "2001:db8::1", None),
        ] {
            assert_eq!(host_and_port(address), (host, port), "{address}");
        }
    }
}
