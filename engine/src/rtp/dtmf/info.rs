//! Key presses in the body of SIP INFO: `application/dtmf-relay` and `application/dtmf`. Nobody wrote
//! either down; this is what phones and gateways send.

use super::{Press, code, key};

/// Duration assumed when the body gives none, in milliseconds.
const DEFAULT_MS: u32 = 250;
/// Longest duration believed, in milliseconds.
const LONGEST_MS: u32 = 10_000;

/// Reads a body of the given content type (parameters are ignored); `None` when it is no key press.
pub fn parse_info(content_type: &str, body: &[u8]) -> Option<Press> {
    let kind = content_type.split(';').next()?.trim();
    let text = std::str::from_utf8(body).ok()?;
    if kind.eq_ignore_ascii_case("application/dtmf") {
        return Some(Press {
            digit: signal(text)?,
            duration_ms: DEFAULT_MS,
        });
    }
    if !kind.eq_ignore_ascii_case("application/dtmf-relay") {
        return None;
    }
    let mut digit = None;
    let mut duration_ms = DEFAULT_MS;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("signal") {
            digit = signal(value);
        } else if name.trim().eq_ignore_ascii_case("duration")
            && let Ok(ms) = value.trim().parse::<u32>()
        {
            duration_ms = ms.min(LONGEST_MS);
        }
    }
    Some(Press {
        digit: digit?,
        duration_ms,
    })
}

/// Writes an `application/dtmf-relay` body; `None` when it is no key.
pub fn info_body(digit: char, duration_ms: u32) -> Option<String> {
    let digit = key(code(digit)?)?;
    Some(format!("Signal={digit}\r\nDuration={duration_ms}\r\n"))
}

/// A key by itself, or the event code that some gateways write instead (10 is `*`, 11 is `#`).
fn signal(value: &str) -> Option<char> {
    let value = value.trim();
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(digit), None) => key(code(digit)?),
        _ => key(value.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(kind: &str, body: &str) -> Option<(char, u32)> {
        parse_info(kind, body.as_bytes()).map(|press| (press.digit, press.duration_ms))
    }

    #[test]
    fn both_bodies_are_read() {
        let relay = "application/dtmf-relay";
        assert_eq!(
            read(relay, "Signal=5\r\nDuration=160\r\n"),
            Some(('5', 160))
        );
        assert_eq!(read(relay, "signal = * \n"), Some(('*', 250)));
        assert_eq!(read(relay, "Signal=11\r\nDuration=x"), Some(('#', 250)));
        assert_eq!(
            read(relay, "Signal=d\nDuration=99999999"),
            Some(('D', 10_000))
        );
        assert_eq!(read("Application/DTMF;x=y", " 7\r\n"), Some(('7', 250)));
        assert_eq!(read("application/dtmf", "16"), None);
        assert_eq!(read(relay, "Duration=100"), None);
        assert_eq!(read("text/plain", "5"), None);
        let body = info_body('a', 90).unwrap();
        assert_eq!(read(relay, &body), Some(('A', 90)));
        assert_eq!(info_body('!', 90), None);
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse_info("application/dtmf-relay", &body);
            let _ = parse_info("application/dtmf", &body);
        }
    }
}
