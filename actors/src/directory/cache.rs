//! Answers of the last few seconds, absent ones included.

use super::Closed;
use dashmap::DashMap;
use schema::DbError;
use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long an answer is good. Another node's changes are seen after this at the latest.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long a caller waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// Answers kept; beyond it all are forgotten.
const KEPT: usize = 50_000;

/// One kind of answer.
pub(super) struct Cache<K, V> {
    known: DashMap<K, (Instant, Option<Arc<V>>)>,
    /// Increases when everything is forgotten, so that an answer that was on its way then is not kept.
    epoch: AtomicU64,
    /// The database did not answer the last time, whichever cache asked.
    away: Arc<AtomicBool>,
}

/// The database took longer than anybody waits.
#[derive(Debug, thiserror::Error)]
#[error("no answer in time")]
struct Late;

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    /// An empty cache; `away` is shared by all of them.
    pub(super) fn new(away: &Arc<AtomicBool>) -> Self {
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
        let asked = tokio::time::timeout(PATIENCE, ask).await;
        let answer = match asked.unwrap_or_else(|_| Err(DbError::Unavailable(Arc::new(Late)))) {
            Ok(value) => Some(Arc::new(value)),
            Err(DbError::NotFound) => None,
            Err(error) => {
                self.away.store(true, Ordering::Release);
                let old = self.known.get(key).map(|known| known.1.clone());
                return old.ok_or(Closed(error));
            }
        };
        self.away.store(false, Ordering::Release);
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
        let cache: Cache<u8, u8> = Cache::new(&Arc::default());
        assert!(
            cache
                .get(&1, async { Err(DbError::Reference) })
                .await
                .is_err()
        );
        let absent = cache
            .get(&1, async { Err(DbError::NotFound) })
            .await
            .unwrap();
        assert!(absent.is_none());
        assert!(cache.get(&1, async { Ok(1) }).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_old_answer_is_better_than_none() {
        let away = Arc::default();
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
        assert!(away.load(Ordering::Acquire));
        cache.get(&2, async { Ok(8) }).await.unwrap();
        assert!(!away.load(Ordering::Acquire));
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
