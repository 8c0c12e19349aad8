//! Writes bindings in batches: one transaction carries everything that waits, and everybody in it is
//! answered when it is durable.

use schema::{Binding, BindingChange, Db, Id};
use tokio::sync::{mpsc, oneshot};

/// Registrations that may wait for the database; beyond it 503.
const WAITING: usize = 4_096;
/// Registrations of one transaction at most.
const BATCH: usize = 512;

/// The way to the database. Cheap to call, bounded.
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
}

struct Job {
    changes: Vec<BindingChange>,
    done: Option<oneshot::Sender<bool>>,
}

impl Writer {
    /// Starts the loop on the runtime it is called from; it ends with the writer.
    pub(super) fn start(db: Db) -> Self {
        let (queue, jobs) = mpsc::channel(WAITING);
        tokio::spawn(run(db, jobs));
        Self { queue }
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

async fn run(db: Db, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let mut changes = Vec::with_capacity(batch.len());
        let mut waiting = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            changes.extend(job.changes);
            waiting.extend(job.done);
        }
        let written = db.write_bindings(changes).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "bindings cannot be written");
        }
        for done in waiting {
            // A phone that gave up is nobody to answer.
            let _ = done.send(written.is_ok());
        }
    }
}
