//! SQLite: one thread that writes, a few that read, jobs by bounded queues.
//!
//! Query bodies are async only in form here: each runs in one go on a thread that owns its
//! connection. Writes that wait together are committed together, with one flush to disk.

use std::future::{Future, Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::pin::pin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

pub(crate) use diesel::SqliteConnection as Conn;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::query_dsl::methods::{ExecuteDsl, LoadQuery};
pub(crate) use diesel::sqlite::Sqlite as Backend;
use diesel::{Connection, QueryResult, SqliteConnection};
use tokio::sync::oneshot;

use crate::error::DbError;

/// Jobs that may wait for the writer, and for the readers; beyond it the database counts as
/// unavailable.
const QUEUE: usize = 1024;

/// Writes that are committed together at most; at some 30 µs each nobody waits longer for the
/// others than for the disk.
const GROUP: usize = 128;

/// Settings of every connection. WAL lets readers and the writer work side by side. `FULL` flushes
/// the log at each commit: what was acknowledged survives a power cut, and grouping keeps it cheap.
/// The time-out is for other processes (`strowger keys`), within this one nobody contends.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000;
    PRAGMA journal_size_limit = 16777216;";

/// A read runs and answers by itself.
type Read = Box<dyn FnOnce(&mut SqliteConnection) + Send>;

/// A write runs, unless it cannot be begun, and answers once its group is committed.
type Write = Box<dyn FnOnce(Result<&mut SqliteConnection, DbError>) -> Settle + Send>;

/// Hands the outcome to whoever asked; an error here means that nothing was written.
type Settle = Box<dyn FnOnce(Result<(), DbError>)>;

/// The queues of an open database. Its threads end with the last clone.
#[derive(Clone)]
pub(crate) struct Store {
    reads: SyncSender<Read>,
    writes: SyncSender<Write>,
}

impl Store {
    pub(crate) fn open(path: &str, readers: usize) -> Result<Self, DbError> {
        let (writes, jobs) = sync_channel(QUEUE);
        let writer = connect(path)?;
        spawn("db-writer".to_owned(), move || write_all(writer, &jobs))?;
        let (reads, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..readers.max(1) {
            let mut reader = connect(path)?;
            reader.batch_execute("PRAGMA query_only = ON")?;
            let jobs = Arc::clone(&jobs);
            spawn(format!("db-reader-{number}"), move || {
                read_all(reader, &jobs);
            })?;
        }
        Ok(Self { reads, writes })
    }

    /// Runs a query that writes nothing.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut SqliteConnection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (answer, answered) = oneshot::channel();
        let job: Read = Box::new(move |c| {
            // Who no longer waits does not need the answer.
            if !answer.is_closed() {
                let _ = answer.send(guarded(c, query));
            }
        });
        self.reads.try_send(job).map_err(refused)?;
        answered.await.map_err(DbError::internal)?
    }

    /// Runs a unit of work: all of it is written, durably, or nothing.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let (answer, answered) = oneshot::channel();
        let job: Write = Box::new(move |c| {
            let outcome = c.and_then(|c| c.transaction(|c| guarded(c, work)));
            Box::new(move |committed| {
                let _ = answer.send(committed.and(outcome));
            })
        });
        self.writes.try_send(job).map_err(refused)?;
        answered.await.map_err(DbError::internal)?
    }
}

fn refused<T>(error: TrySendError<T>) -> DbError {
    DbError::unavailable(match error {
        TrySendError::Full(_) => "too many queries are waiting",
        TrySendError::Disconnected(_) => "the database threads have ended",
    })
}

fn connect(path: &str) -> Result<SqliteConnection, DbError> {
    let mut connection = SqliteConnection::establish(path).map_err(DbError::unavailable)?;
    connection.batch_execute(PRAGMAS)?;
    Ok(connection)
}

