//! Live calls by id: address of the actor, and all that outlives it. Readable from any thread.

use crate::{
    call::{CallActor, Input, Memory, Wake, state},
    supervision::{Countdown, Full},
};
use actix::Addr;
use dashmap::DashMap;
use schema::{Account, Call, Id};
use std::sync::{Arc, Mutex, PoisonError};

/// One live call.
pub(crate) struct Entry {
    /// Its id.
    pub id: Id<Call>,
    /// Whose it is.
    pub account: Id<Account>,
    /// State, inbox and outbox.
    pub memory: Memory,
    address: Mutex<Option<Addr<CallActor>>>,
    /// Where a test has the actor die.
    countdown: Countdown,
}

impl Entry {
    /// A call without an actor.
    pub(crate) fn new(call: state::Call) -> Self {
        Self {
            id: call.id,
            account: call.account,
            memory: Memory::new(call, crate::call::INBOX),
            address: Mutex::new(None),
            countdown: Countdown::default(),
        }
    }

    /// A place at which an actor may die without anything being lost.
    pub(crate) fn may_die(&self) {
        self.countdown.passes();
    }

    /// Hands in news or an order. An actor that is being raised will find it.
    pub(crate) fn tell(&self, input: Input) -> Result<(), Full> {
        if self.memory.push(input)? {
            self.wake();
        }
        Ok(())
    }

    /// Hands in an answer to the call's own question; never refused for lack of room. `false` when the
    /// call has ended.
    pub(crate) fn answer(&self, input: Input) -> bool {
        let taken = self.memory.push_own(input);
        if taken == Ok(true) {
            self.wake();
        }
        taken.is_ok()
    }

    /// A dead actor does not hear this; its successor starts by looking. At most one is under way, so it
    /// needs no place in the mailbox.
    fn wake(&self) {
        let address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = &*address {
            address.do_send(Wake);
        }
    }

    /// The actor that is in charge now.
    pub(crate) fn is_served_by(&self, actor: Addr<CallActor>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = Some(actor);
    }

    /// The actor's address, for tests that kill it.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn actor(&self) -> Option<Addr<CallActor>> {
        self.address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Every live call.
#[derive(Default)]
pub(crate) struct Registry {
    calls: DashMap<Id<Call>, Arc<Entry>>,
    /// How far calls get whose actors a test wants dead, in the order in which they begin.
    #[cfg(any(test, feature = "faults"))]
    doomed: Mutex<std::collections::VecDeque<usize>>,
}

impl Registry {
    /// Adds a call.
    pub(crate) fn insert(&self, entry: Arc<Entry>) {
        #[cfg(any(test, feature = "faults"))]
        if let Some(places) = self.doomed().pop_front() {
            entry.countdown.start(places);
        }
        self.calls.insert(entry.id, entry);
    }

    /// The actor of a call that begins later dies at its n-th place, counted from 1. Said several times:
    /// the next calls, one after the other.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn doom(&self, place: usize) {
        self.doomed().push_back(place);
    }

    #[cfg(any(test, feature = "faults"))]
    fn doomed(&self) -> std::sync::MutexGuard<'_, std::collections::VecDeque<usize>> {
        self.doomed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call away; gives the mail that it has not looked at.
    pub(crate) fn remove(&self, id: Id<Call>) -> Vec<Input> {
        let Some((_, entry)) = self.calls.remove(&id) else {
            return Vec::new();
        };
        *entry.address.lock().unwrap_or_else(PoisonError::into_inner) = None;
        entry.memory.close()
    }

    /// A call by its id.
    pub(crate) fn get(&self, id: Id<Call>) -> Option<Arc<Entry>> {
        self.calls.get(&id).map(|entry| entry.clone())
    }

    /// Live calls.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The calls for which `wanted` holds, as of now. Looks at all of them: for rare orders only.
    pub(crate) fn select(&self, wanted: impl Fn(&state::Call) -> bool) -> Vec<Arc<Entry>> {
        let all = self.calls.iter();
        let found = all.filter(|entry| wanted(&entry.memory.state()));
        found.map(|entry| entry.clone()).collect()
    }
}
