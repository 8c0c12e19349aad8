//! One stream of packets into another codec, packet in, packets out, without a clock of its own: it
//! follows the timestamps of what comes in, makes up for short losses and leaves long gaps as gaps.

use super::{Codec, CodecError, Decoder, Encoder, FRAME_MS, Payload, Resampler};
use crate::rtp::packet::Packet;

/// Losses up to this long are filled in; longer ones become a gap in the timestamps.
const LONGEST_CONCEALED_MS: u32 = 100;
/// A timestamp that jumps further than this, either way, starts a new stream.
const LARGEST_JUMP_MS: u32 = 10_000;
/// Longest payload taken, in bytes: no honest packet of a voice codec is longer.
const LONGEST_PAYLOAD: usize = 1_500;

/// A frame to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Payload bytes in the buffer given.
    pub length: usize,
    /// Ticks of the outgoing codec's clock since the stream began.
    pub ticks: u32,
    /// The first frame after a gap.
    pub marker: bool,
}

/// Turns packets of one codec into packets of another.
pub struct Transcoder {
    decoder: Decoder,
    resampler: Option<Resampler>,
    encoder: Encoder,
    from: Codec,
    to: Codec,
    frame_ms: u32,
    input: Option<Input>,
    decoded: Vec<i16>,
    waiting: Vec<i16>,
    /// Ticks at the front of `waiting`.
    ticks: u32,
    marker: bool,
}

#[derive(Debug, Clone, Copy)]
struct Input {
    ssrc: u32,
    sequence: u16,
    /// Timestamp that the next packet has when nothing is missing.
    next: u32,
    /// Length of the last packet in ticks.
    length: u32,
}

impl Transcoder {
    /// A transcoder towards a peer that wants packets of `ptime_ms` (10 to 60).
    pub fn new(from: Codec, to: Payload, ptime_ms: u16) -> Result<Transcoder, CodecError> {
        let narrow = from.sample_rate().min(to.codec.sample_rate());
        let decoder = Decoder::new(from, narrow)?;
        let encoder = Encoder::new(to, decoder.rate())?;
        let resampler = match (decoder.rate(), encoder.rate()) {
            (8_000, 16_000) => Some(Resampler::doubling()),
            (16_000, 8_000) => Some(Resampler::halving()),
            _ => None,
        };
        let ptime = u32::from(ptime_ms).clamp(FRAME_MS / 2, 3 * FRAME_MS);
        Ok(Transcoder {
            frame_ms: encoder.frame_ms(ptime),
            decoder,
            resampler,
            encoder,
            from,
            to: to.codec,
            input: None,
            decoded: Vec::with_capacity(4_096),
            waiting: Vec::with_capacity(8_192),
            ticks: 0,
            marker: true,
        })
    }

    /// Length of the frames that come out, in milliseconds.
    pub fn frame_ms(&self) -> u32 {
        self.frame_ms
    }

    /// Takes a packet of the incoming codec; then call [`Transcoder::pull`] until it has no more. Late
    /// and repeated packets are dropped.
    pub fn push(&mut self, packet: &Packet<'_>) {
        let header = packet.header;
        if packet.payload.is_empty() || packet.payload.len() > LONGEST_PAYLOAD {
            return;
        }
        self.decoded.clear();
        let input = match self.input.filter(|input| input.ssrc == header.ssrc) {
            None => Input {
                ssrc: header.ssrc,
                sequence: header.sequence,
                next: header.timestamp,
                length: 0,
            },
            Some(input) => {
                let ahead = header.timestamp.wrapping_sub(input.next) as i32;
                let jump = self.from.ticks(LARGEST_JUMP_MS) as i32;
                if (-jump..0).contains(&ahead) {
                    return;
                }
                if (1..=jump).contains(&ahead) {
                    let missing = header.sequence.wrapping_sub(input.sequence) != 1;
                    self.bridge(ahead as u32, input.length, missing, packet.payload);
                }
                input
            }
        };
        let before = self.decoded.len();
        self.decoder.decode(packet.payload, &mut self.decoded);
        let made = (self.decoded.len() - before) as u32;
        let length = made * (self.from.clock() / 1_000) / (self.decoder.rate() / 1_000);
        self.input = Some(Input {
            sequence: header.sequence,
            next: header.timestamp.wrapping_add(length),
            length,
            ..input
        });
        self.hand_on();
    }

    /// Takes note of a packet of another format in the same stream (an event, comfort noise), so that
    /// its number is not taken for a loss.
    pub fn skip(&mut self, packet: &Packet<'_>) {
        if let Some(input) = &mut self.input
            && input.ssrc == packet.header.ssrc
        {
            input.sequence = packet.header.sequence;
        }
    }

    /// Makes up for `gap` ticks before the packet at hand, or leaves them out.
    fn bridge(&mut self, gap: u32, length: u32, missing: bool, next: &[u8]) {
        if !missing || gap > self.from.ticks(LONGEST_CONCEALED_MS) {
            self.leave_out(gap);
            return;
        }
        let samples = |ticks: u32| {
            (u64::from(ticks) * u64::from(self.decoder.rate()) / u64::from(self.from.clock()))
                as usize
        };
        // The packet at hand may carry its predecessor; what was lost before that is made up.
        let last = if length > 0 { gap.min(length) } else { gap };
        let (earlier, last) = (samples(gap - last), samples(last));
        if earlier > 0 {
            self.decoder.conceal(None, earlier, &mut self.decoded);
        }
        self.decoder.conceal(Some(next), last, &mut self.decoded);
    }

    /// Drops the unfinished frame and moves on by it and the gap.
    fn leave_out(&mut self, gap: u32) {
        let left =
            self.waiting.len() as u64 * u64::from(self.to.clock()) / u64::from(self.encoder.rate());
        self.waiting.clear();
        let gap = u64::from(gap) * u64::from(self.to.clock()) / u64::from(self.from.clock());
        self.ticks = self.ticks.wrapping_add((left + gap) as u32);
        self.marker = true;
    }

    fn hand_on(&mut self) {
        match &mut self.resampler {
            Some(resampler) => resampler.process(&self.decoded, &mut self.waiting),
            None => self.waiting.extend_from_slice(&self.decoded),
        }
    }

    /// The next whole frame, written into `out` (1,500 bytes hold any), or `None` when more must come.
    pub fn pull(&mut self, out: &mut [u8]) -> Option<Frame> {
        let samples = (self.encoder.rate() / 1_000 * self.frame_ms) as usize;
        let frame = self.waiting.get(..samples)?;
        let length = self.encoder.encode(frame, out);
        self.waiting.drain(..samples);
        let ticks = self.ticks;
        self.ticks = ticks.wrapping_add(self.to.ticks(self.frame_ms));
        let marker = std::mem::take(&mut self.marker);
        Some(Frame {
            length: length?,
            ticks,
            marker,
        })
    }
}

#[cfg(test)]
#[path = "transcode_tests.rs"]
mod tests;
