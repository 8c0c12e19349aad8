//! The way of signals to a leg's browser: kept in order, offered again while the browser is busy.

use super::{
    legs::OFFER_AGAIN,
    timers::{Number, Timed},
    turn::Turn,
};
use crate::leg::{Delivery, EndedBy, LegId, SessionId, SessionSink, Signal, machine::Order};
use std::{collections::VecDeque, sync::Arc};

/// The way to a leg's browser.
pub(super) struct Line {
    pub(super) session: SessionId,
    sink: Arc<dyn SessionSink>,
    waiting: VecDeque<Signal>,
    offer: Option<Number>,
}

impl Line {
    pub(super) fn new(session: SessionId, sink: Arc<dyn SessionSink>) -> Line {
        Line {
            session,
            sink,
            waiting: VecDeque::new(),
            offer: None,
        }
    }

    /// Says whether this timer still counts.
    pub(super) fn waits_for(&self, number: Number) -> bool {
        self.offer == Some(number)
    }

    /// Something is still to be told.
    pub(super) fn is_busy(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Turn<'_> {
    /// Keeps a signal in order and hands it over at once. When a browser does not take them for long,
    /// what may be repeated is dropped.
    pub(super) fn signal(&mut self, id: u64, signal: Signal) {
        let limit = self.stack.config.limits.events_per_leg;
        let slot = self.shard.legs.get_mut(&id);
        let Some(line) = slot.and_then(|slot| slot.line.as_mut()) else {
            return;
        };
        let repeatable = matches!(
            signal,
            Signal::Held { .. } | Signal::Resumed | Signal::TransferFailed(_)
        );
        if repeatable && line.waiting.len() >= limit {
            self.stack.metrics.dropped_events.inc();
            return;
        }
        line.waiting.push_back(signal);
        self.hand_over(id);
    }

    /// Offers what waits.
    fn hand_over(&mut self, id: u64) {
        let slot = self.shard.legs.get_mut(&id);
        let Some(line) = slot.and_then(|slot| slot.line.as_mut()) else {
            return;
        };
        if line.offer.is_some() {
            return;
        }
        while let Some(signal) = line.waiting.front() {
            match line.sink.signal(LegId(id), signal) {
                Delivery::Taken => {
                    line.waiting.pop_front();
                }
                Delivery::Full => {
                    let at = self.now + OFFER_AGAIN;
                    line.offer = Some(self.shard.timers.set(at, Timed::Signal(id)));
                    return;
                }
                Delivery::Gone => {
                    line.waiting.clear();
                    // Not from within: the leg is in the middle of something.
                    line.offer = Some(self.shard.timers.set(self.now, Timed::Signal(id)));
                    return;
                }
            }
        }
        self.clear_away(id);
    }

    /// The timer of [`hand_over`](Self::hand_over): with nothing left to hand over, the browser is gone.
    pub(super) fn hand_over_again(&mut self, id: u64, number: Number) {
        let slot = self.shard.legs.get_mut(&id);
        let Some(line) = slot.and_then(|slot| slot.line.as_mut()) else {
            return;
        };
        if line.offer != Some(number) {
            return;
        }
        line.offer = None;
        if line.is_busy() {
            return self.hand_over(id);
        }
        // A leg that is over already needs no order.
        let _ = self.order(id, Order::Abandon(EndedBy::Peer));
        self.clear_away(id);
    }

    /// The leg is over: another may take its place in the session.
    pub(super) fn leave_session(&mut self, id: u64) {
        let slot = self.shard.legs.get(&id);
        if let Some(line) = slot.and_then(|slot| slot.line.as_ref()) {
            self.stack.sessions.leave(line.session, LegId(id));
        }
    }
}
