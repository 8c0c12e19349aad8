//! SIP, SIPS and tel URIs, and any other scheme kept as it is.
//!
//! A [`Uri`] keeps the text it was read from and finds its parts in it, so that printing gives back the
//! very bytes: digest answers and user parts such as `a%40b` depend on that. `rsip::Uri` is not used: it
//! loses IPv6 brackets, escapes, URI headers and unknown schemes.

mod compare;
mod edit;
mod parse;

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use super::UriError;
use parse::{Layout, Span};
pub(in crate::sip) use parse::{host_ip, host_port};

/// The scheme of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip`
    Sip,
    /// `sips`
    Sips,
    /// `tel` (RFC 3966)
    Tel,
    /// Any other; the rest of the URI is opaque.
    Other,
}

/// A URI (RFC 3261 §19.1, RFC 3966). Equality and hashing are those of the text;
/// [`equivalent`](Uri::equivalent) compares as the RFC wants it.
#[derive(Clone)]
pub struct Uri {
    text: Box<str>,
    layout: Layout,
}

impl Uri {
    /// Reads a URI; nothing may stand around it.
    ///
    /// # Errors
    /// [`UriError`] names the first part that is wrong.
    pub fn parse(text: &str) -> Result<Uri, UriError> {
        let layout = parse::layout(text)?;
        Ok(Uri {
            text: text.into(),
            layout,
        })
    }

    /// Keeps a text that is no URI, so that its message can still be answered.
    pub(super) fn opaque(text: &str) -> Uri {
        Uri {
            text: text.into(),
            layout: Layout::opaque(),
        }
    }

    /// Builds `sip:user@host:port`, escaping what the user part must not contain. An IPv6 host may
    /// come with or without brackets.
    ///
    /// # Errors
    /// [`UriError::Host`] when the host is neither a name nor an address.
    pub fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Result<Uri, UriError> {
        edit::build("sip", user, host, port)
    }

    /// Builds `sip:user@address` for a socket address, with its port.
    pub fn at(user: Option<&str>, address: std::net::SocketAddr) -> Uri {
        let host = address.ip().to_string();
        edit::build("sip", user, &host, Some(address.port()))
            .unwrap_or_else(|_| Uri::opaque("sip:invalid"))
    }

    /// Builds `sip:user@host:port` for an address of ours as others are to see it: the advertised host,
    /// or the address itself.
    pub(crate) fn shown(
        user: Option<&str>,
        advertised: Option<&str>,
        local: std::net::SocketAddr,
    ) -> Uri {
        let host = shown_host(advertised, local.ip());
        Uri::sip(user, &host, Some(local.port())).unwrap_or_else(|_| Uri::at(user, local))
    }

