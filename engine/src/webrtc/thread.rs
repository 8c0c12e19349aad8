//! The gateway's own thread: reads the listeners, takes orders and what media threads pass on, looks
//! after handshakes and consent. A panic there ends one peer at most.

use super::{
    Line, News, Order, Shared,
    dtls::Crypto,
    ice::{Path, addressee},
    listener::{self, Listeners},
    metrics::{Dropped, Outcome},
    peer::{Loss, Output, Peer},
    stun::Message,
};
use crate::{media::MediaId, rtp::srtp::SrtpKeys};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Token of the waker. Listeners have their index.
pub(super) const WAKER: Token = Token(usize::MAX);

/// Largest datagram read.
const DATAGRAM: usize = 2048;

/// Datagrams read from one listener before orders and timers get their turn.
const MAX_BURST: usize = 64;

/// Time between two looks at handshakes.
const SHAKING_TURN: Duration = Duration::from_millis(50);

/// Time between two looks at everybody.
const ROUND: Duration = Duration::from_secs(1);

struct Worker {
    shared: Arc<Shared>,
    crypto: Crypto,
    listeners: Vec<UdpSocket>,
    bound: Vec<SocketAddr>,
    peers: HashMap<MediaId, Peer>,
    by_ufrag: HashMap<String, MediaId>,
    by_path: HashMap<Path, MediaId>,
    /// Peers whose handshake goes on; some may be through since.
    shaking: Vec<MediaId>,
    next_shaking: Instant,
    next_round: Instant,
    /// The peer being worked on, to blame for a panic.
    current: Option<MediaId>,
    out: Vec<Output>,
    stopping: bool,
}

/// Starts the thread.
pub(super) fn spawn(
    poll: Poll,
    opened: Listeners,
    crypto: Crypto,
    shared: Arc<Shared>,
) -> io::Result<JoinHandle<()>> {
    let mut listeners = Vec::new();
    for (place, socket) in opened.sockets.into_iter().enumerate() {
        let mut socket = UdpSocket::from_std(socket);
        poll.registry()
            .register(&mut socket, Token(place), Interest::READABLE)?;
        listeners.push(socket);
    }
    let now = Instant::now();
    let worker = Worker {
        shared,
        crypto,
        listeners,
        bound: opened.bound,
        peers: HashMap::new(),
        by_ufrag: HashMap::new(),
        by_path: HashMap::new(),
        shaking: Vec::new(),
        next_shaking: now,
        next_round: now,
        current: None,
        out: Vec::new(),
        stopping: false,
    };
    std::thread::Builder::new()
        .name("webrtc".to_owned())
        .spawn(move || worker.run(poll))
}

