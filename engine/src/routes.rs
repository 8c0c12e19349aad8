//! Which of our addresses a peer sees: a listener on all interfaces does not say.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

/// Peers remembered; beyond it the memory is started afresh.
const REMEMBERED: usize = 8192;

/// How long a route is believed.
const BELIEVED: Duration = Duration::from_secs(60);

/// Remembers the interface address towards each peer.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    known: RwLock<HashMap<IpAddr, (IpAddr, Instant)>>,
}

impl Routes {
    /// `listener` as `peer` can reach it: unchanged unless it listens on all interfaces, else with the
    /// address of the interface that leads there.
    pub(crate) fn reachable(&self, listener: SocketAddr, peer: IpAddr) -> SocketAddr {
        if !listener.ip().is_unspecified() {
            return listener;
        }
        let ip = self.towards(peer).unwrap_or(listener.ip());
        SocketAddr::new(ip, listener.port())
    }

    /// The address of the interface towards `peer`.
    pub(crate) fn towards(&self, peer: IpAddr) -> Option<IpAddr> {
        let now = Instant::now();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((ip, at)) = known.get(&peer)
                && now.saturating_duration_since(*at) < BELIEVED
            {
                return Some(*ip);
            }
        }
        let ip = ask(peer)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(peer, (ip, now));
        Some(ip)
    }
}

/// Asks the kernel by connecting a socket that sends nothing.
fn ask(peer: IpAddr) -> Option<IpAddr> {
    let any = match peer {
        IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect((peer, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_towards_the_peer_is_found() {
        let routes = Routes::default();
        let any: SocketAddr = "0.0.0.0:5060".parse().unwrap();
        let peer = "127.0.0.7".parse().unwrap();
        assert_eq!(
            routes.reachable(any, peer),
            SocketAddr::from(([127, 0, 0, 1], 5060))
        );
        let fixed: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        assert_eq!(routes.reachable(fixed, peer), fixed);
    }
}
