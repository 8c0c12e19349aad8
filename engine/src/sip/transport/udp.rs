//! One UDP listener: a socket that is read by one task, so that messages of one peer keep their order,
//! and written by anybody.

use super::{Flow, Inbox, stun};
use crate::routes::Routes;
use crate::{leg::Transport, metrics::Metrics};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};
use tokio::io::Interest;

/// Receive buffer asked for in bytes; a burst of 2,000 messages fits. The system may grant less
/// (`net.core.rmem_max`).
const RECEIVE_BUFFER: usize = 4 << 20;

/// Largest datagram.
const DATAGRAM: usize = 65_535;

/// Datagrams read in one go before other tasks of the thread have their turn.
const BATCH: usize = 64;

/// A listener.
#[derive(Debug)]
pub(super) struct Udp {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Udp {
    /// Opens a listener. One on `[::]` takes IPv6 only: IPv4 has listeners of its own.
    pub(super) fn bind(address: SocketAddr) -> io::Result<Udp> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // Best effort: the system caps it.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        let _ = socket.set_send_buffer_size(RECEIVE_BUFFER);
        socket.bind(&address.into())?;
        let socket: UdpSocket = socket.into();
        Ok(Udp {
            address: socket.local_addr()?,
            socket,
        })
    }

    /// The address that was bound.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket itself, for the kernel's statistics.
    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Sends now or not at all: what the network has no room for is lost like any datagram.
    pub(super) fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.send_to(bytes, to).map(|_| ())
    }

    /// Reads for ever.
    pub(super) async fn receive(
        self: Arc<Self>,
        inbox: Arc<dyn Inbox>,
        routes: Arc<Routes>,
        metrics: Arc<Metrics>,
    ) -> io::Result<()> {
        let socket = tokio::net::UdpSocket::from_std(self.socket.try_clone()?)?;
        let mut buffer = vec![0; DATAGRAM].into_boxed_slice();
        loop {
            socket.ready(Interest::READABLE).await?;
            for _ in 0..BATCH {
                match socket.try_recv_from(&mut buffer) {
                    Ok((length, source)) => {
                        let bytes = buffer.get(..length).unwrap_or_default();
                        self.received(bytes, source, &*inbox, &routes);
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => {
                        metrics.udp_receive_errors.inc();
                        tracing::debug!(%error, "A UDP listener cannot receive");
                        break;
                    }
                }
            }
            tokio::task::yield_now().await;
        }
    }

    fn received(&self, bytes: &[u8], source: SocketAddr, inbox: &dyn Inbox, routes: &Routes) {
        if stun::is_stun(bytes) {
            if let Some(answer) = stun::answer(bytes, source) {
                // A lost answer is asked for again.
                let _ = self.send(&answer, source);
            }
            return;
        }
        // Keep-alives of CRLF or NUL need no answer on UDP (RFC 5626 §3.5 uses STUN there).
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b' ' | 0)) {
            return;
        }
        let flow = Flow {
            transport: Transport::Udp,
            local: routes.reachable(self.address, source.ip()),
            remote: source,
            connection: None,
        };
        inbox.datagram(bytes, flow);
    }
}
