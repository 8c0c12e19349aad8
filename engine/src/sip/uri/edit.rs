//! Building URIs and changing their parts; every change is read again, so no bad text gets in.

use std::net::Ipv6Addr;

use super::{Uri, UriError, parse};
use crate::sip::scan::Class;

/// What may stand unescaped in a parameter or header we write (RFC 3261 `paramchar`).
const PARAM: Class = Class::alphanumeric_and("-_.!~*'()[]/:&+$");
/// What may stand unescaped in a URI header we write (RFC 3261 `hnv-unreserved`).
const HEADER: Class = Class::alphanumeric_and("-_.!~*'()[]/?:+$");

pub(super) fn build(
    scheme: &str,
    user: Option<&str>,
    host: &str,
    port: Option<u16>,
) -> Result<Uri, UriError> {
    let mut out = String::with_capacity(scheme.len() + user.map_or(0, str::len) + host.len() + 8);
    out.push_str(scheme);
    out.push(':');
    push_address(&mut out, user, None, host, port);
    Uri::parse(&out)
}

impl Uri {
    /// Replaces the user part; what it must not contain is escaped, escapes in it are kept. `None` takes
    /// user and password away.
    ///
    /// # Errors
    /// [`UriError`] when the URI is not SIP or the user part is empty; it stays as it was.
    pub fn set_user(&mut self, user: Option<&str>) -> Result<(), UriError> {
        let escaped = user.map(|u| escape(u, parse::USER, true));
        let host = self.host().to_owned();
        self.rebuild(escaped.as_deref(), None, &host, self.port())
    }

    /// Replaces host and port and keeps the rest. An IPv6 host may come without brackets.
    ///
    /// # Errors
    /// [`UriError`] when the URI is not SIP or the host is none; it stays as it was.
    pub fn set_host(&mut self, host: &str, port: Option<u16>) -> Result<(), UriError> {
        let (user, password) = (
            self.user().map(str::to_owned),
            self.password().map(str::to_owned),
        );
        self.rebuild(user.as_deref(), password.as_deref(), host, port)
    }

    /// Sets a parameter in its place or behind the others, escaping its value; `None` is a parameter
    /// without value. Opaque URIs stay as they are.
    pub fn set_param(&mut self, name: &str, value: Option<&str>) {
        let mut written = escape(name, PARAM, false);
        if let Some(value) = value {
            written.push('=');
            written.push_str(&escape(value, PARAM, false));
        }
        self.change_params(name, Some(&written));
    }

    /// Takes a parameter away.
    pub fn remove_param(&mut self, name: &str) {
        self.change_params(name, None);
    }

    /// Takes the headers behind `?` away.
    pub fn clear_headers(&mut self) {
        if self.has_headers() {
            let end = self.layout.headers.0 as usize;
            self.replace(self.text.get(..end).unwrap_or_default().to_owned());
        }
    }

    /// Adds a header behind `?`, escaped. Opaque URIs stay as they are.
    pub fn push_header(&mut self, name: &str, value: &str) {
        if self.layout.host == (0, 0) {
            return;
        }
        let sign = if self.has_headers() { '&' } else { '?' };
        let mut text = self.text.to_string();
        text.push(sign);
        text.push_str(&escape(name, HEADER, false));
        text.push('=');
        text.push_str(&escape(value, HEADER, false));
        self.replace(text);
    }

    fn change_params(&mut self, name: &str, written: Option<&str>) {
        let (start, end) = (self.layout.params.0 as usize, self.layout.params.1 as usize);
        if start == 0 {
            return;
        }
        let mut out = self.text.get(..start).unwrap_or_default().to_owned();
        let mut pending = written;
        for param in self
            .text
            .get(start..end)
            .unwrap_or_default()
            .split(';')
            .skip(1)
        {
            let its_name = param.split('=').next().unwrap_or_default();
            let kept = match super::same_name(its_name, name) {
                true => pending.take(),
                false => Some(param),
            };
            out.extend(kept.into_iter().flat_map(|p| [";", p]));
        }
        out.extend(pending.into_iter().flat_map(|p| [";", p]));
        out.push_str(self.text.get(end..).unwrap_or_default());
        self.replace(out);
    }

