//! A tap on what one leg hears: while somebody listens, its audio is decoded on the media thread, and
//! every 200 ms it is said how loud it was and how much of it was one tone. Nothing is allocated per
//! packet, and a leg that nobody listens to pays one branch.

use super::tone;
use crate::rtp::{Codec, codec::Decoder};
use std::{
    f64::consts::TAU,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Length of the stretch that is judged at once, in milliseconds.
pub const SPAN_MS: u32 = 200;

/// Sample rate asked of codecs that have a choice: enough for anything a telephone passes on.
const RATE: u32 = 8_000;

/// The longest packet of any codec here: 120 ms at 16 kHz, in samples.
const LONGEST: usize = 1_920;

/// What a leg heard in the last whole [`SPAN_MS`]. It moves on with the audio: while no packets come it
/// stays as it was, and `spans` stands still.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sound {
    /// Level of everything that was heard, in dBm0; -99 is digital silence.
    pub level_dbm0: f64,
    /// Share of the power that is at the frequency listened for, 0–1.
    pub tone_share: f64,
    /// Whole stretches heard since listening began, 1 and up.
    pub spans: u32,
}

/// The last [`Sound`], written by the media thread and read by anybody: one word, so that its parts
/// always belong together.
#[derive(Debug, Default)]
pub(super) struct Posted(AtomicU64);

impl Posted {
    /// Forgets what was heard.
    pub fn clear(&self) {
        self.0.store(0, Relaxed);
    }

    /// Writes one down: 32 bits of count, 16 of level in hundredths, 16 of share.
    pub fn post(&self, sound: Sound) {
        let level = (sound.level_dbm0 * 100.0).round() as i16;
        let share = (sound.tone_share.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16;
        let word = u64::from(sound.spans) << 32
            | u64::from(level.cast_unsigned()) << 16
            | u64::from(share);
        self.0.store(word, Relaxed);
    }

    /// The last one; `None` before the first.
    pub fn read(&self) -> Option<Sound> {
        let word = self.0.load(Relaxed);
        let spans = (word >> 32) as u32;
        (spans > 0).then(|| Sound {
            level_dbm0: f64::from(((word >> 16) as u16).cast_signed()) / 100.0,
            tone_share: f64::from(word as u16) / f64::from(u16::MAX),
            spans,
        })
    }
}

/// The listener of one leg.
pub(super) struct Tap {
    hz: u16,
    decoder: Option<(Codec, Decoder)>,
    samples: Vec<i16>,
    filter: Goertzel,
    spans: u32,
}

impl Tap {
    /// Listens for a tone.
    pub fn new(hz: u16) -> Self {
        Self {
            hz,
            decoder: None,
            samples: Vec::with_capacity(LONGEST),
            filter: Goertzel::new(hz, RATE),
            spans: 0,
        }
    }

    /// Hears a payload. Answers when it completes a stretch.
    pub fn hear(&mut self, codec: Codec, payload: &[u8]) -> Option<Sound> {
        let decoder = match &mut self.decoder {
            Some((known, decoder)) if *known == codec => decoder,
            other => {
                let decoder = Decoder::new(codec, RATE).ok()?;
                self.filter = Goertzel::new(self.hz, decoder.rate());
                &mut other.insert((codec, decoder)).1
            }
        };
        self.samples.clear();
        decoder.decode(payload, &mut self.samples);
        let mut sound = None;
        for sample in &self.samples {
            if let Some((level_dbm0, tone_share)) = self.filter.take(*sample) {
                self.spans = self.spans.saturating_add(1);
                sound = Some(Sound {
                    level_dbm0,
                    tone_share,
                    spans: self.spans,
                });
            }
        }
        sound
    }
}

/// One bin of a Fourier transform, a sample at a time (Goertzel 1958), beside the power of everything.
struct Goertzel {
    coefficient: f64,
    one: f64,
    two: f64,
    power: f64,
    count: u32,
    span: u32,
}

impl Goertzel {
    fn new(hz: u16, rate: u32) -> Self {
        Self {
            coefficient: 2.0 * (TAU * f64::from(hz) / f64::from(rate)).cos(),
            one: 0.0,
            two: 0.0,
            power: 0.0,
            count: 0,
            span: rate * SPAN_MS / 1_000,
        }
    }

    /// Takes a sample. Answers with level and share when a stretch is whole, and begins the next.
    fn take(&mut self, sample: i16) -> Option<(f64, f64)> {
        let sample = f64::from(sample);
        let next = sample + self.coefficient * self.one - self.two;
        (self.two, self.one) = (self.one, next);
        self.power += sample * sample;
        self.count += 1;
        if self.count < self.span {
            return None;
        }
        let (one, two, count) = (self.one, self.two, f64::from(self.count));
        let bin = one * one + two * two - self.coefficient * one * two;
        let level = tone::level_of(self.power / count);
        let share = 2.0 * bin / (self.power.max(1.0) * count);
        (self.one, self.two, self.power, self.count) = (0.0, 0.0, 0.0, 0);
        Some((level, share.min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::{Payload, codec::Encoder};

    /// The last thing heard of a second of a tone in a codec.
    fn listen(codec: Codec, says: u16, level: i8, hz: u16) -> Sound {
        let rate = codec.sample_rate().min(16_000);
        let payload = Payload::new(codec, codec.default_pt());
        let mut encoder = Encoder::new(payload, rate).unwrap();
        let mut tap = Tap::new(hz);
        let mut packet = [0; 1500];
        let mut last = None;
        let samples = tone::sine(says, level, encoder.rate());
        for frame in samples.chunks(encoder.rate() as usize / 50) {
            let length = encoder.encode(frame, &mut packet).unwrap();
            last = tap.hear(codec, &packet[..length]).or(last);
        }
        last.unwrap()
    }

    #[test]
    fn a_tone_is_found_in_every_codec_and_another_is_not() {
        for codec in Codec::ALL {
            let sound = listen(codec, 440, -15, 440);
            assert!(sound.tone_share > 0.9, "{codec}: {sound:?}");
            assert!((sound.level_dbm0 + 15.0).abs() < 1.5, "{codec}: {sound:?}");
            assert!((4..=5).contains(&sound.spans), "{codec}: {sound:?}");
            let other = listen(codec, 440, -15, 620);
            assert!(other.tone_share < 0.05, "{codec}: {other:?}");
        }
    }

    #[test]
    fn silence_and_rubbish_are_no_tone() {
        let mut tap = Tap::new(440);
        let quiet = (0..10).filter_map(|_| tap.hear(Codec::Pcmu, &[0xff; 160]));
        let sound = quiet.last().unwrap();
        assert_eq!((sound.level_dbm0, sound.tone_share), (-99.0, 0.0));
        assert_eq!(tap.hear(Codec::Opus, &[0xff; 3]), None);
        assert_eq!(tap.hear(Codec::Pcmu, &[]), None);
    }

    #[test]
    fn what_is_posted_is_read() {
        let posted = Posted::default();
        assert_eq!(posted.read(), None);
        posted.post(Sound {
            level_dbm0: -17.25,
            tone_share: 1.0,
            spans: 70_000,
        });
        let read = posted.read().unwrap();
        assert_eq!((read.level_dbm0, read.tone_share), (-17.25, 1.0));
        assert_eq!(read.spans, 70_000);
        posted.clear();
        assert_eq!(posted.read(), None);
    }
}
