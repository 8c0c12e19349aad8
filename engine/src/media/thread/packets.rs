//! The path of a packet: read, opened, judged, counted, handed to whoever listens, sent. Nothing is
//! allocated and nothing locked unless it is encrypted or transcoded.

use super::{MAX_BURST, Worker};
use crate::{
    media::{
        MediaEvent,
        ears::{Heard, Kind, Trust},
        leg::{Doing, Leg},
        metrics::{Refused, Tally},
        mouth::{Outcome, Said},
        wire::Wire,
    },
    rtp::{
        packet::{self, HEADER_LENGTH},
        rtcp::NtpClock,
    },
};
use mio::Token;
use std::{io, net::SocketAddr, sync::atomic::Ordering, time::Instant};

impl Worker {
    /// Reads what waits at a socket. Edge-triggered: what is not read now has to be remembered.
    pub(super) fn packets(&mut self, token: Token) {
        let (slot, control) = (token.0 / 2, token.0 % 2 == 1);
        for _ in 0..MAX_BURST {
            let Some(leg) = self.legs.at(slot) else {
                return;
            };
            let Some(socket) = leg.wire.socket(control) else {
                return;
            };
            match socket.recv_from(self.buffer.as_mut_slice()) {
                Ok((len, from)) if control => self.control(slot, len, from, false),
                Ok((len, from)) => self.packet(slot, len, from),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    tracing::trace!(%error, "an RTP socket reported an error");
                }
            }
            if self.is_ordered() {
                break;
            }
        }
        self.unread.push(token);
    }

    fn packet(&mut self, slot: usize, mut len: usize, from: SocketAddr) {
        let now = Instant::now();
        self.current = Some(slot);
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        #[cfg(test)]
        assert!(!leg.faulty, "injected fault");
        let Some(bytes) = self.buffer.get(..len) else {
            return;
        };
        if leg.wire.divert(bytes, from) {
            return;
        }
        if leg.is_muxed() && packet::is_rtcp(bytes) {
            return self.control(slot, len, from, true);
        }
        if let Some(protector) = &mut leg.protector {
            let Some(opened) = protector.open_rtp(bytes, self.scratch.as_mut_slice()) else {
                return self.tally.refuse(Refused::Authentication);
            };
            len = opened;
            std::mem::swap(&mut self.buffer, &mut self.scratch);
        }
        let bytes = self.buffer.get(..len).unwrap_or_default();
        let mut heard = match leg.hear(bytes, from, now) {
            Ok(heard) => heard,
            Err(why) => return self.tally.refuse(why),
        };
        self.tally.received.add(1);
        let (id, muted) = (leg.card.id.0, leg.muted);
        let listener = match leg.doing {
            Doing::Relay(peer) => Some(peer),
            Doing::Echo => Some(slot),
            Doing::Idle | Doing::Play(_) => None,
        };
        if let (Some(tap), Kind::Audio(codec)) = (&mut leg.tap, heard.kind)
            && let Some(packet) = heard.packet(bytes)
            && let Some(sound) = tap.hear(codec, packet.payload)
        {
            leg.card.sound.post(sound);
        }
        if let Kind::Event(event) = heard.kind {
            if let Some(packet) = heard.packet(bytes) {
                leg.ears.follow(event, &packet, now);
            }
            self.presses(slot, now);
            self.keep_ticking(slot);
        }
        if muted
            && let Kind::Audio(codec) = heard.kind
            && let Some(payload) = heard.payload(self.buffer.as_mut_slice())
        {
            heard.len = codec.silence(payload);
        }
        if let Some(listener) = listener {
            self.say(listener, &heard, id, now);
        }
    }

    /// Lets a leg say what another heard.
    fn say(&mut self, slot: usize, heard: &Heard, from: u64, now: Instant) {
        self.current = Some(slot);
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        let buffer = self.buffer.as_mut_slice();
        match leg.relay(heard, from, buffer, now) {
            Ok(Outcome::Send(said)) => {
                leg.send(&said, buffer, self.scratch.as_mut_slice(), &self.tally);
            }
            Ok(Outcome::Pull) => {
                while let Some(said) = leg.mouth.pull(buffer, now) {
                    leg.send(&said, buffer, self.scratch.as_mut_slice(), &self.tally);
                }
            }
            Ok(Outcome::Nothing) => {}
            Err(why) => self.tally.refuse(why),
        }
    }

    /// Reports the keys that a party has let go.
    pub(super) fn presses(&mut self, slot: usize, now: Instant) {
        while let Some(leg) = self.legs.at(slot)
            && let Some(press) = leg.ears.press(now)
        {
            let id = leg.card.id;
            self.tell(
                id,
                MediaEvent::Digit {
                    digit: press.digit,
                    duration_ms: press.duration_ms,
                },
            );
        }
    }

    /// Takes an RTCP packet from the port `shared` with RTP or from its own.
    fn control(&mut self, slot: usize, mut len: usize, from: SocketAddr, shared: bool) {
        let now = Instant::now();
        self.current = Some(slot);
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        let Some(bytes) = self.buffer.get(..len) else {
            return;
        };
        if let Some(protector) = &mut leg.protector {
            let Some(opened) = protector.open_rtcp(bytes, self.scratch.as_mut_slice()) else {
                return self.tally.refuse(Refused::Authentication);
            };
            len = opened;
            std::mem::swap(&mut self.buffer, &mut self.scratch);
        }
        let bytes = self.buffer.get(..len).unwrap_or_default();
        if let Err(why) = leg.hear_control(bytes, from, shared, &self.clock, now) {
            self.tally.refuse(why);
        }
    }
}