    fn rebuild(
        &mut self,
        user: Option<&str>,
        password: Option<&str>,
        host: &str,
        port: Option<u16>,
    ) -> Result<(), UriError> {
        if !self.is_sip() {
            return Err(UriError::Scheme);
        }
        let scheme = self.text.split(':').next().unwrap_or_default();
        let mut out = format!("{scheme}:");
        push_address(&mut out, user, password, host, port);
        out.push_str(
            self.text
                .get(self.layout.params.0 as usize..)
                .unwrap_or_default(),
        );
        *self = Uri::parse(&out)?;
        Ok(())
    }

    fn replace(&mut self, text: String) {
        if let Ok(uri) = Uri::parse(&text) {
            *self = uri;
        }
    }
}

fn push_address(
    out: &mut String,
    user: Option<&str>,
    password: Option<&str>,
    host: &str,
    port: Option<u16>,
) {
    if let Some(user) = user {
        out.push_str(&escape(user, parse::USER, true));
        if let Some(password) = password {
            out.push(':');
            out.push_str(password);
        }
        out.push('@');
    }
    match host.parse::<Ipv6Addr>() {
        Ok(_) => out.extend(["[", host, "]"]),
        Err(_) => out.push_str(host),
    }
    if let Some(port) = port {
        out.push(':');
        out.push_str(&port.to_string());
    }
}

/// Escapes what is outside the class; with `keep` an escape that is already there stays one.
fn escape(text: &str, class: Class, keep: bool) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((byte, rest)) = bytes.split_first() {
        bytes = rest;
        let whole =
            matches!(rest, [a, b, ..] if parse::hex(*a).is_some() && parse::hex(*b).is_some());
        if class.has(*byte) || (keep && *byte == b'%' && whole) {
            out.push(char::from(*byte));
            continue;
        }
        out.push('%');
        out.extend(DIGITS.get(usize::from(byte >> 4)));
        out.extend(DIGITS.get(usize::from(byte & 15)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_uris_are_escaped() {
        let uri = |u, h, p| Uri::sip(u, h, p).unwrap().to_string();
        assert_eq!(
            uri(Some("a@b c"), "example.com", None),
            "sip:a%40b%20c@example.com"
        );
        assert_eq!(uri(Some("1001"), "::1", Some(5060)), "sip:1001@[::1]:5060");
        assert_eq!(uri(None, "10.0.0.1", Some(5070)), "sip:10.0.0.1:5070");
        assert_eq!(Uri::sip(None, "a b", None), Err(UriError::Host));
        assert_eq!(
            Uri::at(Some("x"), "[::1]:5".parse().unwrap()).as_str(),
            "sip:x@[::1]:5"
        );
    }

    #[test]
    fn parts_are_changed_in_place() {
        let mut u = Uri::parse("sip:a:pw@h:1;transport=udp;lr?X=1").unwrap();
        u.set_param("transport", Some("tcp"));
        u.set_param("ob", None);
        u.remove_param("LR");
        assert_eq!(u.as_str(), "sip:a:pw@h:1;transport=tcp;ob?X=1");
        u.set_host("::1", None).unwrap();
        u.clear_headers();
        assert_eq!(u.as_str(), "sip:a:pw@[::1];transport=tcp;ob");
        u.set_user(Some("b d")).unwrap();
        u.push_header("Replaces", "a@b;to-tag=1");
        u.push_header("Y", "2");
        assert_eq!(
            u.as_str(),
            "sip:b%20d@[::1];transport=tcp;ob?Replaces=a%40b%3Bto-tag%3D1&Y=2"
        );
        assert_eq!(u.header("replaces").unwrap(), "a@b;to-tag=1");
        assert_eq!(u.set_host("", None), Err(UriError::Host));
        let mut urn = Uri::parse("urn:service:sos").unwrap();
        urn.set_param("lr", None);
        assert_eq!(urn.as_str(), "urn:service:sos");
        assert!(urn.set_user(Some("a")).is_err());
    }
}
