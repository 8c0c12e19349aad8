//! Call progress tones as PCM that can be repeated without a seam.

use std::f64::consts::TAU;

/// Peak of a sine at 0 dBm0 in 16-bit samples: full scale of µ-law is +3.17 dBm0 (G.711 table 5).
const PEAK_AT_0_DBM0: f64 = 22_302.0;
/// Level in dBm0 that stands for no sound at all.
const SILENCE: f64 = -99.0;
/// Rise and fall of each burst, in milliseconds, so that it does not click.
const RAMP_MS: usize = 5;

/// A sound that is on and off in turns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Frequencies sounding together: Hz and level in dBm0.
    pub parts: &'static [(f64, f64)],
    /// Milliseconds of sound; together with the pause a multiple of 20.
    pub on_ms: usize,
    /// Milliseconds of pause.
    pub off_ms: usize,
}

/// North American ringback: 440 and 480 Hz, two seconds in six (ITU-T E.180 supplement 2).
pub const RINGBACK: Tone = Tone {
    parts: &[(440.0, -19.0), (480.0, -19.0)],
    on_ms: 2_000,
    off_ms: 4_000,
};

/// North American busy: 480 and 620 Hz, once a second.
pub const BUSY: Tone = Tone {
    parts: &[(480.0, -24.0), (620.0, -24.0)],
    on_ms: 500,
    off_ms: 500,
};

/// North American congestion (reorder): as busy, twice as fast; 240 and 260 ms rather than 250 each, so
/// that a turn is whole frames.
pub const CONGESTION: Tone = Tone {
    parts: BUSY.parts,
    on_ms: 240,
    off_ms: 260,
};

/// Short beeps, once in two seconds: something is asked of the listener. Far from every key's tones, so that
/// it is not taken for one.
pub const ATTENTION: Tone = Tone {
    parts: &[(523.0, -15.0), (1_046.0, -15.0)],
    on_ms: 300,
    off_ms: 1_700,
};

impl Tone {
    /// One turn at `rate` Hz.
    pub fn samples(&self, rate: u32) -> Vec<i16> {
        let per_ms = rate as usize / 1_000;
        let (on, ramp) = (self.on_ms * per_ms, RAMP_MS * per_ms);
        let mut samples: Vec<i16> = (0..on)
            .map(|n| {
                let t = n as f64 / f64::from(rate);
                let sum: f64 = self
                    .parts
                    .iter()
                    .map(|(hz, dbm0)| (TAU * hz * t).sin() * peak(*dbm0))
                    .sum();
                let edge = n.min(on - 1 - n);
                let gain = edge.min(ramp) as f64 / ramp.max(1) as f64;
                (sum * gain).round() as i16
            })
            .collect();
        samples.resize(on + self.off_ms * per_ms, 0);
        samples
    }
}

/// One second of a steady sine, which is a whole number of periods. Above half of `rate` nothing sounds;
/// levels above 0 dBm0 count as 0.
pub fn sine(hz: u16, level: i8, rate: u32) -> Vec<i16> {
    let peak = if u32::from(hz) * 2 < rate {
        peak(f64::from(level.min(0)))
    } else {
        0.0
    };
    let step = TAU * f64::from(hz) / f64::from(rate);
    (0..rate)
        .map(|n| ((step * f64::from(n)).sin() * peak).round() as i16)
        .collect()
}

/// Peak of a sine at a level in dBm0.
fn peak(dbm0: f64) -> f64 {
    PEAK_AT_0_DBM0 * 10f64.powf(dbm0 / 20.0)
}

/// Level in dBm0 of a sound of this mean square; not below -99.
pub(super) fn level_of(mean_square: f64) -> f64 {
    let rms = mean_square.max(0.0).sqrt();
    (20.0 * (rms.max(1e-3) * 2f64.sqrt() / PEAK_AT_0_DBM0).log10()).max(SILENCE)
}

/// Level in dBm0 of the root mean square of `samples`.
#[cfg(test)]
pub(super) fn level(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    level_of(power / samples.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_have_their_level_cadence_and_whole_frames() {
        for rate in [8_000, 16_000] {
            for tone in [RINGBACK, BUSY, CONGESTION, ATTENTION] {
                let samples = tone.samples(rate);
                let on = tone.on_ms * rate as usize / 1_000;
                assert!(samples.len().is_multiple_of(rate as usize / 50));
                assert!(samples[on..].iter().all(|sample| *sample == 0));
                // Two equal tones together are 3 dB above one.
                let expected = tone.parts[0].1 + 3.0;
                let got = level(&samples[..on]);
                assert!((got - expected).abs() < 0.3, "{got} {expected}");
            }
            let samples = sine(1_000, -10, rate);
            assert!((level(&samples) + 10.0).abs() < 0.05);
            assert!((level(&sine(400, 20, rate))).abs() < 0.05);
            assert_eq!(sine(60_000, 0, rate), vec![0; rate as usize]);
        }
    }
}
