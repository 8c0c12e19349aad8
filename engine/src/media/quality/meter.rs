//! Everything a leg counts: what it sent, what it received, what the peer's reports say; and the
//! reports of its own.

use std::time::{Duration, Instant, SystemTime};

use super::emodel::{Conditions, mos};
use super::spread::{Gathered, rounded};
use crate::rtp::packet::Header;
use crate::rtp::reception::{Arrived, Reception};
use crate::rtp::rtcp::{NtpClock, Packet, Packets, ReportBlock, SenderInfo, Writer, round_trip};
use crate::rtp::{Codec, Quality};

/// How often the jitter estimate becomes a sample. The first comes after as long, when the estimate
/// has settled.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// What a peer's RTCP said that matters beyond the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// The peer says goodbye.
    pub bye: bool,
    /// Loss of what we sent, since the peer's report before, in 1/256.
    pub peer_loss: Option<u8>,
}

/// Counts one leg.
#[derive(Debug, Clone)]
pub struct Meter {
    ssrc: u32,
    clock: NtpClock,
    reception: Reception,
    sent: Sent,
    codec: Option<Codec>,
    jitter: Gathered,
    round_trips: Gathered,
    sample_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    packets: u64,
    octets: u64,
    since_report: bool,
    last: Option<(u32, u32, Instant)>,
}

impl Meter {
    /// A meter for a leg that sends as `ssrc`. The wall clock is only read here.
    pub fn new(ssrc: u32, now: Instant, wall: SystemTime) -> Meter {
        Meter {
            ssrc,
            clock: NtpClock::new(now, wall),
            reception: Reception::default(),
            sent: Sent::default(),
            codec: None,
            jitter: Gathered::default(),
            round_trips: Gathered::default(),
            sample_at: None,
        }
    }

    /// Counts a packet sent, whose timestamps tick at `clock` Hz.
    pub fn sent(&mut self, header: &Header, clock: u32, octets: usize, now: Instant) {
        self.sent.packets += 1;
        self.sent.octets += octets as u64;
        self.sent.since_report = true;
        self.sent.last = Some((header.timestamp, clock, now));
    }

    /// Counts an audio packet received.
    pub fn received(
        &mut self,
        header: &Header,
        codec: Codec,
        octets: usize,
        now: Instant,
    ) -> Arrived {
        self.codec = Some(codec);
        let arrived = self
            .reception
            .receive(header, codec.clock(), octets, true, now);
        let sample_at = *self.sample_at.get_or_insert(now + SAMPLE_INTERVAL);
        if now >= sample_at
            && let Some(jitter) = self.reception.jitter_ms()
        {
            self.jitter.add(jitter);
            self.sample_at = Some(now + SAMPLE_INTERVAL);
        }
        arrived
    }

    /// Counts a packet received whose timestamp says nothing of its pace: events, comfort noise, formats
    /// that were not agreed.
    pub fn received_other(&mut self, header: &Header, octets: usize, now: Instant) -> Arrived {
        self.reception.receive(header, 0, octets, false, now)
    }

    /// Takes the peer's RTCP.
    pub fn rtcp(&mut self, bytes: &[u8], now: Instant) -> Heard {
        let mut heard = Heard::default();
        for packet in Packets::new(bytes) {
            match packet {
                Packet::Sender { ssrc, info, blocks } => {
                    self.reception.sender_report(ssrc, info.ntp, now);
                    blocks.for_each(|block| self.reported(&block, now, &mut heard));
                }
                Packet::Receiver { blocks, .. } => {
                    blocks.for_each(|block| self.reported(&block, now, &mut heard));
                }
                Packet::Bye { ssrc } => heard.bye |= self.reception.ssrc() == Some(ssrc),
                Packet::Description { .. } | Packet::Other { .. } => {}
            }
        }
        heard
    }

    fn reported(&mut self, block: &ReportBlock, now: Instant, heard: &mut Heard) {
        if block.ssrc != self.ssrc {
            return;
        }
        heard.peer_loss = Some(block.fraction_lost);
        let at = self.clock.at(now);
        if let Some(trip) = round_trip(at, block.last_report, block.delay_since_last_report) {
            self.round_trips.add(trip.as_secs_f64() * 1_000.0);
        }
    }

    /// Writes our report with description into `out` and returns its length: a sender report when we
    /// sent since the one before, else a receiver report (RFC 3550 §6.4). `None` when `out` is too
    /// short; 340 bytes always do.
    pub fn write_report(&mut self, out: &mut [u8], cname: &str, now: Instant) -> Option<usize> {
        let mut writer = Writer::new(out);
        self.report(&mut writer, now)?;
        writer.description(self.ssrc, cname)?;
        Some(writer.length())
    }

    /// Writes a last report and goodbye into `out`.
    pub fn write_bye(&mut self, out: &mut [u8], cname: &str, now: Instant) -> Option<usize> {
        let mut writer = Writer::new(out);
        self.report(&mut writer, now)?;
        writer.description(self.ssrc, cname)?;
        writer.bye(self.ssrc)?;
        Some(writer.length())
    }

