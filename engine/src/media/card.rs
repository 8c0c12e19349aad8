//! What the rest of the engine can read of a leg at any time: figures written by its media thread
//! alone and read by anybody, without locks.

use super::{
    MediaId,
    quality::{Conditions, mos},
    tap::Posted,
};
use crate::rtp::{Codec, Quality, Spread};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The shared half of a leg.
#[derive(Debug)]
pub(super) struct Card {
    pub id: MediaId,
    /// Our synchronization source towards the party.
    pub ssrc: u32,
    /// Index of the thread that owns the leg, or is about to.
    pub home: AtomicUsize,
    pub figures: Figures,
    /// What was heard last, while somebody listens.
    pub sound: Posted,
}

/// Counters of one leg. One thread writes, so that a load and a store suffice.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub rx_packets: Count,
    pub rx_octets: Count,
    pub tx_packets: Count,
    pub tx_octets: Count,
    /// Packets expected from sequence numbers (RFC 3550 §6.4.1), over all sources.
    pub expected: Count,
    /// Present interarrival jitter in microseconds.
    pub jitter_us: AtomicU32,
    pub jitter: Samples,
    pub rtt: Samples,
    codec: AtomicU8,
}

/// A counter with one writer.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

/// Running moments of a figure in milliseconds, with one writer. A reader may see one sample in the
/// sum and not yet in the square; the error is that of one sample.
#[derive(Debug)]
pub(super) struct Samples {
    count: AtomicU64,
    sum: AtomicU64,
    squares: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Count {
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0f64.to_bits()),
            squares: AtomicU64::new(0f64.to_bits()),
            min: AtomicU64::new(f64::INFINITY.to_bits()),
            max: AtomicU64::new(0f64.to_bits()),
        }
    }
}

impl Samples {
    /// Takes one sample in milliseconds.
    pub fn take(&self, ms: f64) {
        change(&self.sum, |sum| sum + ms);
        change(&self.squares, |squares| squares + ms * ms);
        change(&self.min, |min| min.min(ms));
        change(&self.max, |max| max.max(ms));
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
    }

    /// The samples summed up; empty when there is none.
    pub fn spread(&self) -> Spread {
        let count = self.count.load(Relaxed);
        if count == 0 {
            return Spread::default();
        }
        let count = count as f64;
        let mean = read(&self.sum) / count;
        let variance = (read(&self.squares) / count - mean * mean).max(0.0);
        Spread {
            mean: Some(mean),
            min: Some(read(&self.min)),
            max: Some(read(&self.max)),
            stddev: Some(variance.sqrt()),
        }
    }
}

impl Figures {
    /// Notes what is being received.
    pub fn set_codec(&self, codec: Codec) {
        let code = match codec {
            Codec::Pcmu => 1,
            Codec::Pcma => 2,
            Codec::G722 => 3,
            Codec::Opus => 4,
        };
        self.codec.store(code, Relaxed);
    }

    /// What was received last.
    pub fn codec(&self) -> Option<Codec> {
        match self.codec.load(Relaxed) {
            1 => Some(Codec::Pcmu),
            2 => Some(Codec::Pcma),
            3 => Some(Codec::G722),
            4 => Some(Codec::Opus),
            _ => None,
        }
    }

    /// Packets that should have come and did not.
    pub fn lost(&self) -> u64 {
        self.expected.get().saturating_sub(self.rx_packets.get())
    }

    /// Share of the expected packets that were lost, in percent; `None` before the first.
    pub fn loss_pct(&self) -> Option<f64> {
        let expected = self.expected.get();
        (expected > 0).then(|| self.lost() as f64 * 100.0 / expected as f64)
    }

    /// The figures as the rest of the house knows them.
    pub fn quality(&self) -> Quality {
        Quality {
            rx_packets: self.rx_packets.get(),
            tx_packets: self.tx_packets.get(),
            lost: self.lost(),
            loss_pct: self.loss_pct(),
            jitter_ms: self.jitter_ms(),
            rtt_ms: self.rtt.spread(),
            mos: self.mos(),
            codec: self.codec(),
        }
    }

    /// The score of what was received; `None` when nothing was.
    fn mos(&self) -> Option<f64> {
        let codec = self.codec().filter(|_| self.rx_packets.get() > 0)?;
        Some(mos(Conditions {
            codec,
            loss_pct: self.loss_pct().unwrap_or(0.0),
            jitter_ms: self.jitter_ms().mean.unwrap_or(0.0),
            rtt_ms: self.rtt.spread().mean.unwrap_or(0.0),
        }))
    }

    /// Jitter over the life of the leg; one too short to have been sampled shows its present value.
    pub fn jitter_ms(&self) -> Spread {
        let spread = self.jitter.spread();
        if spread.mean.is_some() || self.rx_packets.get() < 2 {
            return spread;
        }
        let now = f64::from(self.jitter_us.load(Relaxed)) / 1000.0;
        Spread {
            mean: Some(now),
            min: Some(now),
            max: Some(now),
            stddev: Some(0.0),
        }
    }
}

fn read(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Relaxed))
}

fn change(cell: &AtomicU64, f: impl FnOnce(f64) -> f64) {
    cell.store(f(read(cell)).to_bits(), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_sum_up() {
        let samples = Samples::default();
        assert_eq!(samples.spread(), Spread::default());
        for ms in [10.0, 20.0, 30.0] {
            samples.take(ms);
        }
        let spread = samples.spread();
        assert_eq!(spread.mean, Some(20.0));
        assert_eq!(spread.min, Some(10.0));
        assert_eq!(spread.max, Some(30.0));
        assert!((spread.stddev.unwrap() - 8.165).abs() < 0.001);
    }

    #[test]
    fn loss_is_a_share_of_what_was_expected() {
        let figures = Figures::default();
        assert_eq!(figures.loss_pct(), None);
        figures.expected.set(200);
        figures.rx_packets.set(190);
        assert_eq!(figures.lost(), 10);
        assert_eq!(figures.loss_pct(), Some(5.0));
    }
}
