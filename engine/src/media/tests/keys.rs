//! Key presses: relayed, converted, reported once, and sent.

use super::kit::{Bench, Got, Party};
use crate::{
    media::MediaEvent,
    rtp::{Codec, Payload, TelephoneEvent, packet::Header},
};
use std::time::Duration;

/// Presses a key for 80 ms as a phone does: packets of one timestamp, the end three times. Some may
/// be lost on the way.
fn press(party: &mut Party, code: u8, lost: impl Fn(usize) -> bool) {
    let start = party.next();
    for n in 0..6u16 {
        let ticks = 160 * (n + 1).min(4);
        let [high, low] = ticks.to_be_bytes();
        let end = if n >= 3 { 0x80 } else { 0 };
        let header = Header {
            marker: n == 0,
            pt: 101,
            sequence: start.sequence.wrapping_add(n),
            ..start
        };
        if !lost(usize::from(n)) {
            party.writes(header, &[code, end | 10, high, low]);
        }
    }
    party.seq = start.sequence.wrapping_add(5);
    party.timestamp = start.timestamp.wrapping_add(3 * 160);
}

fn digit(digit: char) -> MediaEvent {
    MediaEvent::Digit {
        digit,
        duration_ms: 80,
    }
}

#[test]
fn a_key_is_relayed_in_the_partys_format_and_reported_once() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    let (b, bob) = bench.leg(|stream| {
        stream.dtmf = vec![TelephoneEvent {
            pt: 96,
            recv_pt: 97,
            clock: 8000,
        }];
    });
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"before");
    let before = bob.hears().header;
    press(&mut alice, 5, |_| false);
    let events: Vec<Got> = (0..6).map(|_| bob.hears()).collect();
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.header.pt, 96);
        assert_eq!(event.header.marker, n == 0);
        assert_eq!(
            event.header.sequence,
            before.sequence.wrapping_add(1 + n as u16)
        );
        assert_eq!(event.header.timestamp, before.timestamp.wrapping_add(160));
        assert_eq!(event.payload[0], 5);
    }
    alice.says(b"after");
    let after = bob.hears().header;
    assert_eq!(after.sequence, before.sequence.wrapping_add(7));
    assert_eq!(after.timestamp, before.timestamp.wrapping_add(5 * 160));
    press(&mut alice, 11, |n| n == 0);
    assert_eq!(bench.news.wait(a.id, 2), [digit('5'), digit('#')]);
}

#[test]
fn a_key_whose_end_is_lost_is_still_reported() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    press(&mut alice, 1, |n| n >= 3);
    let pressed = MediaEvent::Digit {
        digit: '1',
        duration_ms: 60,
    };
    assert_eq!(bench.news.wait(a.id, 1), [pressed]);
}

#[test]
fn a_party_without_the_format_misses_nothing_but_the_key() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    let (b, bob) = bench.leg(|stream| stream.dtmf.clear());
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"before");
    let before = bob.hears().header;
    press(&mut alice, 0, |_| false);
    alice.says(b"after");
    let after = bob.hears();
    assert_eq!(after.payload, b"after");
    assert_eq!(
        after.header.sequence,
        before.sequence.wrapping_add(1),
        "no gap"
    );
    assert_eq!(bench.news.wait(a.id, 1), [digit('0')]);
}

#[test]
fn clocks_of_events_are_converted() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    let (b, bob) = bench.leg(|stream| {
        stream.codecs = vec![Payload::new(Codec::Opus, 111)];
        stream.dtmf = vec![TelephoneEvent {
            pt: 110,
            recv_pt: 110,
            clock: 48_000,
        }];
    });
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    press(&mut alice, 9, |_| false);
    let events: Vec<Got> = (0..6).map(|_| bob.hears()).collect();
    let first = events[0].header;
    for (n, event) in events.iter().enumerate() {
        assert_eq!(event.header.pt, 110);
        assert_eq!(event.header.timestamp, first.timestamp);
        assert_eq!(event.header.sequence, first.sequence.wrapping_add(n as u16));
    }
    let ticks = u16::from_be_bytes([events[5].payload[2], events[5].payload[3]]);
    assert_eq!(ticks, 80 * 48);
}

#[test]
fn keys_are_sent_over_whatever_plays() {
    let bench = Bench::new();
    let ((a, alice), (b, mut bob)) = bench.call();
    bob.says(b"audio");
    let before = alice.hears().header;
    bench.plane.send_dtmf(a.id, "1x#");
    bench.plane.settle();
    let mut keys = Vec::new();
    let mut last = before;
    while keys.len() < 2 {
        let got = alice.hears();
        assert_eq!(got.header.pt, 101);
        assert_eq!(got.header.ssrc, a.ssrc);
        assert_eq!(got.header.sequence, last.sequence.wrapping_add(1));
        assert_eq!(got.header.marker, got.header.timestamp != last.timestamp);
        let ended = got.payload[1] & 0x80 != 0;
        if ended && keys.last() != Some(&(got.payload[0], got.header.timestamp)) {
            keys.push((got.payload[0], got.header.timestamp));
        }
        last = got.header;
    }
    assert_eq!((keys[0].0, keys[1].0), (1, 11));
    // The repeated ends, then audio again.
    while alice.hears_within(Duration::from_millis(200)).is_some() {}
    bob.says(b"audio");
    let after = alice.hears();
    assert_eq!(after.payload, b"audio");
    assert_eq!(after.header.sequence, last.sequence.wrapping_add(3));
    assert!(after.header.timestamp.wrapping_sub(last.timestamp) < 8000);
    assert!(bench.news.wait(b.id, 0).is_empty());
}