impl Worker {
    fn run(mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(64);
        let mut buffer = vec![0; DATAGRAM];
        let mut unread: Vec<usize> = Vec::new();
        while !self.stopping {
            let patience = if unread.is_empty() {
                self.patience()
            } else {
                Some(Duration::ZERO)
            };
            match poll.poll(&mut events, patience) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, "waiting for WebRTC peers failed");
                    std::thread::sleep(SHAKING_TURN);
                }
            }
            for event in &events {
                let Token(place) = event.token();
                if event.token() != WAKER && !unread.contains(&place) {
                    unread.push(place);
                }
            }
            self.guarded(Self::obey);
            unread.retain(|place| self.read(*place, &mut buffer));
            self.guarded(Self::keep_time);
        }
    }

    fn patience(&self) -> Option<Duration> {
        if self.peers.is_empty() {
            return None;
        }
        let due = if self.shaking.is_empty() {
            self.next_round
        } else {
            self.next_shaking.min(self.next_round)
        };
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Reads a burst from a listener; says whether there may be more.
    fn read(&mut self, place: usize, buffer: &mut [u8]) -> bool {
        for _ in 0..MAX_BURST {
            let Some(socket) = self.listeners.get(place) else {
                return false;
            };
            match socket.recv_from(buffer) {
                Ok((length, from)) => {
                    let path = Path {
                        listener: place,
                        remote: from,
                    };
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.guarded(|worker| worker.datagram(path, bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A peer that is gone says so by ICMP.
                Err(error) => tracing::trace!(%error, "the WebRTC port reported an error"),
            }
        }
        true
    }

    fn obey(&mut self) {
        let shared = Arc::clone(&self.shared);
        shared.reading();
        while let Some(order) = shared.orders.pop() {
            self.guarded(|worker| worker.execute(order));
        }
        // No more than may wait at once: a peer that sends faster must not keep the others from us. What is
        // left has woken us again.
        for _ in 0..super::MOST_STRAYS {
            let Some(stray) = shared.strays.pop() else {
                break;
            };
            self.guarded(|worker| worker.datagram(stray.path, &stray.bytes));
        }
    }

    fn execute(&mut self, order: Order) {
        match order {
            Order::Expect(id, credentials) => {
                if self.peers.is_empty() {
                    self.next_round = Instant::now() + ROUND;
                }
                self.peers.insert(id, Peer::new(id, &credentials.pwd));
                self.by_ufrag.insert(credentials.ufrag, id);
            }
            Order::Configure(id, dtls) => {
                let Some(peer) = self.peers.get_mut(&id) else {
                    return;
                };
                self.current = Some(id);
                let now = Instant::now();
                let was = peer.is_shaking();
                peer.configure(&self.crypto, &dtls, now, &mut self.out);
                if peer.is_shaking() && !was {
                    if self.shaking.is_empty() {
                        self.next_shaking = now + SHAKING_TURN;
                    }
                    self.shaking.push(id);
                }
                self.carry_out(id);
            }
            Order::Forget(id, ufrag) => {
                self.by_ufrag.remove(&ufrag);
                if let Some(peer) = self.peers.remove(&id) {
                    self.left(&peer);
                }
            }
            Order::Stop => self.stopping = true,
        }
    }

    /// Tells what came in apart by its first byte (RFC 7983 §7).
    fn datagram(&mut self, path: Path, bytes: &[u8]) {
        match bytes.first() {
            Some(0..=3) => self.check(path, bytes),
            Some(20..=63) => {
                let Some(peer) = self
                    .by_path
                    .get(&path)
                    .and_then(|id| self.peers.get_mut(id))
                else {
                    return self.shared.metrics.dropped(Dropped::Foreign);
                };
                let id = peer.id;
                self.current = Some(id);
                peer.datagram(path, bytes, Instant::now(), &mut self.out);
                self.carry_out(id);
            }
            // Media of a peer that has no socket of its own yet.
            Some(128..=191) if self.by_path.contains_key(&path) => {}
            Some(128..=191) => self.shared.metrics.dropped(Dropped::Foreign),
            _ => self.shared.metrics.dropped(Dropped::Malformed),
        }
    }

    fn check(&mut self, path: Path, bytes: &[u8]) {
        let Ok(request) = Message::parse(bytes) else {
            return self.shared.metrics.dropped(Dropped::Malformed);
        };
        if !request.is_request() {
            return;
        }
        let peer = addressee(&request)
            .and_then(|ufrag| self.by_ufrag.get(ufrag))
            .and_then(|id| self.peers.get_mut(id));
        // Nobody here: no answer, so that nobody is made to answer somebody else.
        let Some(peer) = peer else {
            return self.shared.metrics.refused(None);
        };
        let id = peer.id;
        self.current = Some(id);
        match peer.check(&request, path, Instant::now(), &mut self.out) {
            Ok(valid) => {
                if valid.learnt {
                    self.by_path.insert(path, id);
                }
                if let Some(forgotten) = valid.forgotten
                    && self.by_path.get(&forgotten) == Some(&id)
                {
                    self.by_path.remove(&forgotten);
                }
            }
            Err(why) => self.shared.metrics.refused(Some(why)),
        }
        self.carry_out(id);
    }

    /// Does what a peer leads to.
    fn carry_out(&mut self, id: MediaId) {
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain(..) {
            match output {
                Output::Send(path, bytes) => self.send(path, &bytes),
                Output::Join { path, keys, again } => self.join(id, path, keys, again),
                Output::Lost(Loss::Consent) => {
                    self.shared.metrics.revoked.inc();
                    self.shared.metrics.peers.dec();
                    self.shared.tell(id, News::Revoked);
                }
                Output::Lost(Loss::Handshake(why)) => {
                    tracing::debug!(leg = id.0, ?why, "no keys for a WebRTC peer");
                    self.shared.metrics.shaken(Outcome::Failed(why));
                    self.shared.tell(id, News::Failed);
                }
            }
        }
        self.out = out;
    }

    /// Gives a peer its own socket and hands it over.
    fn join(&mut self, id: MediaId, path: Path, keys: SrtpKeys, again: bool) {
        let metrics = &self.shared.metrics;
        let Some(local) = self.bound.get(path.listener) else {
            return;
        };
        match listener::connect(*local, path.remote) {
            Ok(socket) => {
                if !again {
                    metrics.shaken(Outcome::Ok);
                    metrics.peers.inc();
                }
                let line = Line {
                    socket,
                    listener: path.listener,
                    peer: path.remote,
                    keys,
                };
                self.shared.tell(id, News::Joined(line));
            }
            Err(error) => {
                tracing::error!(%error, "no socket for a WebRTC peer");
                if again {
                    metrics.peers.dec();
                } else {
                    metrics.shaken(Outcome::NoSocket);
                }
                if let Some(peer) = self.peers.get_mut(&id) {
                    peer.give_up();
                }
                self.shared.tell(id, News::Failed);
            }
        }
    }

    fn send(&self, path: Path, bytes: &[u8]) {
        let Some(socket) = self.listeners.get(path.listener) else {
            return;
        };
        if let Err(error) = socket.send_to(bytes, path.remote) {
            tracing::trace!(%error, "an answer to a WebRTC peer was not sent");
        }
    }

    fn keep_time(&mut self) {
        let now = Instant::now();
        if !self.shaking.is_empty() && now >= self.next_shaking {
            self.next_shaking = now + SHAKING_TURN;
            let mut shaking = std::mem::take(&mut self.shaking);
            shaking.retain(|id| self.tick(*id, now));
            self.shaking = shaking;
        }
        if !self.peers.is_empty() && now >= self.next_round {
            self.next_round = now + ROUND;
            let ids: Vec<_> = self.peers.keys().copied().collect();
            for id in ids {
                self.tick(id, now);
            }
        }
    }

    /// Looks what is due at a peer; says whether its handshake goes on.
    fn tick(&mut self, id: MediaId, now: Instant) -> bool {
        let Some(peer) = self.peers.get_mut(&id) else {
            return false;
        };
        self.current = Some(id);
        peer.tick(now, &mut self.out);
        let shaking = peer.is_shaking();
        self.carry_out(id);
        self.current = None;
        shaking
    }

    fn left(&mut self, peer: &Peer) {
        if peer.is_joined() {
            self.shared.metrics.peers.dec();
        }
        for path in peer.agent.paths() {
            if self.by_path.get(path) == Some(&peer.id) {
                self.by_path.remove(path);
            }
        }
    }

    /// Runs `work`; if it panics, the peer it was at is lost.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        let peer = self.current.take();
        if done.is_ok() {
            return;
        }
        self.shared.metrics.panics.inc();
        tracing::error!("the WebRTC gateway caught a panic");
        self.out.clear();
        let Some(peer) = peer.and_then(|id| self.peers.remove(&id)) else {
            return;
        };
        self.left(&peer);
        let id = peer.id;
        // Its state is suspect: its destructor may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(peer)));
        self.shared.tell(id, News::Failed);
    }
}
