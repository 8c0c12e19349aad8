//! Hearing events: many packets make one press, some of them lost, repeated or out of order.

use std::time::{Duration, Instant};

use super::{Event, Press, key};
use crate::rtp::packet::Packet;

/// An event of which nothing more is heard for this long has ended; its end packets were lost.
pub const EXPIRY: Duration = Duration::from_millis(300);

/// Gathers the events of one stream.
#[derive(Debug, Clone)]
pub struct Receiver {
    clock: u32,
    going: Option<Going>,
    /// Timestamp of the last event that ended, to know its repetitions by.
    ended: Option<u32>,
    done: Option<Press>,
    next: Option<Press>,
}

#[derive(Debug, Clone, Copy)]
struct Going {
    timestamp: u32,
    code: u8,
    /// Ticks of the segments before this one (RFC 4733 §2.5.1.3).
    before: u32,
    duration: u16,
    heard: Instant,
}

impl Going {
    fn ticks(&self) -> u32 {
        self.before.saturating_add(u32::from(self.duration))
    }
}

impl Receiver {
    /// A receiver of events at `clock` Hz.
    pub fn new(clock: u32) -> Receiver {
        Receiver {
            clock,
            going: None,
            ended: None,
            done: None,
            next: None,
        }
    }

    /// Takes an event packet; then ask [`Receiver::press`] until it has no more.
    pub fn receive(&mut self, packet: &Packet<'_>, now: Instant) {
        let Some(event) = Event::parse(packet.payload) else {
            return;
        };
        let timestamp = packet.header.timestamp;
        if self.ended.is_some_and(|ended| !is_after(timestamp, ended)) {
            return;
        }
        let going = match self.going {
            Some(going) if going.timestamp == timestamp => Going {
                duration: going.duration.max(event.duration),
                heard: now,
                ..going
            },
            // A late packet of an event that a newer one has already replaced.
            Some(going) if !is_after(timestamp, going.timestamp) => return,
            Some(going) if continues(&going, timestamp, event.code) => Going {
                timestamp,
                before: going.ticks(),
                duration: event.duration,
                heard: now,
                ..going
            },
            _ => {
                self.finish();
                Going {
                    timestamp,
                    code: event.code,
                    before: 0,
                    duration: event.duration,
                    heard: now,
                }
            }
        };
        self.going = Some(going);
        if event.end {
            self.finish();
        }
    }

    /// Ends an event of which nothing was heard for [`EXPIRY`]; to be called now and then.
    pub fn expire(&mut self, now: Instant) {
        let silent = |going: &Going| now.saturating_duration_since(going.heard) >= EXPIRY;
        if self.going.as_ref().is_some_and(silent) {
            self.finish();
        }
    }

    /// Whether a key is held down.
    pub fn is_busy(&self) -> bool {
        self.going.is_some()
    }

    /// The next press that is complete; each comes once.
    pub fn press(&mut self) -> Option<Press> {
        let press = self.done.take();
        self.done = self.next.take();
        press
    }

    fn finish(&mut self) {
        let Some(going) = self.going.take() else {
            return;
        };
        self.ended = Some(going.timestamp);
        let Some(digit) = key(going.code) else {
            return;
        };
        let ms = u64::from(going.ticks()) * 1_000 / u64::from(self.clock.max(1));
        let press = Press {
            digit,
            duration_ms: u32::try_from(ms).unwrap_or(u32::MAX),
        };
        match self.done {
            None => self.done = Some(press),
            Some(_) => self.next = Some(press),
        }
    }
}

/// Whether timestamp `a` comes after `b`, wrap-around considered.
fn is_after(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < 1 << 31
}

