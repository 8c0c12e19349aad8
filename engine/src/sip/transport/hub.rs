//! Holds the listeners and connections of one engine and sends through them.

use super::{
    Certificates, ConnectionId, Flow, Inbox, Peer, connect, connection, drops::Drops, listen,
    opened::Opened, table::Table, udp::Udp, web_socket,
};
use crate::{leg::Transport, metrics::Metrics, routes::Routes};
use bytes::Bytes;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// Longest wait for connections to end when the engine closes.
const CLOSE: Duration = Duration::from_secs(2);

/// Transports with connections.
const STREAMS: [Transport; 4] = [
    Transport::Tcp,
    Transport::Tls,
    Transport::Ws,
    Transport::Wss,
];

/// A message that could not be handed to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// No listener of that transport and address family.
    #[error("no listener fits")]
    NoListener,
    /// The system refused the datagram.
    #[error("the datagram was refused")]
    Refused,
    /// The connection is gone and may not be dialled anew, or its peer does not read.
    #[error("the connection is gone")]
    Gone,
    /// Too many connections are open.
    #[error("too many connections")]
    Limit,
}

/// The sending side, shared by everybody.
pub(crate) struct Hub {
    udp: Vec<Arc<Udp>>,
    tcp: Vec<SocketAddr>,
    tls: Option<SocketAddr>,
    table: Table,
    routes: Arc<Routes>,
    certificates: Certificates,
    metrics: Arc<Metrics>,
    runtime: Handle,
    inbox: OnceLock<Weak<dyn Inbox>>,
    /// Connections that are being carried.
    carried: watch::Sender<usize>,
    me: Weak<Hub>,
}

impl Hub {
    /// A hub for these listeners; call on a tokio runtime.
    pub(crate) fn new(
        opened: &Opened,
        connections: usize,
        certificates: Certificates,
        metrics: Arc<Metrics>,
    ) -> Arc<Hub> {
        let (_, tcp, tls) = opened.addresses();
        Arc::new_cyclic(|me| Hub {
            udp: opened.udp.clone(),
            tcp,
            tls,
            table: Table::new(connections),
            routes: Arc::default(),
            certificates,
            metrics,
            runtime: Handle::current(),
            inbox: OnceLock::new(),
            carried: watch::Sender::new(0),
            me: me.clone(),
        })
    }

    /// Registers the kernel's figures of the UDP listeners.
    ///
    /// # Errors
    /// The name is taken on the registry.
    pub(crate) fn watch_drops(
        &self,
        registry: &prometheus::Registry,
    ) -> Result<(), prometheus::Error> {
        let sockets = self.udp.iter().map(|u| u.socket());
        registry.register(Box::new(Drops::new(sockets)?))
    }

    /// Sets every listener to work; the tasks run until they are aborted.
    pub(crate) fn start(
        self: &Arc<Self>,
        opened: Opened,
        inbox: &Arc<dyn Inbox>,
    ) -> Vec<JoinHandle<()>> {
        // A second start would be a mistake; the first inbox stays.
        let _ = self.inbox.set(Arc::downgrade(inbox));
        let mut tasks = Vec::new();
        for udp in opened.udp {
            let (inbox, routes) = (inbox.clone(), self.routes.clone());
            let metrics = self.metrics.clone();
            tasks.push(tokio::spawn(async move {
                let address = udp.address();
                if let Err(error) = udp.receive(inbox, routes, metrics).await {
                    tracing::error!(%address, %error, "A UDP listener stopped");
                }
            }));
        }
        for listener in opened.tcp {
            tasks.push(tokio::spawn(listen::accept(
                listener,
                Transport::Tcp,
                self.clone(),
            )));
        }
        if let Some(listener) = opened.tls {
            tasks.push(tokio::spawn(listen::accept(
                listener,
                Transport::Tls,
                self.clone(),
            )));
        }
        tasks
    }

    /// Our address towards a peer as it goes into Via and Contact; none when no listener can send there.
    pub(crate) fn local_towards(&self, peer: &Peer) -> Option<SocketAddr> {
        match peer.transport {
            Transport::Udp => {
                let udp = self.udp_for(peer)?;
                Some(self.routes.reachable(udp.address(), peer.remote.ip()))
            }
            Transport::Tcp => self.stream_address(self.tcp.iter(), peer, 5060),
            Transport::Tls => self.stream_address(self.tls.iter(), peer, 5061),
            // The side of the web server that it came to.
            Transport::Ws | Transport::Wss => peer.local,
        }
    }

