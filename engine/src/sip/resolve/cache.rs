//! Remembers answers as long as their TTL allows, so that most requests need not wait for a task.

use super::{Address, Question};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Answers remembered; beyond it the stale ones go, and if that is not enough all.
const REMEMBERED: usize = 4096;

/// An answer lives at least this long, whatever its TTL: a call takes several requests.
const SHORTEST: Duration = Duration::from_secs(5);

/// And at most this long.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long it is remembered that a name has no address.
pub(super) const NEGATIVE: Duration = Duration::from_secs(5);

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<HashMap<Question, (Vec<Address>, Instant)>>,
}

impl Cache {
    /// What is known, an empty list when the name is known to have no address.
    pub(super) fn get(&self, question: &Question, now: Instant) -> Option<Vec<Address>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (addresses, until) = known.get(question)?;
        (now < *until).then(|| addresses.clone())
    }

    /// Remembers an answer until its TTL ends.
    pub(super) fn put(
        &self,
        question: Question,
        addresses: Vec<Address>,
        until: Instant,
        now: Instant,
    ) {
        let life = until
            .saturating_duration_since(now)
            .clamp(SHORTEST, LONGEST);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, (_, until)| now < *until);
            if known.len() >= REMEMBERED {
                known.clear();
            }
        }
        known.insert(question, (addresses, now + life));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_forgotten_in_time() {
        let cache = Cache::default();
        let question = Question {
            host: "example.org".to_owned(),
            port: None,
            transport: None,
            secure: false,
        };
        let now = Instant::now();
        assert_eq!(cache.get(&question, now), None);
        cache.put(
            question.clone(),
            Vec::new(),
            now + Duration::from_secs(60),
            now,
        );
        assert_eq!(
            cache.get(&question, now + Duration::from_secs(59)),
            Some(Vec::new())
        );
        assert_eq!(cache.get(&question, now + Duration::from_secs(60)), None);
    }
}
