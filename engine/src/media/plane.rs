//! The handle of the media plane: opens legs, gives orders, reads figures. Every call returns at
//! once, from any thread.

use super::{
    MediaId, MediaSink, Stream,
    card::{Card, Figures},
    command::{Command, Mailbox},
    leg::Leg,
    metrics::Metrics,
    prompt::Store,
    tap::{Posted, Sound},
    thread,
    wire::Wire,
};
use crate::{
    config::{Media, WebRtc},
    leg::Prompt,
    routes::Routes,
    rtp::{
        Quality,
        ports::{NoPorts, Ports, unspecified_like},
    },
    sdp::Web,
    webrtc::{Gateway, News},
};
use mio::{Poll, Waker};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

/// Threads started when the configuration does not say: one a core, but not more than this.
const MAX_DEFAULT_THREADS: usize = 2;

/// Most keys sent by one order.
const MAX_KEYS: usize = 64;

/// A leg that was just opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Names the leg from now on.
    pub id: MediaId,
    /// Address for SDP where RTP is received.
    pub rtp: SocketAddr,
    /// Address for SDP where RTCP is received.
    pub rtcp: SocketAddr,
    /// Our synchronization source towards the party.
    pub ssrc: u32,
}

/// The media plane. A clone is the same plane; it runs until [`stop`](Self::stop) or until the last
/// handle is gone.
#[derive(Clone)]
pub struct Plane {
    core: Arc<Core>,
}

