//! Sockets of the SIP side: UDP, TCP and TLS listeners, connections and their reuse, WebSockets included. Received bytes go to
//! an [`Inbox`]; what is to be sent names a [`Peer`].

mod connect;
mod connection;
mod drops;
mod hub;
mod listen;
mod opened;
mod stun;
mod table;
mod tls;
mod udp;
mod web_socket;

pub(crate) use hub::{Hub, SendError};
pub(crate) use opened::Opened;
pub(crate) use tls::Certificates;

use crate::{leg::Transport, sip::Frame};
use std::{net::SocketAddr, sync::Arc};

/// Names one connection for the life of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Transport.
    pub(crate) transport: Transport,
    /// Our side, as the peer can reach it.
    pub(crate) local: SocketAddr,
    /// Their side.
    pub(crate) remote: SocketAddr,
    /// The connection, for streams.
    pub(crate) connection: Option<ConnectionId>,
}

/// Where a message is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Transport.
    pub(crate) transport: Transport,
    /// Their address.
    pub(crate) remote: SocketAddr,
    /// Our side, where it matters (the listener that a request came to).
    pub(crate) local: Option<SocketAddr>,
    /// The very connection; when it is gone, `remote` is dialled.
    pub(crate) connection: Option<ConnectionId>,
    /// Name that the certificate must carry when a TLS connection is dialled.
    pub(crate) name: Option<Arc<str>>,
    /// Whether a connection may be dialled at all; a phone behind NAT cannot be.
    pub(crate) dial: bool,
}

impl Peer {
    /// An address to be dialled.
    pub(crate) fn at(transport: Transport, remote: SocketAddr, name: Option<Arc<str>>) -> Peer {
        Peer {
            transport,
            remote,
            local: None,
            connection: None,
            name,
            dial: true,
        }
    }
}

/// What received messages and lost connections are told to. Called on the receiving task: it must not
/// block.
pub(crate) trait Inbox: Send + Sync + 'static {
    /// One datagram, keep-alives and STUN apart.
    fn datagram(&self, bytes: &[u8], flow: Flow);
    /// One frame of a stream, keep-alives apart. `false` closes the connection.
    fn frame(&self, frame: Frame, flow: Flow) -> bool;
    /// The connection could not be opened, or is gone.
    fn lost(&self, connection: ConnectionId);
    /// A WebSocket ended: nobody can be reached by this flow any more.
    fn hung_up(&self, flow: Flow);
}
