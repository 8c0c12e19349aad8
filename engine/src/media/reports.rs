//! A leg's RTCP (RFC 3550 §6): what we report every few seconds, and what we learn from the party's
//! reports.

use super::{
    card::Figures,
    leg::Leg,
    metrics::{Refused, Tally},
};
use crate::rtp::{
    reception::Reception,
    rtcp::{NtpClock, Packet, Packets, ReportBlocks, SenderInfo, Writer, round_trip},
};
use rand::Rng;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Mean time between two reports (RFC 3550 §6.2); each is drawn from half to one and a half of it.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 200 } else { 5000 });

/// State of the reports.
#[derive(Debug)]
pub(super) struct Reports {
    next: Instant,
    /// Packets we had sent when we last reported.
    sent_before: u64,
    /// Packets lost when we last counted.
    lost_before: u64,
    /// Packets received when jitter was last sampled.
    heard_before: u64,
    /// Canonical name: random, so that it links no two calls (RFC 7022 §4.2).
    name: u64,
}

impl Reports {
    /// The first report is due after a shortened interval (RFC 3550 §6.2).
    pub fn new(now: Instant) -> Self {
        Self {
            next: now + interval() / 2,
            sent_before: 0,
            lost_before: 0,
            heard_before: 0,
            name: rand::random(),
        }
    }

    /// Whether a report is due; draws the time of the next when it is.
    pub fn due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + interval();
        }
        due
    }

    /// Takes a sample of the figures that have a spread, once a second.
    pub fn sample(&mut self, figures: &Figures, reception: &Reception, tally: &Tally) {
        let heard = reception.received();
        if heard > self.heard_before
            && let Some(jitter) = reception.jitter_ms()
        {
            figures.jitter.take(jitter);
        }
        self.heard_before = heard;
        let lost = reception.lost();
        tally.lost.add(lost.saturating_sub(self.lost_before));
        self.lost_before = self.lost_before.max(lost);
    }
}

impl Leg {
    /// Writes a report into `out`, with a goodbye when it is the last.
    pub fn report(&mut self, out: &mut [u8], clock: &NtpClock, last: bool, now: Instant) -> usize {
        let figures = &self.card.figures;
        let ssrc = self.card.ssrc;
        let sent = figures.tx_packets.get();
        let block = self.ears.reception.report(self.ears.clock(), now);
        let mut writer = Writer::new(out);
        let written = if sent > self.reports.sent_before {
            let info = SenderInfo {
                ntp: clock.at(now),
                rtp: self.mouth.outlet.timestamp_at(now),
                packets: sent as u32,
                octets: figures.tx_octets.get() as u32,
            };
            writer.sender(ssrc, &info, block.as_ref())
        } else {
            writer.receiver(ssrc, block.as_ref())
        };
        self.reports.sent_before = sent;
        let name = format!("{:016x}", self.reports.name);
        written
            .and_then(|()| writer.description(ssrc, &name))
            .and_then(|()| if last { writer.bye(ssrc) } else { Some(()) })
            .map_or(0, |()| writer.length())
    }

    /// Learns from an RTCP datagram in the clear.
    pub fn learn(&mut self, bytes: &[u8], clock: &NtpClock, now: Instant) -> Result<(), Refused> {
        let mut any = false;
        for packet in Packets::new(bytes) {
            any = true;
            match packet {
                Packet::Sender { ssrc, info, blocks } => {
                    self.ears.reception.sender_report(ssrc, info.ntp, now);
                    self.round_trips(blocks, clock, now);
                }
                Packet::Receiver { blocks, .. } => self.round_trips(blocks, clock, now),
                Packet::Description { .. } | Packet::Bye { .. } | Packet::Other { .. } => {}
            }
        }
        if any { Ok(()) } else { Err(Refused::Malformed) }
    }

    /// Where reports go: with RTP when they share its port, else to their own.
    pub fn control_target(&self) -> Option<SocketAddr> {
        self.stream.as_ref()?;
        if self.is_muxed() {
            self.target()
        } else {
            self.ears.control.target()
        }
    }

    fn round_trips(&self, blocks: ReportBlocks<'_>, clock: &NtpClock, now: Instant) {
        for block in blocks.filter(|block| block.ssrc == self.card.ssrc) {
            let trip = round_trip(
                clock.at(now),
                block.last_report,
                block.delay_since_last_report,
            );
            if let Some(trip) = trip {
                self.card.figures.rtt.take(trip.as_secs_f64() * 1000.0);
            }
        }
    }
}

fn interval() -> Duration {
    INTERVAL.mul_f64(rand::rng().random_range(0.5..1.5))
}
