//! The driver: everything between the sockets and the machines. State lives in shards chosen by Call-ID;
//! a message, an order or a timer locks one shard, lets the machines decide, and what they want sent goes
//! out after the lock is released. No task is spawned for a message.

mod browsers;
mod client;
mod drive;
mod incoming;
mod invite;
mod late;
mod legs;
mod line;
mod orders;
mod post;
mod probe;
mod register;
mod routing;
mod sending;
mod server;
mod sessions;
mod slab;
mod stateless;
mod streams;
mod timers;
mod turn;

#[cfg(test)]
mod tests;

pub(crate) use register::ReplyTo;
pub(crate) use streams::{Ears, Heard};

use crate::{
    Arrival, Config,
    leg::machine::Settings,
    media::Plane,
    metrics::Metrics,
    sip::{
        Frame, Message, check_response, parse_datagram,
        resolve::Resolver,
        transaction::key::Keys,
        transport::{ConnectionId, Flow, Hub, Inbox},
    },
};
use post::Post;
use probe::Conversations;
use sessions::Sessions;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};
use streams::Streams;
use timers::Alarm;
use tokio::{
    runtime::Handle,
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
};
use turn::{Shard, Turn};

/// Shards are numbered by this many low bits of a leg's id.
const SHARD_BITS: u32 = 4;

/// Seconds a peer is asked to wait when the engine or its user is too busy.
const BUSY_RETRY: u32 = 5;

/// The driver of one engine.
pub(crate) struct Stack {
    config: Config,
    metrics: Arc<Metrics>,
    hub: Arc<Hub>,
    resolver: Resolver,
    keys: Keys,
    shards: Box<[Mutex<Shard>]>,
    /// When each shard's next timer is due, in the alarm's nanoseconds.
    due: Box<[AtomicU64]>,
    alarm: Arc<Alarm>,
    arrivals: mpsc::Sender<Arrival>,
    /// 0 takes new dialogs; else one more than the Retry-After they are refused with.
    refusing: AtomicU64,
    settings: Arc<Settings>,
    plane: Plane,
    streams: Streams,
    sessions: Sessions,
    conversations: Conversations,
    /// Live legs.
    legs: AtomicUsize,
    next_leg: AtomicU64,
    runtime: Handle,
    me: Weak<Stack>,
}

/// What a driver is made of.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) resolver: Resolver,
    pub(crate) arrivals: mpsc::Sender<Arrival>,
    pub(crate) plane: Plane,
    pub(crate) heard: Heard,
}

impl Stack {
    /// A driver on the current runtime, and its tasks.
    pub(crate) fn start(parts: Parts) -> (Arc<Stack>, Vec<JoinHandle<()>>) {
        let Parts {
            config,
            metrics,
            hub,
            resolver,
            arrivals,
            plane,
            heard,
        } = parts;
        let alarm = Arc::new(Alarm::new());
        let shards = 1_usize << SHARD_BITS;
        let stack = Arc::new_cyclic(|me| Stack {
            settings: Arc::new(Settings::new(&config)),
            plane,
            streams: Streams::default(),
            sessions: Sessions::default(),
            conversations: Conversations::default(),
            legs: AtomicUsize::new(0),
            next_leg: AtomicU64::new(1),
            config,
            metrics,
            hub,
            resolver,
            keys: Keys::default(),
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            due: (0..shards).map(|_| AtomicU64::new(u64::MAX)).collect(),
            alarm: alarm.clone(),
            arrivals,
            refusing: AtomicU64::new(0),
            runtime: Handle::current(),
            me: me.clone(),
        });
        let me = Arc::downgrade(&stack);
        let tasks = vec![
            tokio::spawn(timers::run(me.clone(), alarm)),
            tokio::spawn(streams::run(me, heard)),
        ];
        (stack, tasks)
    }

    /// Refuses new dialogs from now on with this Retry-After, or takes them again.
    pub(crate) fn refuse_new(&self, retry_after: Option<u32>) {
        let value = retry_after.map_or(0, |s| u64::from(s) + 1);
        self.refusing.store(value, Ordering::Relaxed);
    }

    /// Seconds after which a new dialog may be tried again, when it is to be refused.
    fn refusing(&self) -> Option<u32> {
        let value = self.refusing.load(Ordering::Relaxed);
        value.checked_sub(1).and_then(|s| u32::try_from(s).ok())
    }

