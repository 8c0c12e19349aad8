//! Via: which way a request came and which way its answer goes.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use super::{HeaderError, Params, scan, uri};

/// The transport named in a Via.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the transports")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
    /// Any other token, such as `SCTP`.
    Other(Box<str>),
}

impl Transport {
    /// Reads a transport without regard to case; `None` when the text is no token.
    pub fn parse(text: &str) -> Option<Transport> {
        Some(match text {
            t if t.eq_ignore_ascii_case("UDP") => Transport::Udp,
            t if t.eq_ignore_ascii_case("TCP") => Transport::Tcp,
            t if t.eq_ignore_ascii_case("TLS") => Transport::Tls,
            t if t.eq_ignore_ascii_case("WS") => Transport::Ws,
            t if t.eq_ignore_ascii_case("WSS") => Transport::Wss,
            t if scan::is_token(t) => Transport::Other(t.into()),
            _ => return None,
        })
    }

    /// The transport as it stands in a Via.
    pub fn as_str(&self) -> &str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
            Transport::Other(name) => name,
        }
    }

    /// Says whether it keeps messages in order and in full, so that requests are not repeated.
    pub fn is_reliable(&self) -> bool {
        *self != Transport::Udp
    }
}

/// What an RFC 3261 branch starts with (§8.1.1.7).
const COOKIE: &str = "z9hG4bK";

/// One element of a Via header (RFC 3261 §20.42).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The transport.
    pub transport: Transport,
    /// The host of sent-by, an IPv6 address with its brackets.
    pub host: Box<str>,
    /// The port of sent-by, when written.
    pub port: Option<u16>,
    /// `branch`, `rport`, `received` and others.
    pub params: Params,
}

impl Via {
    /// The Via of a request we send: our address, a branch, and `rport` asked for (RFC 3581).
    pub fn ours(transport: Transport, host: &str, port: u16, branch: &str) -> Via {
        let host = match host.parse::<std::net::Ipv6Addr>() {
            Ok(_) => format!("[{host}]").into(),
            Err(_) => host.into(),
        };
        let mut params = Params::default();
        params.set("branch", Some(branch));
        params.set("rport", None);
        Via {
            transport,
            host,
            port: Some(port),
            params,
        }
    }

    /// Reads one element. Any version is accepted, since the request line already tells it.
    pub fn parse(text: &str) -> Option<Via> {
        let (protocol, rest) = scan::split_once(text, b'/')?;
        let (version, rest) = scan::split_once(rest, b'/')?;
        if !scan::trim(protocol).eq_ignore_ascii_case("SIP") || !scan::is_token(scan::trim(version))
        {
            return None;
        }
        let rest = scan::trim(rest);
        let (transport, rest) = rest.split_at_checked(rest.bytes().position(scan::is_space)?)?;
        let end = memchr::memchr(b';', rest.as_bytes()).unwrap_or(rest.len());
        let (sent_by, params) = rest.split_at_checked(end)?;
        let (host, port) = sent_by_parts(scan::trim(sent_by))?;
        Some(Via {
            transport: Transport::parse(transport)?,
            host: host.into(),
            port,
            params: Params::parse(params)?,
        })
    }

    /// The branch as written.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch")
    }

    /// The branch when it identifies a transaction: it starts with the magic cookie and has more
    /// behind it (RFC 3261 §17.2.3, RFC 4475 §3.2.1). Otherwise the rules of RFC 2543 apply.
    pub fn rfc3261_branch(&self) -> Option<&str> {
        let branch = self.branch()?;
        let (cookie, rest) = branch.split_at_checked(COOKIE.len())?;
        (cookie.eq_ignore_ascii_case(COOKIE) && !rest.is_empty()).then_some(branch)
    }

    /// The `received` address; brackets around IPv6 are tolerated.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        text.trim_matches(['[', ']']).parse().ok()
    }

    /// Says whether `rport` is asked for or filled in.
    pub fn wants_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// The filled-in `rport`.
    pub fn rport(&self) -> Option<u16> {
        self.params.get("rport")?.parse().ok()
    }

    /// The host of sent-by as an IP address, when it is one.
    pub fn host_ip(&self) -> Option<IpAddr> {
        uri::host_ip(&self.host)
    }

    /// Notes where the request really came from: `received` when sent-by is not that address or `rport`
    /// is asked for, and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). What the peer itself claimed
    /// in either is replaced.
    pub fn note_source(&mut self, source: SocketAddr) {
        let wants_rport = self.wants_rport();
        let ip = source.ip().to_canonical();
        if wants_rport || self.host_ip() != Some(ip) {
            self.params.set("received", Some(&ip.to_string()));
        } else {
            self.params.remove("received");
        }
        if wants_rport {
            self.params.set("rport", Some(&source.port().to_string()));
        }
    }

    /// Where an answer to this Via goes over an unreliable transport: `received` or the address in
    /// sent-by, with `rport`, the written port or the default one (RFC 3261 §18.2.2). `None` when
    /// sent-by is a name and nothing was received. `maddr` is not followed: it would let anybody send our
    /// answers to somebody else.
    pub fn answer_address(&self) -> Option<SocketAddr> {
        let ip = self.received().or_else(|| self.host_ip())?;
        let default = if matches!(self.transport, Transport::Tls | Transport::Wss) {
            5061
        } else {
            5060
        };
        Some(SocketAddr::new(
            ip,
            self.rport().or(self.port).unwrap_or(default),
        ))
    }
}

