//! Asks name servers.

use super::{
    Address, Question,
    cache::{Cache, NEGATIVE},
    select::{self, Naptr, Srv},
};
use crate::leg::Transport;
use hickory_resolver::{
    TokioResolver,
    config::LookupIpStrategy,
    lookup::Lookup,
    proto::rr::{RData, RecordType},
};
use std::time::{Duration, Instant};

/// One name is given up after this.
const LIMIT: Duration = Duration::from_secs(5);

/// One question about NAPTR or SRV is given up after this: some name servers leave types unanswered that
/// they do not know, and the addresses themselves must still be asked for in time.
const RECORD: Duration = Duration::from_secs(1);

/// Addresses tried for one hop; more are left out.
const ADDRESSES: usize = 8;

/// Transports tried for a name without NAPTR and transport, in this order (RFC 3263 §4.1).
const USUAL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// A resolver with a memory.
pub(crate) struct Resolver {
    dns: Option<TokioResolver>,
    cache: Cache,
}

impl Resolver {
    /// Uses the system's name servers; without any, only literal addresses are found.
    pub(crate) fn system() -> Resolver {
        let built = TokioResolver::builder_tokio().and_then(|mut builder| {
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
            builder.build()
        });
        if let Err(error) = &built {
            tracing::warn!(%error, "No name server is known; trunks must be given by address");
        }
        Resolver {
            dns: built.ok(),
            cache: Cache::default(),
        }
    }

