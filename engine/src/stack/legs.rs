//! What the driver keeps of a leg beside its machine: who listens, what waits to be told, what runs.

use super::{
    line::Line,
    timers::{Number, Running, Timed},
    turn::Turn,
};
use crate::leg::{
    Delivery, EndedBy, Leg, LegEvent, LegId, LegSink,
    machine::{ClientTx, Order, TimerName},
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// A busy listener is offered its news again after this.
pub(super) const OFFER_AGAIN: Duration = Duration::from_millis(20);

/// One leg.
pub(super) struct Slot {
    /// None when the leg is over and only news is left.
    pub(super) leg: Option<Leg>,
    pub(super) sink: Option<Arc<dyn LegSink>>,
    /// The way to the browser, when it is one's leg.
    pub(super) line: Option<Box<Line>>,
    pub(super) running: Running<TimerName>,
    /// The client transactions that belong to the leg's own numbers.
    pub(super) clients: Vec<(ClientTx, u64)>,
    news: VecDeque<LegEvent>,
    pub(super) offer: Option<Number>,
    pub(super) orphan: Option<Number>,
}

impl Slot {
    pub(super) fn new(leg: Leg, sink: Option<Arc<dyn LegSink>>) -> Slot {
        Slot {
            leg: Some(leg),
            sink,
            line: None,
            running: Running::default(),
            clients: Vec::new(),
            news: VecDeque::new(),
            offer: None,
            orphan: None,
        }
    }

    /// The transaction in which a request of the leg's travels now.
    pub(super) fn client(&self, tx: ClientTx) -> Option<u64> {
        self.clients
            .iter()
            .find(|(t, _)| *t == tx)
            .map(|(_, id)| *id)
    }
}

impl Turn<'_> {
    /// Takes a leg in. One without listener is an orphan until it is claimed.
    pub(super) fn adopt(&mut self, id: u64, slot: Slot) {
        let orphan = slot.sink.is_none();
        self.shard.legs.insert(id, slot);
        self.stack.legs.fetch_add(1, Ordering::Relaxed);
        self.stack.metrics.legs.inc();
        if orphan {
            self.abandoned(id);
        }
    }

    /// Keeps news in order and offers it at once. When a leg's listener does not take it for long,
    /// repeatable news is dropped; how the leg began and ended never is.
    pub(super) fn tell(&mut self, id: u64, event: LegEvent) {
        let limit = self.stack.config.limits.events_per_leg;
        let Some(slot) = self.shard.legs.get_mut(&id) else {
            return;
        };
        let repeatable = matches!(
            event,
            LegEvent::Digit(_)
                | LegEvent::Held
                | LegEvent::Resumed
                | LegEvent::MediaLost
                | LegEvent::Referred(_)
        );
        if repeatable && slot.news.len() >= limit {
            self.stack.metrics.dropped_events.inc();
            return;
        }
        slot.news.push_back(event);
        self.offer(id);
    }

    /// Sends the leg's news to a listener, beginning with those that waited.
    pub(super) fn claim(&mut self, id: u64, sink: Arc<dyn LegSink>) -> bool {
        let Some(slot) = self.shard.legs.get_mut(&id) else {
            return false;
        };
        slot.sink = Some(sink);
        slot.orphan = None;
        self.offer(id);
        true
    }

    /// Offers what waits.
    fn offer(&mut self, id: u64) {
        let Some(slot) = self.shard.legs.get_mut(&id) else {
            return;
        };
        if slot.offer.is_some() {
            return;
        }
        while let Some(event) = slot.news.front() {
            let delivery = match &slot.sink {
                Some(sink) => sink.deliver(LegId(id), event),
                None => Delivery::Gone,
            };
            match delivery {
                Delivery::Taken => {
                    slot.news.pop_front();
                }
                Delivery::Full => {
                    let at = self.now + OFFER_AGAIN;
                    slot.offer = Some(self.shard.timers.set(at, Timed::Offer(id)));
                    return;
                }
                Delivery::Gone => {
                    slot.sink = None;
                    return self.abandoned(id);
                }
            }
        }
        self.clear_away(id);
    }

    /// The timer of [`offer`](Self::offer).
    pub(super) fn offer_again(&mut self, id: u64, number: Number) {
        if let Some(slot) = self.shard.legs.get_mut(&id)
            && slot.offer == Some(number)
        {
            slot.offer = None;
            self.offer(id);
        }
    }

    /// Nobody listens: from now on somebody has `orphan_after` to claim the leg.
    fn abandoned(&mut self, id: u64) {
        let at = self.now + self.stack.config.limits.orphan_after;
        if let Some(slot) = self.shard.legs.get_mut(&id)
            && slot.orphan.is_none()
        {
            slot.orphan = Some(self.shard.timers.set(at, Timed::Orphan(id)));
        }
    }

    /// Nobody claimed the leg.
    pub(super) fn orphaned(&mut self, id: u64, number: Number) {
        let Some(slot) = self.shard.legs.get_mut(&id) else {
            return;
        };
        if slot.orphan != Some(number) {
            return;
        }
        slot.orphan = None;
        slot.news.clear();
        if slot.leg.is_none() {
            return self.clear_away(id);
        }
        tracing::warn!(leg = id, "Nobody claimed a leg, it is ended");
        // A leg that is ending already needs no order.
        let _ = self.order(id, Order::Abandon(EndedBy::Orphaned));
    }

    /// The leg is over: its timers stop, and it is forgotten when all is told.
    pub(super) fn over(&mut self, id: u64) {
        let Some(slot) = self.shard.legs.get_mut(&id) else {
            return;
        };
        if slot.leg.take().is_some() {
            slot.running = Running::default();
            self.stack.legs.fetch_sub(1, Ordering::Relaxed);
            self.stack.metrics.legs.dec();
            self.leave_session(id);
        }
        self.clear_away(id);
    }

    /// Nobody will ever ask for the news of a leg that was never announced.
    pub(super) fn forsake(&mut self, id: u64) {
        if let Some(slot) = self.shard.legs.get_mut(&id) {
            slot.news.clear();
        }
        self.clear_away(id);
    }

    pub(super) fn clear_away(&mut self, id: u64) {
        if let Some(slot) = self.shard.legs.get(&id)
            && slot.leg.is_none()
            && slot.news.is_empty()
            && !slot.line.as_ref().is_some_and(|line| line.is_busy())
        {
            self.shard.legs.remove(&id);
        }
    }
}