/// Reads `host [: port]`, white space around the colon allowed.
fn sent_by_parts(text: &str) -> Option<(&str, Option<u16>)> {
    let (length, port) = match uri::host_port(text) {
        Ok(parts) => parts,
        Err(_) => {
            let colon = memchr::memrchr(b':', text.as_bytes())?;
            let (host, port) = (text.get(..colon)?, text.get(colon + 1..)?);
            let (host, port) = (scan::trim(host), scan::trim(port));
            let (length, None) = uri::host_port(host).ok()? else {
                return None;
            };
            if !port.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            return Some((host.get(..length)?, Some(port.parse().ok()?)));
        }
    };
    Some((text.get(..length)?, port))
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport.as_str(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

impl std::str::FromStr for Via {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Via, HeaderError> {
        Via::parse(text).ok_or(HeaderError::Malformed("Via"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Via {
        Via::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn white_space_and_ipv6_are_read() {
        let v = read("SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8  ");
        assert_eq!(
            v.to_string(),
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8"
        );
        let v =
            read("SIP/2.0/UDP [2001:db8::9:1] : 5070;received=[2001:db8::9:255];branch=z9hG4bKas3");
        assert_eq!(
            v.answer_address(),
            Some("[2001:db8::9:255]:5070".parse().unwrap())
        );
        let v = read("SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en");
        assert_eq!(v.transport.as_str(), "UNKNOWN");
        assert_eq!(read("SIP/7.0/UDP c.example.com").branch(), None);
    }

    #[test]
    fn a_bare_cookie_is_no_branch() {
        assert_eq!(
            read("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").rfc3261_branch(),
            None
        );
        assert_eq!(
            read("SIP/2.0/UDP 192.0.2.2;branch=390skdjuw").rfc3261_branch(),
            None
        );
        assert_eq!(
            read("SIP/2.0/UDP h;branch=Z9hg4bKx").rfc3261_branch(),
            Some("Z9hg4bKx")
        );
    }

    #[test]
    fn malformed_vias_are_refused() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 UDP h",
            "HTTP/2.0/UDP h",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP h:x",
            "SIP/2.0/UDP h:70000",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP [::1",
        ] {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_source_is_noted_as_rfc_3581_wants() {
        let source = "192.0.2.9:7777".parse().unwrap();
        let noted = |text| {
            let mut v = read(text);
            v.note_source(source);
            v.to_string()
        };
        assert_eq!(
            noted("SIP/2.0/UDP 192.0.2.9:5070;branch=x"),
            "SIP/2.0/UDP 192.0.2.9:5070;branch=x"
        );
        assert_eq!(
            noted("SIP/2.0/UDP 10.0.0.1;rport;branch=x"),
            "SIP/2.0/UDP 10.0.0.1;rport=7777;branch=x;received=192.0.2.9"
        );
        assert_eq!(
            noted("SIP/2.0/UDP h;received=1.1.1.1"),
            "SIP/2.0/UDP h;received=192.0.2.9"
        );
        assert_eq!(
            Via::ours(Transport::Udp, "::1", 5060, "z9hG4bKa").to_string(),
            "SIP/2.0/UDP [::1]:5060;branch=z9hG4bKa;rport"
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r"SIP ?/ ?2.0/[A-Z]{1,3} [a-z0-9.:\[\] ]{1,12}(;[a-z=1 ]{0,6}){0,3}|\PC{0,40}") {
            if let Some(v) = Via::parse(&text) {
                prop_assert_eq!(Via::parse(&v.to_string()), Some(v));
            }
        }
    }
}
