//! What one side of a stream receives: order, loss and jitter as RFC 3550 appendix A counts them, in
//! the face of reordering, duplicates, wrap-around and a peer that changes its source or restarts.

use std::time::Instant;

use super::packet::Header;
use super::rtcp::{NtpTime, ReportBlock};

/// A jump ahead of more than this is a restart of the source (RFC 3550 A.1, MAX_DROPOUT).
const LARGEST_GAP: u16 = 3_000;
/// A packet this far behind is late, not a restart (RFC 3550 A.1, MAX_MISORDER).
const LARGEST_MISORDER: u16 = 100;
/// Weight of the newest difference in the jitter estimate (RFC 3550 A.8).
const JITTER_GAIN: f64 = 1.0 / 16.0;
/// Differences in transit longer than this are gaps in speech or clock changes, not jitter.
const LARGEST_DIFFERENCE_MS: f64 = 2_000.0;

/// What became of a packet that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// The next one, or one after a gap of this many.
    InOrder {
        /// Packets missing before it.
        missing: u16,
    },
    /// Late or a duplicate.
    Late,
    /// The first of this source, or after it started over.
    Fresh,
}

/// Reception statistics of a stream. Totals go on when the peer changes its source.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    source: Option<Source>,
    /// Totals of the sources before this one.
    earlier_expected: u64,
    received: u64,
    received_this_source: u64,
    octets: u64,
    jitter_ms: f64,
    differences: u64,
}

/// The counters of RFC 3550 A.1 for one source.
#[derive(Debug, Clone)]
struct Source {
    ssrc: u32,
    base: u32,
    highest: u16,
    cycles: u32,
    /// Where a source that seems to have restarted would go on.
    suspect: Option<u16>,
    transit: Option<Transit>,
    expected_prior: u32,
    received_prior: u64,
    sender_report: Option<(u32, Instant)>,
}

#[derive(Debug, Clone, Copy)]
struct Transit {
    timestamp: u32,
    clock: u32,
    at: Instant,
}

impl Reception {
    /// Counts a packet of `octets` payload bytes whose timestamps tick at `clock` Hz. `paced` says that
    /// its timestamp shows when it was made (audio; not the repetitions of an event), so that it can
    /// measure jitter.
    pub fn receive(
        &mut self,
        header: &Header,
        clock: u32,
        octets: usize,
        paced: bool,
        now: Instant,
    ) -> Arrived {
        self.received += 1;
        self.octets += octets as u64;
        let arrived = match &mut self.source {
            Some(source) if source.ssrc == header.ssrc => source.place(header.sequence),
            _ => Arrived::Fresh,
        };
        if arrived == Arrived::Fresh {
            self.earlier_expected = self.expected();
            self.received_this_source = 0;
            self.source = Some(Source::new(header, self.source.take()));
        }
        self.received_this_source += 1;
        if let Some(source) = &mut self.source
            && paced
            && let Some(difference) = source.difference(header, clock, now)
        {
            self.jitter_ms += (difference - self.jitter_ms) * JITTER_GAIN;
            self.differences += 1;
        }
        arrived
    }

    /// Notes a sender report of the peer, for the delay figures of our next block.
    pub fn sender_report(&mut self, ssrc: u32, ntp: NtpTime, now: Instant) {
        if let Some(source) = &mut self.source
            && source.ssrc == ssrc
        {
            source.sender_report = Some((ntp.middle(), now));
        }
    }

    /// The block to report, and the start of the next interval; `None` before the first packet.
    /// `clock` is that of the stream, for the jitter.
    pub fn report(&mut self, clock: u32, now: Instant) -> Option<ReportBlock> {
        let received = self.received_this_source;
        let jitter = self.jitter_ms;
        let source = self.source.as_mut()?;
        let expected = source.expected();
        let cumulative = i64::from(expected) - received as i64;
        let expected_interval = expected.wrapping_sub(source.expected_prior);
        let received_interval = received.saturating_sub(source.received_prior);
        source.expected_prior = expected;
        source.received_prior = received;
        let lost = u64::from(expected_interval).saturating_sub(received_interval);
        let fraction = match u64::from(expected_interval) {
            0 => 0,
            expected => (lost * 256 / expected).min(255) as u8,
        };
        let (last_report, delay) = match source.sender_report {
            Some((middle, at)) => {
                let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
                (middle, delay.min(u128::from(u32::MAX)) as u32)
            }
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc: source.ssrc,
            fraction_lost: fraction,
            cumulative_lost: cumulative.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: source.cycles.wrapping_add(u32::from(source.highest)),
            jitter: (jitter * f64::from(clock) / 1_000.0) as u32,
            last_report,
            delay_since_last_report: delay,
        })
    }

    /// Packets received, duplicates included.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Payload octets received.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Packets that should have come, over all sources.
    pub fn expected(&self) -> u64 {
        let current = self.source.as_ref().map_or(0, Source::expected);
        self.earlier_expected + u64::from(current)
    }

    /// Packets that should have come and did not. Duplicates hide losses, as in the RFC.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter in milliseconds; `None` before two packets could be compared.
    pub fn jitter_ms(&self) -> Option<f64> {
        (self.differences > 0).then_some(self.jitter_ms)
    }

    /// The source received now.
    pub fn ssrc(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }
}

impl Source {
    fn new(header: &Header, before: Option<Source>) -> Source {
        Source {
            ssrc: header.ssrc,
            base: u32::from(header.sequence),
            highest: header.sequence,
            cycles: 0,
            suspect: None,
            transit: None,
            expected_prior: 0,
            received_prior: 0,
            sender_report: before
                .filter(|source| source.ssrc == header.ssrc)
                .and_then(|source| source.sender_report),
        }
    }

    fn expected(&self) -> u32 {
        self.cycles
            .wrapping_add(u32::from(self.highest))
            .wrapping_sub(self.base)
            .wrapping_add(1)
    }

    /// RFC 3550 A.1 without probation: whoever gets here was let in by address already.
    fn place(&mut self, sequence: u16) -> Arrived {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead != 0 && ahead < LARGEST_GAP {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.highest = sequence;
            self.suspect = None;
            return Arrived::InOrder { missing: ahead - 1 };
        }
        if ahead == 0 || ahead > u16::MAX - LARGEST_MISORDER {
            return Arrived::Late;
        }
        // A wild number: believed when the next one follows it.
        if self.suspect == Some(sequence) {
            return Arrived::Fresh;
        }
        self.suspect = Some(sequence.wrapping_add(1));
        Arrived::Late
    }

    /// How much longer or shorter this packet travelled than the one before, in milliseconds
    /// (RFC 3550 A.8), whatever clock either of them has.
    fn difference(&mut self, header: &Header, clock: u32, now: Instant) -> Option<f64> {
        let before = self.transit.replace(Transit {
            timestamp: header.timestamp,
            clock,
            at: now,
        })?;
        if before.clock != clock || clock == 0 {
            return None;
        }
        let ticks = header.timestamp.wrapping_sub(before.timestamp) as i32;
        let made = f64::from(ticks) * 1_000.0 / f64::from(clock);
        let came = now.saturating_duration_since(before.at).as_secs_f64() * 1_000.0;
        let difference = (came - made).abs();
        (difference <= LARGEST_DIFFERENCE_MS).then_some(difference)
    }
}

#[cfg(test)]
#[path = "reception_tests.rs"]
mod tests;