    fn report(&mut self, writer: &mut Writer<'_>, now: Instant) -> Option<()> {
        let clock = self.codec.map_or(8_000, Codec::clock);
        let block = self.reception.report(clock, now);
        match self.sent.last.filter(|_| self.sent.since_report) {
            Some((timestamp, clock, at)) => {
                self.sent.since_report = false;
                let elapsed = now.saturating_duration_since(at).as_micros();
                let ticks = elapsed * u128::from(clock) / 1_000_000;
                let info = SenderInfo {
                    ntp: self.clock.at(now),
                    rtp: timestamp.wrapping_add(ticks as u32),
                    packets: self.sent.packets as u32,
                    octets: self.sent.octets as u32,
                };
                writer.sender(self.ssrc, &info, block.as_ref())
            }
            None => writer.receiver(self.ssrc, block.as_ref()),
        }
    }

    /// Packets and payload octets received, and sent.
    pub fn counts(&self) -> (u64, u64, u64, u64) {
        let (packets, octets) = (self.reception.received(), self.reception.octets());
        (packets, octets, self.sent.packets, self.sent.octets)
    }

    /// The figures so far.
    pub fn quality(&self) -> Quality {
        let received = self.reception.received();
        let expected = self.reception.expected();
        let lost = self.reception.lost();
        let loss_pct = (expected > 0).then(|| 100.0 * lost as f64 / expected as f64);
        let mut jitter = self.jitter;
        if jitter.is_empty()
            && let Some(now) = self.reception.jitter_ms()
        {
            jitter.add(now);
        }
        let mos = self.codec.filter(|_| received > 0).map(|codec| {
            mos(Conditions {
                codec,
                loss_pct: loss_pct.unwrap_or(0.0),
                jitter_ms: jitter.mean().unwrap_or(0.0),
                rtt_ms: self.round_trips.mean().unwrap_or(0.0),
            })
        });
        Quality {
            rx_packets: received,
            tx_packets: self.sent.packets,
            lost,
            loss_pct: loss_pct.map(rounded),
            jitter_ms: jitter.spread(),
            rtt_ms: self.round_trips.spread(),
            mos: mos.map(rounded),
            codec: self.codec,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(ssrc: u32, n: u32) -> Header {
        Header {
            ssrc,
            sequence: n as u16,
            timestamp: n * 160,
            ..Header::default()
        }
    }

    /// Two meters on a line with 40 ms each way and every tenth packet lost.
    #[test]
    fn two_ends_measure_each_other() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut near = Meter::new(1, start, SystemTime::now());
        let mut far = Meter::new(2, start, SystemTime::UNIX_EPOCH);
        let mut buffer = [0; 340];
        for n in 0..1_000u32 {
            let ms = u64::from(n) * 20;
            near.sent(&header(1, n), 8_000, 160, at(ms));
            far.sent(&header(2, n), 8_000, 160, at(ms));
            if n % 10 != 5 {
                far.received(&header(1, n), Codec::Pcmu, 160, at(ms + 40));
            }
            near.received(&header(2, n), Codec::Pcmu, 160, at(ms + 40));
            if n % 250 == 249 {
                let length = near.write_report(&mut buffer, "near", at(ms)).unwrap();
                far.rtcp(&buffer[..length], at(ms + 40));
                let length = far.write_report(&mut buffer, "far", at(ms + 100)).unwrap();
                let heard = near.rtcp(&buffer[..length], at(ms + 140));
                assert!((24..=26).contains(&heard.peer_loss.unwrap()));
            }
        }
        let (near, mut far) = (near.quality(), far);
        assert!((near.rtt_ms.mean.unwrap() - 80.0).abs() < 0.1, "{near:?}");
        assert_eq!(
            (near.rx_packets, near.tx_packets, near.lost),
            (1_000, 1_000, 0)
        );
        assert!(near.jitter_ms.max.unwrap() < 0.01);
        assert!(near.mos.unwrap() > 4.3);
        let length = far.write_bye(&mut buffer, "far", start).unwrap();
        let mut other = Meter::new(9, start, SystemTime::now());
        other.received(&header(2, 1), Codec::Pcmu, 160, start);
        assert!(other.rtcp(&buffer[..length], start).bye);
        let far = far.quality();
        assert!((far.loss_pct.unwrap() - 10.0).abs() < 0.1);
        assert!(far.mos.unwrap() < 3.5);
    }

    #[test]
    fn a_leg_that_heard_nothing_has_no_score() {
        let now = Instant::now();
        let mut meter = Meter::new(1, now, SystemTime::now());
        assert_eq!(meter.quality(), Quality::default());
        let mut buffer = [0; 340];
        assert_eq!(meter.write_report(&mut buffer, "x", now), Some(8 + 12));
        assert_eq!(meter.write_report(&mut buffer[..9], "x", now), None);
        // One packet alone has no jitter but a score.
        meter.received(&header(2, 1), Codec::G722, 160, now);
        let quality = meter.quality();
        assert_eq!(quality.jitter_ms.mean, None);
        assert!(quality.mos.unwrap() > 4.0);
    }
}
