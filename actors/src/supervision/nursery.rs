//! Raises children again after a crash, with a limit on how often.

use super::{Crash, History, Intensity, Kind, Lifeline, guarded};
use crate::metrics::Metrics;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a nursery does with a crashed child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Raise it again from its snapshot.
    Raise,
    /// It crashed too often: end what it was in charge of and write that down.
    GiveUp,
}

/// How the children of one nursery are raised and buried. Called on the nursery's own task.
pub(crate) trait Child: Send + Sync + 'static {
    /// Names one child.
    type Key: Clone + Eq + Hash + Send + Sync + std::fmt::Debug + 'static;
    /// Acts on a crash.
    fn crashed(&self, key: &Self::Key, verdict: Verdict);
}

/// The parent of all actors of one kind.
pub(crate) struct Nursery<K: Clone> {
    notices: UnboundedSender<Crash<K>>,
    lives: AtomicU64,
}

/// Crash histories kept before the stale ones are swept.
const SWEEP_AT: usize = 1024;

impl<K: Clone + Eq + Hash + Send + Sync + std::fmt::Debug + 'static> Nursery<K> {
    /// A nursery and the notices its task will read.
    pub(crate) fn new() -> (Arc<Self>, UnboundedReceiver<Crash<K>>) {
        let (notices, receiver) = unbounded_channel();
        let nursery = Self {
            notices,
            lives: AtomicU64::new(0),
        };
        (Arc::new(nursery), receiver)
    }

    /// A lifeline for a child that is about to start.
    pub(crate) fn lifeline(&self, key: K) -> Lifeline<K> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        Lifeline::new(key, life, self.notices.clone())
    }
}

/// Reads crash notices until the nursery is gone.
pub(crate) async fn watch<C: Child>(
    kind: Kind,
    child: C,
    mut notices: UnboundedReceiver<Crash<C::Key>>,
    metrics: Arc<Metrics>,
) {
    let child = Arc::new(child);
    let mut histories: HashMap<C::Key, History> = HashMap::new();
    while let Some(Crash { key, life }) = notices.recv().await {
        metrics.crashed(kind);
        if histories.len() >= SWEEP_AT {
            let now = Instant::now();
            histories.retain(|_, history| !history.is_stale(Intensity::LIVE, now));
        }
        let history = histories.entry(key.clone()).or_default();
        let Some(pause) = history.crashed(Intensity::LIVE, Instant::now()) else {
            tracing::error!(
                kind = kind.label(),
                ?key,
                life,
                "crashed too often, giving up"
            );
            histories.remove(&key);
            act(&*child, kind, &key, Verdict::GiveUp);
            continue;
        };
        tracing::warn!(
            kind = kind.label(),
            ?key,
            life,
            ?pause,
            "crashed, raising it again"
        );
        if pause.is_zero() {
            act(&*child, kind, &key, Verdict::Raise);
            continue;
        }
        let child = child.clone();
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            act(&*child, kind, &key, Verdict::Raise);
        });
    }
}

/// Acts on a crash; a crash of that is the end of one child, not of the nursery.
fn act<C: Child>(child: &C, kind: Kind, key: &C::Key, verdict: Verdict) {
    if let Err(panic) = guarded(|| child.crashed(key, verdict)) {
        tracing::error!(
            kind = kind.label(),
            ?key,
            panic,
            "cannot be raised or buried"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Notes(Arc<Mutex<Vec<Verdict>>>);

    impl Child for Notes {
        type Key = u8;
        fn crashed(&self, _: &u8, verdict: Verdict) {
            self.0.lock().unwrap().push(verdict);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn raises_and_gives_up_at_last() {
        let (nursery, notices) = Nursery::new();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let metrics = Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap());
        let task = tokio::spawn(watch(Kind::Call, Notes(heard.clone()), notices, metrics));
        for _ in 0..6 {
            drop(nursery.lifeline(1));
        }
        drop(nursery);
        task.await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let heard = heard.lock().unwrap();
        assert_eq!(heard.iter().filter(|v| **v == Verdict::Raise).count(), 5);
        assert_eq!(heard.iter().filter(|v| **v == Verdict::GiveUp).count(), 1);
    }
}
