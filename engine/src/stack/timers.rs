//! Timers of one shard: a heap, and the alarm that wakes the one task which looks after all shards.

use super::Stack;
use crate::{leg::machine, sip::transaction::TimerName};
use std::{
    cmp::Ordering as Order,
    collections::BinaryHeap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timed {
    /// A server transaction.
    Server(u64, TimerName),
    /// A client transaction.
    Client(u64, TimerName),
    /// Give a silent address up and try the next one.
    NextAddress(u64),
    /// A leg's own timer.
    Leg(u64, machine::TimerName),
    /// Offer a leg's news again.
    Offer(u64),
    /// Offer a leg's signals to its browser again.
    Signal(u64),
    /// End a leg that nobody claimed.
    Orphan(u64),
}

#[derive(Debug)]
struct Due {
    at: Instant,
    number: u64,
    what: Timed,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Order::Equal
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    /// Earliest first in a max-heap.
    fn cmp(&self, other: &Self) -> Order {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// Names one setting of a timer; a timer that was set anew or cleared no longer fits its number.
pub(super) type Number = u64;

/// Entries of a heap that is not worth sweeping.
const SMALL: usize = 1_024;

/// The heap. Clearing a timer is forgetting its number; the entry goes when it is due, or is swept out
/// when there are too many.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Due>,
    next: Number,
    /// Entries that the last sweep left.
    swept: usize,
}

impl Timers {
    /// Sets a timer.
    pub(super) fn set(&mut self, at: Instant, what: Timed) -> Number {
        self.next += 1;
        let number = self.next;
        self.heap.push(Due { at, number, what });
        number
    }

    /// Takes the next timer that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Number, Timed)> {
        if self.heap.peek()?.at > now {
            return None;
        }
        self.heap.pop().map(|due| (due.number, due.what))
    }

    /// Whether there are so many that it is worth looking which of them still count.
    pub(super) fn is_crowded(&self) -> bool {
        self.heap.len() > SMALL.max(2 * self.swept)
    }

    /// Throws out those that do not count any more.
    pub(super) fn sweep(&mut self, mut counts: impl FnMut(Number, Timed) -> bool) {
        self.heap.retain(|due| counts(due.number, due.what));
        self.swept = self.heap.len();
    }

    /// When the next one is due.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.heap.peek().map(|due| due.at)
    }
}

/// The timers that are running for one transaction or leg, by name.
#[derive(Debug)]
pub(super) struct Running<N>(Vec<(N, Number)>);

impl<N> Default for Running<N> {
    fn default() -> Self {
        Running(Vec::new())
    }
}

impl<N: PartialEq> Running<N> {
    /// Notes a setting; it replaces one of the same name.
    pub(super) fn set(&mut self, name: N, number: Number) {
        self.clear(&name);
        self.0.push((name, number));
    }

    /// Forgets a timer.
    pub(super) fn clear(&mut self, name: &N) {
        self.0.retain(|(n, _)| n != name);
    }

    /// Says whether a timer still counts.
    pub(super) fn has(&self, number: Number) -> bool {
        self.0.iter().any(|(_, n)| *n == number)
    }

    /// Says whether a timer that fired still counts, and forgets it.
    pub(super) fn take(&mut self, number: Number) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, n)| *n != number);
        self.0.len() < before
    }
}

/// Wakes the timer task.
#[derive(Debug)]
pub(super) struct Alarm {
    start: Instant,
    next: AtomicU64,
    notify: Notify,
}

impl Alarm {
    pub(super) fn new() -> Alarm {
        Alarm {
            start: Instant::now(),
            next: AtomicU64::new(u64::MAX),
            notify: Notify::new(),
        }
    }

    /// An instant in nanoseconds since the start.
    pub(super) fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Asks to be woken at `nanos`, when that is sooner than planned.
    pub(super) fn at(&self, nanos: u64) {
        if self.next.fetch_min(nanos, Ordering::AcqRel) > nanos {
            self.notify.notify_one();
        }
    }

    /// Plans afresh: what is asked for from now on counts.
    fn reset(&self) {
        self.next.store(u64::MAX, Ordering::Release);
    }

    async fn wait(&self) {
        loop {
            let next = self.next.load(Ordering::Acquire);
            if next == u64::MAX {
                self.notify.notified().await;
                continue;
            }
            let at = self.start + Duration::from_nanos(next);
            if at <= Instant::now() {
                return;
            }
            // Either the time comes, or something sooner is asked for.
            let _ = tokio::time::timeout_at(at.into(), self.notify.notified()).await;
        }
    }
}

/// Fires the timers of every shard until the stack is gone.
pub(super) async fn run(stack: Weak<Stack>, alarm: Arc<Alarm>) {
    loop {
        alarm.wait().await;
        let Some(stack) = stack.upgrade() else { return };
        alarm.reset();
        stack.tick();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_in_order_and_once() {
        let mut timers = Timers::default();
        let now = Instant::now();
        let second = Duration::from_secs(1);
        timers.set(now + second * 2, Timed::NextAddress(2));
        timers.set(now + second, Timed::NextAddress(1));
        timers.set(now + second, Timed::NextAddress(3));
        assert_eq!(timers.earliest(), Some(now + second));
        assert_eq!(timers.due(now), None);
        let fired: Vec<Timed> =
            std::iter::from_fn(|| timers.due(now + second * 3).map(|d| d.1)).collect();
        assert_eq!(
            fired,
            [
                Timed::NextAddress(1),
                Timed::NextAddress(3),
                Timed::NextAddress(2)
            ]
        );
    }

    #[test]
    fn what_was_cleared_does_not_pile_up() {
        let mut timers = Timers::default();
        let far = Instant::now() + Duration::from_secs(7200);
        let mut newest = 0;
        for _ in 0..100_000 {
            newest = timers.set(far, Timed::NextAddress(1));
            if timers.is_crowded() {
                timers.sweep(|number, _| number == newest);
            }
        }
        assert!(timers.heap.len() <= SMALL + 1);
        let left = timers.due(far).map(|(number, _)| number);
        timers.sweep(|number, _| number == newest);
        assert!(left.is_some() && timers.heap.len() <= 1);
    }

    #[test]
    fn only_the_newest_setting_counts() {
        let mut running = Running::default();
        running.set('a', 1);
        running.set('a', 2);
        assert!(!running.take(1));
        assert!(running.take(2));
        assert!(!running.take(2));
        running.set('b', 3);
        running.clear(&'b');
        assert!(!running.take(3));
    }
}
