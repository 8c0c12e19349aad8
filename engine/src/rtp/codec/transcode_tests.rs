//! A tone through every pair of codecs, with and without losses.

use std::f64::consts::TAU;

use super::*;
use crate::rtp::packet::Header;

/// Twenty-millisecond packets of a 500 Hz tone.
struct Source {
    encoder: Encoder,
    codec: Codec,
    n: u32,
    bytes: Vec<u8>,
}

impl Source {
    fn new(codec: Codec) -> Source {
        Source {
            encoder: Encoder::new(Payload::new(codec, 0), 16_000).unwrap(),
            codec,
            n: 0,
            bytes: vec![0; 1_500],
        }
    }

    fn next(&mut self) -> Packet<'_> {
        let rate = self.encoder.rate();
        let frame = rate as usize / 50;
        let pcm: Vec<i16> = (0..frame)
            .map(|at| {
                let t = (self.n as usize * frame + at) as f64 / f64::from(rate);
                ((TAU * 500.0 * t).sin() * 8_000.0) as i16
            })
            .collect();
        let length = self.encoder.encode(&pcm, &mut self.bytes).unwrap();
        let header = Header {
            ssrc: 7,
            sequence: (65_500 + self.n) as u16,
            timestamp: self
                .codec
                .ticks(20)
                .wrapping_mul(self.n)
                .wrapping_sub(9_000),
            ..Header::default()
        };
        self.n += 1;
        Packet {
            header,
            payload: &self.bytes[..length],
        }
    }
}

fn amplitude(samples: &[i16], rate: u32) -> f64 {
    let w = TAU * 500.0 / f64::from(rate);
    let (re, im) = samples
        .iter()
        .enumerate()
        .fold((0.0, 0.0), |(re, im), (n, s)| {
            let angle = w * n as f64;
            (
                re + f64::from(*s) * angle.cos(),
                im + f64::from(*s) * angle.sin(),
            )
        });
    2.0 * f64::hypot(re, im) / samples.len() as f64
}

fn drain(transcoder: &mut Transcoder, decoder: &mut Decoder, heard: &mut Vec<i16>) -> Vec<Frame> {
    let mut out = [0; 1_500];
    let mut frames = Vec::new();
    while let Some(frame) = transcoder.pull(&mut out) {
        assert!(decoder.decode(&out[..frame.length], heard));
        frames.push(frame);
    }
    frames
}

#[test]
fn a_tone_passes_between_all_codecs_and_packet_times() {
    for from in Codec::ALL {
        for to in Codec::ALL {
            // Opus is slow when not optimised: one odd packet time is enough for it.
            let slow = from == Codec::Opus || to == Codec::Opus;
            let ptimes: &[u16] = if slow { &[30] } else { &[10, 20, 30, 60] };
            for &ptime in ptimes {
                let payload = Payload::new(to, 96);
                let mut transcoder = Transcoder::new(from, payload, ptime).unwrap();
                let mut decoder = Decoder::new(to, 16_000).unwrap();
                let mut source = Source::new(from);
                let (mut heard, mut frames) = (Vec::new(), Vec::new());
                for _ in 0..60 {
                    transcoder.push(&source.next());
                    frames.extend(drain(&mut transcoder, &mut decoder, &mut heard));
                }
                let step = to.ticks(transcoder.frame_ms());
                for (index, frame) in frames.iter().enumerate() {
                    assert_eq!(frame.ticks, index as u32 * step, "{from} {to} {ptime}");
                    assert_eq!(frame.marker, index == 0);
                }
                let rate = decoder.rate();
                assert_eq!(heard.len() as u32 * 1_000 / rate, 1_200);
                let second_half = &heard[heard.len() / 2..];
                // A whole number of periods.
                let window = second_half.len() / (rate as usize / 500) * (rate as usize / 500);
                let tone = amplitude(&second_half[..window], rate);
                assert!(
                    (6_800.0..9_200.0).contains(&tone),
                    "{from} {to} {ptime} {tone}"
                );
            }
        }
    }
}

#[test]
fn short_losses_are_filled_and_disorder_dropped() {
    for from in Codec::ALL {
        let mut transcoder = Transcoder::new(from, Payload::new(Codec::Pcma, 8), 20).unwrap();
        let mut decoder = Decoder::new(Codec::Pcma, 8_000).unwrap();
        let mut source = Source::new(from);
        let (mut heard, mut frames) = (Vec::new(), Vec::new());
        for n in 0..100 {
            let packet = source.next();
            if n % 10 == 6 || n % 25 == 3 || n % 25 == 4 {
                continue;
            }
            transcoder.push(&packet);
            transcoder.push(&packet);
            frames.extend(drain(&mut transcoder, &mut decoder, &mut heard));
        }
        assert_eq!(frames.len(), 100, "{from}");
        assert!(frames.iter().skip(1).all(|frame| !frame.marker));
        let tone = amplitude(&heard[8_000..], 8_000);
        assert!(tone > 5_500.0, "{from} {tone}");
    }
}

#[test]
fn long_gaps_stay_gaps_and_restarts_start_over() {
    let mut transcoder = Transcoder::new(Codec::Pcmu, Payload::new(Codec::Opus, 111), 20).unwrap();
    let mut decoder = Decoder::new(Codec::Opus, 8_000).unwrap();
    let mut heard = Vec::new();
    let mut source = Source::new(Codec::Pcmu);
    let mut ticks = Vec::new();
    for n in 0..40 {
        let packet = source.next();
        if (10..30).contains(&n) {
            continue;
        }
        transcoder.push(&packet);
        ticks.extend(
            drain(&mut transcoder, &mut decoder, &mut heard)
                .iter()
                .map(|frame| (frame.ticks / 960, frame.marker)),
        );
    }
    assert_eq!(ticks[9], (9, false));
    assert_eq!(ticks[10], (30, true));
    // Silence suppression: the timestamp moves, the sequence does not.
    let mut packet = source.next();
    packet.header.timestamp = packet.header.timestamp.wrapping_add(400);
    packet.header.sequence = packet.header.sequence.wrapping_add(0);
    transcoder.push(&packet);
    let frames = drain(&mut transcoder, &mut decoder, &mut heard);
    assert_eq!(
        (frames[0].ticks, frames[0].marker),
        (40 * 960 + 2_400, true)
    );
    // Another source altogether goes on where this one ended.
    let mut packet = source.next();
    packet.header.ssrc = 8;
    packet.header.timestamp = 1;
    transcoder.push(&packet);
    let frames = drain(&mut transcoder, &mut decoder, &mut heard);
    assert_eq!(frames[0].ticks, 41 * 960 + 2_400);
}
