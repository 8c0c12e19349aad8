//! STUN and TURN servers that browsers are told of.

use schema::Secret;

/// Servers, and the secret that TURN servers share with the exchange.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    /// `stun:`, `stuns:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065). `turn.urls`
    pub urls: Vec<String>,
    /// The `static-auth-secret` of the TURN servers. `turn.secret`
    pub secret: Option<Secret<String>>,
}

impl Turn {
    /// Whether a server is named that cannot be used without the secret.
    pub(super) fn lacks_secret(&self) -> bool {
        self.secret.is_none() && self.urls.iter().any(|url| url.starts_with("turn"))
    }
}

/// Reads URLs with commas between them.
pub(super) fn urls(text: &str) -> Result<Vec<String>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| url(part).map(|()| part.to_owned()))
        .collect()
}

fn url(text: &str) -> Result<(), String> {
    let wrong =
        || format!("{text} is not a STUN or TURN URL, as turn:turn.example.com:3478?transport=udp");
    let (scheme, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (place, transport) = match rest.split_once("?transport=") {
        Some((place, transport)) => (place, Some(transport)),
        None => (rest, None),
    };
    let known = match scheme {
        "turn" | "turns" => transport.is_none_or(|transport| matches!(transport, "udp" | "tcp")),
        "stun" | "stuns" => transport.is_none(),
        _ => false,
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => (host, Some(port)),
        _ => (place, None),
    };
    let good_host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
            !host.is_empty() && host.bytes().all(letter)
        }
    };
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    match known && good_host && good_port {
        true => Ok(()),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_browsers_take() {
        let good = "stun:stun.example, turn:203.0.113.7:3478?transport=tcp,turns:[2001:db8::7]:443,turn:[2001:db8::7]";
        assert_eq!(urls(good).unwrap().len(), 4);
        assert_eq!(urls(" ").unwrap(), Vec::<String>::new());
        for wrong in [
            "turn.example:3478",
            "turn:",
            "turn://turn.example",
            "http://turn.example",
            "turn:turn.example:0",
            "turn:turn.example?transport=sctp",
            "stun:stun.example?transport=udp",
            "turn:[::1",
        ] {
            assert!(urls(wrong).is_err(), "{wrong}");
        }
    }
}
