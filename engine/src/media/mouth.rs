//! The sending half of a leg: puts what others said into one continuous stream in the party's own
//! formats.

use super::{
    Stream,
    ears::{Heard, Kind},
    metrics::Refused,
    outlet::{Feed, Outlet, Stamp},
};
use crate::rtp::{Codec, TelephoneEvent, packet::Header};
use std::time::Instant;

/// A packet to send, by its payload's place in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub header: Header,
    pub start: usize,
    pub len: usize,
}

/// State of the half.
#[derive(Debug)]
pub(super) struct Mouth {
    pub outlet: Outlet,
}

impl Mouth {
    /// A stream that has not begun.
    pub fn new(ssrc: u32) -> Self {
        Self {
            outlet: Outlet::new(ssrc, Codec::Pcmu.clock()),
        }
    }

    /// Takes what was agreed.
    pub fn configure(&mut self, stream: &Stream) {
        if let Some(payload) = stream.codecs.first() {
            self.outlet.set_clock(payload.codec.clock());
        }
    }

    /// Puts a packet of another leg into the stream. `None`: nothing to send for it.
    pub fn relay(
        &mut self,
        stream: &Stream,
        heard: &Heard,
        leg: u64,
        buffer: &mut [u8],
        now: Instant,
    ) -> Result<Option<Said>, Refused> {
        let feed = Feed {
            leg,
            ssrc: heard.header.ssrc,
            clock: heard.clock,
        };
        let Header {
            sequence,
            timestamp,
            ..
        } = heard.header;
        let (pt, stamp) = match heard.kind {
            Kind::Audio(codec) => {
                let Some(payload) = stream.codecs.iter().find(|p| p.codec == codec) else {
                    return Err(Refused::Format);
                };
                self.outlet.set_clock(codec.clock());
                (
                    payload.pt,
                    self.outlet.relay(feed, sequence, timestamp, now),
                )
            }
            Kind::Noise => {
                let Some(pt) = stream.comfort_noise else {
                    return Ok(self.leave_out(feed, heard, now));
                };
                (pt, self.outlet.relay(feed, sequence, timestamp, now))
            }
            Kind::Event(event) => {
                let Some(own) = event_format(stream, event.clock) else {
                    return Ok(self.leave_out(feed, heard, now));
                };
                scale_duration(buffer, heard, event.clock, own.clock);
                let stamp = if event.clock == heard.clock {
                    self.outlet.relay(feed, sequence, timestamp, now)
                } else {
                    self.outlet.relay_event(feed, sequence, timestamp, now)
                };
                (own.pt, stamp)
            }
        };
        let stamp = stamp.ok_or(Refused::Late)?;
        Ok(Some(Said {
            header: self.header(pt, stamp, heard.header.marker),
            start: heard.start,
            len: heard.len,
        }))
    }

    fn header(&self, pt: u8, stamp: Stamp, marker: bool) -> Header {
        Header {
            marker: marker || stamp.first,
            pt,
            sequence: stamp.seq,
            timestamp: stamp.timestamp,
            ssrc: self.outlet.ssrc,
        }
    }

    /// Drops a packet the party has no format for, so that it does not look lost.
    fn leave_out(&mut self, feed: Feed, heard: &Heard, now: Instant) -> Option<Said> {
        let header = heard.header;
        if self
            .outlet
            .relay(feed, header.sequence, header.timestamp, now)
            .is_some()
        {
            self.outlet.leave_out();
        }
        None
    }
}

/// The telephone-event format for events of `clock`: one of the same clock, else any.
fn event_format(stream: &Stream, clock: u32) -> Option<&TelephoneEvent> {
    let formats = &stream.dtmf;
    formats
        .iter()
        .find(|format| format.clock == clock)
        .or_else(|| formats.first())
}

/// Converts the duration in an event's payload (RFC 4733 §2.3.5: bytes 3 and 4) to another clock.
fn scale_duration(buffer: &mut [u8], heard: &Heard, from: u32, to: u32) {
    if from == to || heard.len < 4 {
        return;
    }
    let field = buffer.get_mut(heard.start + 2..heard.start + 4);
    if let Some([high, low]) = field {
        let ticks = u64::from(u16::from_be_bytes([*high, *low]));
        let scaled = ticks * u64::from(to) / u64::from(from.max(1));
        let scaled = u16::try_from(scaled).unwrap_or(u16::MAX);
        [*high, *low] = scaled.to_be_bytes();
    }
}