    /// Uses one name server.
    #[cfg(test)]
    pub(crate) fn with_server(server: std::net::SocketAddr) -> Resolver {
        use hickory_resolver::{
            config::{NameServerConfig, ResolverConfig},
            net::runtime::TokioRuntimeProvider,
        };
        let mut config = NameServerConfig::udp(server.ip());
        for connection in &mut config.connections {
            connection.port = server.port();
        }
        let config = ResolverConfig::from_name_servers(vec![config]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Resolver {
            dns: builder.build().ok(),
            cache: Cache::default(),
        }
    }

    /// The answer that is known without asking; empty when the name is known to have none.
    pub(crate) fn known(&self, question: &Question) -> Option<Vec<Address>> {
        match question.at_once() {
            Some(address) => Some(vec![address]),
            None => self.cache.get(question, Instant::now()),
        }
    }

    /// The addresses of a hop, best first; none when it cannot be found.
    pub(crate) async fn find(&self, question: Question) -> Vec<Address> {
        if let Some(known) = self.known(&question) {
            return known;
        }
        let (mut addresses, until) = match tokio::time::timeout(LIMIT, self.ask(&question)).await {
            Ok(found) => found,
            Err(_) => (Vec::new(), Instant::now()),
        };
        addresses.truncate(ADDRESSES);
        let now = Instant::now();
        let until = if addresses.is_empty() {
            now + NEGATIVE
        } else {
            until
        };
        self.cache.put(question, addresses.clone(), until, now);
        addresses
    }

    /// RFC 3263 §4.1 and §4.2, with the time until which the answer holds.
    async fn ask(&self, question: &Question) -> (Vec<Address>, Instant) {
        let mut found = Found::default();
        if question.port.is_none() {
            for (transport, name) in self.services(question, &mut found).await {
                let records = self.srv(&name, &mut found).await;
                let random = |sum| rand::random_range(0..=sum);
                for record in select::order(records, random) {
                    if found.addresses.len() < ADDRESSES {
                        self.addresses(
                            question,
                            transport,
                            &record.target,
                            Some(record.port),
                            &mut found,
                        )
                        .await;
                    }
                }
            }
        }
        if found.addresses.is_empty() {
            let transport = question.transport.unwrap_or(Transport::Udp);
            self.addresses(question, transport, &question.host, None, &mut found)
                .await;
        }
        let until = found.until.unwrap_or_else(Instant::now);
        (found.addresses, until)
    }

    /// The SRV names to ask for.
    async fn services(&self, question: &Question, found: &mut Found) -> Vec<(Transport, String)> {
        if let Some(transport) = question.transport {
            return vec![(transport, select::srv_name(transport, &question.host))];
        }
        let records = match self.lookup(&question.host, RecordType::NAPTR, found).await {
            Some(lookup) => lookup
                .answers()
                .iter()
                .filter_map(|r| naptr(&r.data))
                .collect(),
            None => Vec::new(),
        };
        let services = select::services(records, question.secure);
        if !services.is_empty() {
            return services;
        }
        USUAL
            .iter()
            .map(|&t| (t, select::srv_name(t, &question.host)))
            .collect()
    }

    async fn srv(&self, name: &str, found: &mut Found) -> Vec<Srv> {
        match self.lookup(name, RecordType::SRV, found).await {
            Some(lookup) => lookup
                .answers()
                .iter()
                .filter_map(|r| srv(&r.data))
                .collect(),
            None => Vec::new(),
        }
    }

    async fn addresses(
        &self,
        question: &Question,
        transport: Transport,
        host: &str,
        port: Option<u16>,
        found: &mut Found,
    ) {
        if let Ok(ip) = host.trim_end_matches('.').parse() {
            found.addresses.push(question.address(transport, ip, port));
            return;
        }
        let Some(dns) = &self.dns else { return };
        match dns.lookup_ip(host).await {
            Ok(ips) => {
                found.holds(ips.as_lookup());
                let ips = ips.iter();
                found
                    .addresses
                    .extend(ips.map(|ip| question.address(transport, ip, port)));
            }
            Err(error) => tracing::debug!(host, %error, "A name has no address"),
        }
    }

    async fn lookup(&self, name: &str, kind: RecordType, found: &mut Found) -> Option<Lookup> {
        let name = if name.ends_with('.') {
            name.to_owned()
        } else {
            format!("{name}.")
        };
        let asked = self.dns.as_ref()?.lookup(name, kind);
        let lookup = tokio::time::timeout(RECORD, asked).await.ok()?.ok()?;
        found.holds(&lookup);
        Some(lookup)
    }
}

#[derive(Default)]
struct Found {
    addresses: Vec<Address>,
    until: Option<Instant>,
}

impl Found {
    /// The whole holds as long as its shortest part.
    fn holds(&mut self, lookup: &Lookup) {
        let until = lookup.valid_until();
        self.until = Some(self.until.map_or(until, |u| u.min(until)));
    }
}

fn naptr(data: &RData) -> Option<Naptr> {
    let RData::NAPTR(r) = data else { return None };
    Some(Naptr {
        order: r.order,
        preference: r.preference,
        flags: String::from_utf8_lossy(&r.flags).into_owned(),
        service: String::from_utf8_lossy(&r.services).into_owned(),
        replacement: r.replacement.to_ascii(),
    })
}

fn srv(data: &RData) -> Option<Srv> {
    let RData::SRV(r) = data else { return None };
    Some(Srv {
        priority: r.priority,
        weight: r.weight,
        port: r.port,
        target: r.target.to_ascii(),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::zone, *};
    use crate::sip::Uri;

    async fn find(resolver: &Resolver, uri: &str) -> Vec<(Transport, String)> {
        let question = Question::of_uri(&Uri::parse(uri).unwrap()).unwrap();
        let found = resolver.find(question).await;
        found
            .into_iter()
            .map(|a| (a.transport, a.remote.to_string()))
            .collect()
    }

    #[tokio::test]
    async fn names_lead_to_addresses_in_order() {
        let server = zone::serve(zone::example).await;
        let resolver = Resolver::with_server(server);
        let to = |t, a: &str| (t, a.to_owned());
        assert_eq!(
            find(&resolver, "sip:a@naptr.test").await,
            [
                to(Transport::Tcp, "192.0.2.11:5070"),
                to(Transport::Udp, "192.0.2.12:5060"),
                to(Transport::Udp, "192.0.2.11:5060"),
            ]
        );
        assert_eq!(
            find(&resolver, "sip:a@naptr.test;transport=udp").await,
            [
                to(Transport::Udp, "192.0.2.12:5060"),
                to(Transport::Udp, "192.0.2.11:5060")
            ]
        );
        assert_eq!(
            find(&resolver, "sip:a@one.test").await,
            [to(Transport::Udp, "192.0.2.11:5060")]
        );
        assert_eq!(
            find(&resolver, "sip:a@one.test:5080;transport=tcp").await,
            [to(Transport::Tcp, "192.0.2.11:5080")]
        );
        assert_eq!(
            find(&resolver, "sips:a@one.test").await,
            [to(Transport::Tls, "192.0.2.11:5061")]
        );
        assert_eq!(find(&resolver, "sip:a@nowhere.test").await, []);
        // A server that knows nothing of NAPTR is not waited for until it is too late.
        assert_eq!(
            find(&resolver, "sip:a@mute.test").await,
            [to(Transport::Udp, "192.0.2.11:5060")]
        );
        // Known now, without asking.
        let question = Question::of_uri(&Uri::parse("sip:a@one.test").unwrap()).unwrap();
        assert_eq!(resolver.known(&question).unwrap().len(), 1);
    }
}
