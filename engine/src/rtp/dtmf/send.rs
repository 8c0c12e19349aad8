//! Sending events, one step every 20 ms.

use std::collections::VecDeque;

use super::{Event, Press, code};

/// Most presses that wait.
pub const MAX_QUEUED: usize = 64;
/// Length of a step in milliseconds.
const STEP_MS: u32 = 20;
/// The end is sent this often (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;
/// Silence between presses, in milliseconds.
const PAUSE_MS: u32 = 60;
/// Shortest and longest press sent, in milliseconds. The longest fits the duration field at 48 kHz.
const SHORTEST_MS: u32 = 40;
const LONGEST_MS: u32 = 1_300;
/// Level of the tone that the event stands for, in −dBm0.
const VOLUME: u8 = 10;

/// What to send at this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An event packet in place of audio.
    Event {
        /// The payload.
        payload: [u8; 4],
        /// The first packet of an event: it carries the marker, and its timestamp is that of every
        /// packet up to the next start (RFC 4733 §2.5.1.2).
        start: bool,
    },
    /// Nothing, while keys follow each other.
    Pause,
    /// Nothing to do: audio as usual.
    Idle,
}

/// Sends key presses one after another.
#[derive(Debug, Clone)]
pub struct Sender {
    clock: u32,
    queue: VecDeque<Press>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    Pressing {
        code: u8,
        elapsed_ms: u32,
        left_ms: u32,
    },
    Ending {
        code: u8,
        elapsed_ms: u32,
        left: u8,
    },
    Pausing {
        left_ms: u32,
    },
}

impl Sender {
    /// A sender of events at `clock` Hz.
    pub fn new(clock: u32) -> Sender {
        Sender {
            clock,
            queue: VecDeque::new(),
            state: State::Idle,
        }
    }

    /// Queues a press; `false` when it is no key or too many wait.
    pub fn press(&mut self, digit: char, duration_ms: u32) -> bool {
        if code(digit).is_none() || self.queue.len() >= MAX_QUEUED {
            return false;
        }
        let duration_ms = duration_ms.clamp(SHORTEST_MS, LONGEST_MS);
        self.queue.push_back(Press { digit, duration_ms });
        true
    }

    /// Whether nothing is being sent or waits.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle) && self.queue.is_empty()
    }

    /// What to send now; to be asked every 20 ms.
    pub fn step(&mut self) -> Step {
        match self.state {
            State::Idle => match self.queue.pop_front() {
                Some(press) => self.start(press),
                None => Step::Idle,
            },
            State::Pressing {
                code,
                elapsed_ms,
                left_ms,
            } => {
                let elapsed_ms = elapsed_ms + STEP_MS;
                let left_ms = left_ms.saturating_sub(STEP_MS);
                self.state = match left_ms {
                    0 => State::Ending {
                        code,
                        elapsed_ms,
                        left: END_PACKETS - 1,
                    },
                    left_ms => State::Pressing {
                        code,
                        elapsed_ms,
                        left_ms,
                    },
                };
                self.event(code, elapsed_ms, left_ms == 0, false)
            }
            State::Ending {
                code,
                elapsed_ms,
                left,
            } => {
                self.state = match left - 1 {
                    0 => State::Pausing { left_ms: PAUSE_MS },
                    left => State::Ending {
                        code,
                        elapsed_ms,
                        left,
                    },
                };
                self.event(code, elapsed_ms, true, false)
            }
            State::Pausing { left_ms } => {
                self.state = match left_ms.saturating_sub(STEP_MS) {
                    0 => State::Idle,
                    left_ms => State::Pausing { left_ms },
                };
                Step::Pause
            }
        }
    }

    fn start(&mut self, press: Press) -> Step {
        let code = code(press.digit).unwrap_or_default();
        self.state = State::Pressing {
            code,
            elapsed_ms: STEP_MS,
            left_ms: press.duration_ms - STEP_MS,
        };
        self.event(code, STEP_MS, false, true)
    }

    fn event(&self, code: u8, elapsed_ms: u32, end: bool, start: bool) -> Step {
        let ticks = elapsed_ms * (self.clock / 1_000);
        let event = Event {
            code,
            end,
            volume: VOLUME,
            duration: u16::try_from(ticks).unwrap_or(u16::MAX),
        };
        Step::Event {
            payload: event.bytes(),
            start,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::Receiver;
    use super::*;
    use crate::rtp::packet::{Header, Packet};

    #[test]
    fn what_is_sent_is_heard() {
        for clock in [8_000, 48_000] {
            let mut sender = Sender::new(clock);
            let mut receiver = Receiver::new(clock);
            let typed = "0123456789*#ABCD";
            assert!(typed.chars().all(|digit| sender.press(digit, 100)));
            assert!(!sender.press('x', 100));
            let now = Instant::now();
            let (mut heard, mut timestamp, mut starts, mut ends) = (String::new(), 0u32, 0, 0);
            for at in 0..1_000u32 {
                match sender.step() {
                    Step::Event { payload, start } => {
                        if start {
                            timestamp = at * clock / 50;
                            starts += 1;
                        }
                        ends += usize::from(payload[1] >> 7);
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
                    Step::Pause => {}
                    Step::Idle => break,
                }
                while let Some(press) = receiver.press() {
                    assert_eq!(press.duration_ms, 100);
                    heard.push(press.digit);
                }
            }
            assert_eq!(heard, typed);
            assert_eq!((starts, ends), (16, 48));
            assert!(sender.is_idle());
        }
    }

    #[test]
    fn the_queue_is_bounded_and_durations_are_kept_in_range() {
        let mut sender = Sender::new(48_000);
        for _ in 0..MAX_QUEUED {
            assert!(sender.press('1', u32::MAX));
        }
        assert!(!sender.press('1', 100));
        let mut longest = 0;
        while let Step::Event { payload, .. } = sender.step() {
            longest = u16::from_be_bytes([payload[2], payload[3]]);
        }
        assert_eq!(u32::from(longest), LONGEST_MS * 48);
    }
}
