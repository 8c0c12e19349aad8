//! Payloads to PCM.

use ezk_g722::libg722::{Bitrate, decoder};

use super::conceal::Concealer;
use super::opus::OpusDecoder;
use super::{Codec, CodecError, g711};

/// Decodes one stream of one codec.
pub struct Decoder {
    kind: Kind,
    rate: u32,
}

enum Kind {
    G711(fn(u8) -> i16, Concealer),
    G722(Box<decoder::Decoder>, Concealer),
    Opus(Box<OpusDecoder>),
}

impl Decoder {
    /// A decoder. `rate` (8000 or 16000 Hz) is a wish that Opus follows; see [`Decoder::rate`].
    pub fn new(codec: Codec, rate: u32) -> Result<Decoder, CodecError> {
        let (kind, rate) = match codec {
            Codec::Pcmu => (Kind::G711(g711::from_ulaw, Concealer::new(8_000)), 8_000),
            Codec::Pcma => (Kind::G711(g711::from_alaw, Concealer::new(8_000)), 8_000),
            Codec::G722 => {
                let inner = decoder::Decoder::new(Bitrate::Mode1_64000, false, false);
                let kind = Kind::G722(Box::new(inner), Concealer::new(16_000));
                (kind, 16_000)
            }
            Codec::Opus => (Kind::Opus(Box::new(OpusDecoder::new(rate)?)), rate),
        };
        Ok(Decoder { kind, rate })
    }

    /// Sample rate of what comes out, in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Decodes a payload to the end of `out`; `false`, and nothing added, when it is not of this codec.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> bool {
        let before = out.len();
        match &mut self.kind {
            Kind::G711(law, concealer) => {
                let law = *law;
                out.extend(payload.iter().map(|byte| law(*byte)));
                concealer.real(out.get_mut(before..).unwrap_or_default());
            }
            Kind::G722(inner, concealer) => {
                out.extend_from_slice(&inner.decode(payload));
                concealer.real(out.get_mut(before..).unwrap_or_default());
            }
            Kind::Opus(inner) => return inner.decode(payload, out),
        }
        !payload.is_empty()
    }

    /// Makes up `samples` that were lost, to the end of `out`. `next` is the payload that came after
    /// them: Opus may carry the end of the gap in it.
    pub fn conceal(&mut self, next: Option<&[u8]>, samples: usize, out: &mut Vec<i16>) {
        match &mut self.kind {
            Kind::G711(_, concealer) | Kind::G722(_, concealer) => concealer.conceal(samples, out),
            Kind::Opus(inner) => {
                let end = out.len() + samples;
                if !inner.conceal(next, samples, out) {
                    out.resize(end, 0);
                }
            }
        }
    }
}
