//! Every session, by its socket, its user and the engine's name for it.

use super::{
    Memory,
    actor::{SessionActor, Wake},
    messages::{Input, TokenClaims, Why},
    state::State,
    wire::Wire,
};
use crate::{
    config::WebrtcSessions,
    supervision::{Countdown, Full},
    target::Contact,
};
use actix::Addr;
use dashmap::DashMap;
use engine::leg::{Delivery, Hop, LegId, SessionId, SessionSink, Signal};
use schema::{Account, Id, Time, User};
use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

/// Inputs that may wait for one session. The engine keeps what does not fit and offers it again.
const INBOX: usize = 512;

/// Names one socket for the life of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SocketId(u64);

/// One socket and all that outlives its actor.
pub(crate) struct Entry {
    pub(super) id: SocketId,
    pub(super) memory: Memory,
    pub(super) wire: Wire,
    /// Where the client is, as far as the socket tells.
    pub(super) peer: IpAddr,
    seat: Mutex<Option<Seat>>,
    /// Users that it watches.
    watched: Mutex<Vec<Id<User>>>,
    /// Those that may have changed.
    stale: Mutex<BTreeSet<Id<User>>>,
    address: Mutex<Option<Addr<SessionActor>>>,
    /// Where a test has the actor die.
    countdown: Countdown,
}

/// What a session that was admitted has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) user: Id<User>,
    pub(crate) account: Id<Account>,
    pub(crate) session: SessionId,
    /// It rings.
    pub(crate) listed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Entry {
    /// A place at which an actor may die without anything being lost.
    pub(super) fn may_die(&self) {
        self.countdown.passes();
    }

    /// Hands in news.
    pub(super) fn tell(&self, input: Input) -> Result<(), Full> {
        if self.memory.push(input)? {
            self.wake();
        }
        Ok(())
    }

    /// Hands in what must not be lost for lack of room.
    pub(super) fn answer(&self, input: Input) {
        if self.memory.push_own(input) == Ok(true) {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(address) = &*lock(&self.address) {
            address.do_send(Wake);
        }
    }

    /// The actor that is in charge now.
    pub(super) fn is_served_by(&self, actor: Option<Addr<SessionActor>>) {
        *lock(&self.address) = actor;
    }

    /// The actor's address, for tests that kill it.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn actor(&self) -> Option<Addr<SessionActor>> {
        lock(&self.address).clone()
    }

    /// Tokens of its user that were made until then are refused.
    pub(crate) fn is_revoked(&self, at: Time) {
        self.answer(Input::Revoked(at));
    }

    /// Somebody else ends it.
    pub(crate) fn is_ended(&self, why: Why) {
        self.answer(Input::End(why));
    }

    /// It is to end with its last call.
    pub(crate) fn drains(&self) {
        self.answer(Input::Drain);
    }

    /// Its seat.
    pub(crate) fn seat(&self) -> Option<Seat> {
        *lock(&self.seat)
    }

    /// Notes whom it watches; gives those that it watched before.
    pub(super) fn watches(&self, users: Vec<Id<User>>) -> Vec<Id<User>> {
        std::mem::replace(&mut *lock(&self.watched), users)
    }

    /// A watched user may have changed.
    pub(super) fn is_stale(&self, user: Id<User>) {
        let mut stale = lock(&self.stale);
        let first = stale.is_empty();
        stale.insert(user);
        drop(stale);
        if first {
            self.answer(Input::Stale);
        }
    }

    /// Those that may have changed since the last time.
    pub(super) fn take_stale(&self) -> BTreeSet<Id<User>> {
        std::mem::take(&mut lock(&self.stale))
    }
}

/// Signals of legs on their way into a session's inbox.
struct Line(Weak<Entry>);

impl SessionSink for Line {
    fn signal(&self, leg: LegId, signal: &Signal) -> Delivery {
        let Some(entry) = self.0.upgrade() else {
            return Delivery::Gone;
        };
        match entry.tell(Input::Signal(leg, signal.clone())) {
            Ok(()) => Delivery::Taken,
            Err(Full::Full) => Delivery::Full,
            Err(Full::Closed) => Delivery::Gone,
        }
    }
}

/// Every session. Shared, answers at once.
#[derive(Default)]
pub(crate) struct Sessions {
    sockets: DashMap<SocketId, Arc<Entry>>,
    /// Those that have a seat, oldest first.
    by_user: DashMap<Id<User>, Vec<Arc<Entry>>>,
    owners: DashMap<SessionId, (Id<User>, Id<Account>)>,
    next: AtomicU64,
    /// How far sessions get whose actors a test wants dead, in the order in which they begin.
    #[cfg(any(test, feature = "faults"))]
    doomed: Mutex<std::collections::VecDeque<usize>>,
}

