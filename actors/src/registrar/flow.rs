//! A flow as text: how the database keeps where a REGISTER came from.

use engine::leg::{Hop, Transport};
use std::net::SocketAddr;

/// `udp <remote> <local>`.
pub(super) fn write(transport: Transport, remote: SocketAddr, local: SocketAddr) -> String {
    format!("{} {remote} {local}", name(transport))
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Ws => "ws",
        Transport::Wss => "wss",
    }
}

/// Reads it back; `None` when it is not one.
pub(super) fn read(text: &str) -> Option<Hop> {
    let mut words = text.split(' ');
    let transport = match words.next()? {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        "ws" => Transport::Ws,
        "wss" => Transport::Wss,
        _ => return None,
    };
    Some(Hop::Flow {
        transport,
        remote: words.next()?.parse().ok()?,
        local: words.next()?.parse().ok()?,
    })
}

/// The address it came from.
pub(super) fn remote(text: &str) -> Option<SocketAddr> {
    text.split(' ').nth(1)?.parse().ok()
}

/// Whether it came by a WebSocket, and so leads nowhere once that has ended.
pub(super) fn is_web_socket(text: &str) -> bool {
    matches!(read(text), Some(Hop::Flow { transport, .. }) if transport.is_web_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_written() {
        let remote_address: SocketAddr = "[2001:db8::7]:5070".parse().unwrap();
        let local = "192.0.2.1:5061".parse().unwrap();
        let text = write(Transport::Tls, remote_address, local);
        let hop = Hop::Flow {
            transport: Transport::Tls,
            remote: remote_address,
            local,
        };
        assert_eq!(read(&text), Some(hop));
        assert_eq!(remote(&text), Some(remote_address));
        assert!(!is_web_socket(&text));
        let text = write(Transport::Wss, remote_address, local);
        assert!(is_web_socket(&text));
        assert_eq!(read("carrier pigeon"), None);
    }
}
