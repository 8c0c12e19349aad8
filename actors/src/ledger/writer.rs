//! The ledger's loop: spool, write what waits in one transaction, tell who waits.

use super::{Done, Shared, Spool, row::row};
use crate::call::Record;
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
/// Longest pause when the database is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Writes for ever.
pub(super) async fn run(shared: Arc<Shared>, db: Db, spool: Arc<Mutex<Spool>>) {
    let mut pause = PAUSE;
    // A loop that is started again finds what its predecessor left.
    shared.wake.notify_one();
    loop {
        shared.wake.notified().await;
        #[cfg(any(test, feature = "faults"))]
        assert!(
            !shared.dies.swap(false, Ordering::AcqRel),
            "killed by a test"
        );
        loop {
            to_spool(&shared, &spool).await;
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
                    finish(&shared, &spool, batch.len()).await;
                }
                Err(DbError::Unavailable(cause)) => {
                    tracing::warn!(%cause, records = batch.len(), "the database is away, call records wait");
                    away(&shared, &spool, pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) if batch.len() == 1 => {
                    tracing::error!(%error, call.id = %batch.first().map(|r| r.id.to_string()).unwrap_or_default(), "a call record cannot be written");
                    finish(&shared, &spool, 1).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "call records cannot be written together, trying one by one");
                    one_by_one(&shared, &db, &spool, batch).await;
                }
            }
        }
    }
}

/// Writes each record of a batch on its own, so that one bad record harms no other.
async fn one_by_one(shared: &Shared, db: &Db, spool: &Mutex<Spool>, batch: Vec<Arc<Record>>) {
    for record in batch {
        match db.insert_call(row(&record)).await {
            Ok(_) => {}
            Err(DbError::Unavailable(_)) => return,
            Err(error) => {
                tracing::error!(%error, call.id = %record.id, "a call record cannot be written");
            }
        }
        finish(shared, spool, 1).await;
    }
}

/// Appends to the spool what is not there yet. When that fails the database alone has to do.
async fn to_spool(shared: &Shared, spool: &Mutex<Spool>) {
    let mut spool = spool.lock().await;
    let mut waiting = shared.waiting();
    let fresh = waiting.iter().filter(|pending| !pending.spooled);
    let fresh: Vec<_> = fresh.map(|pending| pending.record.clone()).collect();
    if fresh.is_empty() {
        return;
    }
    match spool.append(fresh.iter().map(|record| &**record)) {
        Ok(()) => waiting
            .iter_mut()
            .for_each(|pending| pending.spooled = true),
        Err(error) => tracing::error!(%error, "the spool of call records cannot be written"),
    }
}

/// The database is away: what is on the disk counts as durable. Comes back after a pause, spooling what
/// arrives in between.
async fn away(shared: &Arc<Shared>, spool: &Arc<Mutex<Spool>>, pause: Duration) {
    shared.reachable.store(false, Ordering::Release);
    let until = tokio::time::Instant::now() + pause;
    loop {
        to_spool(shared, spool).await;
        let spool = spool.clone();
        let synced = tokio::task::spawn_blocking(move || spool.blocking_lock().sync()).await;
        if matches!(synced, Ok(Ok(()))) {
            let done: Vec<Done> = {
                let mut waiting = shared.waiting();
                let spooled = waiting.iter_mut().filter(|pending| pending.spooled);
                spooled.filter_map(|pending| pending.done.take()).collect()
            };
            done.into_iter().for_each(|done| done());
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => return,
            () = shared.wake.notified() => {}
        }
    }
}

/// The first `count` records are written.
async fn finish(shared: &Shared, spool: &Mutex<Spool>, count: usize) {
    let mut spool = spool.lock().await;
    let (done, left): (Vec<_>, _) = {
        let mut waiting = shared.waiting();
        let count = count.min(waiting.len());
        (waiting.drain(..count).collect(), waiting.len())
    };
    if left == 0
        && let Err(error) = spool.clear()
    {
        tracing::warn!(%error, "the spool of call records cannot be emptied");
    }
    drop(spool);
    shared.metrics.ledger_waiting(left);
    for pending in done {
        if let Some(done) = pending.done {
            done();
        }
    }
    shared.written.notify_waiters();
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
