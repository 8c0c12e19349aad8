//! Holds off guessing: ten failures in ten minutes, counted by source address and by name.

use dashmap::DashMap;
use schema::Time;
use std::{net::IpAddr, time::Duration};

/// Failures after which nothing more is checked.
pub(crate) const FAILURES: usize = 10;
/// The time in which they count.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);
/// Sources and names remembered at most; when full, new ones are not counted until some lapse.
const REMEMBERED: usize = 100_000;

/// Who failed when. Shared, answers at once.
#[derive(Default)]
pub(crate) struct Throttle {
    sources: DashMap<IpAddr, Vec<Time>>,
    names: DashMap<String, Vec<Time>>,
}

impl Throttle {
    /// Whether an attempt from here, or under this name, is one too many.
    pub(crate) fn holds_off(&self, source: IpAddr, name: &str) -> bool {
        let now = Time::now();
        let too_many = |failures: &Vec<Time>| {
            let recent = failures.iter().filter(|at| now.since(**at) < WINDOW);
            recent.count() >= FAILURES
        };
        self.sources
            .get(&source.to_canonical())
            .is_some_and(|f| too_many(&f))
            || self.names.get(name).is_some_and(|f| too_many(&f))
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, source: IpAddr, name: &str) {
        let now = Time::now();
        let source = source.to_canonical();
        if self.sources.contains_key(&source) || self.sources.len() < REMEMBERED {
            note(&mut self.sources.entry(source).or_default(), now);
        }
        if self.names.contains_key(name) || self.names.len() < REMEMBERED {
            note(&mut self.names.entry(name.to_owned()).or_default(), now);
        }
    }

    /// Forgets failures that do not count any more.
    pub(crate) fn sweep(&self, now: Time) {
        let counts = |failures: &Vec<Time>| failures.iter().any(|at| now.since(*at) < WINDOW);
        self.sources.retain(|_, failures| counts(failures));
        self.names.retain(|_, failures| counts(failures));
    }
}

/// Keeps the last failures, as many as matter.
fn note(failures: &mut Vec<Time>, now: Time) {
    if failures.len() >= FAILURES {
        failures.remove(0);
    }
    failures.push(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_attempt_is_held_off_and_others_are_not() {
        let throttle = Throttle::default();
        let (here, there): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..FAILURES {
            assert!(!throttle.holds_off(here, "alice"));
            throttle.failed(here, "alice");
        }
        assert!(throttle.holds_off(here, "alice"));
        assert!(throttle.holds_off(here, "bob"), "the source is held off");
        assert!(throttle.holds_off(there, "alice"), "the name is held off");
        assert!(!throttle.holds_off(there, "bob"));
    }

    #[test]
    fn failures_lapse() {
        let throttle = Throttle::default();
        let here: IpAddr = [10, 0, 0, 1].into();
        for _ in 0..FAILURES {
            throttle.failed(here, "alice");
        }
        throttle.sweep(Time::now().after(WINDOW));
        assert!(!throttle.holds_off(here, "alice"));
    }
}
