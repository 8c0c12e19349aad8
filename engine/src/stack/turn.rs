//! One turn: a locked shard, the time, and what is to be sent afterwards.

use super::{
    Stack,
    client::ClientEntry,
    post::Post,
    server::ServerEntry,
    slab::Slab,
    timers::{Timed, Timers},
};
use crate::sip::transaction::{Action, key::Key};
use std::{collections::HashMap, time::Instant};

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
    /// Kept between turns so that machines need not allocate.
    pub(super) actions: Vec<Action>,
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
    /// Fires every timer that is due.
    pub(super) fn fire(&mut self) {
        while let Some((number, what)) = self.shard.timers.due(self.now) {
            match what {
                Timed::Server(id, name) => self.server_timer(id, number, name),
                Timed::Client(id, name) => self.client_timer(id, number, name),
                Timed::NextAddress(id) => self.next_address(id, number),
            }
        }
    }
}
