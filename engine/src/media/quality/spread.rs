//! Mean, extremes and deviation of a figure, gathered one sample at a time (Welford's method).

use crate::rtp::Spread;

/// Gathers samples.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gathered {
    count: u32,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Gathered {
    /// Adds a sample.
    pub fn add(&mut self, sample: f64) {
        if self.count == 0 {
            (self.min, self.max) = (sample, sample);
        }
        self.count = self.count.saturating_add(1);
        self.min = self.min.min(sample);
        self.max = self.max.max(sample);
        let away = sample - self.mean;
        self.mean += away / f64::from(self.count);
        self.squares += away * (sample - self.mean);
    }

    /// Whether nothing was gathered.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The mean, when anything was gathered.
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.mean)
    }

    /// The figure as shown, to a microsecond.
    pub fn spread(&self) -> Spread {
        if self.is_empty() {
            return Spread::default();
        }
        let deviation = (self.squares / f64::from(self.count)).max(0.0).sqrt();
        Spread {
            mean: Some(rounded(self.mean)),
            min: Some(rounded(self.min)),
            max: Some(rounded(self.max)),
            stddev: Some(rounded(deviation)),
        }
    }
}

/// To three decimals.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_the_textbook_example() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.spread(), Spread::default());
        [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]
            .into_iter()
            .for_each(|sample| gathered.add(sample));
        let spread = gathered.spread();
        assert_eq!((spread.mean, spread.stddev), (Some(5.0), Some(2.0)));
        assert_eq!((spread.min, spread.max), (Some(2.0), Some(9.0)));
    }
}
