//! PCM to payloads.

use ezk_g722::libg722::{Bitrate, encoder};

use super::opus::OpusEncoder;
use super::{Codec, CodecError, Payload, g711};

/// Encodes one stream of one codec.
pub struct Encoder {
    kind: Kind,
    codec: Codec,
    rate: u32,
}

enum Kind {
    G711(fn(i16) -> u8),
    G722(Box<encoder::Encoder>),
    Opus(Box<OpusEncoder>),
}

impl Encoder {
    /// An encoder. `rate` (8000 or 16000 Hz) is what the source has; Opus follows it, so that no bits are
    /// spent on a band that is empty. See [`Encoder::rate`].
    pub fn new(payload: Payload, rate: u32) -> Result<Encoder, CodecError> {
        let (kind, rate) = match payload.codec {
            Codec::Pcmu => (Kind::G711(g711::to_ulaw), 8_000),
            Codec::Pcma => (Kind::G711(g711::to_alaw), 8_000),
            Codec::G722 => {
                let inner = encoder::Encoder::new(Bitrate::Mode1_64000, false, false);
                (Kind::G722(Box::new(inner)), 16_000)
            }
            Codec::Opus => {
                let inner = OpusEncoder::new(rate, payload.opus)?;
                (Kind::Opus(Box::new(inner)), rate)
            }
        };
        Ok(Encoder {
            kind,
            codec: payload.codec,
            rate,
        })
    }

    /// Sample rate of what goes in, in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The longest frame of at most `ms` milliseconds that this codec has.
    pub fn frame_ms(&self, ms: u32) -> u32 {
        match (self.codec, ms) {
            (Codec::Opus, ..20) => 10,
            (Codec::Opus, 20..40) => 20,
            (Codec::Opus, 40..60) => 40,
            (Codec::Opus, _) => 60,
            _ => ms.clamp(10, 60),
        }
    }

    /// Encodes one frame into `out` and returns its length; `None` when it does not fit or is no frame.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Option<usize> {
        match &mut self.kind {
            Kind::G711(law) => {
                let out = out.get_mut(..pcm.len())?;
                out.iter_mut()
                    .zip(pcm)
                    .for_each(|(byte, sample)| *byte = law(*sample));
                Some(pcm.len())
            }
            Kind::G722(inner) => {
                // The encoder takes samples in pairs.
                if !pcm.len().is_multiple_of(2) {
                    return None;
                }
                let bytes = inner.encode(pcm);
                out.get_mut(..bytes.len())?.copy_from_slice(&bytes);
                Some(bytes.len())
            }
            Kind::Opus(inner) => inner.encode(pcm, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::Decoder;
    use super::*;

    fn sine(rate: u32, count: usize) -> Vec<i16> {
        (0..count)
            .map(|n| ((TAU * 440.0 * n as f64 / f64::from(rate)).sin() * 8_000.0) as i16)
            .collect()
    }

    /// Level of 440 Hz in `samples` (Goertzel), as an amplitude, and of all the rest.
    fn measure(samples: &[i16], rate: u32) -> (f64, f64) {
        let w = TAU * 440.0 / f64::from(rate);
        let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
        for (n, sample) in samples.iter().enumerate() {
            let value = f64::from(*sample);
            re += value * (w * n as f64).cos();
            im += value * (w * n as f64).sin();
            power += value * value;
        }
        let count = samples.len() as f64;
        let amplitude = 2.0 * (re * re + im * im).sqrt() / count;
        (
            amplitude,
            (power / count - amplitude * amplitude / 2.0)
                .max(0.0)
                .sqrt(),
        )
    }

    #[test]
    fn a_tone_survives_every_codec() {
        for codec in Codec::ALL {
            for wish in [8_000, 16_000] {
                let mut encoder = Encoder::new(Payload::new(codec, 0), wish).unwrap();
                let mut decoder = Decoder::new(codec, wish).unwrap();
                let rate = encoder.rate();
                assert_eq!(rate, decoder.rate());
                let mut heard = Vec::new();
                let mut packet = [0; 1_500];
                for frame in sine(rate, rate as usize).chunks(rate as usize / 50) {
                    let length = encoder.encode(frame, &mut packet).unwrap();
                    if codec != Codec::Opus {
                        assert_eq!(length, 160);
                    }
                    assert!(decoder.decode(&packet[..length], &mut heard));
                }
                assert_eq!(heard.len(), rate as usize);
                let (tone, rest) = measure(&heard[rate as usize / 2..], rate);
                assert!((7_000.0..9_000.0).contains(&tone), "{codec} {tone}");
                assert!(rest < 500.0, "{codec} {rest}");
            }
        }
    }

    #[test]
    fn nonsense_is_survived() {
        for codec in Codec::ALL {
            let mut decoder = Decoder::new(codec, 8_000).unwrap();
            let mut out = Vec::new();
            assert!(!decoder.decode(&[], &mut out));
            for seed in 0..60u32 {
                let length = 1 + seed as usize * 7 % 90;
                let bytes: Vec<u8> = (0..length as u32)
                    .map(|n| (seed.wrapping_mul(2_654_435_761) >> (n % 24)) as u8 ^ n as u8)
                    .collect();
                out.clear();
                decoder.decode(&bytes, &mut out);
                decoder.conceal(Some(&bytes), 160, &mut out);
                decoder.conceal(None, 160, &mut out);
                assert!(out.len() <= 16_000);
            }
            let mut encoder = Encoder::new(Payload::new(codec, 0), 8_000).unwrap();
            assert_eq!(encoder.encode(&[0; 161], &mut [0; 10]), None);
        }
    }
}
