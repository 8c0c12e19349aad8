//! Writes bindings in batches: one transaction carries everything that waits, and everybody in it is
//! answered when it is durable.

use crate::{
    gather::Gather,
    metrics::Metrics,
    supervision::{Fuse, Kind, keep},
};
use schema::{Binding, BindingChange, Db, Id};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Registrations that may wait for the database; beyond it 503.
const WAITING: usize = 4_096;
/// Registrations of one transaction at most.
const BATCH: usize = 512;

/// The way to the database. Cheap to call, bounded.
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    /// Where a test kills the loop.
    #[cfg_attr(not(any(test, feature = "faults")), expect(dead_code))]
    fuse: Arc<Fuse>,
}

struct Job {
    changes: Vec<BindingChange>,
    done: Option<oneshot::Sender<bool>>,
}

impl Writer {
    /// Starts the loop on the runtime it is called from; it ends with the writer. When it dies, who it was
    /// working for is told that it could not be done, and those who wait find the next one.
    pub(super) fn start(db: Db, metrics: Arc<Metrics>) -> Self {
        let (queue, jobs) = mpsc::channel(WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        let fuse = Arc::new(Fuse::default());
        let worker = fuse.clone();
        tokio::spawn(keep(Kind::Bindings, metrics, move || {
            run(db.clone(), jobs.clone(), worker.clone())
        }));
        Self { queue, fuse }
    }

    /// Kills the loop at its next turn.
    #[cfg(any(test, feature = "faults"))]
    pub(super) fn kill(&self) {
        self.fuse.light();
    }

    /// Makes changes durable. `false` when that is not possible now.
    pub(super) async fn write(&self, changes: Vec<BindingChange>) -> bool {
        let (done, answer) = oneshot::channel();
        let job = Job {
            changes,
            done: Some(done),
        };
        self.queue.try_send(job).is_ok() && answer.await.unwrap_or(false)
    }

    /// Deletes bindings without waiting; what does not fit lapses by itself.
    pub(super) fn forget(&self, gone: Vec<Id<Binding>>) {
        if gone.is_empty() {
            return;
        }
        let job = Job {
            changes: gone.into_iter().map(BindingChange::Remove).collect(),
            done: None,
        };
        if self.queue.try_send(job).is_err() {
            tracing::warn!("deleted bindings stay in the database until they lapse");
        }
    }
}

async fn run(db: Db, jobs: Arc<Mutex<mpsc::Receiver<Job>>>, fuse: Arc<Fuse>) {
    let mut jobs = jobs.lock().await;
    let mut batch = Vec::with_capacity(BATCH);
    let mut gather = Gather::default();
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        gather.others().await;
        while batch.len() < BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        let mut changes = Vec::with_capacity(batch.len());
        let mut waiting = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            changes.extend(job.changes);
            waiting.extend(job.done);
        }
        fuse.burn();
        let written = db.write_bindings(changes).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "bindings cannot be written");
        }
        gather.wrote();
        for done in waiting {
            // A phone that gave up is nobody to answer.
            let _ = done.send(written.is_ok());
        }
    }
}