/// A connection for migrations; creates the file and its folder when absent.
pub(crate) fn create(path: &str) -> Result<SqliteConnection, DbError> {
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder).map_err(DbError::unavailable)?;
    }
    // It holds what phones register with: nobody else on the machine reads it. Its log follows suit. A file
    // that is there is left alone: to open and close it would drop SQLite's locks.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(DbError::unavailable(error))
        }
        _ => connect(path),
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    let thread = thread::Builder::new().name(name).spawn(run);
    thread.map(drop).map_err(DbError::unavailable)
}

fn read_all(mut connection: SqliteConnection, jobs: &Mutex<Receiver<Read>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&mut connection),
            Err(_) => return,
        }
    }
}

fn write_all(mut connection: SqliteConnection, jobs: &Receiver<Write>) {
    while let Ok(first) = jobs.recv() {
        // Taken before anything is tried: what comes later is not refused for what failed before.
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        write_group(&mut connection, group);
    }
}

/// Each job has a savepoint of its own, so that a failing one takes back only its own work.
fn write_group(connection: &mut SqliteConnection, jobs: Vec<Write>) {
    let begun = AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE");
    if let Err(error) = begun {
        let error = DbError::from(error);
        tracing::warn!(%error, "could not begin a write");
        jobs.into_iter()
            .for_each(|job| job(Err(error.clone()))(Ok(())));
        return;
    }
    let settles: Vec<Settle> = jobs.into_iter().map(|job| job(Ok(connection))).collect();
    let committed = AnsiTransactionManager::commit_transaction(connection).map_err(DbError::from);
    if let Err(error) = &committed {
        tracing::warn!(%error, "could not commit a write");
    }
    settles
        .into_iter()
        .for_each(|settle| settle(committed.clone()));
}

/// A panic in a query is its own failure, not the thread's.
fn guarded<T>(
    connection: &mut SqliteConnection,
    run: impl FnOnce(&mut SqliteConnection) -> Result<T, DbError>,
) -> Result<T, DbError> {
    catch_unwind(AssertUnwindSafe(|| run(connection)))
        .unwrap_or_else(|_| Err(DbError::internal("the query panicked")))
}

/// Runs a query body, which never waits for anything here.
pub(crate) fn finish<T>(body: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    match pin!(body).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(DbError::internal("a query body waited for something else")),
    }
}

/// The unit of work is the whole `write fn` already.
macro_rules! write_tx {
    ($c:ident, $body:block) => {{
        let $c = &mut *$c;
        let outcome: Result<_, $crate::DbError> = async { $body }.await;
        outcome
    }};
}
pub(crate) use write_tx;

/// Diesel's blocking calls under the names and in the form that diesel-async has.
pub(crate) trait RunQueryDsl: Sized {
    fn load<'q, U>(self, c: &mut SqliteConnection) -> Ready<QueryResult<Vec<U>>>
    where
        Self: LoadQuery<'q, SqliteConnection, U>,
    {
        ready(self.internal_load(c).and_then(Iterator::collect))
    }

    fn get_result<'q, U>(self, c: &mut SqliteConnection) -> Ready<QueryResult<U>>
    where
        Self: LoadQuery<'q, SqliteConnection, U>,
    {
        let found = self
            .internal_load(c)
            .and_then(|mut rows| rows.next().transpose());
        ready(found.and_then(|row| row.ok_or(diesel::result::Error::NotFound)))
    }

    /// Takes one row and leaves the others unread. Without `LIMIT ?`, whose bound value makes SQLite
    /// compile the statement anew each time.
    fn first<'q, U>(self, c: &mut SqliteConnection) -> Ready<QueryResult<U>>
    where
        Self: LoadQuery<'q, SqliteConnection, U>,
    {
        RunQueryDsl::get_result(self, c)
    }

    fn execute(self, c: &mut SqliteConnection) -> Ready<QueryResult<usize>>
    where
        Self: ExecuteDsl<SqliteConnection>,
    {
        ready(ExecuteDsl::execute(self, c))
    }
}

impl<Q> RunQueryDsl for Q {}
