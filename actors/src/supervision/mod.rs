//! Keeps live things alive: a [`Lifeline`] tells a crash from an end, a [`Nursery`] raises the crashed
//! one again from its last snapshot, [`keep`] does the same for the few permanent loops.
//!
//! A panic ends an actix actor for good, so nothing here relies on actix's own supervisor. What an actor
//! must not lose (inputs not yet handled, effects not yet carried out, its state) lives in a [`Cell`]
//! that outlives it.

mod cell;
mod fuse;
mod lifeline;
mod nursery;
mod permanent;

pub(crate) use cell::{Cell, Full, Step};
pub(crate) use fuse::{Countdown, Fuse};
pub(crate) use lifeline::{Crash, Lifeline, guarded, words};
pub(crate) use nursery::{Child, Nursery, Verdict, watch};
pub(crate) use permanent::keep;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What kind of live thing it is: the label of the restart metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One call.
    Call,
    /// Takes arrivals.
    Switchboard,
    /// Who is on a call.
    Presence,
    /// Writes call records.
    Ledger,
    /// Grants registrations.
    Registrar,
    /// Takes lapsed registrations away.
    Sweeper,
    /// Makes registrations durable.
    Bindings,
    /// Knows which trunks there are.
    Trunk,
    /// Probes one trunk and registers with it.
    TrunkKeeper,
    /// Answers the questions of calls.
    Directory,
    /// One browser.
    WebrtcSession,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 11] = [
        Self::Call,
        Self::Switchboard,
        Self::Presence,
        Self::Ledger,
        Self::Registrar,
        Self::Sweeper,
        Self::Bindings,
        Self::Trunk,
        Self::TrunkKeeper,
        Self::Directory,
        Self::WebrtcSession,
    ];

    /// The metric label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Switchboard => "switchboard",
            Self::Presence => "presence",
            Self::Ledger => "ledger",
            Self::Registrar => "registrar",
            Self::Sweeper => "sweeper",
            Self::Bindings => "bindings",
            Self::Trunk => "trunk",
            Self::TrunkKeeper => "trunk_keeper",
            Self::Directory => "directory",
            Self::WebrtcSession => "webrtc_session",
        }
    }
}

/// How often something may crash before its parent gives up, and how long it waits between attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intensity {
    /// Crashes allowed within `window`; one more ends it.
    pub crashes: usize,
    /// The window.
    pub window: Duration,
    /// Pause before the second attempt; doubles with each further crash in the window.
    pub pause: Duration,
    /// The pause never grows past this.
    pub longest_pause: Duration,
}

impl Intensity {
    /// For something with a caller on the line: the first attempt at once, five within ten seconds.
    pub(crate) const LIVE: Self = Self {
        crashes: 5,
        window: Duration::from_secs(10),
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(500),
    };
    /// For what the exchange cannot do without: never given up, at most one attempt every two seconds.
    pub(crate) const PERMANENT: Self = Self {
        crashes: usize::MAX,
        window: Duration::from_secs(60),
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_secs(2),
    };
}

/// The crashes of one thing within its window.
#[derive(Debug, Default)]
pub(crate) struct History {
    crashes: VecDeque<Instant>,
}

/// The most crashes remembered; beyond it the pause has long reached its limit.
const REMEMBERED: usize = 32;

impl History {
    /// Notes a crash and answers how long to wait before the next attempt, or `None` to give up.
    pub(crate) fn crashed(&mut self, intensity: Intensity, now: Instant) -> Option<Duration> {
        while let Some(first) = self.crashes.front() {
            if now.duration_since(*first) < intensity.window && self.crashes.len() < REMEMBERED {
                break;
            }
            self.crashes.pop_front();
        }
        self.crashes.push_back(now);
        let crashes = self.crashes.len();
        if crashes > intensity.crashes {
            return None;
        }
        let doublings = u32::try_from(crashes.saturating_sub(2))
            .unwrap_or(16)
            .min(16);
        match crashes {
            1 => Some(Duration::ZERO),
            _ => Some((intensity.pause * 2u32.pow(doublings)).min(intensity.longest_pause)),
        }
    }

    /// Nothing happened within the window; the history may be forgotten.
    pub(crate) fn is_stale(&self, intensity: Intensity, now: Instant) -> bool {
        self.crashes
            .back()
            .is_none_or(|last| now.duration_since(*last) >= intensity.window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_gives_up() {
        let mut history = History::default();
        let start = Instant::now();
        let pauses: Vec<_> = (0..6)
            .map(|n| history.crashed(Intensity::LIVE, start + Duration::from_millis(n)))
            .collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(
            pauses,
            [
                millis(0),
                millis(20),
                millis(40),
                millis(80),
                millis(160),
                None
            ]
        );
    }

    #[test]
    fn forgets_what_is_out_of_the_window() {
        let mut history = History::default();
        let start = Instant::now();
        for n in 0..5 {
            assert!(
                history
                    .crashed(Intensity::LIVE, start + Duration::from_secs(n))
                    .is_some()
            );
        }
        let later = start + Duration::from_secs(60);
        assert!(history.is_stale(Intensity::LIVE, later));
        assert_eq!(
            history.crashed(Intensity::LIVE, later),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn a_permanent_one_is_never_given_up() {
        let mut history = History::default();
        let now = Instant::now();
        for _ in 0..200 {
            assert!(history.crashed(Intensity::PERMANENT, now).is_some());
        }
    }
}
