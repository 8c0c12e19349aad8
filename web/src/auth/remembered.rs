//! Answers that hold for a moment: a small table with a time limit and a size limit.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Values by key, each forgotten after a while.
pub struct Remembered<K, V> {
    life: Duration,
    capacity: usize,
    known: Mutex<HashMap<K, (V, Instant)>>,
}

impl<K, V> fmt::Debug for Remembered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// An empty table whose values live this long; at most `capacity` of them.
    pub fn new(life: Duration, capacity: usize) -> Self {
        Self {
            life,
            capacity,
            known: Mutex::default(),
        }
    }

    /// The value, while it lives.
    pub fn get(&self, key: &K) -> Option<V> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, since) = known.get(key)?;
        (since.elapsed() < self.life).then(|| value.clone())
    }

    /// Stores a value. A full table first drops what is over, then everything.
    pub fn put(&self, key: K, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.capacity {
            known.retain(|_, (_, since)| since.elapsed() < self.life);
            if known.len() >= self.capacity {
                known.clear();
            }
        }
        known.insert(key, (value, Instant::now()));
    }

    /// Forgets a value before its time.
    pub fn forget(&self, key: &K) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_in_time_and_stays_small() {
        let table = Remembered::new(Duration::from_secs(60), 3);
        for key in 0..10 {
            table.put(key, key);
        }
        assert_eq!(table.get(&9), Some(9));
        assert!(table.known.lock().unwrap().len() <= 3);
        table.forget(&9);
        assert_eq!(table.get(&9), None);

        let table = Remembered::new(Duration::ZERO, 3);
        table.put(1, 1);
        assert_eq!(table.get(&1), None);
    }
}
