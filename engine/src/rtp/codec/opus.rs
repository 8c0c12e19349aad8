//! Opus at the two rates that telephony has, behind a guard: a decoder that panics on what the network
//! sends is replaced, and the packet counts as lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ropus::{
    Application, Bitrate, Channels, DecodeMode, Decoder, Encoder, FrameDuration, InbandFec, Signal,
};

use super::{CodecError, OpusParameters};

/// Effort of the encoder, 0 to 10; 5 keeps most of the quality at half the cost of 9.
const COMPLEXITY: u8 = 5;
/// Loss that the encoder prepares for, in percent; it makes in-band correction worth its bits.
const EXPECTED_LOSS_PCT: u8 = 10;
/// Longest packet decoded, in milliseconds (RFC 6716 §2.1.4).
const LONGEST_PACKET_MS: usize = 120;
/// Bit rates for narrowband and wideband speech (RFC 7587 §3.1.1).
const NARROWBAND_BITRATE: u32 = 16_000;
const WIDEBAND_BITRATE: u32 = 24_000;

/// A mono decoder to 8 or 16 kHz.
pub(super) struct OpusDecoder {
    inner: Decoder,
    rate: u32,
}

impl OpusDecoder {
    pub fn new(rate: u32) -> Result<OpusDecoder, CodecError> {
        let inner = Decoder::new(rate, Channels::Mono).map_err(|_| CodecError::Opus)?;
        Ok(OpusDecoder { inner, rate })
    }

    /// Decodes a packet to the end of `out`; `false` when it is not Opus.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> bool {
        if packet.is_empty() {
            return false;
        }
        let longest = self.rate as usize * LONGEST_PACKET_MS / 1_000;
        self.run(packet, longest, DecodeMode::Normal, out)
    }

    /// Fills in `samples` that were lost; `next` is the packet after them, when it is there and may
    /// carry their correction data.
    pub fn conceal(&mut self, next: Option<&[u8]>, samples: usize, out: &mut Vec<i16>) -> bool {
        match next {
            Some(packet) if !packet.is_empty() => self.run(packet, samples, DecodeMode::Fec, out),
            _ => self.run(&[], samples, DecodeMode::Normal, out),
        }
    }

    fn run(&mut self, packet: &[u8], room: usize, mode: DecodeMode, out: &mut Vec<i16>) -> bool {
        let before = out.len();
        out.resize(before + room, 0);
        let space = out.get_mut(before..).unwrap_or_default();
        let inner = &mut self.inner;
        let decoded = catch_unwind(AssertUnwindSafe(|| inner.decode(packet, space, mode)));
        let samples = match decoded {
            Ok(Ok(samples)) => samples.min(room),
            Ok(Err(_)) => 0,
            Err(_) => {
                tracing::warn!("an Opus packet made the decoder panic; decoder replaced");
                if let Ok(fresh) = Decoder::new(self.rate, Channels::Mono) {
                    self.inner = fresh;
                }
                0
            }
        };
        out.truncate(before + samples);
        samples > 0
    }
}

/// A mono encoder from 8 or 16 kHz.
pub(super) struct OpusEncoder {
    inner: Encoder,
}

impl OpusEncoder {
    /// An encoder that honours what the peer prefers.
    pub fn new(rate: u32, wishes: OpusParameters) -> Result<OpusEncoder, CodecError> {
        let usual = if rate <= 8_000 {
            NARROWBAND_BITRATE
        } else {
            WIDEBAND_BITRATE
        };
        let bitrate = wishes
            .max_average_bitrate
            .map_or(usual, |most| most.min(usual));
        let fec = if wishes.inband_fec {
            InbandFec::Enabled
        } else {
            InbandFec::Disabled
        };
        let inner = Encoder::builder(rate, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(bitrate))
            .complexity(COMPLEXITY)
            .signal(Signal::Voice)
            .vbr(true)
            .vbr_constraint(true)
            .frame_duration(FrameDuration::Argument)
            .packet_loss_perc(EXPECTED_LOSS_PCT)
            .inband_fec(fec)
            .dtx(false)
            .build()
            .map_err(|_| CodecError::Opus)?;
        Ok(OpusEncoder { inner })
    }

    /// Encodes one frame of 10, 20, 40 or 60 ms.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Option<usize> {
        let inner = &mut self.inner;
        catch_unwind(AssertUnwindSafe(|| inner.encode(pcm, out).ok())).ok()?
    }
}
