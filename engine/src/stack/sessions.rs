//! The browsers that are signed in, and their legs.

use super::Stack;
use crate::{
    LegError,
    leg::{BrowserCall, LegId, SessionId, SessionSink, Word},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Every session. Its lock may be taken while a shard is locked, never the other way round.
#[derive(Default)]
pub(super) struct Sessions {
    rows: RwLock<HashMap<SessionId, Session>>,
    next: AtomicU64,
}

struct Session {
    sink: Arc<dyn SessionSink>,
}

impl Stack {
    /// See [`Endpoint::open_session`](crate::Endpoint::open_session).
    pub(crate) fn open_session(&self, sink: Arc<dyn SessionSink>) -> SessionId {
        let id = SessionId(self.sessions.next.fetch_add(1, Ordering::Relaxed));
        let mut rows = self
            .sessions
            .rows
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        rows.insert(id, Session { sink });
        id
    }

    /// See [`Endpoint::close_session`](crate::Endpoint::close_session).
    pub(crate) fn close_session(&self, session: SessionId) {
        let mut rows = self
            .sessions
            .rows
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        rows.remove(&session);
    }

    /// See [`Endpoint::call_from`](crate::Endpoint::call_from).
    pub(crate) fn call_from(&self, call: BrowserCall) -> Result<LegId, LegError> {
        let _ = call;
        Err(LegError::Gone)
    }

    /// See [`Endpoint::say`](crate::Endpoint::say).
    pub(crate) fn say(&self, session: SessionId, leg: LegId, word: Word) -> Result<(), LegError> {
        let known = self.sessions.rows.read().is_ok_and(|rows| {
            rows.get(&session)
                .is_some_and(|row| Arc::strong_count(&row.sink) > 0)
        });
        tracing::trace!(known, ?leg, ?word, "a browser speaks");
        Err(LegError::Gone)
    }
}
