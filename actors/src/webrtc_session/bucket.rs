//! How many frames a client may send.

use std::time::Instant;

/// A bucket of frames that fills again.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Frames a second; 0 is no limit.
    rate: u32,
    burst: f64,
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        Self {
            rate,
            burst: f64::from(burst),
            left: f64::from(burst),
            at: now,
        }
    }

    /// Takes one frame out, when there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.rate == 0 {
            return true;
        }
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = self.burst.min(self.left + passed * f64::from(self.rate));
        let some = self.left >= 1.0;
        if some {
            self.left -= 1.0;
        }
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_then_so_many_a_second() {
        let start = Instant::now();
        let mut bucket = Bucket::new(50, 100, start);
        let taken = |bucket: &mut Bucket, now| (0..1000).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(&mut bucket, start), 100);
        assert_eq!(taken(&mut bucket, start + Duration::from_millis(100)), 5);
        assert_eq!(taken(&mut bucket, start + Duration::from_secs(60)), 100);
        assert_eq!(taken(&mut Bucket::new(0, 0, start), start), 1000);
    }
}
