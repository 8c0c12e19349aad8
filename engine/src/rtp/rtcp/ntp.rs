//! NTP timestamps as sender reports carry them, and the round trip that they measure.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970).
const UNIX_OFFSET: u64 = 2_208_988_800;

/// A 64-bit NTP timestamp: seconds since 1900 and their fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The middle 32 bits, as report blocks carry them: units of 1/65536 s.
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Turns the monotonic clock into NTP time. The wall clock is read once by whoever makes this, so that
/// setting it later neither tears a report apart nor shows up as a round trip.
#[derive(Debug, Clone, Copy)]
pub struct NtpClock {
    start: Instant,
    at_start: u64,
}

impl NtpClock {
    /// A clock that shows `wall` at `now`.
    pub fn new(now: Instant, wall: SystemTime) -> NtpClock {
        let since_unix = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        NtpClock {
            start: now,
            at_start: fixed(since_unix).wrapping_add(UNIX_OFFSET << 32),
        }
    }

    /// NTP time at `now`.
    pub fn at(&self, now: Instant) -> NtpTime {
        let elapsed = fixed(now.saturating_duration_since(self.start));
        NtpTime(self.at_start.wrapping_add(elapsed))
    }
}

/// Seconds in 32.32 fixed point.
fn fixed(duration: Duration) -> u64 {
    let fraction = (u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000;
    duration.as_secs() << 32 | fraction
}

/// Round-trip time from a report block that arrived at `now` (RFC 3550 §6.4.1): now less the moment of
/// our report less the time the peer sat on it. `None` when the peer has not had a report of ours yet
/// or its figures make no sense.
pub fn round_trip(
    now: NtpTime,
    last_report: u32,
    delay_since_last_report: u32,
) -> Option<Duration> {
    if last_report == 0 {
        return None;
    }
    let units = now
        .middle()
        .wrapping_sub(last_report)
        .wrapping_sub(delay_since_last_report);
    // Rounding of both sides can make a very short trip look negative by a few units.
    let units = if units > u32::MAX - 64 { 0 } else { units };
    let trip = Duration::from_micros(u64::from(units) * 1_000_000 / 65_536);
    (trip < LONGEST_ROUND_TRIP).then_some(trip)
}

/// Longer round trips are taken for nonsense of the peer.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_from_1900_with_a_binary_fraction() {
        let now = Instant::now();
        let clock = NtpClock::new(now, UNIX_EPOCH + Duration::from_secs(1));
        let later = clock.at(now + Duration::from_millis(500));
        assert_eq!(later.0 >> 32, 2_208_988_801);
        assert_eq!(later.0 as u32, 1 << 31);
    }

    #[test]
    fn round_trip_follows_the_example_of_the_rfc() {
        // RFC 3550 figure 2: A 0xb710:8000, LSR 0xb705:2000, DLSR 5.25 s => 6.125 s.
        let now = NtpTime(0xb44d_b710_8000_0000);
        let trip = round_trip(now, 0xb705_2000, 0x0005_4000).unwrap();
        assert_eq!(trip, Duration::from_millis(6_125));
        assert_eq!(round_trip(now, 0, 0), None);
        assert_eq!(round_trip(now, 0xb710_8001, 0), Some(Duration::ZERO));
        assert_eq!(round_trip(now, 0xb711_8000, 0), None);
    }
}
