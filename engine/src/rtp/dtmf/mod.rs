//! Key presses: RFC 4733 events in RTP, both ways, and the bodies of SIP INFO.

mod info;
mod receive;
mod send;

pub use info::{info_body, parse_info};
pub use receive::{EXPIRY, Receiver};
pub use send::{MAX_QUEUED, Sender, Step};

/// A key that was pressed and let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digit: char,
    /// How long, in milliseconds.
    pub duration_ms: u32,
}

/// The keys in the order of their event codes, RFC 4733 §3.2.
const KEYS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];

/// The key of an event code.
fn key(code: u8) -> Option<char> {
    KEYS.get(usize::from(code)).copied()
}

/// The event code of a key; letters of either case.
fn code(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    let at = KEYS.iter().position(|known| *known == key)?;
    u8::try_from(at).ok()
}

/// The payload of an event packet, RFC 4733 §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    code: u8,
    end: bool,
    volume: u8,
    duration: u16,
}

impl Event {
    /// Reads the first event of a payload.
    fn parse(payload: &[u8]) -> Option<Event> {
        let [code, flags, d0, d1] = *payload.first_chunk()?;
        Some(Event {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([d0, d1]),
        })
    }

    fn bytes(self) -> [u8; 4] {
        let [d0, d1] = self.duration.to_be_bytes();
        let end = u8::from(self.end) << 7;
        [self.code, end | self.volume & 0x3f, d0, d1]
    }
}

/// Converts the duration inside an event payload in place, for a peer whose events tick differently.
pub fn rescale(payload: &mut [u8], from_clock: u32, to_clock: u32) {
    let Some(event) = Event::parse(payload) else {
        return;
    };
    let ticks = u64::from(event.duration) * u64::from(to_clock) / u64::from(from_clock.max(1));
    let scaled = Event {
        duration: u16::try_from(ticks).unwrap_or(u16::MAX),
        ..event
    };
    if let Some(place) = payload.first_chunk_mut() {
        *place = scaled.bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rescaled_and_nothing_else() {
        let mut payload = [5, 0x8a, 0x03, 0x20, 9];
        rescale(&mut payload, 8_000, 48_000);
        assert_eq!(payload, [5, 0x8a, 0x12, 0xc0, 9]);
        rescale(&mut payload, 48_000, 8_000);
        assert_eq!(payload, [5, 0x8a, 0x03, 0x20, 9]);
        let mut long = [5, 0x0a, 0xff, 0xff];
        rescale(&mut long, 8_000, 48_000);
        assert_eq!(long, [5, 0x0a, 0xff, 0xff]);
        rescale(&mut [1, 2], 8_000, 0);
    }

    #[test]
    fn keys_and_codes_match() {
        for (index, digit) in KEYS.into_iter().enumerate() {
            assert_eq!(code(digit), Some(index as u8));
            assert_eq!(key(index as u8), Some(digit));
        }
        assert_eq!((code('d'), code('x'), key(16)), (Some(15), None, None));
    }
}
