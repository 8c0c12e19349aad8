//! What it costs to turn Opus into a phone's codec and back, as a share of a core for one call: fifty packets
//! a second each way.
//!
//! The bar is 0.45 % of a core for Opus and G.711. What goes in sounds like speech as far as a codec can
//! tell: a voice with overtones, a breath of noise, syllables and pauses. CPU comes from the thread's
//! schedstat. `-- [--seconds n]` sets how much sound goes through (120).

use engine::rtp::{
    Codec, Payload,
    codec::{Encoder, Transcoder},
    packet::{Header, Packet},
};
use std::{f64::consts::TAU, fs};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Packets a second.
const PACE: usize = 50;
/// Runs of which the middle one is shown.
const RUNS: usize = 3;

fn main() -> Outcome<()> {
    let mut seconds = 120;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--seconds" {
            seconds = words.next().unwrap_or_default().parse()?;
        }
    }
    if let Some(first) = core_affinity::get_core_ids().unwrap_or_default().first() {
        core_affinity::set_for_current(*first);
    }
    println!("phone  from Opus us  to Opus us  % of a core a call");
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let opus = payload(Codec::Opus);
        let from = middle(|| cost(opus, payload(codec), seconds))?;
        let to = middle(|| cost(payload(codec), opus, seconds))?;
        let share = (from + to) * PACE as f64 / 1e6 * 100.0;
        println!("{codec:<5}  {from:>12.1}  {to:>10.1}  {share:>18.3}");
    }
    Ok(())
}

fn payload(codec: Codec) -> Payload {
    Payload::new(codec, codec.static_pt().unwrap_or(111))
}

fn middle(mut run: impl FnMut() -> Outcome<f64>) -> Outcome<f64> {
    let mut runs = (0..RUNS).map(|_| run()).collect::<Outcome<Vec<_>>>()?;
    runs.sort_by(f64::total_cmp);
    runs.get(RUNS / 2).copied().ok_or("no run".into())
}

/// Microseconds of CPU for a packet.
fn cost(from: Payload, to: Payload, seconds: usize) -> Outcome<f64> {
    let packets = spoken(from, seconds)?;
    let mut transcoder = Transcoder::new(from.codec, to, 20)?;
    let mut header = Header {
        marker: false,
        pt: from.pt,
        sequence: 0,
        timestamp: 0,
        ssrc: 1,
    };
    let mut out = [0; 1500];
    let mut frames = 0;
    let before = cpu_ns()?;
    for payload in &packets {
        header.sequence = header.sequence.wrapping_add(1);
        header.timestamp = header.timestamp.wrapping_add(from.codec.ticks(20));
        transcoder.push(&Packet { header, payload });
        while transcoder.pull(&mut out).is_some() {
            frames += 1;
        }
    }
    let spent = cpu_ns()? - before;
    if frames + 2 < packets.len() {
        return Err(format!("{frames} frames of {} came out", packets.len()).into());
    }
    Ok(spent as f64 / 1000.0 / packets.len() as f64)
}

/// So much speech in packets of 20 ms. Opus comes as browsers send it: all that a microphone hears.
fn spoken(payload: Payload, seconds: usize) -> Outcome<Vec<Vec<u8>>> {
    let mut encoder = Encoder::new(payload, 16_000)?;
    let rate = encoder.rate() as usize;
    let mut noise = 1u32;
    let samples: Vec<i16> = (0..seconds * rate)
        .map(|n| {
            let at = n as f64 / rate as f64;
            let syllable = (TAU * 3.1 * at).sin().max(0.0) * f64::from((at % 4.0) < 2.6);
            let pitch = 120.0 + 25.0 * (TAU * 0.4 * at).sin();
            let voice: f64 = (1..12)
                .map(|k| (TAU * pitch * f64::from(k) * at).sin() / f64::from(k))
                .sum();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let breath = f64::from(noise >> 16) / 32768.0 - 1.0;
            (syllable * (voice * 4_000.0 + breath * 900.0) + breath * 40.0) as i16
        })
        .collect();
    let mut buffer = [0; 1500];
    samples
        .chunks_exact(rate / PACE)
        .map(|frame| {
            let length = encoder.encode(frame, &mut buffer).ok_or("no frame")?;
            Ok(buffer[..length].to_vec())
        })
        .collect()
}

fn cpu_ns() -> Outcome<u64> {
    let figures = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = figures.split_whitespace().next().unwrap_or_default();
    Ok(first.parse()?)
}
