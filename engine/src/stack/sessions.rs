//! The browsers that are signed in, and which legs are theirs.

use crate::leg::{LegId, MOST_LEGS, SessionId, SessionSink};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Every session. The lock may be taken while a shard is locked, never the other way round.
#[derive(Default)]
pub(super) struct Sessions {
    rows: RwLock<HashMap<SessionId, Session>>,
    next: AtomicU64,
}

struct Session {
    sink: Arc<dyn SessionSink>,
    legs: Vec<Seat>,
}

struct Seat {
    leg: LegId,
    /// The call's name, once the browser knows it.
    call: Option<String>,
}

/// Why a session takes no further leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shut {
    /// There is no such session.
    Gone,
    /// It has [`MOST_LEGS`], or one of this very call.
    Busy,
}

impl Sessions {
    /// Adds a session.
    pub(super) fn open(&self, sink: Arc<dyn SessionSink>) -> SessionId {
        let id = SessionId(self.next.fetch_add(1, Ordering::Relaxed) + 1);
        let legs = Vec::new();
        self.write().insert(id, Session { sink, legs });
        id
    }

    /// Takes a session away; answers its legs.
    pub(super) fn close(&self, session: SessionId) -> Vec<LegId> {
        let row = self.write().remove(&session);
        let seats = row.map(|row| row.legs).unwrap_or_default();
        seats.into_iter().map(|seat| seat.leg).collect()
    }

    /// Counts a leg in; a browser cannot tell two of one call apart.
    pub(super) fn join(
        &self,
        session: SessionId,
        leg: LegId,
        call: Option<String>,
    ) -> Result<Arc<dyn SessionSink>, Shut> {
        let mut rows = self.write();
        let row = rows.get_mut(&session).ok_or(Shut::Gone)?;
        let same = call.is_some() && row.legs.iter().any(|seat| seat.call == call);
        if same || row.legs.len() >= MOST_LEGS {
            return Err(Shut::Busy);
        }
        row.legs.push(Seat { leg, call });
        Ok(row.sink.clone())
    }

    /// Notes how the browser calls a leg from now on.
    pub(super) fn name(&self, session: SessionId, leg: LegId, call: &str) {
        let mut rows = self.write();
        let seats = rows.get_mut(&session).map(|row| &mut row.legs);
        if let Some(seat) = seats.and_then(|seats| seats.iter_mut().find(|seat| seat.leg == leg)) {
            seat.call.get_or_insert_with(|| call.to_owned());
        }
    }

    /// Counts a leg out.
    pub(super) fn leave(&self, session: SessionId, leg: LegId) {
        if let Some(row) = self.write().get_mut(&session) {
            row.legs.retain(|seat| seat.leg != leg);
        }
    }

    /// Says whether a live leg is this session's.
    pub(super) fn has(&self, session: SessionId, leg: LegId) -> bool {
        let rows = self.read();
        let row = rows.get(&session);
        row.is_some_and(|row| row.legs.iter().any(|seat| seat.leg == leg))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<SessionId, Session>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<SessionId, Session>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leg::{Delivery, Signal};

    struct Deaf;

    impl SessionSink for Deaf {
        fn signal(&self, _: LegId, _: &Signal) -> Delivery {
            Delivery::Taken
        }
    }

    #[test]
    fn a_session_has_room_for_so_many_legs_and_for_each_call_once() {
        let sessions = Sessions::default();
        let (one, other) = (sessions.open(Arc::new(Deaf)), sessions.open(Arc::new(Deaf)));
        let join = |session, leg, call: Option<&str>| {
            let call = call.map(str::to_owned);
            sessions.join(session, LegId(leg), call).err()
        };
        assert_eq!(join(one, 1, Some("call_a")), None);
        assert_eq!(join(one, 2, Some("call_a")), Some(Shut::Busy));
        assert_eq!(join(other, 3, Some("call_a")), None);
        assert_eq!(join(one, 4, None), None);
        assert_eq!(join(one, 5, None), None);
        sessions.name(one, LegId(4), "call_b");
        assert_eq!(join(one, 6, Some("call_b")), Some(Shut::Busy));
        sessions.leave(one, LegId(4));
        assert_eq!(join(one, 6, Some("call_b")), None);
        for leg in 7..20 {
            assert_eq!(join(one, leg, None), None);
        }
        assert_eq!(join(one, 20, None), Some(Shut::Busy));
        assert!(sessions.has(one, LegId(6)) && !sessions.has(other, LegId(6)));
        assert_eq!(sessions.close(one).len(), MOST_LEGS);
        assert_eq!(join(one, 21, None), Some(Shut::Gone));
        assert!(sessions.close(one).is_empty());
    }
}
