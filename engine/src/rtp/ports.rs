//! RTP and RTCP port pairs: an even port and the odd one above it (RFC 3550 §11), taken from one
//! range in random order and given back when the lease is dropped.
//!
//! A pair that was given back goes to the end of the queue and so rests for as long as the range
//! allows: late packets of the old call meet a closed port rather than a new call. Only when every
//! other pair is in use does it come back at once; the latching guard then refuses the stray packets.

use rand::seq::SliceRandom;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Pairs tried before giving up because another process holds them.
const MAX_ATTEMPTS: usize = 64;

/// Traffic class of audio: DSCP EF (46, RFC 4594 §4.1) in the upper six bits.
const TRAFFIC_CLASS_EF: u32 = 46 << 2;

/// No port pair is free, or the machine refuses more sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no RTP port pair is free")]
pub struct NoPorts;

/// The pool of port pairs. A clone shares it.
#[derive(Debug, Clone)]
pub struct Ports {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    free: Mutex<VecDeque<u16>>,
    total: usize,
}

/// Two bound, non-blocking sockets and the lease of their ports. The fields drop in this order, so
/// that the ports are free again only after both sockets are closed.
#[derive(Debug)]
pub struct Pair {
    /// Socket on the even port.
    pub rtp: UdpSocket,
    /// Socket on the odd port.
    pub rtcp: UdpSocket,
    /// Gives the ports back when dropped.
    pub lease: Lease,
}

/// Holds a pair of ports until dropped.
#[derive(Debug)]
pub struct Lease {
    port: u16,
    pool: Arc<Pool>,
}

impl Ports {
    /// Makes a pool of every even port in `range` whose odd neighbour is inside too.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        let (first, last) = (u32::from(*range.start()), u32::from(*range.end()));
        let first = (first.max(2) + 1) & !1;
        let mut pairs: Vec<u16> = (first..last)
            .step_by(2)
            .filter_map(|port| u16::try_from(port).ok())
            .collect();
        pairs.shuffle(&mut rand::rng());
        Self {
            pool: Arc::new(Pool {
                total: pairs.len(),
                free: Mutex::new(pairs.into()),
            }),
        }
    }

    /// Binds a free pair on `ip`, which may be unspecified. Pairs that another process holds are
    /// skipped, at most 64 of them.
    pub fn open(&self, ip: IpAddr) -> Result<Pair, NoPorts> {
        for _ in 0..MAX_ATTEMPTS {
            let lease = self.lease()?;
            match bind_pair(ip, lease.port) {
                Ok((rtp, rtcp)) => return Ok(Pair { rtp, rtcp, lease }),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => {
                    tracing::error!(%ip, port = lease.port, %error, "cannot open an RTP port");
                    return Err(NoPorts);
                }
            }
        }
        Err(NoPorts)
    }

    /// Number of pairs in the range.
    pub fn total(&self) -> usize {
        self.pool.total
    }

    /// Number of pairs that are leased.
    pub fn in_use(&self) -> usize {
        self.pool.total - self.pool.free().len()
    }

    fn lease(&self) -> Result<Lease, NoPorts> {
        let port = self.pool.free().pop_front().ok_or(NoPorts)?;
        Ok(Lease {
            port,
            pool: Arc::clone(&self.pool),
        })
    }
}

impl Pool {
    fn free(&self) -> MutexGuard<'_, VecDeque<u16>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The even port.
    pub fn rtp(&self) -> u16 {
        self.port
    }

    /// The odd port.
    pub fn rtcp(&self) -> u16 {
        self.port + 1
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.free().push_back(self.port);
    }
}

/// The unspecified address of the same family.
pub fn unspecified_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn bind_pair(ip: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    Ok((bind(ip, port)?, bind(ip, port + 1)?))
}

fn bind(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let address = SocketAddr::new(ip, port);
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if ip.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    mark_as_audio(&socket, ip);
    Ok(socket.into())
}

/// Sets the traffic class. A network that forbids it still carries the call, so failure is ignored.
pub(crate) fn mark_as_audio(socket: &Socket, ip: IpAddr) {
    let socket = SockRef::from(socket);
    let done = if ip.is_ipv6() {
        socket.set_tclass_v6(TRAFFIC_CLASS_EF)
    } else {
        socket.set_tos_v4(TRAFFIC_CLASS_EF)
    };
    if let Err(error) = done {
        tracing::trace!(%error, "the traffic class of an RTP socket was not set");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_and_odd_and_inside_the_range() {
        let ports = Ports::new(21_001..=21_008);
        assert_eq!(ports.total(), 3, "21002, 21004 and 21006");
        let pairs: Vec<_> = (0..3).map(|_| ports.lease().unwrap()).collect();
        for lease in &pairs {
            assert_eq!(lease.rtp() % 2, 0);
            assert_eq!(lease.rtcp(), lease.rtp() + 1);
            assert!(lease.rtp() >= 21_002 && lease.rtcp() <= 21_008);
        }
        assert!(ports.lease().is_err());
        drop(pairs);
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn odd_ranges_do_not_overflow() {
        assert_eq!(Ports::new(65_535..=65_535).total(), 0);
        assert_eq!(Ports::new(65_534..=65_535).total(), 1);
        assert_eq!(Ports::new(0..=3).total(), 1);
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "what a bad setting looks like"
        )]
        let empty = Ports::new(9..=4);
        assert_eq!(empty.total(), 0);
    }

    #[test]
    fn a_returned_pair_rests_while_others_are_free() {
        let ports = Ports::new(22_000..=22_019);
        let first = ports.lease().unwrap().rtp();
        let others: HashSet<u16> = (0..9).map(|_| ports.lease().unwrap().rtp()).collect();
        assert!(!others.contains(&first));
    }

    #[test]
    fn pairs_of_other_processes_are_skipped() {
        let ports = Ports::new(16_100..=16_103);
        let taken = UdpSocket::bind((LOOPBACK, 16_101)).unwrap();
        let pair = ports.open(LOOPBACK).unwrap();
        assert_eq!(pair.rtp.local_addr().unwrap().port(), 16_102);
        assert_eq!(pair.rtcp.local_addr().unwrap().port(), 16_103);
        assert!(matches!(ports.open(LOOPBACK), Err(NoPorts)));
        drop(taken);
        drop(pair);
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn both_families_are_served() {
        let ports = Ports::new(16_110..=16_113);
        let pair = ports.open(IpAddr::V6(Ipv6Addr::LOCALHOST)).unwrap();
        assert!(pair.rtp.local_addr().unwrap().is_ipv6());
    }
}
