//! The ledger's loop: spool, write what waits in one transaction, tell who waits.

use super::{Done, Files, Shared, Standing, row::row};
use crate::{call::Record, gather::Gather};
use schema::{Db, DbError, Recorded};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Mutex;

/// Records written in one transaction.
const BATCH: usize = 128;
/// First pause when the database is away.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the journal is told that the process is alive.
const BEAT: Duration = Duration::from_secs(5);
/// Longest pause when the database is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes for ever.
pub(super) async fn run(shared: Arc<Shared>, db: Db, files: Arc<Mutex<Files>>) {
    let mut pause = PAUSE;
    // A loop that is started again finds what its predecessor left.
    shared.wake.notify_one();
    let mut gather = Gather::default();
    loop {
        tokio::select! {
            () = shared.wake.notified() => gather.others().await,
            () = tokio::time::sleep(BEAT) => files.lock().await.journal.beat(),
        }
        #[cfg(any(test, feature = "faults"))]
        assert!(
            !shared.dies.swap(false, Ordering::AcqRel),
            "killed by a test"
        );
        loop {
            to_spool(&shared, &files).await;
            let batch: Vec<Arc<Record>> = {
                let waiting = shared.waiting();
                let first = waiting.iter().take(BATCH);
                first.map(|pending| pending.record.clone()).collect()
            };
            if batch.is_empty() {
                break;
            }
            match db
                .insert_calls(batch.iter().map(|record| row(record)).collect())
                .await
            {
                Ok(outcomes) => {
                    pause = PAUSE;
                    shared.reachable.store(true, Ordering::Release);
                    log(&batch, &outcomes);
                    finish(&shared, &files, batch.len()).await;
                    gather.wrote();
                }
                Err(DbError::Unavailable(cause)) => {
                    tracing::warn!(%cause, records = batch.len(), "the database is away, call records wait");
                    away(&shared, &files, pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) if batch.len() == 1 => {
                    tracing::error!(%error, call.id = %batch.first().map(|r| r.id.to_string()).unwrap_or_default(), "a call record cannot be written");
                    finish(&shared, &files, 1).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "call records cannot be written together, trying one by one");
                    one_by_one(&shared, &db, &files, batch).await;
                }
            }
        }
    }
}

/// Writes each record of a batch on its own, so that one bad record harms no other.
async fn one_by_one(shared: &Shared, db: &Db, files: &Mutex<Files>, batch: Vec<Arc<Record>>) {
    for record in batch {
        match db.insert_call(row(&record)).await {
            Ok(_) => {}
            Err(DbError::Unavailable(_)) => return,
            Err(error) => {
                tracing::error!(%error, call.id = %record.id, "a call record cannot be written");
            }
        }
        finish(shared, files, 1).await;
    }
}

/// Appends to the spool what is not there yet, and tells the journal how calls stand. When that fails the
/// database alone has to do.
async fn to_spool(shared: &Shared, files: &Mutex<Files>) {
    let mut files = files.lock().await;
    // Every call takes this lock: no file is written under it. Only this loop takes records out, so those
    // that were fresh are still the first fresh ones afterwards.
    let fresh: Vec<Arc<Record>> = {
        let waiting = shared.waiting();
        let fresh = waiting.iter().filter(|pending| !pending.spooled);
        fresh.map(|pending| pending.record.clone()).collect()
    };
    if !fresh.is_empty() {
        match files.spool.append(fresh.iter().map(|record| &**record)) {
            Ok(()) => {
                let mut waiting = shared.waiting();
                let spooled = waiting.iter_mut().filter(|pending| !pending.spooled);
                spooled
                    .take(fresh.len())
                    .for_each(|pending| pending.spooled = true);
            }
            Err(error) => tracing::error!(%error, "the spool of call records cannot be written"),
        }
        let ended = fresh.iter().map(|record| Standing::Ended(record.id));
        shared.going_on().extend(ended);
    }
    let standing = std::mem::take(&mut *shared.going_on());
    let mut ended = Vec::new();
    let mut open = Vec::new();
    for how in standing {
        match how {
            Standing::Open(record) => open.push(*record),
            Standing::Ended(call) => ended.push(call),
        }
    }
    if let Err(error) = files.journal.note(open, &ended) {
        tracing::warn!(%error, "the journal of calls cannot be written");
    }
}

/// The database is away: what is on the disk counts as durable. Comes back after a pause, spooling what
/// arrives in between.
async fn away(shared: &Arc<Shared>, files: &Arc<Mutex<Files>>, pause: Duration) {
    shared.reachable.store(false, Ordering::Release);
    let until = tokio::time::Instant::now() + pause;
    loop {
        to_spool(shared, files).await;
        let files = files.clone();
        let synced = tokio::task::spawn_blocking(move || files.blocking_lock().spool.sync()).await;
        if matches!(synced, Ok(Ok(()))) {
            let done: Vec<Done> = {
                let mut waiting = shared.waiting();
                let spooled = waiting.iter_mut().filter(|pending| pending.spooled);
                spooled.filter_map(|pending| pending.done.take()).collect()
            };
            done.into_iter().for_each(tell);
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => return,
            () = shared.back.notified() => return,
            () = shared.wake.notified() => {}
        }
    }
}

/// The first `count` records are written.
async fn finish(shared: &Shared, files: &Mutex<Files>, count: usize) {
    let mut files = files.lock().await;
    let (done, left): (Vec<_>, _) = {
        let mut waiting = shared.waiting();
        let count = count.min(waiting.len());
        (waiting.drain(..count).collect(), waiting.len())
    };
    if left == 0
        && let Err(error) = files.spool.clear()
    {
        tracing::warn!(%error, "the spool of call records cannot be emptied");
    }
    drop(files);
    shared.metrics.ledger_waiting(left);
    for pending in done {
        pending.done.into_iter().for_each(tell);
    }
    shared.written.notify_waiters();
}

/// Tells who waits; a panic there must not keep the others from hearing.
fn tell(done: Done) {
    if let Err(panic) = crate::supervision::guarded(done) {
        tracing::error!(panic, "who waited for a record crashed");
    }
}

fn log(batch: &[Arc<Record>], outcomes: &[Recorded]) {
    for (record, outcome) in batch.iter().zip(outcomes) {
        let (call, account) = (record.id, record.account);
        match outcome {
            Recorded::New => {
                tracing::debug!(call.id = %call, account.id = %account, "recorded a call")
            }
            Recorded::Known => tracing::info!(call.id = %call, "a call had been recorded before"),
            Recorded::NoAccount => {
                tracing::info!(call.id = %call, account.id = %account, "a call's account is gone, and its record with it");
            }
        }
    }
}
