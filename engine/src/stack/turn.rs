//! One turn: a locked shard, the time, and what is to be sent afterwards.

use super::{
    Stack,
    client::ClientEntry,
    legs::Slot,
    post::Post,
    server::ServerEntry,
    slab::Slab,
    timers::{Number, Timed, Timers},
};
use crate::{
    leg::machine::{Input, Output},
    sip::{
        transaction::{Action, key::Key},
        transport::ConnectionId,
    },
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Instant,
};

/// What one shard holds.
#[derive(Default)]
pub(super) struct Shard {
    pub(super) timers: Timers,
    pub(super) servers: Slab<ServerEntry>,
    pub(super) server_index: HashMap<Key, u64>,
    /// Requests outside dialogs that are not answered yet, to notice copies (RFC 3261 §8.2.2.2).
    pub(super) merged: HashMap<Key, u64>,
    pub(super) clients: Slab<ClientEntry>,
    pub(super) client_index: HashMap<Key, u64>,
    /// The client transactions on each connection, to be told when it is gone.
    pub(super) travelling: BTreeSet<(ConnectionId, u64)>,
    /// The unanswered INVITEs that came by each WebSocket: with it, their senders are gone.
    pub(super) asking: BTreeSet<(ConnectionId, u64)>,
    pub(super) legs: HashMap<u64, Slot>,
    /// Which leg a dialog belongs to.
    pub(super) dialogs: HashMap<Key, u64>,
    /// Inputs that follow from what is being done, in order.
    pub(super) inputs: VecDeque<(u64, Input)>,
    pub(super) draining: bool,
    /// Kept between turns so that machines need not allocate.
    pub(super) actions: Vec<Action>,
    pub(super) outputs: Vec<Output>,
}

impl Shard {
    /// Forgets what a turn that ended in a panic had begun.
    pub(super) fn recover(&mut self) {
        self.draining = false;
        self.inputs.clear();
        self.actions.clear();
        self.outputs.clear();
    }
}

/// A shard while it is locked.
pub(super) struct Turn<'a> {
    pub(super) stack: &'a Stack,
    pub(super) shard: &'a mut Shard,
    pub(super) index: usize,
    pub(super) now: Instant,
    pub(super) posts: &'a mut Vec<Post>,
}

impl Turn<'_> {
    /// Throws out timers that were cleared, when they have become many: hours may pass until they are due.
    pub(super) fn sweep(&mut self) {
        if self.shard.timers.is_crowded() {
            let mut timers = std::mem::take(&mut self.shard.timers);
            timers.sweep(|number, what| self.counts(number, what));
            self.shard.timers = timers;
        }
    }

    fn counts(&mut self, number: Number, what: Timed) -> bool {
        let shard = &mut *self.shard;
        match what {
            Timed::Server(id, _) => shard
                .servers
                .get_mut(id)
                .is_some_and(|entry| entry.running.has(number)),
            Timed::Client(id, _) => shard
                .clients
                .get_mut(id)
                .is_some_and(|entry| entry.running.has(number)),
            Timed::NextAddress(id) => shard
                .clients
                .get_mut(id)
                .is_some_and(|entry| entry.next_address == Some(number)),
            Timed::Leg(id, _) => shard
                .legs
                .get(&id)
                .is_some_and(|slot| slot.running.has(number)),
            Timed::Offer(id) => shard
                .legs
                .get(&id)
                .is_some_and(|slot| slot.offer == Some(number)),
            Timed::Signal(id) => shard
                .legs
                .get(&id)
                .and_then(|slot| slot.line.as_ref())
                .is_some_and(|line| line.waits_for(number)),
            Timed::Orphan(id) => shard
                .legs
                .get(&id)
                .is_some_and(|slot| slot.orphan == Some(number)),
        }
    }

    /// Fires every timer that is due.
    pub(super) fn fire(&mut self) {
        while let Some((number, what)) = self.shard.timers.due(self.now) {
            match what {
                Timed::Server(id, name) => self.server_timer(id, number, name),
                Timed::Client(id, name) => self.client_timer(id, number, name),
                Timed::NextAddress(id) => self.next_address(id, number),
                Timed::Leg(id, name) => self.leg_timer(id, number, name),
                Timed::Offer(id) => self.offer_again(id, number),
                Timed::Signal(id) => self.hand_over_again(id, number),
                Timed::Orphan(id) => self.orphaned(id, number),
            }
        }
    }
}
