//! The sending half of a leg: puts what others said, and what we say ourselves, into one continuous
//! stream in the party's own formats.

use super::{
    Stream,
    ears::{Heard, Kind},
    metrics::Refused,
    outlet::{Feed, Outlet, Stamp},
};
use crate::rtp::{
    Codec, Payload, TelephoneEvent,
    codec::Transcoder,
    dtmf::{self, Sender, Step},
    packet::{HEADER_LENGTH, Header},
};
use std::time::Instant;

/// Length of a key press that is sent, in milliseconds.
const PRESS_MS: u32 = 100;

/// Length of a frame of our own, in milliseconds.
const FRAME_MS: u32 = 20;

/// A packet to send, by its payload's place in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub header: Header,
    pub start: usize,
    pub len: usize,
}

/// What becomes of a packet that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is sent as it is, under a new header.
    Send(Said),
    /// It went into the transcoder; [`Mouth::pull`] gives what comes out.
    Pull,
    /// Nothing is sent for it.
    Nothing,
}

/// State of the half.
pub(super) struct Mouth {
    pub outlet: Outlet,
    convert: Option<Box<Convert>>,
    keying: Option<Box<Keying>>,
}

/// A source being transcoded.
struct Convert {
    feed: Feed,
    from: Codec,
    to: Payload,
    transcoder: Transcoder,
}

/// Keys being sent.
struct Keying {
    pt: u8,
    sender: Sender,
}

impl Mouth {
    /// A stream that has not begun.
    pub fn new(ssrc: u32) -> Self {
        Self {
            outlet: Outlet::new(ssrc, Codec::Pcmu.clock()),
            convert: None,
            keying: None,
        }
    }

    /// Takes what was agreed.
    pub fn configure(&mut self, stream: &Stream) {
        if let Some(payload) = stream.codecs.first() {
            self.outlet.set_clock(payload.codec.clock());
        }
        self.convert = None;
    }

    /// Ends the run of whoever fed the stream.
    pub fn rest(&mut self) {
        self.outlet.rest();
        self.convert = None;
    }

    /// Puts a packet of another leg into the stream.
    pub fn relay(
        &mut self,
        stream: &Stream,
        heard: &Heard,
        leg: u64,
        buffer: &mut [u8],
        now: Instant,
    ) -> Result<Outcome, Refused> {
        if self.keying.is_some() {
            return Ok(Outcome::Nothing);
        }
        let feed = Feed {
            leg,
            ssrc: heard.header.ssrc,
            clock: heard.clock,
        };
        let header = heard.header;
        let (pt, stamp) = match heard.kind {
            Kind::Audio(codec) => {
                let Some(same) = stream.codecs.iter().find(|p| p.codec == codec) else {
                    return self.transcode(stream, codec, feed, heard, buffer);
                };
                self.convert = None;
                self.outlet.set_clock(codec.clock());
                let stamp = self
                    .outlet
                    .relay(feed, header.sequence, header.timestamp, now);
                (same.pt, stamp)
            }
            Kind::Noise => match stream.comfort_noise {
                Some(pt) if !self.outlet.is_produced() => {
                    let stamp = self
                        .outlet
                        .relay(feed, header.sequence, header.timestamp, now);
                    (pt, stamp)
                }
                _ => return Ok(self.leave_out(feed, heard, buffer, now)),
            },
            Kind::Event(event) => {
                let Some(own) = event_format(stream, event.clock) else {
                    return Ok(self.leave_out(feed, heard, buffer, now));
                };
                if let Some(payload) = buffer.get_mut(heard.start..heard.start + heard.len)
                    && event.clock != own.clock
                {
                    dtmf::rescale(payload, event.clock, own.clock);
                }
                self.skip(heard, buffer);
                let (seq, timestamp) = (header.sequence, header.timestamp);
                let stamp = if event.clock == heard.clock && !self.outlet.is_produced() {
                    self.outlet.relay(feed, seq, timestamp, now)
                } else {
                    self.outlet.relay_event(feed, seq, timestamp, now)
                };
                (own.pt, stamp)
            }
        };
        let stamp = stamp.ok_or(Refused::Late)?;
        Ok(Outcome::Send(Said {
            header: self.header(pt, stamp, header.marker),
            start: heard.start,
            len: heard.len,
        }))
    }

