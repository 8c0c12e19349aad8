//! The receiving half of a leg: who is believed, what the payload types mean, when silence is odd.

use super::{
    Stream,
    latch::{Latch, Sighting, Verdict},
    metrics::Refused,
};
use crate::rtp::{
    Codec, TelephoneEvent,
    dtmf::{Press, Receiver},
    packet::{Header, Packet},
    reception::Reception,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A frame of speech.
    Audio(Codec),
    /// A key (RFC 4733).
    Event(TelephoneEvent),
    /// Comfort noise (RFC 3389).
    Noise,
}

/// What is known of a packet's sender before the packet is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing but the address.
    Source,
    /// It has the keys.
    Authentic,
    /// It has the keys, and the system lets nobody else through.
    Connected,
}

/// A packet that was accepted, by its place in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub header: Header,
    pub kind: Kind,
    /// Clock of the party's audio, in Hz.
    pub clock: u32,
    /// Start of the payload.
    pub start: usize,
    /// Length of the payload.
    pub len: usize,
}

impl Heard {
    /// The packet as it lies in the buffer.
    pub fn packet<'a>(&self, buffer: &'a [u8]) -> Option<Packet<'a>> {
        Some(Packet {
            header: self.header,
            payload: buffer.get(self.start..self.start + self.len)?,
        })
    }

    /// Its payload, to be changed.
    pub fn payload<'a>(&self, buffer: &'a mut [u8]) -> Option<&'a mut [u8]> {
        buffer.get_mut(self.start..self.start + self.len)
    }
}

/// State of the half.
#[derive(Debug)]
pub(super) struct Ears {
    /// Who RTP comes from.
    pub latch: Latch,
    /// Who RTCP comes from, when it has a port of its own.
    pub control: Latch,
    /// What came, and how regularly.
    pub reception: Reception,
    /// Keys being pressed, with the source and clock they are heard in.
    keys: Option<(u32, u32, Receiver)>,
    /// Clock of the audio heard last.
    clock: u32,
    /// When something was last heard, or could first have been.
    heard: Instant,
    /// The present silence has been reported.
    told: bool,
}

impl Ears {
    /// Ears that know nobody.
    pub fn new(now: Instant) -> Self {
        Self {
            latch: Latch::default(),
            control: Latch::default(),
            reception: Reception::default(),
            keys: None,
            clock: Codec::Pcmu.clock(),
            heard: now,
            told: false,
        }
    }

    /// Takes what was agreed.
    pub fn configure(&mut self, stream: &Stream, now: Instant) {
        self.latch.signal(stream.remote);
        self.control.signal(stream.remote_rtcp);
        if stream.peer_holds || !stream.direction.receives() {
            self.latch.tighten();
            self.control.tighten();
        }
        if let Some(payload) = stream.codecs.first() {
            self.clock = payload.codec.clock();
        }
        self.heard = now;
        self.told = false;
    }

    /// Judges an RTP packet in the clear.
    pub fn hear(
        &mut self,
        stream: &Stream,
        bytes: &[u8],
        from: SocketAddr,
        trust: Trust,
        now: Instant,
    ) -> Result<Heard, Refused> {
        let packet = Packet::parse(bytes).ok_or(Refused::Malformed)?;
        let header = packet.header;
        let kind = meaning(stream, header.pt).ok_or(Refused::Payload)?;
        let sighting = Sighting {
            from,
            ssrc: header.ssrc,
            seq: Some(header.sequence),
            authentic: trust == Trust::Authentic,
        };
        if trust != Trust::Connected {
            match self.latch.judge(sighting, now) {
                Verdict::Accept => {}
                Verdict::TooEarly => return Err(Refused::Early),
                Verdict::Foreign => return Err(Refused::Foreign),
            }
        }
        self.heard = now;
        self.told = false;
        if let Kind::Audio(codec) = kind {
            self.clock = codec.clock();
        }
        let paced = matches!(kind, Kind::Audio(_));
        let len = packet.payload.len();
        self.reception.receive(&header, self.clock, len, paced, now);
        Ok(Heard {
            header,
            kind,
            clock: self.clock,
            start: packet.payload.as_ptr().addr() - bytes.as_ptr().addr(),
            len,
        })
    }

    /// Follows a telephone-event; the presses it completes are taken by [`press`](Self::press).
    pub fn follow(&mut self, event: TelephoneEvent, packet: &Packet<'_>, now: Instant) {
        let (ssrc, clock) = (packet.header.ssrc, event.clock);
        let known = self
            .keys
            .as_mut()
            .filter(|(s, c, _)| (*s, *c) == (ssrc, clock));
        match known {
            Some((_, _, keys)) => keys.receive(packet, now),
            None => {
                let mut keys = Receiver::new(clock);
                keys.receive(packet, now);
                self.keys = Some((ssrc, clock, keys));
            }
        }
    }

    /// A press that is complete, by its end or because nothing more of it came.
    pub fn press(&mut self, now: Instant) -> Option<Press> {
        let (_, _, keys) = self.keys.as_mut()?;
        keys.expire(now);
        keys.press()
    }

    /// Whether a key is held down, so that its end has to be watched for.
    pub fn is_pressed(&self) -> bool {
        self.keys
            .as_ref()
            .is_some_and(|(_, _, keys)| keys.is_busy())
    }

    /// Judges the sender of an RTCP packet on the port of its own.
    pub fn control_from(
        &mut self,
        from: SocketAddr,
        ssrc: u32,
        authentic: bool,
        now: Instant,
    ) -> Result<(), Refused> {
        // The party's RTP and RTCP come from one host, unless its SDP says otherwise.
        let elsewhere = self.latch.heard().is_some_and(|rtp| rtp.ip() != from.ip());
        if elsewhere && self.control.target() != Some(from) {
            return Err(Refused::Foreign);
        }
        let sighting = Sighting {
            from,
            ssrc,
            seq: None,
            authentic,
        };
        match self.control.judge(sighting, now) {
            Verdict::Accept => Ok(()),
            Verdict::TooEarly => Err(Refused::Early),
            Verdict::Foreign => Err(Refused::Foreign),
        }
    }

    /// Clock of the audio heard last, in Hz.
    pub fn clock(&self) -> u32 {
        self.clock
    }

    /// Says once that nothing has been heard for `limit`.
    pub fn silent(&mut self, limit: Duration, now: Instant) -> bool {
        let silent = !self.told && now.saturating_duration_since(self.heard) >= limit;
        self.told |= silent;
        silent
    }
}

/// Comfort noise by its static payload type (RFC 3551 §6): phones that detect silence send it, agreed or not.
const COMFORT_NOISE: u8 = 13;

fn meaning(stream: &Stream, pt: u8) -> Option<Kind> {
    if let Some(payload) = stream.codecs.iter().find(|payload| payload.recv_pt == pt) {
        return Some(Kind::Audio(payload.codec));
    }
    if let Some(event) = stream.dtmf.iter().find(|event| event.recv_pt == pt) {
        return Some(Kind::Event(*event));
    }
    (pt == COMFORT_NOISE || stream.comfort_noise == Some(pt)).then_some(Kind::Noise)
}
