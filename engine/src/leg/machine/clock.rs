//! The leg's timers and its source of unique names: all that the machine knows of time and chance.

use super::{door::Output, door::TimerName};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Which timers run, so that a snapshot can say so.
#[derive(Debug, Default)]
pub(in crate::leg) struct Clock {
    due: BTreeMap<TimerName, Instant>,
}

impl Clock {
    /// Starts a timer, or starts it anew.
    pub fn set(&mut self, name: TimerName, after: Duration, now: Instant, out: &mut Vec<Output>) {
        self.due.insert(name, now + after);
        out.push(Output::SetTimer(name, after));
    }

    /// Stops a timer if it runs.
    pub fn cancel(&mut self, name: TimerName, out: &mut Vec<Output>) {
        if self.due.remove(&name).is_some() {
            out.push(Output::CancelTimer(name));
        }
    }

    /// Stops every timer.
    pub fn clear(&mut self, out: &mut Vec<Output>) {
        out.extend(
            std::mem::take(&mut self.due)
                .into_keys()
                .map(Output::CancelTimer),
        );
    }

    /// Notes that a timer ran out; false for one that was stopped meanwhile.
    pub fn fired(&mut self, name: TimerName) -> bool {
        self.due.remove(&name).is_some()
    }

    /// What runs and for how many more milliseconds.
    pub fn remaining(&self, now: Instant) -> Vec<(TimerName, u64)> {
        self.due
            .iter()
            .map(|(name, due)| {
                let left = due.saturating_duration_since(now).as_millis();
                (*name, u64::try_from(left).unwrap_or(u64::MAX))
            })
            .collect()
    }

    /// The clock of a snapshot; its timers are started again.
    pub fn restore(left: &[(TimerName, u64)], now: Instant, out: &mut Vec<Output>) -> Clock {
        let mut clock = Clock::default();
        for (name, millis) in left {
            clock.set(*name, Duration::from_millis(*millis), now, out);
        }
        clock
    }
}

/// Names, numbers and waits that must differ from leg to leg; splitmix64 over a seed that the driver
/// draws at random, so that tests and restored legs repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::leg) struct Names(u64);

impl Names {
    /// Starts from a random seed.
    pub fn new(seed: u64) -> Names {
        Names(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A token of 16 hexadecimal digits, for tags.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_timer_does_not_fire() {
        let (mut clock, mut out, now) = (Clock::default(), Vec::new(), Instant::now());
        clock.set(TimerName::AwaitAck, Duration::from_secs(32), now, &mut out);
        clock.cancel(TimerName::AwaitAck, &mut out);
        clock.cancel(TimerName::AwaitAck, &mut out);
        assert!(!clock.fired(TimerName::AwaitAck));
        assert_eq!(out.len(), 2);
    }

    #[test]
    fn remaining_time_survives_a_restart() {
        let (mut clock, mut out, now) = (Clock::default(), Vec::new(), Instant::now());
        clock.set(TimerName::Expire, Duration::from_secs(90), now, &mut out);
        let left = clock.remaining(now + Duration::from_secs(30));
        out.clear();
        let again = Clock::restore(&left, now, &mut out);
        let minute = Duration::from_secs(60);
        assert!(matches!(out[..], [Output::SetTimer(TimerName::Expire, d)] if d == minute));
        assert_eq!(again.remaining(now), left);
    }

    #[test]
    fn names_differ_and_repeat_with_their_seed() {
        let (mut a, mut b) = (Names::new(7), Names::new(7));
        let first = a.token();
        assert_eq!(first, b.token());
        assert_ne!(first, a.token());
        assert_eq!(a.below(0), 0);
    }
}
