//! Who is at the other end of a connection: directly, or behind a proxy that we were told to believe.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpRequest, http::header::HeaderMap};

/// The two ends of a connection, as its socket knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Our side: the very address, also where the listener takes any.
    pub local: SocketAddr,
    /// The other side.
    pub remote: SocketAddr,
}

/// A client as what it does is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Our side.
    pub local: SocketAddr,
    /// The client's address, with the port of the connection that we see: no two that live are alike.
    pub remote: SocketAddr,
    /// It speaks TLS, as the proxy says.
    pub secure: bool,
}

impl Client {
    /// The client of a request; none when the connection is none of ours.
    pub fn of(request: &HttpRequest, proxies: &[IpAddr]) -> Option<Client> {
        let ends = request.conn_data::<Ends>()?;
        Some(read(*ends, request.headers(), proxies))
    }
}

fn read(ends: Ends, headers: &HeaderMap, proxies: &[IpAddr]) -> Client {
    let plain = |at: SocketAddr| SocketAddr::new(at.ip().to_canonical(), at.port());
    let mut client = Client {
        local: plain(ends.local),
        remote: plain(ends.remote),
        secure: false,
    };
    if !proxies.contains(&client.remote.ip()) {
        return client;
    }
    // The last entry is the one that the proxy itself wrote; those before it are hearsay.
    let said = |name: &str| {
        let value = headers.get_all(name).last()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim)
    };
    if let Some(ip) = said("x-forwarded-for").and_then(|text| text.parse::<IpAddr>().ok()) {
        client.remote.set_ip(ip.to_canonical());
    }
    client.secure = said("x-forwarded-proto").is_some_and(|text| {
        ["https", "wss"]
            .iter()
            .any(|tls| text.eq_ignore_ascii_case(tls))
    });
    client
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        let request = TestRequest::default()
            .insert_header(("X-Forwarded-For", "10.6.6.6, 203.0.113.7"))
            .insert_header(("X-Forwarded-Proto", "https"))
            .to_http_request();
        let address = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let ends = |remote: &str| Ends {
            local: "[::ffff:192.0.2.1]:8080".parse().unwrap(),
            remote: remote.parse().unwrap(),
        };
        let proxies = ["127.0.0.1".parse().unwrap()];
        let told = read(ends("[::ffff:127.0.0.1]:4711"), request.headers(), &proxies);
        assert_eq!(told.remote, address("203.0.113.7:4711"));
        assert_eq!(told.local, address("192.0.2.1:8080"));
        assert!(told.secure);
        let direct = read(ends("198.51.100.4:4711"), request.headers(), &proxies);
        assert_eq!(direct.remote, address("198.51.100.4:4711"));
        assert!(!direct.secure);
    }
}