    /// Streams can go out without any listener; then the port is the standard one.
    fn stream_address<'a>(
        &self,
        mut listeners: impl Iterator<Item = &'a SocketAddr>,
        peer: &Peer,
        default: u16,
    ) -> Option<SocketAddr> {
        let ip = peer.remote.ip();
        let listener = listeners.find(|l| l.is_ipv4() == ip.is_ipv4()).copied();
        match listener {
            Some(listener) => Some(self.routes.reachable(listener, ip)),
            None => Some(SocketAddr::new(self.routes.towards(ip)?, default)),
        }
    }

    /// Says whether one of our listeners has this port.
    pub(crate) fn is_our_port(&self, port: u16) -> bool {
        let udp = self.udp.iter().map(|u| u.address());
        let mut all = udp.chain(self.tcp.iter().copied()).chain(self.tls);
        all.any(|listener| listener.port() == port)
    }

    /// Says whether a message for our address `host:port` may be meant; any of our addresses counts.
    pub(crate) fn is_ours(&self, ip: IpAddr, port: u16) -> bool {
        let udp = self.udp.iter().map(|u| u.address());
        let all = udp.chain(self.tcp.iter().copied()).chain(self.tls);
        all.into_iter().any(|listener| {
            listener.port() == port
                && (listener.ip() == ip
                    || listener.ip().is_unspecified()
                        && listener.is_ipv4() == ip.is_ipv4()
                        && self.routes.towards(ip) == Some(ip))
        })
    }

    /// Sends. A connection is dialled when there is none; what waits for it is sent when it is there, or
    /// the inbox hears that it is lost.
    ///
    /// # Errors
    /// See [`SendError`]; nothing was sent.
    pub(crate) fn send(
        &self,
        peer: &Peer,
        bytes: Bytes,
    ) -> Result<Option<ConnectionId>, SendError> {
        let sent = match peer.transport {
            Transport::Udp => self.send_datagram(peer, &bytes).map(|()| None),
            _ => self.send_stream(peer, bytes).map(Some),
        };
        if let Err(error) = sent {
            self.metrics.send_errors.inc();
            tracing::debug!(remote = %peer.remote, %error, "A message cannot be sent");
        }
        sent
    }

    fn send_datagram(&self, peer: &Peer, bytes: &[u8]) -> Result<(), SendError> {
        let udp = self.udp_for(peer).ok_or(SendError::NoListener)?;
        match udp.send(bytes, peer.remote) {
            Ok(()) => Ok(()),
            // A full send buffer loses the datagram, as the network might: it is sent again by timer.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.metrics.send_errors.inc();
                Ok(())
            }
            Err(error) => {
                tracing::debug!(remote = %peer.remote, %error, "A datagram was refused");
                Err(SendError::Refused)
            }
        }
    }

    fn send_stream(&self, peer: &Peer, bytes: Bytes) -> Result<ConnectionId, SendError> {
        let by_id = peer.connection.and_then(|id| self.table.by_id(id));
        let found = by_id.or_else(|| {
            self.table
                .by_peer(peer.transport, peer.remote, peer.name.as_deref())
        });
        if let Some(entry) = found {
            if entry.send(bytes) {
                return Ok(entry.id);
            }
            // It does not read: whoever waits for it hears that it is lost.
            self.left(entry.id, entry.transport);
            return Err(SendError::Gone);
        }
        if !peer.dial || peer.transport.is_web_socket() {
            return Err(SendError::Gone);
        }
        self.dial(peer, bytes)
    }

    fn dial(&self, peer: &Peer, bytes: Bytes) -> Result<ConnectionId, SendError> {
        let entered = self
            .table
            .enter(peer.transport, peer.remote, peer.name.clone());
        let (id, queue) = entered.ok_or(SendError::Limit)?;
        self.metrics.connections(peer.transport).inc();
        if let Some(entry) = self.table.by_id(id) {
            entry.send(bytes);
        }
        let local = self
            .local_towards(peer)
            .unwrap_or_else(|| SocketAddr::new(peer.remote.ip(), 0));
        let peer = peer.clone();
        let Some(hub) = self.me.upgrade() else {
            return Err(SendError::Gone);
        };
        self.runtime.spawn(async move {
            let connector = hub.certificates.connector();
            match connect::open(peer.transport, peer.remote, peer.name, connector).await {
                Ok(stream) => {
                    let flow = Flow {
                        transport: peer.transport,
                        local,
                        remote: peer.remote,
                        connection: Some(id),
                    };
                    hub.carry(stream, flow, queue, true).await;
                }
                Err(error) => {
                    tracing::debug!(remote = %peer.remote, %error, "A connection cannot be opened");
                }
            }
            hub.left(id, peer.transport);
        });
        Ok(id)
    }

    /// The listener to send from: the one named, else the first of the address family.
    fn udp_for(&self, peer: &Peer) -> Option<&Udp> {
        let family = |u: &&Arc<Udp>| u.address().is_ipv4() == peer.remote.is_ipv4();
        let named = peer.local.and_then(|local| {
            let fits = |u: &&Arc<Udp>| {
                let address = u.address();
                address.port() == local.port()
                    && (address.ip() == local.ip() || address.ip().is_unspecified())
            };
            self.udp.iter().filter(family).find(fits)
        });
        named
            .or_else(|| self.udp.iter().find(family))
            .map(Arc::as_ref)
    }

    pub(super) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Enters a connection that came in.
    pub(super) fn enter(
        &self,
        transport: Transport,
        remote: SocketAddr,
    ) -> Option<(ConnectionId, mpsc::Receiver<Bytes>)> {
        let entered = self.table.enter(transport, remote, None);
        if entered.is_some() {
            self.metrics.connections(transport).inc();
        }
        entered
    }

    /// Runs a connection to its end.
    pub(super) async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        flow: Flow,
        queue: mpsc::Receiver<Bytes>,
        dialled: bool,
    ) {
        let Some(inbox) = self.inbox.get().and_then(Weak::upgrade) else {
            return;
        };
        self.carried.send_modify(|n| *n += 1);
        if let Err(error) =
            connection::run(stream, flow, queue, &*inbox, dialled, connection::USUAL).await
        {
            tracing::debug!(remote = %flow.remote, %error, "A connection broke");
        }
        self.carried.send_modify(|n| *n = n.saturating_sub(1));
    }

    /// Takes up a WebSocket that somebody else carries: what comes out of it is given to `incoming`, and
    /// what is handed back is to be written to it; both end with the connection. None when there are too
    /// many connections.
    pub(crate) fn take_web_socket(
        &self,
        (local, remote): (SocketAddr, SocketAddr),
        secure: bool,
        incoming: mpsc::Receiver<Bytes>,
    ) -> Option<mpsc::Receiver<Bytes>> {
        let transport = match secure {
            true => Transport::Wss,
            false => Transport::Ws,
        };
        let (hub, inbox) = (self.me.upgrade()?, self.inbox.get()?.upgrade()?);
        let (id, queue) = self.enter(transport, remote)?;
        let flow = Flow {
            transport,
            local,
            remote,
            connection: Some(id),
        };
        self.runtime.spawn(async move {
            // The table alone holds the queue, so that whoever is removed from it is closed.
            let answer = |pong| hub.table.by_id(id).is_some_and(|entry| entry.send(pong));
            web_socket::run(flow, incoming, &*inbox, answer, connection::USUAL).await;
            hub.left(id, transport);
            inbox.hung_up(flow);
        });
        Some(queue)
    }

    /// Forgets a connection and tells whoever waits for it. May be called twice.
    pub(super) fn left(&self, id: ConnectionId, transport: Transport) {
        if self.table.remove(id) {
            self.metrics.connections(transport).dec();
            if let Some(inbox) = self.inbox.get().and_then(Weak::upgrade) {
                inbox.lost(id);
            }
        }
    }

    /// Says whether there is a connection with this peer.
    pub(crate) fn is_connected(&self, transport: Transport, remote: SocketAddr) -> bool {
        self.table.by_peer(transport, remote, None).is_some()
    }

    /// Says whether a connection still exists.
    pub(crate) fn is_open(&self, id: ConnectionId) -> bool {
        self.table.by_id(id).is_some()
    }

    /// Waits until every connection has ended, but not longer than [`CLOSE`].
    pub(crate) async fn closed(&self) {
        let mut carried = self.carried.subscribe();
        // Too late is as good: whoever waits goes on.
        let _ = timeout(CLOSE, carried.wait_for(|n| *n == 0)).await;
    }

    /// Lets every connection end after what it has queued is written.
    pub(crate) fn close(&self) {
        self.table.clear();
        for transport in STREAMS {
            self.metrics.connections(transport).set(0);
        }
    }
}
