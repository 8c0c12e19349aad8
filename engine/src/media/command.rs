//! Orders to a media thread and the mailbox they travel in.

use super::{Stream, card::Card, leg::Leg};
use crate::{leg::Prompt, webrtc::Line};
use crossbeam_queue::SegQueue;
use mio::Waker;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// One order. Every leg is named by its card, so that a thread that no longer owns it can pass the
/// order on.
pub(super) enum Command {
    /// Takes over a new leg.
    Open(Box<Leg>),
    /// Applies the outcome of an offer and answer.
    Configure(Arc<Card>, Box<Stream>),
    /// Lets two legs of this thread hear each other.
    Bridge(Arc<Card>, Arc<Card>),
    /// Plays a prompt until told otherwise.
    Play(Arc<Card>, Prompt),
    /// Sends back what is heard.
    Echo(Arc<Card>),
    /// Stops sending.
    Idle(Arc<Card>),
    /// Sends keys as telephone-events.
    Dtmf(Arc<Card>, Box<str>),
    /// Listens to what is heard, for a tone, or stops listening.
    Listen(Arc<Card>, Option<u16>),
    /// Lets the party be heard no more than silence, or lets it be heard again.
    Mute(Arc<Card>, bool),
    /// Gives a WebRTC leg its line.
    Join(Arc<Card>, Box<Line>),
    /// The peer of a WebRTC leg is gone.
    Revoke(Arc<Card>),
    /// The peer of a WebRTC leg will not come.
    Fail(Arc<Card>),
    /// Ends the leg.
    Close(Arc<Card>),
    /// Hands the leg to another thread, which was told to expect it.
    Depart(Arc<Card>, usize),
    /// Waits with further orders until this leg has come over.
    Expect(Arc<Card>),
    /// Ends the thread and all its legs.
    Stop,
    /// Says that all earlier orders have been carried out.
    #[cfg(test)]
    Settle(std::sync::mpsc::Sender<()>),
    /// Makes the next packet of the leg panic.
    #[cfg(test)]
    Fault(Arc<Card>),
}

/// A leg on its way to another thread, or the news that it is gone.
pub(super) struct Arrival {
    pub card: Arc<Card>,
    pub leg: Option<Box<Leg>>,
}

/// The queues of one thread. Bounded by what is asked of it: a few orders per leg and SIP message.
pub(super) struct Mailbox {
    orders: SegQueue<Command>,
    arrivals: SegQueue<Arrival>,
    waker: Waker,
    woken: AtomicBool,
}

impl Mailbox {
    pub fn new(waker: Waker) -> Self {
        Self {
            orders: SegQueue::new(),
            arrivals: SegQueue::new(),
            waker,
            woken: AtomicBool::new(false),
        }
    }

    /// Hands over an order. Orders given between two turns of the thread cost one wake-up together.
    pub fn send(&self, command: Command) {
        self.orders.push(command);
        self.wake();
    }

    /// Hands over a leg from another thread.
    pub fn arrive(&self, arrival: Arrival) {
        self.arrivals.push(arrival);
        self.wake();
    }

    /// Whether something came since the last reading.
    pub fn is_waiting(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }

    /// Says that the thread is about to read: what comes later wakes it again.
    pub fn reading(&self) {
        self.woken.store(false, Ordering::SeqCst);
    }

    /// The next order.
    pub fn order(&self) -> Option<Command> {
        self.orders.pop()
    }

    /// The next leg that came over.
    pub fn arrival(&self) -> Option<Arrival> {
        self.arrivals.pop()
    }

    fn wake(&self) {
        if self.woken.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Err(error) = self.waker.wake() {
            self.woken.store(false, Ordering::SeqCst);
            tracing::error!(%error, "a media thread cannot be woken");
        }
    }
}
