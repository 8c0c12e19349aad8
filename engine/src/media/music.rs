//! Music on hold, composed and synthesised here, so that it is ours to ship: a slow arpeggio of soft
//! plucked notes over a pad, twenty seconds long, whose end runs into its beginning.

use std::f64::consts::TAU;

/// Length in seconds: eight bars.
pub const SECONDS: usize = BARS.len() * BAR_MS / 1_000;
/// Length of a bar in milliseconds: eight notes of the arpeggio.
const BAR_MS: usize = 2_500;
/// The chords as semitones above A (220 Hz), low to high: a round trip home by way of the relative
/// minor and the fourth.
const BARS: [[i32; 4]; 8] = [
    [3, 10, 14, 19],
    [-2, 7, 14, 17],
    [0, 7, 12, 19],
    [-5, 3, 12, 15],
    [-4, 8, 12, 15],
    [3, 10, 15, 19],
    [5, 8, 12, 17],
    [-2, 10, 14, 17],
];
/// Which note of the chord sounds at each eighth of a bar; 4 and above are an octave up.
const PATTERN: [usize; 8] = [0, 1, 2, 3, 6, 3, 2, 1];
/// Pitch of semitone 0, in Hz.
const ROOT_HZ: f64 = 220.0;
/// Partials of a plucked note: strength and how fast each dies away, per second.
const PLUCK: [(f64, f64); 4] = [(1.0, 1.6), (0.45, 2.6), (0.18, 4.0), (0.08, 6.0)];
/// Partials of the pad.
const PAD: [f64; 2] = [1.0, 0.25];
/// Strength of the pad beside a plucked note.
const PAD_GAIN: f64 = 0.16;
/// Nothing above this, in Hz: a narrowband phone would not carry it.
const HIGHEST_HZ: f64 = 3_300.0;
/// How long a plucked note is followed, in milliseconds; by then it is 35 dB down.
const PLUCK_MS: usize = 2_500;
/// Root mean square of the whole in 16-bit samples: −20 dBm0.
const RMS: f64 = 1_577.0;
/// Rise of a plucked note, in seconds.
const ATTACK: f64 = 0.012;

/// The loop at `rate` Hz.
pub fn samples(rate: u32) -> Vec<i16> {
    let per_ms = rate as usize / 1_000;
    let mut mix = vec![0.0f64; SECONDS * rate as usize];
    for (bar, chord) in BARS.iter().enumerate() {
        let start = bar * BAR_MS;
        for (step, note) in PATTERN.iter().enumerate() {
            let at = (start + step * BAR_MS / PATTERN.len()) * per_ms;
            let octave = if *note >= chord.len() { 12 } else { 0 };
            let semitone = chord.get(*note % chord.len()).copied().unwrap_or(0);
            // The first note of a bar is a little louder.
            let strength = if step == 0 { 1.0 } else { 0.75 };
            pluck(&mut mix, at, pitch(semitone + octave), strength, rate);
        }
        for semitone in chord {
            pad(&mut mix, start * per_ms, pitch(*semitone), rate);
        }
    }
    let power: f64 = mix.iter().map(|sample| sample * sample).sum();
    let gain = RMS / (power / mix.len() as f64).sqrt().max(f64::MIN_POSITIVE);
    mix.iter()
        .map(|sample| (sample * gain).round() as i16)
        .collect()
}

fn pitch(semitone: i32) -> f64 {
    ROOT_HZ * 2f64.powf(f64::from(semitone) / 12.0)
}

/// Adds a plucked note; what sounds past the end is heard at the beginning.
fn pluck(mix: &mut [f64], at: usize, hz: f64, strength: f64, rate: u32) {
    let count = PLUCK_MS * rate as usize / 1_000;
    for (partial, (gain, decay)) in (1u32..).zip(PLUCK) {
        let hz = hz * f64::from(partial);
        if hz > HIGHEST_HZ {
            break;
        }
        let envelope = |t: f64| {
            let end = (1.0 - t * 1_000.0 / PLUCK_MS as f64).min(0.1) * 10.0;
            strength * gain * (t / ATTACK).min(1.0) * (-decay * t).exp() * end
        };
        add(mix, at, count, hz, rate, envelope);
    }
}

/// Adds a note of the pad: it swells into its bar and fades under the next.
fn pad(mix: &mut [f64], at: usize, hz: f64, rate: u32) {
    let length = BAR_MS as f64 / 1_000.0 * 1.3;
    let count = (length * f64::from(rate)) as usize;
    for (partial, gain) in (1u32..).zip(PAD) {
        let envelope = |t: f64| PAD_GAIN * gain * (std::f64::consts::PI * t / length).sin().powi(2);
        add(mix, at, count, hz * f64::from(partial), rate, envelope);
    }
}

fn add(
    mix: &mut [f64],
    at: usize,
    count: usize,
    hz: f64,
    rate: u32,
    envelope: impl Fn(f64) -> f64,
) {
    let period = 1.0 / f64::from(rate);
    let length = mix.len();
    // A sine by rotation: each sample follows from the two before.
    let step = TAU * hz * period;
    let turn = 2.0 * step.cos();
    let (mut before, mut now) = (-step.sin(), 0.0);
    let (start, tail) = mix.split_at_mut(at.min(length));
    for (n, place) in tail.iter_mut().chain(start).take(count).enumerate() {
        *place += now * envelope(n as f64 * period);
        (before, now) = (now, turn * now - before);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tone::level;
    use super::*;

    #[test]
    fn is_calm_loops_without_a_click_and_never_clips() {
        assert_eq!(SECONDS, 20);
        let rate = 8_000;
        let samples = samples(rate);
        assert_eq!(samples.len(), SECONDS * 8_000);
        assert!((level(&samples) + 20.0).abs() < 0.1);
        let peak = samples.iter().map(|s| i32::from(*s).abs()).max().unwrap();
        assert!((4_000..20_000).contains(&peak), "{peak}");
        // The seam is no steeper than the steepest place elsewhere.
        let steps = samples
            .windows(2)
            .map(|pair| i32::from(pair[1]) - i32::from(pair[0]));
        let steepest = steps.map(i32::abs).max().unwrap();
        let seam = i32::from(samples[0]) - i32::from(samples[samples.len() - 1]);
        assert!(seam.abs() <= steepest, "{seam} {steepest}");
        // Every second is neither silent nor loud.
        for second in samples.chunks(rate as usize) {
            assert!((-25.0..-16.0).contains(&level(second)), "{}", level(second));
        }
    }
}