struct Core {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the threads and the handles have in common.
pub(super) struct Shared {
    pub config: Media,
    pub sink: Arc<dyn MediaSink>,
    pub mailboxes: Vec<Mailbox>,
    pub metrics: Metrics,
    pub prompts: Arc<Store>,
    ports: Ports,
    routes: Routes,
    next: AtomicU64,
    cards: RwLock<HashMap<MediaId, Arc<Card>>>,
    /// Held while legs are told to change threads, so that all threads hear of the moves in one order.
    moves: Mutex<()>,
    /// Lets WebRTC peers in, when that is wanted.
    gateway: OnceLock<Gateway>,
}

impl Plane {
    /// Starts the threads. Each is pinned to a core of its own where the system allows it; the limit
    /// of open files is raised as far as it goes.
    ///
    /// # Errors
    /// When a thread or its epoll descriptor cannot be made, or a metric's name is taken.
    pub fn start(
        config: Media,
        sink: Arc<dyn MediaSink>,
        registry: &prometheus::Registry,
    ) -> io::Result<Self> {
        raise_file_limit();
        let count = thread_count(&config);
        let polls = (0..count)
            .map(|_| Poll::new())
            .collect::<io::Result<Vec<_>>>()?;
        let mailboxes = polls
            .iter()
            .map(|poll| Ok(Mailbox::new(Waker::new(poll.registry(), thread::WAKER)?)))
            .collect::<io::Result<Vec<_>>>()?;
        let ports = Ports::new(config.ports.clone());
        let metrics = Metrics::register(registry, count, &ports).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            config,
            sink,
            mailboxes,
            metrics,
            prompts: Store::start(),
            ports,
            routes: Routes::default(),
            next: AtomicU64::new(1),
            cards: RwLock::default(),
            moves: Mutex::default(),
            gateway: OnceLock::new(),
        });
        let core = Arc::new(Core {
            shared: Arc::clone(&shared),
            threads: Mutex::default(),
        });
        for (index, poll) in polls.into_iter().enumerate() {
            let thread = thread::spawn(index, poll, Arc::clone(&shared))?;
            lock(&core.threads).push(thread);
        }
        Ok(Self { core })
    }

    /// Opens a port pair on the thread of `group`, of the address family of `towards`. Legs of one
    /// call share a group and so a thread.
    pub fn open(&self, group: u64, towards: IpAddr) -> Result<Opened, NoPorts> {
        let shared = &self.core.shared;
        let advertised = shared.advertised(towards).ok_or(NoPorts)?;
        let pair = shared.ports.open(shared.listen_on(towards))?;
        let opened = Opened {
            id: shared.new_id(),
            rtp: SocketAddr::new(advertised, pair.lease.rtp()),
            rtcp: SocketAddr::new(advertised, pair.lease.rtcp()),
            ssrc: rand::random(),
        };
        shared.settle_in(group, &opened, Wire::of_ports(pair));
        Ok(opened)
    }

    /// Opens a WebRTC stream on the thread of `group`: it has no ports of its own but a name at the
    /// gateway, which lets the peer in once `configure` has told who it is. The addresses of `Opened`
    /// are the first candidate.
    ///
    /// # Errors
    /// When there is no gateway, or it is full.
    pub fn open_web(&self, group: u64) -> Result<(Opened, Web), NoPorts> {
        let shared = &self.core.shared;
        let gateway = shared.gateway.get().ok_or(NoPorts)?;
        let id = shared.new_id();
        let (place, web) = gateway.expect(id).ok_or(NoPorts)?;
        let first = *web.candidates.first().ok_or(NoPorts)?;
        let opened = Opened {
            id,
            rtp: first,
            rtcp: first,
            ssrc: rand::random(),
        };
        shared.settle_in(group, &opened, Wire::of_web(gateway.clone(), place));
        Ok((opened, web))
    }

    /// Starts the WebRTC gateway of this plane and answers where it listens; nowhere when it is off.
    ///
    /// # Errors
    /// When no listener or no certificate can be had, or a metric's name is taken.
    pub fn start_gateway(
        &self,
        config: &WebRtc,
        registry: &prometheus::Registry,
    ) -> io::Result<Vec<SocketAddr>> {
        let shared = Arc::downgrade(&self.core.shared);
        let listen = move |id, news| {
            if let Some(shared) = shared.upgrade() {
                shared.hear_gateway(id, news);
            }
        };
        let started = Gateway::start(config, registry, Box::new(listen));
        let Some(gateway) = started.map_err(io::Error::other)? else {
            return Ok(Vec::new());
        };
        let gateway = self.core.shared.gateway.get_or_init(|| gateway);
        Ok(gateway.bound().to_vec())
    }

    /// Applies the outcome of an offer and answer; may be repeated.
    pub fn configure(&self, id: MediaId, stream: Stream) {
        if let (Some(dtls), Some(gateway)) = (&stream.dtls, self.core.shared.gateway.get()) {
            gateway.configure(id, dtls.clone());
        }
        self.order(id, |card| Command::Configure(card, Box::new(stream)));
    }

    /// Lets two legs hear each other, in place of what either was doing. Legs of different threads
    /// are brought together first.
    pub fn bridge(&self, a: MediaId, b: MediaId) {
        let shared = &self.core.shared;
        let (Some(a), Some(b)) = (shared.card(a), shared.card(b)) else {
            return;
        };
        let _moving = lock(&shared.moves);
        let from = a.home.load(Ordering::SeqCst);
        let to = b.home.load(Ordering::SeqCst);
        if from != to {
            // Announced first: an order sent to the new home waits behind it.
            shared.send(to, Command::Expect(Arc::clone(&a)));
            a.home.store(to, Ordering::SeqCst);
            shared.send(from, Command::Depart(Arc::clone(&a), to));
        }
        shared.send(to, Command::Bridge(a, b));
    }

    /// Plays a prompt to the leg until it is told something else.
    pub fn play(&self, id: MediaId, prompt: Prompt) {
        self.order(id, |card| Command::Play(card, prompt));
    }

    /// Sends the party back what it says.
    pub fn echo(&self, id: MediaId) {
        self.order(id, Command::Echo);
    }

    /// Stops sending; the ports stay open and are listened to.
    pub fn idle(&self, id: MediaId) {
        self.order(id, Command::Idle);
    }

    /// Sends keys (`0`–`9 * # A`–`D`, at most 64) as telephone-events, one after the other, over
    /// whatever the leg is sending. Nothing happens when the party did not agree to the format.
    pub fn send_dtmf(&self, id: MediaId, digits: &str) {
        let digits: String = digits.chars().take(MAX_KEYS).collect();
        self.order(id, |card| Command::Dtmf(card, digits.into_boxed_str()));
    }

    /// Listens to what the leg hears, for a tone of this frequency (below 4 kHz), or stops listening.
    /// What the leg is doing goes on; [`heard`](Self::heard) reads the outcome.
    pub fn listen(&self, id: MediaId, hz: Option<u16>) {
        self.order(id, |card| Command::Listen(card, hz));
    }

    /// What the leg heard last, while it is listened to; `None` before the first stretch is whole.
    pub fn heard(&self, id: MediaId) -> Option<Sound> {
        self.core.shared.card(id)?.sound.read()
    }

    /// Lets nobody hear the party but silence in the place of what it says, or lets it be heard again.
    /// Its keys go on as they are.
    pub fn mute(&self, id: MediaId, on: bool) {
        self.order(id, |card| Command::Mute(card, on));
    }

    /// The figures of the leg as of now; `None` when it is closed.
    pub fn quality(&self, id: MediaId) -> Option<Quality> {
        Some(self.core.shared.card(id)?.figures.quality())
    }

    /// Ends the leg and gives its ports back. Answers with the final figures, once.
    pub fn close(&self, id: MediaId) -> Option<Quality> {
        let shared = &self.core.shared;
        let card = shared.write_cards().remove(&id)?;
        let quality = card.figures.quality();
        shared.metrics.closed(&quality);
        shared.order(&card, Command::Close(Arc::clone(&card)));
        Some(quality)
    }

    /// Port pairs in use.
    pub fn ports_in_use(&self) -> usize {
        self.core.shared.ports.in_use()
    }

    /// Ends every leg and waits for the threads, unless it is called on one of them.
    pub fn stop(&self) {
        if let Some(gateway) = self.core.shared.gateway.get() {
            gateway.stop();
        }
        self.core.ask_to_stop();
        let threads = std::mem::take(&mut *lock(&self.core.threads));
        let here = std::thread::current().id();
        for thread in threads {
            if thread.thread().id() != here && thread.join().is_err() {
                tracing::error!("a media thread ended by a panic");
            }
        }
    }

    fn order(&self, id: MediaId, command: impl FnOnce(Arc<Card>) -> Command) {
        if let Some(card) = self.core.shared.card(id) {
            self.core.shared.order(&card, command(Arc::clone(&card)));
        }
    }

    /// Waits until every order given so far has been carried out, moves between threads included.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        for mailbox in &self.core.shared.mailboxes {
            let (done, wait) = std::sync::mpsc::channel();
            mailbox.send(Command::Settle(done));
            let _ = wait.recv_timeout(std::time::Duration::from_secs(5));
        }
    }

    /// Makes the next packet of the leg panic.
    #[cfg(test)]
    pub(super) fn inject_fault(&self, id: MediaId) {
        self.order(id, Command::Fault);
    }

    /// The thread a leg lives on.
    #[cfg(test)]
    pub(super) fn home(&self, id: MediaId) -> Option<usize> {
        Some(self.core.shared.card(id)?.home.load(Ordering::SeqCst))
    }
}

