//! Finds the addresses of a hop (RFC 3263): NAPTR, SRV, A and AAAA. What needs no name is answered at
//! once; the rest is asked of the system's name servers, and remembered as long as its TTL allows.

mod cache;
mod dns;
mod select;
#[cfg(test)]
pub(crate) mod zone;

pub(crate) use dns::Resolver;

use crate::{
    leg::{Hop, Transport},
    sip::{Scheme, Uri},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// One address to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Transport.
    pub(crate) transport: Transport,
    /// Address.
    pub(crate) remote: SocketAddr,
    /// Name that a TLS certificate must carry: the one that was asked for (RFC 5922 §7.2).
    pub(crate) name: Option<Arc<str>>,
}

/// What is to be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// Name or literal address, IPv6 without brackets.
    pub(crate) host: String,
    /// Port, when given: it skips NAPTR and SRV.
    pub(crate) port: Option<u16>,
    /// Transport, when given: it skips NAPTR.
    pub(crate) transport: Option<Transport>,
    /// Only TLS will do (`sips:`).
    pub(crate) secure: bool,
}

impl Question {
    /// Asks for the hop of a URI (RFC 3263 §4, RFC 3261 §19.1.1); `None` for a scheme that names no host, and
    /// for a transport that we do not speak.
    pub(crate) fn of_uri(uri: &Uri) -> Option<Question> {
        if !uri.is_sip() {
            return None;
        }
        let transport = match uri.param("transport") {
            None => None,
            Some(t) if t.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
            Some(t) if t.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
            Some(t) if t.eq_ignore_ascii_case("tls") => Some(Transport::Tls),
            Some(_) => return None,
        };
        let host = uri.param("maddr").unwrap_or(uri.host());
        Some(Question::new(
            host,
            uri.port(),
            transport,
            uri.scheme() == Scheme::Sips,
        ))
    }

    /// Asks for a hop that an order names; a flow is no question.
    pub(crate) fn of_hop(hop: &Hop) -> Option<Question> {
        match hop {
            Hop::Flow { .. } | Hop::Session(_) => None,
            Hop::Host {
                host,
                port,
                transport,
            } => Some(Question::new(host, *port, *transport, false)),
        }
    }

    fn new(host: &str, port: Option<u16>, transport: Option<Transport>, secure: bool) -> Question {
        // A `sips` URI over TCP means TLS (RFC 3261 §26.2.2).
        let transport = if secure {
            Some(Transport::Tls)
        } else {
            transport
        };
        Question {
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            port,
            transport,
            secure,
        }
    }

    /// The answer when no name has to be asked for: a literal address (RFC 3263 §4.1, §4.2).
    pub(crate) fn at_once(&self) -> Option<Address> {
        let ip: IpAddr = self.host.parse().ok()?;
        let transport = self.transport.unwrap_or(Transport::Udp);
        Some(self.address(transport, ip, None))
    }

    /// One address of this host.
    fn address(&self, transport: Transport, ip: IpAddr, port: Option<u16>) -> Address {
        let port = port.or(self.port).unwrap_or(default_port(transport));
        Address {
            transport,
            remote: SocketAddr::new(ip, port),
            name: (transport == Transport::Tls).then(|| self.host.as_str().into()),
        }
    }
}

/// The port where none is given (RFC 3261 §19.1.2).
pub(crate) fn default_port(transport: Transport) -> u16 {
    if transport == Transport::Tls {
        5061
    } else {
        5060
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(uri: &str) -> Option<Question> {
        Question::of_uri(&Uri::parse(uri).unwrap())
    }

    #[test]
    fn literal_addresses_need_no_names() {
        let cases = [
            ("sip:a@192.0.2.1", Transport::Udp, "192.0.2.1:5060"),
            (
                "sip:a@192.0.2.1:5070;transport=TCP",
                Transport::Tcp,
                "192.0.2.1:5070",
            ),
            ("sips:a@[2001:db8::1]", Transport::Tls, "[2001:db8::1]:5061"),
            (
                "sip:a@example.org;maddr=192.0.2.9",
                Transport::Udp,
                "192.0.2.9:5060",
            ),
        ];
        for (uri, transport, remote) in cases {
            let address = question(uri).unwrap().at_once().unwrap();
            assert_eq!(address.transport, transport, "{uri}");
            assert_eq!(
                address.remote,
                remote.parse::<SocketAddr>().unwrap(),
                "{uri}"
            );
        }
        assert_eq!(question("sip:a@example.org").unwrap().at_once(), None);
    }

    #[test]
    fn what_we_cannot_reach_is_no_question() {
        assert_eq!(question("tel:+15551234"), None);
        assert_eq!(question("sip:a@b;transport=sctp"), None);
    }
}
