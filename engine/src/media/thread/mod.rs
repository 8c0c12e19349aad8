//! One media thread: waits for packets, orders and time, and hands each to the part that knows.
//!
//! The thread owns its legs alone. A panic while it works on one of them is caught, counted and ends
//! that leg with an event; the others go on.

mod legs;
mod orders;
mod packets;
mod tick;
mod unread;

use super::{
    MediaEvent,
    command::{Command, Mailbox},
    metrics::Tally,
    plane::Shared,
};
use crate::{media::MediaId, rtp::rtcp::NtpClock};
use legs::Legs;
use mio::{Events, Poll, Registry, Token};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};
use unread::Unread;

/// Token of the mailbox. Sockets have twice the slot of their leg, plus one for RTCP.
pub(super) const WAKER: Token = Token(usize::MAX);

/// Sockets reported by one wait.
const EVENTS: usize = 1024;

/// Largest datagram read; RTP over Ethernet stays below.
const DATAGRAM: usize = 2048;

/// Packets read from one socket before the others get their turn.
const MAX_BURST: usize = 16;

/// Time between two frames of what we send by ourselves.
const FRAME: Duration = Duration::from_millis(20);

/// Every leg is looked after once in this time, a share of them in each sweep.
const ROUND: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 1000 });

/// Sweeps in a round.
const SHARES: u32 = 10;

/// Longest wait for a leg that was said to come from another thread.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(1);

/// State of the thread.
struct Worker {
    index: usize,
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    registry: Registry,
    legs: Legs,
    /// One datagram as it came, and what becomes of it.
    buffer: Box<[u8; DATAGRAM]>,
    /// Output of ciphers and reports.
    scratch: Box<[u8; DATAGRAM]>,
    /// Wall clock of sender reports.
    clock: NtpClock,
    /// Sockets that have something to read.
    unread: Unread,
    /// Slots of the legs that are looked at every 20 ms.
    ticking: Vec<usize>,
    next_frame: Instant,
    next_sweep: Instant,
    share: u32,
    /// The leg being worked on, to blame for a panic.
    current: Option<usize>,
    /// A leg that orders wait for, and until when.
    expected: Option<(MediaId, Instant)>,
    /// Legs that were said to come and ended on the way.
    gone: Vec<MediaId>,
    stopping: bool,
}

/// Starts a media thread.
pub(super) fn spawn(index: usize, poll: Poll, shared: Arc<Shared>) -> io::Result<JoinHandle<()>> {
    let registry = poll.registry().try_clone()?;
    std::thread::Builder::new()
        .name(format!("media-{index}"))
        .spawn(move || {
            pin(index);
            Worker::new(index, registry, shared).run(poll);
        })
}

/// Binds the thread to a core, as far as the system lets it.
fn pin(index: usize) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let core = cores.get(index % cores.len().max(1));
    match core {
        Some(core) if core_affinity::set_for_current(*core) => {
            tracing::debug!(thread = index, core = core.id, "media thread pinned");
        }
        _ => tracing::warn!(thread = index, "media thread runs unpinned"),
    }
}

impl Worker {
    fn new(index: usize, registry: Registry, shared: Arc<Shared>) -> Self {
        let now = Instant::now();
        Self {
            index,
            tally: shared.metrics.tally(index),
            shared,
            registry,
            legs: Legs::default(),
            buffer: Box::new([0; DATAGRAM]),
            scratch: Box::new([0; DATAGRAM]),
            clock: NtpClock::new(now, SystemTime::now()),
            unread: Unread::default(),
            ticking: Vec::new(),
            next_frame: now,
            next_sweep: now,
            share: 0,
            current: None,
            expected: None,
            gone: Vec::new(),
            stopping: false,
        }
    }

    fn run(mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(EVENTS);
        while !self.stopping {
            match poll.poll(&mut events, self.patience()) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, thread = self.index, "waiting for packets failed");
                    std::thread::sleep(FRAME);
                }
            }
            let ready = events.iter().map(mio::event::Event::token);
            for token in ready.filter(|token| *token != WAKER) {
                self.unread.push(token);
            }
            self.heed();
            for _ in 0..self.unread.len() {
                if let Some(token) = self.unread.pop() {
                    self.read(token);
                    self.heed();
                }
            }
            self.guarded(Self::keep_time);
        }
    }

    /// How long there is nothing to do unless something comes.
    fn patience(&self) -> Option<Duration> {
        if !self.unread.is_empty() {
            return Some(Duration::ZERO);
        }
        let sweep = (!self.legs.is_empty()).then_some(self.next_sweep);
        let frame = (!self.ticking.is_empty()).then_some(self.next_frame);
        let arrival = self.expected.map(|(_, until)| until);
        let due = [sweep, frame, arrival].into_iter().flatten().min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// Carries out what was ordered. Looked at between any two packets, so that an order given before
    /// a packet was sent holds for that packet.
    fn heed(&mut self) {
        if self.is_ordered() {
            self.guarded(Self::obey);
        }
    }

    /// Whether the mailbox wants to be read.
    fn is_ordered(&self) -> bool {
        let mailbox = self.shared.mailboxes.get(self.index);
        self.expected.is_some() || mailbox.is_some_and(Mailbox::is_waiting)
    }

    fn read(&mut self, token: Token) {
        self.current = Some(token.0 / 2);
        self.guarded(|worker| worker.packets(token));
    }

    fn keep_time(&mut self) {
        if self.legs.is_empty() {
            return;
        }
        let now = Instant::now();
        if !self.ticking.is_empty() && now >= self.next_frame {
            self.frame(now);
        }
        if now >= self.next_sweep {
            self.next_sweep = now + ROUND / SHARES;
            self.share = (self.share + 1) % SHARES;
            self.sweep(now);
        }
    }

    /// Runs `work`; if it panics, ends the leg it was at.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        let leg = self.current.take();
        if done.is_ok() {
            return;
        }
        self.tally.panics.add(1);
        tracing::error!(thread = self.index, "a media thread caught a panic");
        if let Some(slot) = leg {
            self.fail(slot);
        }
    }

    /// Ends a leg that cannot go on and says so.
    fn fail(&mut self, slot: usize) {
        let Some(leg) = self.dismiss(slot) else {
            return;
        };
        let id = leg.card.id;
        // The state of the leg is suspect: its destructor may panic as well.
        if catch_unwind(AssertUnwindSafe(|| drop(leg))).is_err() {
            tracing::error!("a failed media leg could not be dropped cleanly");
        }
        self.tell(id, MediaEvent::Failed);
    }

    /// Hands an event over; a listener that panics is not the media thread's end.
    fn tell(&self, id: MediaId, event: MediaEvent) {
        if catch_unwind(AssertUnwindSafe(|| self.shared.sink.media(id, event))).is_err() {
            self.tally.panics.add(1);
            tracing::error!("the listener for media events panicked");
        }
    }

    /// Passes an order on to the thread that owns the leg now.
    fn forward(&self, home: usize, command: Command) {
        self.shared.send(home, command);
    }
}
