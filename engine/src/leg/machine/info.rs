//! Key presses: INFO from and to the peer (RFC 6086 and its older use), telephone-events otherwise.

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{Output, ServerTx},
    state::Phase,
};
use crate::{
    LegError,
    leg::{Digit, DigitSource, LegEvent},
    sip::{Message, Method, Name},
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Media types of key presses in INFO.
const ACCEPT: &str = "application/dtmf-relay, application/dtmf";
/// Keys that may wait to be sent.
const MAX_KEYS: usize = 128;
/// Length of a key press that is sent, and of one that comes without, in milliseconds.
const KEY_MS: u32 = 160;
/// Longest press believed, in milliseconds.
const MAX_KEY_MS: u32 = 10_000;

/// Keys that wait to be sent by INFO, one at a time so that they stay in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Keys {
    waiting: VecDeque<char>,
    /// An INFO waits for its response.
    busy: bool,
}

impl Leg {
    /// INFO (RFC 6086 §4.2.2).
    pub(super) fn informed(&mut self, tx: ServerTx, info: &Message, turn: &mut Turn<'_>) {
        if info.header("Info-Package").is_some() {
            // §4.2.2: we have named no package in Recv-Info.
            let mut response = self.response(info, 469);
            response.push("Recv-Info", "");
            turn.out.push(Output::Respond { tx, response });
            return;
        }
        if info.body().is_empty() {
            self.reply(tx, info, 200, turn);
            return;
        }
        let body = String::from_utf8_lossy(info.body());
        let digit = match info.content_type() {
            Some(kind) if kind.eq_ignore_ascii_case("application/dtmf-relay") => relay(&body),
            Some(kind) if kind.eq_ignore_ascii_case("application/dtmf") => plain(&body),
            _ => {
                let mut response = self.response(info, 415);
                response.push(Name::Accept, ACCEPT);
                turn.out.push(Output::Respond { tx, response });
                return;
            }
        };
        let status = if digit.is_some() { 200 } else { 400 };
        self.reply(tx, info, status, turn);
        if let Some(digit) = digit {
            turn.tell(LegEvent::Digit(digit));
        }
    }

    /// Presses keys: telephone-events when they were agreed, else INFO.
    pub(super) fn press(&mut self, keys: &str, turn: &mut Turn<'_>) -> Result<(), LegError> {
        if !matches!(self.phase, Phase::Up(_)) {
            return Err(LegError::State);
        }
        let keys: String = keys.chars().filter_map(key).take(MAX_KEYS).collect();
        let by_rtp = self
            .talk
            .agreed()
            .is_some_and(|agreed| !agreed.dtmf.is_empty());
        match self.talk.id() {
            Some(id) if by_rtp => turn.audio.send_digits(id, &keys),
            _ => {
                let room = MAX_KEYS.saturating_sub(self.keys.waiting.len());
                self.keys.waiting.extend(keys.chars().take(room));
                if !self.keys.busy {
                    self.next_key(true, turn);
                }
            }
        }
        Ok(())
    }

    /// Passes a key on that came as telephone-event. A peer that agreed on those has it already; another
    /// one gets INFO when it takes that, or nothing.
    pub(super) fn relay_key(&mut self, key: char, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let has_it = self
            .talk
            .agreed()
            .is_some_and(|agreed| !agreed.dtmf.is_empty());
        if has_it {
            return Ok(());
        }
        if !self.desk.facts.peer_infos {
            tracing::debug!("a key is lost: the peer takes neither telephone-events nor INFO");
            return Ok(());
        }
        self.press(key.encode_utf8(&mut [0; 4]), turn)
    }

    /// Sends the next key by INFO; a peer that does not take them gets no more.
    pub(super) fn next_key(&mut self, taken: bool, turn: &mut Turn<'_>) {
        self.keys.busy = false;
        if !taken {
            self.keys.waiting.clear();
        }
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        let Some(key) = self.keys.waiting.pop_front() else {
            return;
        };
        let mut info = self.desk.request(&mut up.dialog, Method::Info);
        let body = format!("Signal={key}\r\nDuration={KEY_MS}\r\n");
        info.set_body("application/dtmf-relay", body);
        self.desk.send_in(&up.dialog, info, Purpose::Info, turn);
        self.keys.busy = true;
    }
}

/// A key press that came as telephone-event.
pub(super) fn by_rtp(key: char, duration_ms: u32) -> LegEvent {
    LegEvent::Digit(Digit {
        key,
        duration_ms,
        source: DigitSource::Rtp,
    })
}

/// `Signal=5`, `Duration=160`, one a line.
fn relay(body: &str) -> Option<Digit> {
    let field = |name: &str| {
        body.lines().find_map(|line| {
            let (field, value) = line.split_once(['=', ':'])?;
            field
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim())
        })
    };
    let duration = field("Duration").and_then(|value| value.parse().ok());
    digit(field("Signal")?, duration)
}

/// The key alone, or as `Signal=5` from phones that mix the two up.
fn plain(body: &str) -> Option<Digit> {
    digit(body.trim(), None).or_else(|| relay(body))
}

fn digit(signal: &str, duration: Option<u32>) -> Option<Digit> {
    let mut chars = signal.chars();
    let key = match (chars.next(), chars.next()) {
        (Some(one), None) => key(one)?,
        // Event numbers of RFC 4733 §3.2.
        _ => match signal.parse::<u8>().ok()? {
            10 => '*',
            11 => '#',
            n @ 12..=15 => char::from(b'A' + n - 12),
            _ => return None,
        },
    };
    Some(Digit {
        key,
        duration_ms: duration.unwrap_or(KEY_MS).min(MAX_KEY_MS),
        source: DigitSource::Info,
    })
}

fn key(c: char) -> Option<char> {
    let c = c.to_ascii_uppercase();
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D').then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_spelling() {
        let key = |digit: Option<Digit>| digit.map(|d| (d.key, d.duration_ms));
        assert_eq!(key(relay("Signal=5\r\nDuration=250\r\n")), Some(('5', 250)));
        assert_eq!(key(relay("Signal= #\nDuration= x")), Some(('#', 160)));
        assert_eq!(key(relay("signal=11")), Some(('#', 160)));
        assert_eq!(key(plain("d\r\n")), Some(('D', 160)));
        assert_eq!(key(plain("Signal=*")), Some(('*', 160)));
        assert_eq!(key(relay("Signal=16")), None);
        assert_eq!(key(plain("")), None);
    }

    #[test]
    fn a_press_does_not_last_for_ever() {
        let digit = relay("Signal=1\r\nDuration=4000000000");
        assert_eq!(digit.map(|d| d.duration_ms), Some(MAX_KEY_MS));
    }
}
