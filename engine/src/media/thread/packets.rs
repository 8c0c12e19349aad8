//! The path of a packet: read, judged, counted, handed to whoever listens, sent. No allocation, no
//! lock.

use super::{MAX_BURST, Worker};
use crate::media::{
    ears::Heard,
    leg::{Doing, Leg},
    metrics::{Refused, Tally},
    mouth::Said,
};
use crate::rtp::packet::{self, HEADER_LENGTH};
use mio::Token;
use std::{io, net::SocketAddr, time::Instant};

impl Worker {
    /// Reads what waits at a socket. Edge-triggered: what is not read now has to be remembered.
    pub(super) fn packets(&mut self, token: Token) {
        let (slot, control) = (token.0 / 2, token.0 % 2 == 1);
        for _ in 0..MAX_BURST {
            let Some(leg) = self.legs.at(slot) else {
                return;
            };
            let socket = if control { &leg.rtcp } else { &leg.rtp };
            match socket.recv_from(self.buffer.as_mut_slice()) {
                Ok((len, from)) if control => self.control(slot, len, from),
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
        self.unread.push_back(token);
    }

    fn packet(&mut self, slot: usize, len: usize, from: SocketAddr) {
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
        let mux = leg.stream.as_ref().is_some_and(|stream| stream.rtcp_mux);
        if mux && packet::is_rtcp(bytes) {
            return self.control(slot, len, from);
        }
        let heard = match leg.hear(bytes, from, now) {
            Ok(heard) => heard,
            Err(why) => return self.tally.refuse(why),
        };
        self.tally.received.add(1);
        let id = leg.card.id.0;
        let listener = match leg.doing {
            Doing::Relay(peer) => peer,
            Doing::Echo => slot,
            Doing::Idle => return,
        };
        let Some(sink) = self.legs.at(listener) else {
            return;
        };
        self.current = Some(listener);
        let buffer = self.buffer.as_mut_slice();
        match sink.relay(&heard, id, buffer, now) {
            Ok(Some(said)) => sink.send(&said, buffer, &self.tally),
            Ok(None) => {}
            Err(why) => self.tally.refuse(why),
        }
    }

    /// Takes an RTCP packet.
    fn control(&mut self, slot: usize, len: usize, from: SocketAddr) {
        let _ = (slot, len, from);
    }
}

impl Leg {
    fn hear(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) -> Result<Heard, Refused> {
        let stream = self.stream.as_deref().ok_or(Refused::Early)?;
        let heard = self.ears.hear(stream, bytes, from, false, now)?;
        let figures = &self.card.figures;
        figures.rx_packets.add(1);
        figures.rx_octets.add(heard.len as u64);
        if !stream.direction.receives() {
            return Err(Refused::Direction);
        }
        Ok(heard)
    }

    fn relay(
        &mut self,
        heard: &Heard,
        from: u64,
        buffer: &mut [u8],
        now: Instant,
    ) -> Result<Option<Said>, Refused> {
        let stream = self.stream.as_deref().ok_or(Refused::NoTarget)?;
        if !stream.direction.sends() {
            return Err(Refused::Direction);
        }
        self.mouth.relay(stream, heard, from, buffer, now)
    }

    /// Sends a payload of the buffer; the header is written into the bytes before it.
    pub(super) fn send(&mut self, said: &Said, buffer: &mut [u8], tally: &Tally) {
        let Some(target) = self.ears.latch.target() else {
            return tally.refuse(Refused::NoTarget);
        };
        let start = said.start.saturating_sub(HEADER_LENGTH);
        let Some(bytes) = buffer.get_mut(start..said.start + said.len) else {
            return tally.refuse(Refused::Malformed);
        };
        if said.header.write(bytes).is_none() {
            return tally.refuse(Refused::Malformed);
        }
        match self.rtp.send_to(bytes, target) {
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
}
