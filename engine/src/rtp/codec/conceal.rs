//! Fills gaps in G.711 and G.722: goes on with the last pitch period, ever softer, and blends back in
//! when speech returns. After G.711 appendix I, in a simpler form.

/// Shortest and longest pitch period looked for, in 1/8 ms: 66 to 400 Hz.
const SHORTEST_PERIOD: usize = 20;
const LONGEST_PERIOD: usize = 120;
/// Stretch compared to find the period, in 1/8 ms.
const COMPARED: usize = 160;
/// Full volume for this long, then down to nothing, in 1/8 ms.
const LOUD_FOR: usize = 80;
const SILENT_AFTER: usize = 480;
/// Blend from the made-up to the real, in 1/8 ms.
const BLEND: usize = 32;

/// Remembers the end of a stream and goes on with it.
#[derive(Debug, Clone)]
pub(super) struct Concealer {
    /// Samples in 1/8 ms: 1 at 8 kHz, 2 at 16 kHz.
    scale: usize,
    /// The last samples, made-up ones included.
    history: Vec<i16>,
    /// Period found when the gap began.
    period: usize,
    /// Samples made up since then.
    made: usize,
}

impl Concealer {
    pub fn new(rate: u32) -> Concealer {
        let scale = (rate / 8_000).max(1) as usize;
        let kept = (LONGEST_PERIOD + COMPARED) * scale;
        Concealer {
            scale,
            history: vec![0; kept],
            period: 0,
            made: 0,
        }
    }

    /// Notes real samples, and blends their beginning with what was made up.
    pub fn real(&mut self, samples: &mut [i16]) {
        if self.made > 0 {
            let blend = BLEND * self.scale;
            let mut continued = Vec::with_capacity(blend);
            self.extend(blend, &mut continued);
            for (index, (sample, made)) in samples.iter_mut().zip(&continued).enumerate() {
                let share = index as i32 * 256 / blend as i32;
                let mixed = i32::from(*sample) * share + i32::from(*made) * (256 - share);
                *sample = (mixed / 256) as i16;
            }
            self.made = 0;
        }
        self.remember(samples);
    }

    /// Makes up `count` samples to the end of `out`.
    pub fn conceal(&mut self, count: usize, out: &mut Vec<i16>) {
        let before = out.len();
        self.extend(count, out);
        let made = out.get(before..).unwrap_or_default();
        // What was made up is remembered at full volume, or it would fade twice.
        self.made += made.len();
    }

    fn extend(&mut self, count: usize, out: &mut Vec<i16>) {
        if self.made == 0 {
            self.period = self.find_period();
        }
        let from = self.history.len().saturating_sub(self.period);
        let cycle = self.history.get(from..).unwrap_or_default();
        let (loud, silent) = (LOUD_FOR * self.scale, SILENT_AFTER * self.scale);
        let made = self.made;
        out.extend(
            cycle
                .iter()
                .cycle()
                .skip(made % self.period.max(1))
                .take(count)
                .enumerate()
                .map(|(index, sample)| {
                    let age = made + index;
                    let gain = match age {
                        age if age < loud => 256,
                        age if age >= silent => 0,
                        age => 256 * (silent - age) / (silent - loud),
                    };
                    (i32::from(*sample) * gain as i32 / 256) as i16
                }),
        );
    }

    fn remember(&mut self, samples: &[i16]) {
        let kept = self.history.len();
        let newest = samples.get(samples.len().saturating_sub(kept)..);
        let newest = newest.unwrap_or(samples);
        self.history.rotate_left(newest.len());
        let start = kept - newest.len();
        if let Some(place) = self.history.get_mut(start..) {
            place.copy_from_slice(newest);
        }
    }

    /// The lag at which the end of the history resembles itself most.
    fn find_period(&self) -> usize {
        let scale = self.scale;
        let end = self.history.len();
        let compared = COMPARED * scale;
        let recent = self.history.get(end - compared..).unwrap_or_default();
        let mut best = (0.0f32, LONGEST_PERIOD * scale);
        for lag in (SHORTEST_PERIOD * scale..=LONGEST_PERIOD * scale).step_by(scale) {
            let earlier = self
                .history
                .get(end - compared - lag..end - lag)
                .unwrap_or_default();
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (a, b) in recent.iter().zip(earlier).step_by(scale) {
                let (a, b) = (f32::from(*a), f32::from(*b));
                product += a * b;
                energy += b * b;
            }
            let likeness = product / energy.sqrt();
            if likeness > best.0 {
                best = (likeness, lag);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(from: usize, count: usize) -> Vec<i16> {
        (from..from + count)
            .map(|n| ((TAU * 200.0 * n as f64 / 8_000.0).sin() * 8_000.0) as i16)
            .collect()
    }

    #[test]
    fn a_gap_in_a_tone_is_hardly_heard_and_a_long_one_fades() {
        let mut concealer = Concealer::new(8_000);
        for frame in 0..5 {
            concealer.real(&mut sine(frame * 160, 160));
        }
        let mut made = Vec::new();
        concealer.conceal(80, &mut made);
        for (made, real) in made.iter().zip(sine(800, 80)) {
            assert!((i32::from(*made) - i32::from(real)).abs() < 1_200);
        }
        concealer.conceal(480, &mut made);
        assert_eq!(made.len(), 560);
        assert!(made[480..].iter().all(|sample| *sample == 0));
        let mut back = sine(1_360, 160);
        concealer.real(&mut back);
        assert!(back[0].abs() < 100);
        assert_eq!(back[40..], sine(1_360, 160)[40..]);
    }

    #[test]
    fn silence_stays_silent() {
        let mut concealer = Concealer::new(16_000);
        let mut made = Vec::new();
        concealer.conceal(320, &mut made);
        assert_eq!(made, vec![0; 320]);
    }
}
