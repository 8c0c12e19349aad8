//! Writes call records: each exactly once, durable before anybody is told that the call ended.
//!
//! A record goes to the spool file first (so that a crash of the process loses none), then into the
//! database together with others that are waiting. While the database is away the spool is synced to the
//! disk and that counts as durable; the records stay in memory and are written when it is back. What the
//! spool holds at start-up is written again: inserting is idempotent. Calls that go on are noted in the
//! journal, so that a process that is killed leaves records of them, too.

mod journal;
mod row;
mod spool;
mod writer;

#[cfg(test)]
mod tests;

use crate::{
    call::{LiveCall, Record},
    error::StartError,
    metrics::Metrics,
    supervision::Kind,
};
use journal::Journal;
use schema::{Account, Call, Db, Id};
use spool::Spool;
use std::{
    collections::VecDeque,
    path::Path,
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
    /// What the journal is to be told, in order.
    going_on: Mutex<Vec<Standing>>,
    wake: Notify,
    /// Woken when the database seems to be back.
    back: Notify,
    /// Woken whenever something was written.
    written: Notify,
    /// The database answered the last time it was asked.
    reachable: AtomicBool,
    #[cfg(any(test, feature = "faults"))]
    dies: AtomicBool,
    metrics: Arc<Metrics>,
}

/// How a call stands.
enum Standing {
    /// It goes on; this would be its record.
    Open(Box<Record>),
    /// Its record is in the spool or beyond.
    Ended(Id<Call>),
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

    fn going_on(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.going_on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stands(&self, how: Standing) {
        self.going_on().push(how);
    }
}

/// The two local files.
struct Files {
    spool: Spool,
    journal: Journal,
}

/// What an earlier process left behind.
pub(crate) struct Recovered {
    files: Files,
    left: Vec<Record>,
}

impl Recovered {
    /// Opens the local files of a data directory. Records of calls that a process was killed in are safe
    /// in the spool before the journal forgets them.
    pub(crate) fn from(dir: &Path) -> Result<Self, StartError> {
        let (mut spool, mut left) = Spool::open(dir)?;
        let (mut journal, cut_off) = Journal::open(dir)?;
        let fault = |source| StartError::Spool {
            path: dir.to_owned(),
            source,
        };
        spool.append(cut_off.iter()).map_err(fault)?;
        spool.sync().map_err(fault)?;
        journal.clear().map_err(fault)?;
        // A call that has a record of its own end keeps that one: it comes first.
        left.extend(cut_off);
        let files = Files { spool, journal };
        Ok(Self { files, left })
    }
}

impl Ledger {
    /// A ledger that first writes what the spool still holds. Its loop runs on the current runtime.
    pub(crate) fn start(db: Db, recovered: Recovered, metrics: Arc<Metrics>) -> Self {
        let Recovered { files, left } = recovered;
        let shared = Arc::new(Shared {
            waiting: Mutex::new(VecDeque::new()),
            going_on: Mutex::new(Vec::new()),
            wake: Notify::new(),
            back: Notify::new(),
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
        let files = Arc::new(tokio::sync::Mutex::new(files));
        let worker = shared.clone();
        tokio::spawn(crate::supervision::keep(Kind::Ledger, metrics, move || {
            writer::run(worker.clone(), db.clone(), files.clone())
        }));
        Self { shared }
    }

    /// Notes how a call stands that goes on. Never waits.
    pub(crate) fn note(&self, record: Record) {
        self.shared.stands(Standing::Open(Box::new(record)));
        self.shared.wake.notify_one();
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

    /// The database seems to be back: what waits is tried now.
    pub(crate) fn try_again(&self) {
        self.shared.back.notify_waiters();
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
