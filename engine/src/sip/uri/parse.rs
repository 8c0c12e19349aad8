//! Finds the parts of a URI and refuses what RFC 3261 §25.1 and RFC 3966 do not allow.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Scheme, UriError};
use crate::sip::{MAX_MESSAGE_BYTES, scan::Class};

/// Start and end of a part, in bytes.
pub(super) type Span = (u32, u32);

/// Where the parts of a URI lie.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub scheme: Scheme,
    pub user: Option<Span>,
    pub password: Option<Span>,
    pub host: Span,
    pub port: Option<u16>,
    /// From the first `;`.
    pub params: Span,
    /// From the `?`.
    pub headers: Span,
}

impl Layout {
    pub(super) const fn opaque() -> Layout {
        Layout {
            scheme: Scheme::Other,
            user: None,
            password: None,
            host: (0, 0),
            port: None,
            params: (0, 0),
            headers: (0, 0),
        }
    }
}

const SCHEME: Class = Class::alphanumeric_and("+-.");
/// `#` is not in the grammar, but phones dial `*98#` unescaped.
pub(super) const USER: Class = Class::alphanumeric_and("-_.!~*'()&=+$,;?/#");
const PASSWORD: Class = Class::alphanumeric_and("-_.!~*'()&=+$,:");
const HOST: Class = Class::alphanumeric_and("-._");
const NUMBER: Class = Class::alphanumeric_and("+-.()*#");
/// Parameters and headers: wider than the grammar, nothing that could end the URI.
const REST: Class = Class::visible_except("\"<>\\");

pub(super) fn layout(text: &str) -> Result<Layout, UriError> {
    if text.len() > MAX_MESSAGE_BYTES {
        return Err(UriError::TooLong);
    }
    let colon = memchr::memchr(b':', text.as_bytes()).ok_or(UriError::Scheme)?;
    let (scheme, rest) = text.split_at_checked(colon).ok_or(UriError::Scheme)?;
    let rest = rest.get(1..).unwrap_or_default();
    let after = colon + 1;
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !SCHEME.all(scheme) {
        return Err(UriError::Scheme);
    }
    if scheme.eq_ignore_ascii_case("sip") {
        return sip(Scheme::Sip, rest, after);
    }
    if scheme.eq_ignore_ascii_case("sips") {
        return sip(Scheme::Sips, rest, after);
    }
    if scheme.eq_ignore_ascii_case("tel") {
        return tel(rest, after);
    }
    if rest.is_empty() || !REST.all(rest) {
        return Err(UriError::Character);
    }
    Ok(Layout::opaque())
}

fn sip(scheme: Scheme, text: &str, base: usize) -> Result<Layout, UriError> {
    let mut layout = Layout {
        scheme,
        ..Layout::opaque()
    };
    let mut at = 0;
    if let Some(sign) = memchr::memchr(b'@', text.as_bytes()) {
        let (user, password) = user_part(text.get(..sign).unwrap_or_default())?;
        layout.user = Some(span(base, 0, user));
        layout.password = password.map(|(start, end)| span(base, start, end));
        at = sign + 1;
    }
    let rest = text.get(at..).unwrap_or_default();
    let length = memchr::memchr2(b';', b'?', rest.as_bytes()).unwrap_or(rest.len());
    let (host, port) = host_port(rest.get(..length).unwrap_or_default())?;
    layout.host = span(base, at, at + host);
    layout.port = port;
    tail(layout, text, base, at + length)
}

fn tel(text: &str, base: usize) -> Result<Layout, UriError> {
    let end = memchr::memchr2(b';', b'?', text.as_bytes()).unwrap_or(text.len());
    let number = text.get(..end).unwrap_or_default();
    if number.is_empty() || !NUMBER.all(number) {
        return Err(UriError::Character);
    }
    let layout = Layout {
        scheme: Scheme::Tel,
        user: Some(span(base, 0, end)),
        ..Layout::opaque()
    };
    tail(layout, text, base, end)
}