    /// Feeds the transcoder, made anew for another source or format.
    fn transcode(
        &mut self,
        stream: &Stream,
        from: Codec,
        feed: Feed,
        heard: &Heard,
        buffer: &[u8],
    ) -> Result<Outcome, Refused> {
        let to = *stream.codecs.first().ok_or(Refused::Format)?;
        let fits = |c: &&mut Box<Convert>| (c.feed, c.from, c.to) == (feed, from, to);
        let convert = match self.convert.as_mut().filter(fits) {
            Some(convert) => convert,
            None => {
                let made = Transcoder::new(from, to, stream.ptime_ms);
                let transcoder = made.map_err(|_| Refused::Format)?;
                self.outlet.set_clock(to.codec.clock());
                self.outlet.rest();
                self.convert.insert(Box::new(Convert {
                    feed,
                    from,
                    to,
                    transcoder,
                }))
            }
        };
        let packet = heard.packet(buffer).ok_or(Refused::Malformed)?;
        convert.transcoder.push(&packet);
        Ok(Outcome::Pull)
    }

    /// The next packet that the transcoder yields, written into the buffer.
    pub fn pull(&mut self, buffer: &mut [u8], now: Instant) -> Option<Said> {
        let convert = self.convert.as_mut()?;
        let room = buffer.get_mut(HEADER_LENGTH..)?;
        let frame = convert.transcoder.pull(room)?;
        let pt = convert.to.pt;
        let stamp = self.outlet.produce(convert.feed, frame.ticks, now);
        Some(Said {
            header: self.header(pt, stamp, frame.marker),
            start: HEADER_LENGTH,
            len: frame.length,
        })
    }

    /// Places a frame of a prompt, whose payload is `len` bytes behind the header's room. `flows` says
    /// that it follows the one before in its turn.
    pub fn own(&mut self, payload: Payload, len: usize, flows: bool, now: Instant) -> Said {
        self.outlet.set_clock(payload.codec.clock());
        let ticks = flows.then(|| payload.codec.ticks(FRAME_MS));
        let stamp = self.outlet.own(ticks, now);
        Said {
            header: self.header(payload.pt, stamp, false),
            start: HEADER_LENGTH,
            len,
        }
    }

    /// Queues keys; nothing when the party did not agree to the format.
    pub fn press(&mut self, stream: &Stream, digits: &str) {
        let clock = stream
            .codecs
            .first()
            .map_or(0, |payload| payload.codec.clock());
        let Some(format) = event_format(stream, clock) else {
            return;
        };
        let keying = self.keying.get_or_insert_with(|| {
            Box::new(Keying {
                pt: format.pt,
                sender: Sender::new(format.clock),
            })
        });
        for digit in digits.chars() {
            keying.sender.press(digit, PRESS_MS);
        }
    }

    /// Whether keys are being sent.
    pub fn is_keying(&self) -> bool {
        self.keying.is_some()
    }

    /// The packet of the present 20 ms while keys are sent, written into the buffer.
    pub fn key(&mut self, buffer: &mut [u8], now: Instant) -> Option<Said> {
        let keying = self.keying.as_mut()?;
        let (payload, start) = match keying.sender.step() {
            Step::Event { payload, start } => (payload, start),
            Step::Pause => return None,
            Step::Idle => {
                self.keying = None;
                return None;
            }
        };
        let pt = keying.pt;
        let room = buffer.get_mut(HEADER_LENGTH..HEADER_LENGTH + payload.len())?;
        room.copy_from_slice(&payload);
        let stamp = if start {
            self.outlet.own(None, now)
        } else {
            self.outlet.again()
        };
        Some(Said {
            header: self.header(pt, stamp, false),
            start: HEADER_LENGTH,
            len: payload.len(),
        })
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
    fn leave_out(&mut self, feed: Feed, heard: &Heard, buffer: &[u8], now: Instant) -> Outcome {
        let Header {
            sequence,
            timestamp,
            ..
        } = heard.header;
        self.skip(heard, buffer);
        if !self.outlet.is_produced() && self.outlet.relay(feed, sequence, timestamp, now).is_some()
        {
            self.outlet.leave_out();
        }
        Outcome::Nothing
    }

    /// Tells the transcoder of a packet that is not for it.
    fn skip(&mut self, heard: &Heard, buffer: &[u8]) {
        if let Some(convert) = &mut self.convert
            && let Some(packet) = heard.packet(buffer)
        {
            convert.transcoder.skip(&packet);
        }
    }
}

/// The telephone-event format for events of `clock`: one of the same clock, else the first.
fn event_format(stream: &Stream, clock: u32) -> Option<&TelephoneEvent> {
    let formats = &stream.dtmf;
    formats
        .iter()
        .find(|format| format.clock == clock)
        .or_else(|| formats.first())
}
