//! One bucket of tokens a credential: refilled at a steady rate, emptied by requests.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::auth::Credential;

/// Credentials counted at once; beyond it, full buckets are forgotten, which changes nothing for them.
const BUCKETS: usize = 65_536;

/// Counts requests by credential.
#[derive(Debug)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<u128, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl RateLimit {
    /// So many requests a second in the long run and so many at once; a rate of 0 limits nothing.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: per_second.into(),
            burst: burst.into(),
            buckets: Mutex::default(),
        }
    }

    /// Counts one request.
    ///
    /// # Errors
    /// The whole seconds to wait when the bucket is empty.
    pub fn take(&self, credential: &Credential) -> Result<(), u32> {
        self.take_at(credential.number(), Instant::now())
    }

    fn take_at(&self, id: u128, now: Instant) -> Result<(), u32> {
        if self.per_second == 0.0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS && !buckets.contains_key(&id) {
            let full = |bucket: &Bucket| self.filled(bucket, now) >= self.burst;
            buckets.retain(|_, bucket| !full(bucket));
            if buckets.len() >= BUCKETS {
                return Err(1);
            }
        }
        let bucket = buckets.entry(id).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        let tokens = self.filled(bucket, now);
        bucket.at = now;
        if tokens < 1.0 {
            bucket.tokens = tokens;
            let wait = ((1.0 - tokens) / self.per_second).ceil().max(1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            return Err(wait.min(3600.0) as u32);
        }
        bucket.tokens = tokens - 1.0;
        Ok(())
    }

    fn filled(&self, bucket: &Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + passed * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn allows_a_burst_and_then_the_rate() {
        let limit = RateLimit::new(10, 20);
        let id = 1;
        let start = Instant::now();
        assert!((0..20).all(|_| limit.take_at(id, start).is_ok()));
        assert_eq!(limit.take_at(id, start), Err(1));
        assert!(limit.take_at(2, start).is_ok());
        let later = start + Duration::from_millis(500);
        assert!((0..5).all(|_| limit.take_at(id, later).is_ok()));
        assert!(limit.take_at(id, later).is_err());
    }

    #[test]
    fn says_how_long_to_wait() {
        let limit = RateLimit::new(1, 1);
        let id = 1;
        let start = Instant::now();
        assert!(limit.take_at(id, start).is_ok());
        assert_eq!(limit.take_at(id, start), Err(1));
        let none = RateLimit::new(0, 0);
        assert!((0..1000).all(|_| none.take_at(id, start).is_ok()));
    }
}