impl Core {
    fn ask_to_stop(&self) {
        for mailbox in &self.shared.mailboxes {
            mailbox.send(Command::Stop);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

impl Shared {
    /// Sends an order to the thread that owns the leg.
    pub fn order(&self, card: &Card, command: Command) {
        self.send(card.home.load(Ordering::SeqCst), command);
    }

    /// Sends an order to a thread.
    pub fn send(&self, thread: usize, command: Command) {
        if let Some(mailbox) = self.mailboxes.get(thread) {
            mailbox.send(command);
        }
    }

    fn new_id(&self) -> MediaId {
        MediaId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Puts a new leg on the thread of its group.
    fn settle_in(&self, group: u64, opened: &Opened, wire: Wire) {
        let home = group.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let home = home as usize % self.mailboxes.len().max(1);
        let card = Arc::new(Card {
            id: opened.id,
            ssrc: opened.ssrc,
            home: AtomicUsize::new(home),
            figures: Figures::default(),
            sound: Posted::default(),
        });
        self.write_cards().insert(opened.id, Arc::clone(&card));
        let leg = Leg::new(Arc::clone(&card), wire);
        self.order(&card, Command::Open(Box::new(leg)));
    }

    /// Passes on what became of the peer of a leg.
    fn hear_gateway(&self, id: MediaId, news: News) {
        let Some(card) = self.card(id) else {
            return;
        };
        let known = Arc::clone(&card);
        let command = match news {
            News::Joined(line) => Command::Join(known, Box::new(line)),
            News::Revoked => Command::Revoke(known),
            News::Failed => Command::Fail(known),
        };
        self.order(&card, command);
    }

    fn card(&self, id: MediaId) -> Option<Arc<Card>> {
        let cards = self.cards.read().unwrap_or_else(PoisonError::into_inner);
        cards.get(&id).cloned()
    }

    fn write_cards(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<MediaId, Arc<Card>>> {
        self.cards.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address written into SDP: the configured one when it is of the right family, else that of
    /// the interface towards the peer.
    fn advertised(&self, towards: IpAddr) -> Option<IpAddr> {
        self.config
            .address
            .filter(|ip| ip.is_ipv4() == towards.is_ipv4())
            .or_else(|| self.routes.towards(towards))
    }

    /// The address to bind: every interface, because the audio may take another way than the signalling,
    /// unless only this machine can reach what is advertised.
    fn listen_on(&self, towards: IpAddr) -> IpAddr {
        match self.config.address {
            Some(ip) if ip.is_loopback() && ip.is_ipv4() == towards.is_ipv4() => ip,
            _ => unspecified_like(towards),
        }
    }
}

fn thread_count(config: &Media) -> usize {
    if config.threads > 0 {
        return config.threads;
    }
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_DEFAULT_THREADS)
}

fn raise_file_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!(limit, "open files allowed"),
        Err(error) => tracing::warn!(%error, "the limit of open files was not raised"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
