//! The gateway's sockets: one listener for each address of the machine, all on one port, and for each
//! connected peer another at the same address and port, connected to the peer, which the system then
//! prefers for that peer's packets.
//!
//! A listener is bound alone, so that a port of somebody else is not shared by mistake; only then may
//! others of ours be bound beside it. It is bound to one address, not to all, because an answer has to
//! leave from the address that was asked.

use crate::{
    config::WebRtc,
    rtp::ports::{mark_as_audio, unspecified_like},
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
};

/// Free ports tried until one is free at every address.
const MAX_ATTEMPTS: usize = 16;

/// Addresses of the machine that are listened on, at most.
const MOST_ADDRESSES: usize = 16;

/// Bytes that the system keeps for a listener: the hellos of a busy moment.
const BUFFER: usize = 1 << 20;

/// The listeners and what is told of them.
pub(super) struct Listeners {
    pub sockets: Vec<UdpSocket>,
    /// Their addresses, in the same order.
    pub bound: Vec<SocketAddr>,
    /// Where peers are told to send, best first.
    pub candidates: Vec<SocketAddr>,
}

/// Opens the listeners; none when the gateway is off.
pub(super) fn open(config: &WebRtc) -> io::Result<Option<Listeners>> {
    let mut sockets = Vec::new();
    for listen in &config.listen {
        let addresses = addresses_of(listen.ip());
        sockets.extend(match open_all(&addresses, listen.port()) {
            Err(error) if taken(&error) && config.any_port && listen.port() != 0 => {
                tracing::info!(
                    port = listen.port(),
                    "the WebRTC port is taken, another is used"
                );
                open_all(&addresses, 0)?
            }
            opened => opened?,
        });
    }
    if sockets.is_empty() {
        return Ok(None);
    }
    let bound = sockets
        .iter()
        .map(UdpSocket::local_addr)
        .collect::<io::Result<Vec<_>>>()?;
    let candidates = candidates(&bound, &config.addresses);
    Ok(Some(Listeners {
        sockets,
        bound,
        candidates,
    }))
}

/// Opens a socket beside a listener that hears one peer alone.
pub(super) fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(local)?;
    socket.set_reuse_address(true)?;
    socket.bind(&local.into())?;
    socket.connect(&peer.into())?;
    mark_as_audio(&socket, local.ip());
    Ok(socket.into())
}

/// The addresses that a listener stands for: itself, or those of the machine's interfaces, the one that
/// only this machine can reach last.
fn addresses_of(ip: IpAddr) -> Vec<IpAddr> {
    if !ip.is_unspecified() {
        return vec![ip];
    }
    let mut found: Vec<IpAddr> = match rtc_shared::ifaces::ifaces() {
        Ok(interfaces) => interfaces
            .iter()
            .filter_map(|interface| interface.addr.map(|address| address.ip()))
            .filter(|found| found.is_ipv4() == ip.is_ipv4() && !is_link_local(*found))
            .collect(),
        Err(error) => {
            tracing::warn!(%error, "the machine's addresses cannot be listed");
            Vec::new()
        }
    };
    found.sort_by_key(|ip| (ip.is_loopback(), *ip));
    found.dedup();
    found.truncate(MOST_ADDRESSES);
    if found.is_empty() {
        found.push(ip);
    }
    found
}

/// An address that means nothing without the name of its interface.
fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

fn open_all(addresses: &[IpAddr], port: u16) -> io::Result<Vec<UdpSocket>> {
    for _ in 0..MAX_ATTEMPTS {
        match open_on(addresses, port) {
            Err(error) if taken(&error) && port == 0 => {}
            opened => return opened,
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Opens one port at every address; port 0 is whatever the first gets.
fn open_on(addresses: &[IpAddr], mut port: u16) -> io::Result<Vec<UdpSocket>> {
    let mut sockets = Vec::new();
    for ip in addresses {
        let address = SocketAddr::new(*ip, port);
        let socket = socket(address)?;
        socket.bind(&address.into())?;
        socket.set_reuse_address(true)?;
        if let Err(error) = socket.set_recv_buffer_size(BUFFER) {
            tracing::debug!(%error, "the WebRTC port keeps its small buffer");
        }
        let socket = UdpSocket::from(socket);
        port = socket.local_addr()?.port();
        sockets.push(socket);
    }
    Ok(sockets)
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn taken(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

/// What peers are told: the addresses of the configuration with our port, else what is listened on.
fn candidates(bound: &[SocketAddr], told: &[IpAddr]) -> Vec<SocketAddr> {
    let advertised = told.iter().filter_map(|ip| {
        let of_family = |bound: &&SocketAddr| bound.is_ipv4() == ip.is_ipv4();
        let port = bound.iter().find(of_family)?.port();
        Some(SocketAddr::new(*ip, port))
    });
    let advertised: Vec<_> = advertised.take(MOST_ADDRESSES).collect();
    if advertised.is_empty() {
        let known = |a: &&SocketAddr| a.ip() != unspecified_like(a.ip());
        return bound.iter().filter(known).copied().collect();
    }
    advertised
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, any_port: bool) -> WebRtc {
        WebRtc {
            listen: vec![listen.parse().unwrap()],
            any_port,
            addresses: Vec::new(),
        }
    }

    #[test]
    fn a_port_of_somebody_else_is_not_shared() {
        let first = open(&config("127.0.0.1:0", false)).unwrap().unwrap();
        let taken = first.bound[0].to_string();
        let second = open(&config(&taken, false));
        assert_eq!(second.err().unwrap().kind(), io::ErrorKind::AddrInUse);
        let third = open(&config(&taken, true)).unwrap().unwrap();
        assert_ne!(third.bound[0].port(), first.bound[0].port());
    }

    #[test]
    fn every_address_has_the_same_port_and_loopback_comes_last() {
        let all = open(&config("0.0.0.0:0", false)).unwrap().unwrap();
        assert!(all.bound.iter().all(|a| a.port() == all.bound[0].port()));
        assert!(all.bound.last().unwrap().ip().is_loopback());
        assert_eq!(all.candidates, all.bound);
    }

    #[test]
    fn what_is_told_is_what_the_configuration_says() {
        let told = WebRtc {
            addresses: vec![
                "203.0.113.7".parse().unwrap(),
                "2001:db8::7".parse().unwrap(),
            ],
            ..config("127.0.0.1:0", false)
        };
        let opened = open(&told).unwrap().unwrap();
        let port = opened.bound[0].port();
        let expected = SocketAddr::from(([203, 0, 113, 7], port));
        assert_eq!(opened.candidates, [expected], "no IPv6 without a listener");
    }

    #[test]
    fn a_connected_socket_takes_its_peers_packets_and_no_others() {
        let all = open(&config("127.0.0.1:0", false)).unwrap().unwrap();
        let here = all.bound[0];
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let own = connect(here, peer.local_addr().unwrap()).unwrap();
        peer.send_to(b"mine", here).unwrap();
        other.send_to(b"other", here).unwrap();
        let limit = Some(std::time::Duration::from_secs(10));
        for (socket, expected) in [(&own, b"mine".as_slice()), (&all.sockets[0], b"other")] {
            socket.set_nonblocking(false).unwrap();
            socket.set_read_timeout(limit).unwrap();
            let mut buffer = [0; 16];
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], expected);
        }
    }
}