impl Sessions {
    /// A socket that has just been opened.
    pub(super) fn open(&self, peer: IpAddr, rules: WebrtcSessions) -> Arc<Entry> {
        let id = SocketId(self.next.fetch_add(1, Ordering::Relaxed));
        let entry = Arc::new(Entry {
            id,
            memory: Memory::new(State::new(rules, Time::now()), INBOX),
            wire: Wire::new(rules.queue),
            peer,
            seat: Mutex::default(),
            watched: Mutex::default(),
            stale: Mutex::default(),
            address: Mutex::default(),
            countdown: Countdown::default(),
        });
        #[cfg(any(test, feature = "faults"))]
        if let Some(place) = lock(&self.doomed).pop_front() {
            entry.countdown.start(place);
        }
        self.sockets.insert(id, entry.clone());
        entry
    }

    /// The actor of a session that begins later dies at its n-th place, counted from 1.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn doom(&self, place: usize) {
        lock(&self.doomed).push_back(place);
    }

    /// Seats a session of a user, unless there are `most` of them. Once seated it stays so.
    pub(super) fn seat(
        &self,
        entry: &Arc<Entry>,
        claims: TokenClaims,
        most: usize,
        open: impl FnOnce(Arc<dyn SessionSink>) -> SessionId,
    ) -> bool {
        let mut of_user = self.by_user.entry(claims.user).or_default();
        let mut seat = lock(&entry.seat);
        if seat.is_some() {
            return true;
        }
        if of_user.len() >= most {
            return false;
        }
        let session = open(Arc::new(Line(Arc::downgrade(entry))));
        *seat = Some(Seat {
            user: claims.user,
            account: claims.account,
            session,
            listed: false,
        });
        self.owners.insert(session, (claims.user, claims.account));
        of_user.push(entry.clone());
        true
    }

    /// From now on it rings. Gives its user, unless it rang already.
    pub(super) fn list(&self, entry: &Entry) -> Option<Id<User>> {
        let mut seat = lock(&entry.seat);
        let seat = seat.as_mut()?;
        let before = std::mem::replace(&mut seat.listed, true);
        (!before).then_some(seat.user)
    }

    /// Takes the seat away.
    pub(super) fn unseat(&self, entry: &Entry) -> Option<Seat> {
        let seat = lock(&entry.seat).take()?;
        self.owners.remove(&seat.session);
        if let Some(mut of_user) = self.by_user.get_mut(&seat.user) {
            of_user.retain(|other| other.id != entry.id);
        }
        self.by_user
            .remove_if(&seat.user, |_, of_user| of_user.is_empty());
        Some(seat)
    }

    /// Forgets a socket, and its mail with it.
    pub(super) fn remove(&self, id: SocketId) {
        if let Some((_, entry)) = self.sockets.remove(&id) {
            entry.memory.close();
            entry.is_served_by(None);
        }
    }

    /// A socket by its name.
    pub(super) fn get(&self, id: SocketId) -> Option<Arc<Entry>> {
        self.sockets.get(&id).map(|entry| entry.clone())
    }

    /// The sockets for which `wanted` holds. Looks at all of them: for rare orders only.
    pub(crate) fn select(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Entry>> {
        let all = self.sockets.iter();
        let found = all.filter(|entry| wanted(entry));
        found.map(|entry| entry.clone()).collect()
    }

    /// The sessions of a user that ring.
    fn of_user(&self, user: Id<User>) -> Vec<Seat> {
        let found = self.by_user.get(&user);
        let entries = found.map(|entries| entries.clone()).unwrap_or_default();
        let seats = entries.iter().filter_map(|entry| entry.seat());
        seats.filter(|seat| seat.listed).collect()
    }

    /// How many sessions of a user ring.
    pub(crate) fn count(&self, user: Id<User>) -> usize {
        self.of_user(user).len()
    }

    /// Where a user's browsers are, oldest first.
    pub(crate) fn contacts_of(&self, user: Id<User>) -> Vec<Contact> {
        let seats = self.of_user(user).into_iter();
        let contacts = seats.map(|seat| Contact {
            user,
            endpoint: None,
            uri: format!("sip:{user}@session.invalid"),
            hop: Hop::Session(seat.session),
            path: Vec::new(),
            instance: None,
        });
        contacts.collect()
    }

    /// Whose a session is.
    pub(crate) fn owner(&self, session: SessionId) -> Option<(Id<User>, Id<Account>)> {
        self.owners.get(&session).map(|owner| *owner)
    }
}