    /// The whole URI as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.layout.scheme
    }

    /// Says whether it is `sip` or `sips`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme(), Scheme::Sip | Scheme::Sips)
    }

    /// The user part as written, without a password; of a `tel` URI the number. `None` when absent.
    pub fn user(&self) -> Option<&str> {
        self.layout.user.and_then(|s| self.span(s))
    }

    /// The user part with its escapes resolved; bytes that are no UTF-8 become U+FFFD.
    pub fn user_unescaped(&self) -> Option<Cow<'_, str>> {
        self.user().map(unescape)
    }

    /// The password of the user part, as written.
    pub fn password(&self) -> Option<&str> {
        self.layout.password.and_then(|s| self.span(s))
    }

    /// The host as written, an IPv6 address with its brackets; `""` unless the scheme is SIP.
    pub fn host(&self) -> &str {
        self.span(self.layout.host).unwrap_or_default()
    }

    /// The host as an IP address, when it is one.
    pub fn host_ip(&self) -> Option<IpAddr> {
        parse::host_ip(self.host())
    }

    /// The port, when one is written.
    pub fn port(&self) -> Option<u16> {
        self.layout.port
    }

    /// The URI parameters in their order, as written.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let text = self.span(self.layout.params).unwrap_or_default();
        text.split(';').skip(1).map(|p| match p.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (p, None),
        })
    }

    /// The value of a parameter as written, `""` when it has none. Names are compared without regard
    /// to case and escapes.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params()
            .find(|(n, _)| same_name(n, name))
            .map(|(_, v)| v.unwrap_or_default())
    }

    /// Says whether a parameter is there.
    pub fn has_param(&self, name: &str) -> bool {
        self.param(name).is_some()
    }

    /// The headers behind `?`, names and values as written (still escaped).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = self.span(self.layout.headers).unwrap_or_default();
        text.strip_prefix('?')
            .into_iter()
            .flat_map(|t| t.split('&'))
            .map(|h| h.split_once('=').unwrap_or((h, "")))
    }

    /// A header behind `?` with its escapes resolved, such as `Replaces` of a Refer-To.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers()
            .find(|(n, _)| same_name(n, name))
            .map(|(_, v)| unescape(v))
    }

    /// Says whether there are headers behind `?`.
    pub fn has_headers(&self) -> bool {
        self.layout.headers.0 != self.layout.headers.1
    }

    /// Compares two URIs by the rules of RFC 3261 §19.1.4 (`tel`: RFC 3966 §4).
    pub fn equivalent(&self, other: &Uri) -> bool {
        compare::equivalent(self, other)
    }

    fn span(&self, span: Span) -> Option<&str> {
        self.text.get(span.0 as usize..span.1 as usize)
    }
}

/// The host that stands for an address of ours: the advertised one, unless that is an address of the other
/// family, which a peer of this one could not use.
pub(crate) fn shown_host(advertised: Option<&str>, local: IpAddr) -> String {
    let usable = |host: &&str| {
        parse::host_ip(host)
            .or_else(|| host.parse().ok())
            .is_none_or(|ip: IpAddr| ip.is_ipv4() == local.to_canonical().is_ipv4())
    };
    advertised
        .filter(usable)
        .map_or_else(|| local.to_string(), str::to_owned)
}

/// Resolves `%` escapes; a broken escape stays as it is.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        match (first, rest) {
            (b'%', [high, low, tail @ ..]) => match (parse::hex(*high), parse::hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    bytes = tail;
                    continue;
                }
                _ => out.push(b'%'),
            },
            _ => out.push(*first),
        }
        bytes = rest;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn same_name(written: &str, name: &str) -> bool {
    written.eq_ignore_ascii_case(name)
        || (written.contains('%') && unescape(written).eq_ignore_ascii_case(name))
}

impl PartialEq for Uri {
    fn eq(&self, other: &Uri) -> bool {
        self.text == other.text
    }
}

impl Eq for Uri {}

impl std::hash::Hash for Uri {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({})", self.text)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        Uri::parse(text)
    }
}

impl serde::Serialize for Uri {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Uri {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Uri, D::Error> {
        let text = String::deserialize(deserializer)?;
        Uri::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_advertised_stands_for_addresses_of_its_family() {
        let shown = |advertised, local: &str| {
            let local = local.parse().unwrap();
            Uri::shown(Some("a"), advertised, local).to_string()
        };
        for (advertised, local, uri) in [
            (None, "10.0.0.1:5060", "sip:a@10.0.0.1:5060"),
            (
                Some("203.0.113.9"),
                "10.0.0.1:5062",
                "sip:a@203.0.113.9:5062",
            ),
            (Some("pbx.example"), "[::1]:5060", "sip:a@pbx.example:5060"),
            (
                Some("2001:db8::9"),
                "[::1]:5060",
                "sip:a@[2001:db8::9]:5060",
            ),
            (Some("203.0.113.9"), "[::1]:5060", "sip:a@[::1]:5060"),
            (Some("2001:db8::9"), "10.0.0.1:5060", "sip:a@10.0.0.1:5060"),
        ] {
            assert_eq!(shown(advertised, local), uri);
        }
    }
}