/// Whether an event goes on under a new timestamp because its duration had no more room.
fn continues(going: &Going, timestamp: u32, code: u8) -> bool {
    let apart = timestamp.wrapping_sub(going.timestamp);
    going.code == code && going.duration >= 0xf000 && (0xf000..=0x1_0000).contains(&apart)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::packet::Header;

    fn feed(receiver: &mut Receiver, now: Instant, timestamp: u32, payload: [u8; 4]) {
        let header = Header {
            timestamp,
            ..Header::default()
        };
        let packet = Packet {
            header,
            payload: &payload,
        };
        receiver.receive(&packet, now);
    }

    fn presses(receiver: &mut Receiver) -> Vec<(char, u32)> {
        std::iter::from_fn(|| receiver.press())
            .map(|press| (press.digit, press.duration_ms))
            .collect()
    }

    #[test]
    fn one_press_is_heard_once_however_often_it_ends() {
        let now = Instant::now();
        let mut receiver = Receiver::new(8_000);
        for step in 1..=5u16 {
            let [d0, d1] = (step * 160).to_be_bytes();
            feed(&mut receiver, now, 1_000, [5, 10, d0, d1]);
            assert!(receiver.is_busy());
        }
        for _ in 0..3 {
            feed(&mut receiver, now, 1_000, [5, 0x8a, 0x03, 0x20]);
        }
        feed(&mut receiver, now, 1_000, [5, 10, 0x01, 0x40]);
        assert_eq!(presses(&mut receiver), [('5', 100)]);
        assert!(!receiver.is_busy());
        // The same key again is another press.
        feed(&mut receiver, now, 3_000, [5, 0x8a, 0x03, 0x20]);
        assert_eq!(presses(&mut receiver), [('5', 100)]);
    }

    #[test]
    fn lost_ends_are_made_good_by_the_next_event_or_by_time() {
        let now = Instant::now();
        let mut receiver = Receiver::new(48_000);
        feed(&mut receiver, now, u32::MAX - 5, [10, 10, 0x12, 0xc0]);
        feed(&mut receiver, now, 9_000, [11, 0x8a, 0x12, 0xc0]);
        assert_eq!(presses(&mut receiver), [('*', 100), ('#', 100)]);
        feed(&mut receiver, now, 19_000, [0, 10, 0x12, 0xc0]);
        receiver.expire(now + EXPIRY / 2);
        assert_eq!(presses(&mut receiver), []);
        receiver.expire(now + EXPIRY);
        assert_eq!(presses(&mut receiver), [('0', 100)]);
        // Its end packets, should they come after all, are old news.
        feed(&mut receiver, now, 19_000, [0, 0x8a, 0x12, 0xc0]);
        assert_eq!(presses(&mut receiver), []);
    }

    #[test]
    fn very_long_presses_are_one() {
        let now = Instant::now();
        let mut receiver = Receiver::new(8_000);
        feed(&mut receiver, now, 0, [1, 10, 0xff, 0xff]);
        feed(&mut receiver, now, 0xffff, [1, 10, 0x00, 0xa0]);
        feed(&mut receiver, now, 0xffff, [1, 0x8a, 0x1f, 0x41]);
        assert_eq!(presses(&mut receiver), [('1', 9_192)]);
    }

    #[test]
    fn flash_and_fax_tones_are_no_digits() {
        let now = Instant::now();
        let mut receiver = Receiver::new(8_000);
        feed(&mut receiver, now, 0, [16, 0x8a, 0x03, 0x20]);
        feed(&mut receiver, now, 5_000, [36, 0x8a, 0x03, 0x20]);
        assert_eq!(presses(&mut receiver), []);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_doubles(packets in proptest::collection::vec(
            (0..20u8, any::<u8>(), any::<u16>(), any::<u32>()), 0..60,
        )) {
            let now = Instant::now();
            let mut receiver = Receiver::new(8_000);
            let mut count = 0;
            for (code, flags, duration, timestamp) in &packets {
                let [d0, d1] = duration.to_be_bytes();
                feed(&mut receiver, now, *timestamp, [*code, *flags, d0, d1]);
                count += presses(&mut receiver).len();
            }
            receiver.expire(now + EXPIRY);
            count += presses(&mut receiver).len();
            prop_assert!(count <= packets.len());
        }
    }
}
