//! The codecs that phones and browsers of the tests speak, and what turns samples into payloads and back.

use super::{g711, g722};
use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};

/// What 20 ms of Opus may take.
const MOST: usize = 400;

/// An audio codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus, mono.
    Opus,
}

impl Format {
    /// By the name and clock of `a=rtpmap`.
    pub fn named(rtpmap: &str) -> Option<Self> {
        match rtpmap.to_ascii_lowercase().as_str() {
            "pcmu/8000" => Some(Self::Pcmu),
            "pcma/8000" => Some(Self::Pcma),
            "g722/8000" => Some(Self::G722),
            "opus/48000/2" => Some(Self::Opus),
            _ => None,
        }
    }

    /// By the payload type that phones use for it.
    pub fn of_kind(kind: u8) -> Option<Self> {
        match kind {
            super::PCMU => Some(Self::Pcmu),
            super::PCMA => Some(Self::Pcma),
            super::G722 => Some(Self::G722),
            super::OPUS => Some(Self::Opus),
            _ => None,
        }
    }

    /// `a=rtpmap`'s name and clock.
    pub fn rtpmap(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
            Self::G722 => "G722/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// Timestamp steps of 20 ms: G.722 counts as if it were narrow band (RFC 3551 §4.5.2).
    pub fn step(self) -> u32 {
        if self == Self::Opus { 960 } else { 160 }
    }

    /// Samples per second that the coder takes.
    pub fn rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 | Self::Opus => 16_000,
        }
    }
}

/// One direction's coder with its memory.
pub enum Coder {
    /// Both laws have none.
    G711(Format),
    /// Sub-bands' predictors.
    G722(Box<g722::Encoder>),
    /// libopus' port.
    Opus(Box<Encoder>),
}

impl Coder {
    /// A fresh one.
    pub fn new(format: Format) -> Self {
        match format {
            Format::Pcmu | Format::Pcma => Self::G711(format),
            Format::G722 => Self::G722(Box::default()),
            Format::Opus => {
                let encoder = Encoder::builder(format.rate(), Channels::Mono, Application::Voip)
                    .complexity(0)
                    .bitrate(Bitrate::Bits(24_000));
                Self::Opus(Box::new(encoder.build().expect("an Opus encoder")))
            }
        }
    }

    /// The payload of 20 ms of samples.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::G711(Format::Pcma) => samples.iter().map(|s| g711::linear_to_alaw(*s)).collect(),
            Self::G711(_) => samples.iter().map(|s| g711::linear_to_ulaw(*s)).collect(),
            Self::G722(encoder) => encoder.encode(samples),
            Self::Opus(encoder) => {
                let mut payload = vec![0; MOST];
                let size = encoder.encode(samples, &mut payload).expect("a frame");
                payload.truncate(size);
                payload
            }
        }
    }
}

/// What hears one stream: every payload becomes samples at 8 kHz.
pub enum Hearer {
    /// Both laws have no memory.
    G711(Format),
    /// Sub-bands' predictors.
    G722(Box<g722::Decoder>),
    /// libopus' port.
    Opus(Box<Decoder>),
}

impl Hearer {
    /// A fresh one.
    pub fn new(format: Format) -> Self {
        match format {
            Format::Pcmu | Format::Pcma => Self::G711(format),
            Format::G722 => Self::G722(Box::default()),
            Format::Opus => {
                let decoder = Decoder::new(8_000, Channels::Mono).expect("an Opus decoder");
                Self::Opus(Box::new(decoder))
            }
        }
    }

    /// What it listens to.
    pub fn format(&self) -> Format {
        match self {
            Self::G711(format) => *format,
            Self::G722(_) => Format::G722,
            Self::Opus(_) => Format::Opus,
        }
    }

    /// The samples of a payload.
    pub fn decode(&mut self, payload: &[u8]) -> Vec<f64> {
        match self {
            Self::G711(Format::Pcma) => {
                let samples = payload.iter().map(|b| g711::alaw_to_linear(*b));
                samples.map(f64::from).collect()
            }
            Self::G711(_) => {
                let samples = payload.iter().map(|b| g711::ulaw_to_linear(*b));
                samples.map(f64::from).collect()
            }
            Self::G722(decoder) => {
                let samples = decoder.decode(payload);
                samples.iter().step_by(2).map(|s| f64::from(*s)).collect()
            }
            Self::Opus(decoder) => {
                let mut samples = [0; 960];
                let count = decoder.decode(payload, &mut samples, DecodeMode::Normal);
                let count = count.unwrap_or(0);
                samples[..count].iter().map(|s| f64::from(*s)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Coder, Format, Hearer};
    use crate::audio::share;

    #[test]
    fn every_codec_carries_a_tone() {
        for format in [Format::Pcmu, Format::Pcma, Format::G722, Format::Opus] {
            let (mut coder, mut hearer) = (Coder::new(format), Hearer::new(format));
            let (rate, frame) = (f64::from(format.rate()), format.rate() as usize / 50);
            let mut heard = Vec::new();
            for n in 0..25 {
                let tone = (0..frame).map(|i| {
                    let at = (n * frame + i) as f64 / rate;
                    ((std::f64::consts::TAU * 660.0 * at).sin() * 8000.0) as i16
                });
                let payload = coder.encode(&tone.collect::<Vec<_>>());
                heard.extend(hearer.decode(&payload));
            }
            assert_eq!(heard.len(), 25 * 160, "{format:?}");
            let last = &heard[heard.len() - 1600..];
            assert!(share(last, 660) > 0.9, "{format:?}: {}", share(last, 660));
            assert!(share(last, 440) < 0.05, "{format:?}");
            let loudness = (last.iter().map(|s| s * s).sum::<f64>() / 1600.0).sqrt();
            assert!(
                (3000.0..8000.0).contains(&loudness),
                "{format:?}: {loudness}"
            );
        }
    }
}