impl Leg {
    fn hear(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) -> Result<Heard, Refused> {
        let stream = self.stream.as_deref().ok_or(Refused::Early)?;
        let trust = match (&self.wire, &self.protector) {
            (Wire::Web(_), _) => Trust::Connected,
            (Wire::Ports(_), Some(_)) => Trust::Authentic,
            (Wire::Ports(_), None) => Trust::Source,
        };
        let heard = self.ears.hear(stream, bytes, from, trust, now)?;
        let figures = &self.card.figures;
        let reception = &self.ears.reception;
        figures.rx_packets.set(reception.received());
        figures.rx_octets.set(reception.octets());
        figures.expected.set(reception.expected());
        figures.jitter_us.store(
            (reception.jitter_ms().unwrap_or(0.0) * 1000.0) as u32,
            Ordering::Relaxed,
        );
        if let Kind::Audio(codec) = heard.kind {
            figures.set_codec(codec);
        }
        if !stream.direction.receives() {
            return Err(Refused::Direction);
        }
        Ok(heard)
    }

    fn hear_control(
        &mut self,
        bytes: &[u8],
        from: SocketAddr,
        shared: bool,
        clock: &NtpClock,
        now: Instant,
    ) -> Result<(), Refused> {
        if self.stream.is_none() {
            return Err(Refused::Early);
        }
        if !packet::is_rtcp(bytes) {
            return Err(Refused::Malformed);
        }
        if !shared {
            let ssrc = bytes.get(4..8).and_then(|ssrc| ssrc.try_into().ok());
            let ssrc = u32::from_be_bytes(ssrc.ok_or(Refused::Malformed)?);
            let authentic = self.protector.is_some();
            self.ears.control_from(from, ssrc, authentic, now)?;
        } else if self.target() != Some(from) {
            return Err(Refused::Foreign);
        }
        self.learn(bytes, clock, now)
    }

    fn relay(
        &mut self,
        heard: &Heard,
        from: u64,
        buffer: &mut [u8],
        now: Instant,
    ) -> Result<Outcome, Refused> {
        self.sending()?;
        let stream = self.stream.as_deref().ok_or(Refused::NoTarget)?;
        self.mouth.relay(stream, heard, from, buffer, now)
    }

    /// Sends a payload of the buffer; the header is written into the bytes before it.
    pub(super) fn send(
        &mut self,
        said: &Said,
        buffer: &mut [u8],
        scratch: &mut [u8],
        tally: &Tally,
    ) {
        let Some(target) = self.target() else {
            return tally.refuse(Refused::NoTarget);
        };
        let start = said.start.saturating_sub(HEADER_LENGTH);
        let Some(bytes) = buffer.get_mut(start..said.start + said.len) else {
            return tally.refuse(Refused::Malformed);
        };
        if said.header.write(bytes).is_none() {
            return tally.refuse(Refused::Malformed);
        }
        let bytes: &[u8] = match &mut self.protector {
            None => bytes,
            Some(protector) => {
                let sealed = protector.protect_rtp(bytes, scratch);
                let Some(sealed) = sealed.and_then(|len| scratch.get(..len)) else {
                    return tally.refuse(Refused::Authentication);
                };
                sealed
            }
        };
        match self.wire.send(bytes, target, false) {
            Ok(_) => {
                tally.sent.add(1);
                let figures = &self.card.figures;
                figures.tx_packets.add(1);
                figures.tx_octets.add(said.len as u64);
            }
            Err(error) => {
                tracing::trace!(%error, "an RTP packet was not sent");
                tally.refuse(Refused::Send);
            }
        }
    }

    /// Sends a report to the party.
    pub(super) fn send_report(&mut self, report: &[u8], sealed: &mut [u8], tally: &Tally) {
        let Some(target) = self.control_target() else {
            return;
        };
        let report = match &mut self.protector {
            None => report,
            Some(protector) => {
                let Some(len) = protector.protect_rtcp(report, sealed) else {
                    return tally.refuse(Refused::Authentication);
                };
                sealed.get(..len).unwrap_or_default()
            }
        };
        let control = !self.is_muxed();
        if let Err(error) = self.wire.send(report, target, control) {
            tracing::trace!(%error, "an RTCP packet was not sent");
            tally.refuse(Refused::Send);
        }
    }
}
