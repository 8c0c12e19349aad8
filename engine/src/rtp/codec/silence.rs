//! Payloads in which nothing is heard, put in the place of others without an encoder.

use super::Codec;

/// Silence of one frame, in RFC 6716's coding: full band, mono, 20 ms.
const OPUS: [u8; 3] = [0xf8, 0xff, 0xfe];

impl Codec {
    /// Overwrites a payload with silence, and says how much of it is used now: never more than before.
    pub fn silence(self, payload: &mut [u8]) -> usize {
        match self {
            Codec::Pcmu => payload.fill(0xff),
            Codec::Pcma => payload.fill(0xd5),
            // Both bands at the smallest step of their quantizers.
            Codec::G722 => payload.fill(0xfc),
            Codec::Opus => match payload.first_chunk_mut() {
                Some(frame) => {
                    *frame = OPUS;
                    return OPUS.len();
                }
                // One so short is a pause already (RFC 7587 §3.1.3).
                None => return payload.len(),
            },
        }
        payload.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::codec::{Decoder, Encoder, Payload};

    /// What a loud tone of a second, silenced, still is after the decoder: loudest of the last 100 ms.
    fn left(codec: Codec) -> u16 {
        let payload = Payload::new(codec, codec.default_pt());
        let mut encoder = Encoder::new(payload, codec.sample_rate()).unwrap();
        let mut decoder = Decoder::new(codec, codec.sample_rate()).unwrap();
        let rate = f64::from(decoder.rate());
        let mut heard = Vec::new();
        for frame in 0..100 {
            let samples = usize::try_from(codec.sample_rate() / 50).unwrap();
            let tone: Vec<i16> = (0..samples)
                .map(|n| {
                    let at = (frame * samples + n) as f64 / rate;
                    ((at * 440.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16
                })
                .collect();
            let mut bytes = [0; 1500];
            let mut used = encoder.encode(&tone, &mut bytes).unwrap();
            if frame >= 50 {
                used = codec.silence(&mut bytes[..used]);
            }
            assert!(decoder.decode(&bytes[..used], &mut heard), "{codec}");
        }
        let last = heard.len() - decoder.rate() as usize / 10;
        let last = &heard[last..];
        last.iter()
            .map(|sample| sample.unsigned_abs())
            .max()
            .unwrap()
    }

    #[test]
    fn nothing_is_heard_of_what_was_silenced() {
        for codec in Codec::ALL {
            let left = left(codec);
            assert!(left <= 64, "{codec}: {left}");
        }
    }

    #[test]
    fn a_payload_never_grows() {
        for codec in Codec::ALL {
            for length in 0..6 {
                let mut payload = vec![1; length];
                assert!(codec.silence(&mut payload) <= length);
            }
        }
    }
}