    /// The shard of a Call-ID.
    fn shard_of(&self, call_id: &str) -> usize {
        (self.keys.short(call_id) as usize) & (self.shards.len() - 1)
    }

    /// Locks a shard for one turn; what it wants sent is sent when the lock is gone.
    fn turn<R>(&self, index: usize, act: impl FnOnce(&mut Turn<'_>) -> R) -> Option<R> {
        let mut posts = Vec::new();
        let result = {
            let mutex = self.shards.get(index)?;
            let mut shard = mutex.lock().unwrap_or_else(|poisoned| {
                // Somebody panicked in the middle of a turn: what it still had to do is gone.
                mutex.clear_poison();
                let mut shard = poisoned.into_inner();
                shard.recover();
                shard
            });
            let mut turn = Turn {
                stack: self,
                shard: &mut shard,
                index,
                now: Instant::now(),
                posts: &mut posts,
            };
            let result = act(&mut turn);
            turn.sweep();
            self.plan(index, shard.timers.earliest());
            result
        };
        self.deliver(posts);
        Some(result)
    }

    /// Notes when a shard's next timer is due.
    fn plan(&self, index: usize, earliest: Option<Instant>) {
        let nanos = earliest.map_or(u64::MAX, |at| self.alarm.nanos(at));
        if let Some(due) = self.due.get(index)
            && due.swap(nanos, Ordering::AcqRel) != nanos
        {
            self.alarm.at(nanos);
        }
    }

    /// Fires what is due, and plans the next time. A panic costs the timer that made it.
    fn tick(&self) {
        let now = self.alarm.nanos(Instant::now());
        for (index, due) in self.due.iter().enumerate() {
            if due.load(Ordering::Acquire) <= now {
                let fire = || self.turn(index, |turn| turn.fire());
                if catch_unwind(AssertUnwindSafe(fire)).is_err() {
                    tracing::error!("A timer made its handler panic");
                    // What was due beside it is still in the heap.
                    self.turn(index, |_| ());
                }
            }
            self.alarm.at(due.load(Ordering::Acquire));
        }
    }

    fn deliver(&self, posts: Vec<Post>) {
        for post in posts {
            post.deliver(self);
        }
    }

    /// Handles one message whatever it does to us: a panic costs that message and nothing else.
    fn guarded(&self, message: Message, flow: Flow) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.message(message, flow)));
        if handled.is_err() {
            self.metrics.parse_errors.inc();
            tracing::error!(remote = %flow.remote, "A message made its handler panic");
        }
    }

    fn message(&self, message: Message, flow: Flow) {
        if message.is_request() {
            self.request(message, flow);
            return;
        }
        if let Err(why) = check_response(&message) {
            self.metrics.parse_errors.inc();
            tracing::debug!(remote = %flow.remote, ?why, "A response is ignored");
            return;
        }
        if let Ok(call_id) = message.call_id() {
            let index = self.shard_of(call_id);
            self.turn(index, |turn| turn.response(message, flow));
        }
    }
}

impl Inbox for Stack {
    fn datagram(&self, bytes: &[u8], flow: Flow) {
        match parse_datagram(bytes) {
            Ok(message) => self.guarded(message, flow),
            Err(error) => {
                self.metrics.parse_errors.inc();
                tracing::debug!(remote = %flow.remote, %error, "A datagram carries no SIP");
            }
        }
    }

    fn frame(&self, frame: Frame, flow: Flow) -> bool {
        match frame {
            Frame::Message(message) => {
                self.guarded(message, flow);
                true
            }
            Frame::Last(message) => {
                self.guarded(message, flow);
                false
            }
            Frame::Ping => true,
        }
    }

    fn lost(&self, connection: ConnectionId) {
        for index in 0..self.shards.len() {
            self.turn(index, |turn| {
                turn.lost(connection);
                turn.abandon(connection);
            });
        }
    }

    fn hung_up(&self, flow: Flow) {
        let Flow {
            transport, remote, ..
        } = flow;
        let gone = Arrival::HungUp { transport, remote };
        let Err(TrySendError::Full(gone)) = self.arrivals.try_send(gone) else {
            return;
        };
        // It is told late rather than never: a contact that leads nowhere would stay.
        let arrivals = self.arrivals.clone();
        self.runtime.spawn(async move { arrivals.send(gone).await });
    }
}
