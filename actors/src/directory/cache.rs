//! Answers of the last few seconds, absent ones included.

use super::Closed;
use dashmap::DashMap;
use schema::DbError;
use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long an answer is good. Another node's changes are seen after this at the latest.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long a caller waits for the database.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How long nobody asks it after it did not answer: who comes in the meantime is not kept waiting.
const SPARED: Duration = Duration::from_millis(500);
/// Answers kept; beyond it all are forgotten.
const KEPT: usize = 50_000;

/// Whether the database failed to answer the last time it was asked, whoever asked.
#[derive(Debug, Default)]
pub(super) struct Away {
    now: AtomicBool,
    since: Mutex<Option<Instant>>,
}

impl Away {
    /// It failed to answer the last time.
    pub(super) fn is_so(&self) -> bool {
        self.now.load(Ordering::Acquire)
    }

    /// It answered.
    pub(super) fn is_over(&self) {
        self.now.store(false, Ordering::Release);
    }

    /// It did not answer.
    pub(super) fn begins(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.now.store(true, Ordering::Release);
    }

    /// It failed so short a time ago that it is not asked.
    fn is_fresh(&self) -> bool {
        let since = || *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_so() && since().is_some_and(|at| at.elapsed() < SPARED)
    }
}

/// One kind of answer.
pub(super) struct Cache<K, V> {
    known: DashMap<K, (Instant, Option<Arc<V>>)>,
    /// Increases when everything is forgotten, so that an answer that was on its way then is not kept.
    epoch: AtomicU64,
    away: Arc<Away>,
}

/// The database took longer than anybody waits.
#[derive(Debug, thiserror::Error)]
#[error("no answer in time")]
struct Late;

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    /// An empty cache; `away` is shared by all of them.
    pub(super) fn new(away: &Arc<Away>) -> Self {
        Self {
            known: DashMap::new(),
            epoch: AtomicU64::new(0),
            away: away.clone(),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.known.clear();
    }

    /// The answer, asked for when it is not known. `None` when there is no such thing. While the database
    /// is away an answer of any age is given: good enough to call for help with, and whoever promises
    /// more asks whether it is away.
    pub(super) async fn get<F>(&self, key: &K, ask: F) -> Result<Option<Arc<V>>, Closed>
    where
        F: Future<Output = Result<V, DbError>>,
    {
        if let Some(known) = self.known.get(key)
            && known.0.elapsed() < GOOD_FOR
        {
            return Ok(known.1.clone());
        }
        let epoch = self.epoch.load(Ordering::Acquire);
        let late = || Err(DbError::Unavailable(Arc::new(Late)));
        let spared = self.away.is_fresh();
        let asked = match spared {
            true => late(),
            false => {
                let asked = tokio::time::timeout(PATIENCE, ask).await;
                asked.unwrap_or_else(|_| late())
            }
        };
        let answer = match asked {
            Ok(value) => Some(Arc::new(value)),
            Err(DbError::NotFound) => None,
            Err(error) => {
                if !spared {
                    self.away.begins();
                }
                let old = self.known.get(key).map(|known| known.1.clone());
                return old.ok_or(Closed(error));
            }
        };
        self.away.is_over();
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        if self.epoch.load(Ordering::Acquire) == epoch {
            self.known
                .insert(key.clone(), (Instant::now(), answer.clone()));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_once_and_again_after_forgetting() {
        let cache: Cache<u8, u8> = Cache::new(&Arc::default());
        let first = cache.get(&1, async { Ok(7) }).await.unwrap();
        let second = cache.get(&1, async { Ok(8) }).await.unwrap();
        assert_eq!((first.as_deref(), second.as_deref()), (Some(&7), Some(&7)));
        cache.clear();
        let third = cache.get(&1, async { Ok(9) }).await.unwrap();
        assert_eq!(third.as_deref(), Some(&9));
    }

    #[tokio::test]
    async fn remembers_what_is_not_there_and_not_what_failed() {
        let away = Arc::<Away>::default();
        let cache: Cache<u8, u8> = Cache::new(&away);
        assert!(
            cache
                .get(&1, async { Err(DbError::Reference) })
                .await
                .is_err()
        );
        away.is_over();
        let absent = cache
            .get(&1, async { Err(DbError::NotFound) })
            .await
            .unwrap();
        assert!(absent.is_none());
        assert!(cache.get(&1, async { Ok(1) }).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_old_answer_is_better_than_none() {
        let away = Arc::<Away>::default();
        let cache: Cache<u8, u8> = Cache::new(&away);
        cache.get(&1, async { Ok(7) }).await.unwrap();
        cache
            .known
            .alter(&1, |_, (at, value)| (at - GOOD_FOR, value));
        let old = cache
            .get(&1, async { Err(DbError::Reference) })
            .await
            .unwrap();
        assert_eq!(old.as_deref(), Some(&7));
        assert!(away.is_so());
        // Nobody asks so soon again.
        assert!(cache.get(&2, async { Ok(8) }).await.is_err());
        *away.since.lock().unwrap() = Instant::now().checked_sub(SPARED);
        cache.get(&2, async { Ok(8) }).await.unwrap();
        assert!(!away.is_so());
    }

    #[tokio::test]
    async fn an_answer_that_was_on_its_way_is_not_kept() {
        let cache: Cache<u8, u8> = Cache::new(&Arc::default());
        let old = cache.get(&1, async {
            cache.clear();
            Ok(1)
        });
        old.await.unwrap();
        let new = cache.get(&1, async { Ok(2) }).await.unwrap();
        assert_eq!(new.as_deref(), Some(&2));
    }
}
