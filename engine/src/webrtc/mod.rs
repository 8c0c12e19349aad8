//! The WebRTC gateway: lets browsers in through one UDP port and hands each to the media plane once it
//! is known to be who its description says.
//!
//! We are ICE-lite: a peer checks our addresses with our user fragment and password, which it learnt
//! from our description, and nominates one pair. Over that pair DTLS is spoken; the certificate shown
//! there must be the one that the peer's description names, and the handshake yields SRTP keys. Then the
//! gateway opens a socket beside its listener, connected to the peer, and hands it with the keys to the
//! leg of the media plane: from there on the peer's media runs like any other, on the media threads. What
//! comes to that socket and is not media (checks, DTLS) is passed back here, and answered from the listener.
//! A peer that goes on from another address nominates it and gets another socket. One that has not asked
//! for thirty seconds is given up (RFC 7675).
//!
//! `stun`, `ice`, `dtls` and `peer` decide, without sockets or clock; `listener` and `thread` do.

mod certificate;
mod dtls;
mod ice;
mod listener;
mod metrics;
mod peer;
pub mod stun;
mod thread;

#[cfg(test)]
pub(crate) mod tests;

use crate::{
    config::WebRtc,
    media::MediaId,
    rtp::srtp::SrtpKeys,
    sdp::{Dtls, Web},
};
pub(crate) use certificate::NoCertificate;
use crossbeam_queue::{ArrayQueue, SegQueue};
use ice::{Credentials, Path};
use metrics::{Dropped, Metrics};
use mio::{Poll, Waker};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

/// Peers at a time; as many as there may be legs.
const MOST_PEERS: usize = 20_000;

/// Datagrams that media threads have passed on and nobody has looked at yet.
const MOST_STRAYS: usize = 4096;

/// A peer's own line: its socket and its keys.
#[derive(Debug)]
pub(crate) struct Line {
    /// Connected to the peer.
    pub socket: UdpSocket,
    /// The listener that it stands beside.
    pub listener: usize,
    /// The peer's address.
    pub peer: SocketAddr,
    /// What the handshake yielded.
    pub keys: SrtpKeys,
}

/// What becomes of a peer.
#[derive(Debug)]
pub(crate) enum News {
    /// Media flows over this line from now on.
    Joined(Line),
    /// It stopped confirming that it wants to hear us.
    Revoked,
    /// There will be no media.
    Failed,
}

/// Hears what becomes of peers; called on the gateway's thread and must not block.
pub(crate) type Listen = Box<dyn Fn(MediaId, News) + Send + Sync>;

/// The handle of the gateway. A clone is the same gateway; it runs until [`stop`](Self::stop).
#[derive(Clone)]
pub(crate) struct Gateway {
    core: Arc<Core>,
}

