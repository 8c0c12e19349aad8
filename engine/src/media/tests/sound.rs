//! What is heard after transcoding and encryption, told by its pitch.

use super::kit::{Bench, Party};
use crate::{
    media::Stream,
    rtp::{
        Codec, Payload,
        codec::{Decoder, Encoder},
        packet::{Header, Packet},
        srtp::{MasterKey, Protector, SrtpKeys, Suite},
    },
};
use std::f64::consts::TAU;

const HZ: f64 = 600.0;

/// Twenty milliseconds of the tone, continuing at frame `n`.
fn tone(n: usize, rate: u32) -> Vec<i16> {
    let frame = rate as usize / 50;
    (n * frame..(n + 1) * frame)
        .map(|at| ((at as f64 * HZ * TAU / f64::from(rate)).sin() * 8000.0) as i16)
        .collect()
}

/// Share of the signal's power at one frequency, by Goertzel's algorithm.
fn share(samples: &[i16], hz: f64, rate: u32) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate)).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + coefficient * one - two;
        (two, one) = (one, next);
    }
    let power = one * one + two * two - coefficient * one * two;
    let total: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    power / (total.max(1.0) * samples.len() as f64 / 2.0)
}

fn payload(codec: Codec) -> Payload {
    Payload::new(codec, codec.default_pt())
}

fn speaks(codec: Codec) -> impl Fn(&mut Stream) {
    move |stream| stream.codecs = vec![payload(codec)]
}

/// Sends frames of the tone in a codec, and takes what comes out at the other end.
fn through(from: (&mut Party, Codec), to: (&Party, Codec)) -> Vec<i16> {
    let (speaker, codec) = from;
    let mut encoder = Encoder::new(payload(codec), codec.sample_rate()).unwrap();
    let mut decoder = Decoder::new(to.1, to.1.sample_rate()).unwrap();
    speaker.pt = codec.default_pt();
    speaker.step = codec.ticks(20);
    let mut packet = [0; 1500];
    let mut samples = Vec::new();
    let mut last: Option<Header> = None;
    for n in 0..60 {
        let length = encoder
            .encode(&tone(n, codec.sample_rate()), &mut packet)
            .unwrap();
        speaker.says(&packet[..length]);
        let got = to.0.hears();
        assert_eq!(got.header.pt, to.1.default_pt());
        if let Some(last) = last {
            assert_eq!(got.header.sequence, last.sequence.wrapping_add(1));
            let step = got.header.timestamp.wrapping_sub(last.timestamp);
            assert_eq!(step, to.1.ticks(20));
        }
        last = Some(got.header);
        decoder.decode(&got.payload, &mut samples);
    }
    samples
}

#[test]
fn every_codec_is_understood_by_every_other() {
    let bench = Bench::new();
    for from in Codec::ALL {
        for to in Codec::ALL {
            let (a, mut alice) = bench.leg(speaks(from));
            let (b, mut bob) = bench.leg(speaks(to));
            bench.plane.bridge(a.id, b.id);
            bench.plane.settle();
            for samples in [
                (through((&mut alice, from), (&bob, to)), to),
                (through((&mut bob, to), (&alice, from)), from),
            ] {
                let (samples, heard) = samples;
                let rate = heard.sample_rate();
                let settled = &samples[rate as usize / 5..];
                let tone = share(settled, HZ, rate);
                assert!(tone > 0.9, "{from} to {to}: {tone} of the power");
                assert!(share(settled, 1000.0, rate) < 0.01);
            }
            bench.plane.close(a.id);
            bench.plane.close(b.id);
        }
    }
}

#[test]
fn a_shared_codec_passes_through_although_another_is_preferred() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(speaks(Codec::Pcma));
    let (b, bob) = bench.leg(|stream| {
        stream.codecs = vec![payload(Codec::Pcmu), payload(Codec::Pcma)];
    });
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.pt = 8;
    alice.says(b"untouched");
    let got = bob.hears();
    assert_eq!((got.header.pt, &got.payload[..]), (8, &b"untouched"[..]));
}

