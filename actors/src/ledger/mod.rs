//! Writes call records: each exactly once, durable before anybody is told that the call ended.
//!
//! A record goes to the spool file first (so that a crash of the process loses none), then into the
//! database together with others that are waiting. While the database is away the spool is synced to the
//! disk and that counts as durable; the records stay in memory and are written when it is back. What the
//! spool holds at start-up is written again: inserting is idempotent.

mod row;
mod spool;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use spool::Spool;

use crate::{call::LiveCall, call::Record, metrics::Metrics, supervision::Kind};
use schema::{Account, Call, Db, Id};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

/// Called once the record is durable.
pub(crate) type Done = Box<dyn FnOnce() + Send>;

/// Records in memory at which no new calls are taken any more.
pub(crate) const WAITING: usize = 50_000;

/// The ledger's handle. What waits outlives the loop that writes it.
pub(crate) struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<VecDeque<Pending>>,
    wake: Notify,
    /// Woken whenever something was written.
    written: Notify,
    /// The database answered the last time it was asked.
    reachable: AtomicBool,
    #[cfg(any(test, feature = "faults"))]
    dies: AtomicBool,
    metrics: Arc<Metrics>,
}

struct Pending {
    record: Arc<Record>,
    done: Option<Done>,
    spooled: bool,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Pending>> {
        // Only pushes and pops happen under the lock: a poisoned one is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// A ledger that first writes what the spool still holds. Its loop runs on the current runtime.
    pub(crate) fn start(db: Db, spool: Spool, left: Vec<Record>, metrics: Arc<Metrics>) -> Self {
        let shared = Arc::new(Shared {
            waiting: Mutex::new(VecDeque::new()),
            wake: Notify::new(),
            written: Notify::new(),
            reachable: AtomicBool::new(true),
            #[cfg(any(test, feature = "faults"))]
            dies: AtomicBool::new(false),
            metrics: metrics.clone(),
        });
        shared
            .waiting()
            .extend(left.into_iter().map(|record| Pending {
                record: Arc::new(record),
                done: None,
                spooled: true,
            }));
        shared.wake.notify_one();
        let spool = Arc::new(tokio::sync::Mutex::new(spool));
        let worker = shared.clone();
        tokio::spawn(crate::supervision::keep(Kind::Ledger, metrics, move || {
            writer::run(worker.clone(), db.clone(), spool.clone())
        }));
        Self { shared }
    }

    /// Takes a record; `done` is called once it is durable. Never waits.
    pub(crate) fn submit(&self, record: Record, done: Option<Done>) {
        let mut waiting = self.shared.waiting();
        waiting.push_back(Pending {
            record: Arc::new(record),
            done,
            spooled: false,
        });
        let count = waiting.len();
        drop(waiting);
        self.shared.metrics.ledger_waiting(count);
        self.shared.wake.notify_one();
    }

    /// A call that ended and is not in the database yet.
    pub(crate) fn find(&self, account: Id<Account>, call: Id<Call>) -> Option<LiveCall> {
        let waiting = self.shared.waiting();
        let found = waiting
            .iter()
            .find(|pending| pending.record.id == call && pending.record.account == account)?;
        Some(LiveCall::from(&*found.record))
    }

    /// Whether the database took the last records, and there is room for more.
    pub(crate) fn is_able(&self) -> bool {
        self.shared.reachable.load(Ordering::Acquire) && self.shared.waiting().len() < WAITING
    }

    /// Waits until everything that was submitted is in the database.
    pub(crate) async fn flushed(&self) {
        loop {
            let written = self.shared.written.notified();
            tokio::pin!(written);
            written.as_mut().enable();
            if self.shared.waiting().is_empty() {
                return;
            }
            written.await;
        }
    }

    /// Makes the loop die at its next turn.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill(&self) {
        self.shared.dies.store(true, Ordering::Release);
        self.shared.wake.notify_one();
    }
}