struct Core {
    shared: Arc<Shared>,
    fingerprint: crate::sdp::Fingerprint,
    candidates: Vec<SocketAddr>,
    bound: Vec<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread and the handles have in common.
struct Shared {
    orders: SegQueue<Order>,
    strays: ArrayQueue<Stray>,
    waker: Waker,
    woken: AtomicBool,
    peers: AtomicUsize,
    metrics: Metrics,
    listen: Listen,
}

enum Order {
    /// A peer will come under these credentials.
    Expect(MediaId, Credentials),
    /// This is who it is.
    Configure(MediaId, Box<Dtls>),
    /// It is gone; its user fragment.
    Forget(MediaId, String),
    Stop,
}

/// A datagram that came to a leg's socket and is not for it.
struct Stray {
    path: Path,
    bytes: Box<[u8]>,
}

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GatewayError {
    /// No listener could be opened.
    #[error("cannot listen for WebRTC peers")]
    Listen(#[source] io::Error),
    /// See [`NoCertificate`].
    #[error(transparent)]
    Certificate(#[from] NoCertificate),
    /// A metric's name is taken.
    #[error("cannot register the metrics of WebRTC")]
    Metrics(#[from] prometheus::Error),
}

/// A place at the gateway; given back when dropped.
pub(crate) struct Place {
    gateway: Gateway,
    id: MediaId,
    ufrag: String,
}

impl Gateway {
    /// Opens the listeners and starts the thread; none when the gateway is off.
    pub fn start(
        config: &WebRtc,
        registry: &prometheus::Registry,
        listen: Listen,
    ) -> Result<Option<Self>, GatewayError> {
        let opened = listener::open(config).map_err(GatewayError::Listen)?;
        let Some(opened) = opened else {
            return Ok(None);
        };
        let crypto = dtls::Crypto::new()?;
        let metrics = Metrics::register(registry)?;
        let poll = Poll::new().map_err(GatewayError::Listen)?;
        let waker = Waker::new(poll.registry(), thread::WAKER).map_err(GatewayError::Listen)?;
        let shared = Arc::new(Shared {
            orders: SegQueue::new(),
            strays: ArrayQueue::new(MOST_STRAYS),
            waker,
            woken: AtomicBool::new(false),
            peers: AtomicUsize::new(0),
            metrics,
            listen,
        });
        let core = Core {
            shared: Arc::clone(&shared),
            fingerprint: crypto.fingerprint().clone(),
            candidates: opened.candidates.clone(),
            bound: opened.bound.clone(),
            thread: Mutex::default(),
        };
        let thread = thread::spawn(poll, opened, crypto, shared).map_err(GatewayError::Listen)?;
        *core.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(Some(Self {
            core: Arc::new(core),
        }))
    }

    /// The addresses listened on.
    pub fn bound(&self) -> &[SocketAddr] {
        &self.core.bound
    }

    /// Makes a place for the peer of a stream; none when there are too many.
    pub fn expect(&self, id: MediaId) -> Option<(Place, Web)> {
        let Core {
            shared,
            fingerprint,
            candidates,
            ..
        } = &*self.core;
        if candidates.is_empty() || shared.peers.fetch_add(1, Ordering::Relaxed) >= MOST_PEERS {
            if !candidates.is_empty() {
                shared.peers.fetch_sub(1, Ordering::Relaxed);
            }
            return None;
        }
        let credentials = Credentials::generate();
        let place = Place {
            gateway: self.clone(),
            id,
            ufrag: credentials.ufrag.clone(),
        };
        let web = Web {
            ufrag: credentials.ufrag.clone(),
            pwd: credentials.pwd.clone(),
            fingerprint: fingerprint.clone(),
            candidates: candidates.clone(),
        };
        shared.order(Order::Expect(id, credentials));
        Some((place, web))
    }

    /// Tells who the peer of a stream is; may be repeated.
    pub fn configure(&self, id: MediaId, dtls: Dtls) {
        let shared = &self.core.shared;
        shared.order(Order::Configure(id, Box::new(dtls)));
    }

    /// Passes on what came to the socket of a leg and is not media.
    pub fn pass_on(&self, listener: usize, from: SocketAddr, bytes: &[u8]) {
        let stray = Stray {
            path: Path {
                listener,
                remote: from,
            },
            bytes: bytes.into(),
        };
        let shared = &self.core.shared;
        if shared.strays.push(stray).is_err() {
            return shared.metrics.dropped(Dropped::Full);
        }
        shared.wake();
    }

    /// Ends the thread and waits for it, unless it is called there.
    pub fn stop(&self) {
        self.core.shared.order(Order::Stop);
        let thread = &self.core.thread;
        let thread = thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else {
            return;
        };
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the WebRTC gateway ended by a panic");
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.shared.order(Order::Stop);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let shared = &self.gateway.core.shared;
        shared.peers.fetch_sub(1, Ordering::Relaxed);
        let ufrag = std::mem::take(&mut self.ufrag);
        shared.order(Order::Forget(self.id, ufrag));
    }
}

impl Shared {
    fn order(&self, order: Order) {
        self.orders.push(order);
        self.wake();
    }

    /// Says that the thread is about to read: what comes later wakes it again.
    fn reading(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.woken.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Err(error) = self.waker.wake() {
            self.woken.store(false, Ordering::SeqCst);
            tracing::error!(%error, "the WebRTC gateway cannot be woken");
        }
    }

    fn tell(&self, id: MediaId, news: News) {
        (self.listen)(id, news);
    }
}
