//! Answers of the last few seconds, absent ones included.

use super::Closed;
use dashmap::DashMap;
use schema::DbError;
use std::{
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How long an answer is good. Another node's changes are seen after this at the latest.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// Answers kept; beyond it all are forgotten.
const KEPT: usize = 50_000;

/// One kind of answer.
pub(super) struct Cache<K, V> {
    known: DashMap<K, (Instant, Option<Arc<V>>)>,
    /// Increases when everything is forgotten, so that an answer that was on its way then is not kept.
    epoch: AtomicU64,
}

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    pub(super) fn new() -> Self {
        Self {
            known: DashMap::new(),
            epoch: AtomicU64::new(0),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.known.clear();
    }

    /// The answer, asked for when it is not known. `None` when there is no such thing.
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
        let answer = match ask.await {
            Ok(value) => Some(Arc::new(value)),
            Err(DbError::NotFound) => None,
            Err(error) => return Err(Closed(error)),
        };
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
        let cache: Cache<u8, u8> = Cache::new();
        let first = cache.get(&1, async { Ok(7) }).await.unwrap();
        let second = cache.get(&1, async { Ok(8) }).await.unwrap();
        assert_eq!((first.as_deref(), second.as_deref()), (Some(&7), Some(&7)));
        cache.clear();
        let third = cache.get(&1, async { Ok(9) }).await.unwrap();
        assert_eq!(third.as_deref(), Some(&9));
    }

    #[tokio::test]
    async fn remembers_what_is_not_there_and_not_what_failed() {
        let cache: Cache<u8, u8> = Cache::new();
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
    async fn an_answer_that_was_on_its_way_is_not_kept() {
        let cache: Cache<u8, u8> = Cache::new();
        let old = cache.get(&1, async {
            cache.clear();
            Ok(1)
        });
        old.await.unwrap();
        let new = cache.get(&1, async { Ok(2) }).await.unwrap();
        assert_eq!(new.as_deref(), Some(&2));
    }
}