/// Reads what follows the host or the number: parameters, then headers.
fn tail(mut layout: Layout, text: &str, base: usize, at: usize) -> Result<Layout, UriError> {
    let rest = text.get(at..).unwrap_or_default();
    let params_end = memchr::memchr(b'?', rest.as_bytes()).unwrap_or(rest.len());
    let params = rest.get(..params_end).unwrap_or_default();
    if !params.is_empty() {
        escaped(params, REST)?;
        let names = params.split(';').skip(1);
        if names
            .into_iter()
            .any(|p| p.is_empty() || p.starts_with('='))
        {
            return Err(UriError::Parameter);
        }
    }
    let headers = rest.get(params_end..).unwrap_or_default();
    if !headers.is_empty() {
        escaped(headers, REST)?;
    }
    layout.params = span(base, at, at + params_end);
    layout.headers = span(base, at + params_end, text.len());
    Ok(layout)
}

/// Where the user part ends, and where the password lies behind its colon.
fn user_part(text: &str) -> Result<(usize, Option<(usize, usize)>), UriError> {
    let colon = memchr::memchr(b':', text.as_bytes());
    let end = colon.unwrap_or(text.len());
    let user = text.get(..end).unwrap_or_default();
    if user.is_empty() {
        return Err(UriError::Character);
    }
    escaped(user, USER)?;
    let Some(colon) = colon else {
        return Ok((end, None));
    };
    escaped(text.get(colon + 1..).unwrap_or_default(), PASSWORD)?;
    Ok((end, Some((colon + 1, text.len()))))
}

/// Checks `host[:port]`; hands back the length of the host and the port.
pub(crate) fn host_port(text: &str) -> Result<(usize, Option<u16>), UriError> {
    let host_end = match text.strip_prefix('[') {
        Some(inner) => {
            let close = memchr::memchr(b']', inner.as_bytes()).ok_or(UriError::Host)?;
            close + 2
        }
        None => memchr::memchr(b':', text.as_bytes()).unwrap_or(text.len()),
    };
    let host = text.get(..host_end).unwrap_or_default();
    if !is_host(host) {
        return Err(UriError::Host);
    }
    let port = match text.get(host_end..).unwrap_or_default() {
        "" => None,
        rest => Some(port_number(rest.strip_prefix(':').ok_or(UriError::Host)?)?),
    };
    Ok((host_end, port))
}

fn port_number(text: &str) -> Result<u16, UriError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(UriError::Port);
    }
    text.parse().map_err(|_| UriError::Port)
}

/// Says whether the text is a host name, an IPv4 address or a bracketed IPv6 address.
pub(super) fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return host_ip(host).is_some();
    }
    !host.is_empty() && HOST.all(host)
}

/// Reads an IP address; IPv6 in brackets.
pub(crate) fn host_ip(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(inner) => inner
            .strip_suffix(']')?
            .parse::<Ipv6Addr>()
            .ok()
            .map(IpAddr::V6),
        None => {
            let numeric = host.starts_with(|c: char| c.is_ascii_digit());
            numeric
                .then(|| host.parse::<Ipv4Addr>().ok())
                .flatten()
                .map(IpAddr::V4)
        }
    }
}

/// Checks that the text has only bytes of the class and whole escapes.
fn escaped(text: &str, class: Class) -> Result<(), UriError> {
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match (first, rest) {
            (b'%', [high, low, tail @ ..]) if hex(*high).is_some() && hex(*low).is_some() => tail,
            (b'%', _) => return Err(UriError::Character),
            (b, _) if class.has(*b) => rest,
            _ => return Err(UriError::Character),
        };
    }
    Ok(())
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the text is at most MAX_MESSAGE_BYTES long"
)]
fn span(base: usize, start: usize, end: usize) -> Span {
    ((base + start) as u32, (base + end) as u32)
}

