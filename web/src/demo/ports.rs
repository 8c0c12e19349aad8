//! Ports for an exchange that must start although its usual ones may be taken.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

use crate::config::Config;

/// Where the next free port is looked for: so far from the one wanted, this often.
const STEP: u16 = 10;
const TRIES: u16 = 20;

/// The port phones use when none is configured.
const SIP: u16 = 5060;

/// Gives every listener a port that is free, and says which ones had to change. SIP over UDP, which the
/// built-in phones need, is switched on.
pub(super) fn settle(config: &mut Config) -> Vec<String> {
    let mut notices = Vec::new();
    let mut change = |what: &str, wanted: SocketAddr, got: SocketAddr| {
        if wanted != got {
            let got = match got.port() {
                0 => "any free one".to_owned(),
                port => port.to_string(),
            };
            let port = wanted.port();
            notices.push(format!("Port {port} is taken; {what} uses {got}."));
        }
    };
    let wanted = config.http.listen;
    config.http.listen = free(wanted, tcp);
    change("HTTP", wanted, config.http.listen);

    let usual = SocketAddr::from((Ipv4Addr::UNSPECIFIED, SIP));
    let wanted = config.sip.udp.unwrap_or(usual);
    let together = config.sip.tcp == Some(wanted);
    let got = free(wanted, |address| {
        udp(address) && (!together || tcp(address))
    });
    change("SIP", wanted, got);
    config.sip.udp = Some(got);
    config.sip.tcp = config.sip.tcp.map(|alone| match together {
        true => got,
        false => free(alone, tcp),
    });
    notices
}

/// This port, or one near by, or any.
fn free(wanted: SocketAddr, is_free: impl Fn(SocketAddr) -> bool) -> SocketAddr {
    if wanted.port() == 0 || is_free(wanted) {
        return wanted;
    }
    (1..=TRIES)
        .filter_map(|n| wanted.port().checked_add(n * STEP))
        .map(|port| SocketAddr::new(wanted.ip(), port))
        .find(|address| is_free(*address))
        .unwrap_or(SocketAddr::new(wanted.ip(), 0))
}

fn tcp(address: SocketAddr) -> bool {
    is_not_taken(TcpListener::bind(address))
}

fn udp(address: SocketAddr) -> bool {
    is_not_taken(UdpSocket::bind(address))
}

/// Whatever else is wrong with an address is for the real listener to say.
fn is_not_taken<T>(bound: io::Result<T>) -> bool {
    !matches!(bound, Err(error) if error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced_and_named() {
        let http = TcpListener::bind("127.0.0.1:0").unwrap();
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut config = Config::default();
        config.http.listen = http.local_addr().unwrap();
        config.sip.udp = sip.local_addr().ok();
        config.sip.tcp = config.sip.udp;
        let notices = settle(&mut config);
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert_ne!(config.http.listen, http.local_addr().unwrap());
        assert_ne!(config.sip.udp, sip.local_addr().ok());
        assert_eq!(config.sip.udp, config.sip.tcp);
    }

    #[test]
    fn any_port_stays_any_port() {
        let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut config = Config::default();
        config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        (config.sip.udp, config.sip.tcp) = (any, None);
        assert_eq!(settle(&mut config), Vec::<String>::new());
        assert_eq!((config.sip.udp, config.sip.tcp), (any, None));
    }
}
