//! Session timers (RFC 4028): who refreshes, how often, and when the session is given up.

use crate::sip::Refresher;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Largest interval that counts, in seconds. A longer one is shortened; where the peer's own Min-SE or
/// answer forbids that, we refresh by ourselves as if it were this, so that a dead peer is noticed.
const MAX_SESSION: u32 = 7200;

/// What a request says about session timers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// `Session-Expires`, in seconds.
    pub interval: Option<u32>,
    /// Its `refresher`.
    pub refresher: Option<Refresher>,
    /// `Min-SE`, in seconds.
    pub min: Option<u32>,
    /// `timer` is in Supported or Require.
    pub supported: bool,
}

/// The interval is shorter than we accept: 422 with this `Min-SE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSmall(pub u32);

/// A running session timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionTimer {
    /// Session interval in seconds.
    pub interval: u32,
    /// The refreshes are ours.
    pub ours: bool,
}

impl SessionTimer {
    /// Decides as server of an INVITE or UPDATE (RFC 4028 §9, table 2). `current` is the timer that
    /// runs already; it keeps its refresher when the request leaves it open.
    pub fn answer(
        asked: Asked,
        current: Option<SessionTimer>,
        wanted: u32,
        smallest: u32,
    ) -> Result<SessionTimer, TooSmall> {
        let floor = asked.min.unwrap_or(0).max(smallest);
        let interval = match asked.interval {
            // §9: only a client that knows timers understands 422; for others a proxy asked.
            Some(interval) if interval < smallest && asked.supported => {
                return Err(TooSmall(smallest));
            }
            // §9: may be reduced, never below Min-SE, and never raised above what was asked.
            Some(interval) => interval.min(MAX_SESSION.max(floor)).max(smallest),
            None => wanted.max(floor),
        };
        let ours = match (asked.supported, asked.refresher) {
            (false, _) => true,
            (true, Some(Refresher::Uac)) => false,
            (true, Some(Refresher::Uas)) => true,
            (true, None) => current.is_some_and(|timer| timer.ours),
        };
        Ok(SessionTimer { interval, ours })
    }

    /// Reads the 2xx to our INVITE or UPDATE (RFC 4028 §7.2); none when the session does not expire.
    pub fn from_answer(
        interval: Option<u32>,
        refresher: Option<Refresher>,
        smallest: u32,
    ) -> Option<SessionTimer> {
        let interval = interval?.max(smallest);
        // §7.2: a 2xx names the refresher; one that does not leaves it to the client.
        let ours = refresher != Some(Refresher::Uas);
        Some(SessionTimer { interval, ours })
    }

    /// When to refresh, counted from the last refresh: half of the interval (RFC 4028 §7.2). One that is
    /// too long to count is refreshed by us, whoever else does.
    pub fn refresh_after(self) -> Option<Duration> {
        (self.ours || self.interval > MAX_SESSION)
            .then(|| Duration::from_secs(u64::from(self.counted() / 2)))
    }

    /// When to give up: a third of the interval, at most 32 s, before it ends (RFC 4028 §10).
    pub fn expire_after(self) -> Duration {
        let early = (self.counted() / 3).min(32);
        Duration::from_secs(u64::from(self.counted() - early))
    }

    fn counted(self) -> u32 {
        self.interval.min(MAX_SESSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(interval: u32, refresher: Option<Refresher>) -> Asked {
        Asked {
            interval: Some(interval),
            refresher,
            min: None,
            supported: true,
        }
    }

    fn answer(asked: Asked) -> Result<SessionTimer, TooSmall> {
        SessionTimer::answer(asked, None, 1800, 90)
    }

    #[test]
    fn the_client_chooses_the_refresher() {
        let timer = |interval, ours| Ok(SessionTimer { interval, ours });
        assert_eq!(answer(asked(600, Some(Refresher::Uac))), timer(600, false));
        assert_eq!(answer(asked(600, Some(Refresher::Uas))), timer(600, true));
        assert_eq!(answer(asked(600, None)), timer(600, false));
        assert_eq!(answer(Asked::default()), timer(1800, true));
    }

    #[test]
    fn an_open_refresh_keeps_the_refresher() {
        let current = SessionTimer {
            interval: 300,
            ours: true,
        };
        let next = SessionTimer::answer(asked(300, None), Some(current), 1800, 90);
        assert_eq!(next, Ok(current));
    }

    #[test]
    fn too_short_is_refused_only_to_those_who_understand() {
        assert_eq!(answer(asked(60, None)), Err(TooSmall(90)));
        let plain = Asked {
            supported: false,
            ..asked(60, None)
        };
        assert_eq!(
            answer(plain),
            Ok(SessionTimer {
                interval: 90,
                ours: true
            })
        );
    }

    #[test]
    fn min_se_is_a_floor_and_a_day_is_shortened() {
        let slow = Asked {
            min: Some(3600),
            supported: true,
            ..Asked::default()
        };
        assert_eq!(answer(slow).map(|t| t.interval), Ok(3600));
        assert_eq!(answer(asked(86_400, None)).map(|t| t.interval), Ok(7200));
    }

    #[test]
    fn a_floor_that_is_too_high_is_kept_on_the_wire_only() {
        let endless = Asked {
            min: Some(u32::MAX),
            ..asked(u32::MAX, Some(Refresher::Uac))
        };
        let timer = answer(endless).unwrap();
        assert_eq!((timer.interval, timer.ours), (u32::MAX, false));
        let answered = SessionTimer::from_answer(Some(86_400), Some(Refresher::Uas), 90).unwrap();
        for timer in [timer, answered] {
            assert_eq!(timer.refresh_after(), Some(Duration::from_secs(3600)));
            assert_eq!(timer.expire_after(), Duration::from_secs(7200 - 32));
        }
    }

    #[test]
    fn refresh_and_expiry_follow_the_interval() {
        let timer = SessionTimer {
            interval: 90,
            ours: true,
        };
        assert_eq!(timer.refresh_after(), Some(Duration::from_secs(45)));
        assert_eq!(timer.expire_after(), Duration::from_secs(60));
        assert_eq!(
            SessionTimer {
                interval: 1800,
                ours: false
            }
            .refresh_after(),
            None
        );
    }
}