#[cfg(test)]
mod tests {
    use super::super::Uri;
    use super::*;
    use proptest::prelude::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn parts_are_found_and_text_is_kept() {
        let u = uri("sip:a%40b:secret@[2001:db8::1]:5070;transport=TCP;lr?X=1&Y=a%20b");
        assert_eq!(u.user(), Some("a%40b"));
        assert_eq!(u.user_unescaped().unwrap(), "a@b");
        assert_eq!(u.password(), Some("secret"));
        assert_eq!(u.host(), "[2001:db8::1]");
        assert_eq!(u.host_ip(), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(u.port(), Some(5070));
        assert_eq!(u.param("Transport"), Some("TCP"));
        assert_eq!(u.param("lr"), Some(""));
        assert_eq!(u.header("y").unwrap(), "a b");
        assert_eq!(u.headers().count(), 2);
        assert_eq!(
            u.to_string(),
            "sip:a%40b:secret@[2001:db8::1]:5070;transport=TCP;lr?X=1&Y=a%20b"
        );
    }

    #[test]
    fn odd_but_valid_uris_are_read() {
        let u = uri("sip:user;par=u%40example.net@example.com");
        assert_eq!(
            (u.user(), u.host()),
            (Some("user;par=u%40example.net"), "example.com")
        );
        let u = uri(
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        );
        assert_eq!(u.host(), "example.com");
        let u = uri("sip:h@example.net;%6C%72;n%61me=v%61lue%25%34%31");
        assert!(u.has_param("lr"));
        assert_eq!(u.param("name"), Some("v%61lue%25%34%31"));
        assert_eq!(
            uri("tel:+1-201-555-0123;phone-context=+1").user(),
            Some("+1-201-555-0123")
        );
        assert_eq!(uri("SIPS:example.com").scheme(), Scheme::Sips);
        assert_eq!(uri("urn:service:sos").scheme(), Scheme::Other);
        assert_eq!(uri("sip:*98#@10.0.0.1").user(), Some("*98#"));
        assert_eq!(uri("sip:10.0.0.1:05060").port(), Some(5060));
    }

    #[test]
    fn malformed_uris_are_refused() {
        for (text, error) in [
            ("", UriError::Scheme),
            ("example.com", UriError::Scheme),
            ("<sip:a@b>", UriError::Scheme),
            ("1sip:a@b", UriError::Scheme),
            ("sip:", UriError::Host),
            ("sip:a@", UriError::Host),
            ("sip:@b", UriError::Character),
            ("sip:a b@c", UriError::Character),
            ("sip:a%4@c", UriError::Character),
            ("sip:a%zz@c", UriError::Character),
            ("sip:a@b c", UriError::Host),
            ("sip:a@b ;lr", UriError::Host),
            ("sip:a@b; lr", UriError::Character),
            ("sip:a@b;", UriError::Parameter),
            ("sip:a@b;;lr", UriError::Parameter),
            ("sip:a@b;=1", UriError::Parameter),
            ("sip:a@b:x", UriError::Port),
            ("sip:a@b:", UriError::Port),
            ("sip:a@b:65536", UriError::Port),
            ("sip:a@[::1", UriError::Host),
            ("sip:a@[::g]", UriError::Host),
            ("sip:a@[::1]x", UriError::Host),
            ("sip:a@é", UriError::Host),
            ("tel:", UriError::Character),
            ("tel:1 2", UriError::Character),
            ("urn:", UriError::Character),
            ("urn:a b", UriError::Character),
        ] {
            assert_eq!(Uri::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_what_it_reads(text in r"(sip|sips|tel|urn):[a-z0-9%@:;=?&\[\].,+<> ]{0,40}|\PC{0,40}") {
            if let Ok(u) = Uri::parse(&text) {
                prop_assert_eq!(u.as_str(), &text);
                let _ = (u.user_unescaped(), u.password(), u.host_ip(), u.params().count(), u.headers().count());
                prop_assert!(u.equivalent(&u) || !u.is_sip());
            }
        }
    }
}