#[test]
fn long_packets_are_cut_to_what_the_party_wants() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(speaks(Codec::Pcma));
    let (b, bob) = bench.leg(speaks(Codec::Pcmu));
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.pt = 8;
    alice.step = 480;
    for _ in 0..4 {
        alice.says(&[0xd5; 480]);
    }
    let got: Vec<_> = (0..12).map(|_| bob.hears()).collect();
    assert!(
        got.iter()
            .all(|got| got.header.pt == 0 && got.payload.len() == 160)
    );
    let last = got[11]
        .header
        .timestamp
        .wrapping_sub(got[0].header.timestamp);
    assert_eq!(last, 11 * 160);
}

/// A party that encrypts.
struct Secret {
    party: Party,
    protector: Protector,
}

impl Secret {
    fn says(&mut self, payload: &[u8]) {
        let header = self.party.next();
        let mut plain = vec![0; 12];
        header.write(&mut plain).unwrap();
        plain.extend_from_slice(payload);
        let mut sealed = [0; 2048];
        let length = self.protector.protect_rtp(&plain, &mut sealed).unwrap();
        self.party
            .rtp
            .send_to(&sealed[..length], self.party.engine)
            .unwrap();
    }

    fn hears(&mut self) -> Vec<u8> {
        let mut sealed = [0; 2048];
        let (length, _) = self.party.rtp.recv_from(&mut sealed).unwrap();
        let mut plain = [0; 2048];
        let length = self
            .protector
            .open_rtp(&sealed[..length], &mut plain)
            .unwrap();
        Packet::parse(&plain[..length]).unwrap().payload.to_vec()
    }
}

#[test]
fn encrypted_and_plain_parties_talk() {
    for suite in Suite::ALL {
        let bench = Bench::new();
        let (ours, theirs) = (MasterKey::generate(suite), MasterKey::generate(suite));
        let keys = SrtpKeys {
            suite,
            local: ours,
            remote: theirs,
        };
        let (a, party) = bench.leg(|stream| stream.srtp = Some(keys));
        let their_keys = SrtpKeys {
            suite,
            local: theirs,
            remote: ours,
        };
        let mut alice = Secret {
            party,
            protector: Protector::new(&their_keys).unwrap(),
        };
        let (b, mut bob) = bench.leg(|_| {});
        bench.plane.bridge(a.id, b.id);
        bench.plane.settle();
        for n in 0..5 {
            alice.says(&[n; 160]);
            assert_eq!(bob.hears().payload, [n; 160]);
            bob.says(&[n + 50; 160]);
            assert_eq!(alice.hears(), [n + 50; 160]);
        }
        alice.party.says(b"in the clear");
        alice.says(b"sealed");
        assert_eq!(bob.hears().payload, b"sealed");
        let refused = bench.metric(
            "strowger_engine_rtp_packets_dropped_total",
            Some("authentication"),
        );
        assert_eq!(refused, 1.0);
        let figures = bench.plane.close(a.id).unwrap();
        assert_eq!(figures.rx_packets, 6);
    }
}

#[test]
fn a_session_refresh_with_the_same_keys_goes_on() {
    let bench = Bench::new();
    let suite = Suite::AesCm128HmacSha1_80;
    let (ours, theirs) = (MasterKey::generate(suite), MasterKey::generate(suite));
    let keys = SrtpKeys {
        suite,
        local: ours,
        remote: theirs,
    };
    let (a, party) = bench.leg(|stream| stream.srtp = Some(keys));
    let their_keys = SrtpKeys {
        suite,
        local: theirs,
        remote: ours,
    };
    let mut alice = Secret {
        party,
        protector: Protector::new(&their_keys).unwrap(),
    };
    bench.plane.echo(a.id);
    bench.plane.settle();
    alice.says(b"one");
    assert_eq!(alice.hears(), b"one");
    let mut again = super::kit::stream(&alice.party);
    again.srtp = Some(keys);
    bench.plane.configure(a.id, again);
    bench.plane.settle();
    alice.says(b"two");
    assert_eq!(alice.hears(), b"two");
}
