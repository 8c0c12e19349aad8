//! Prompts, and one unbroken stream whatever feeds it.

use super::kit::{Bench, Got, stream};
use crate::{leg::Prompt, sdp::Direction};

/// Asserts that packets follow each other as one source's do, in step with the time.
fn assert_one_stream(heard: &[Got]) {
    for pair in heard.windows(2) {
        let [one, next] = pair else { continue };
        assert_eq!(next.header.ssrc, one.header.ssrc);
        assert_eq!(next.header.sequence, one.header.sequence.wrapping_add(1));
        let ticks = next.header.timestamp.wrapping_sub(one.header.timestamp);
        let waited = (next.at - one.at).as_millis() as u32 * 8;
        assert!((160..160 + 8 * 1000).contains(&ticks), "{ticks} ticks");
        assert!(
            ticks.abs_diff(waited) < 8 * 100,
            "{ticks} ticks in {waited}"
        );
    }
}

#[test]
fn music_peer_and_music_again_are_one_stream() {
    let bench = Bench::new();
    let (a, alice) = bench.leg(|_| {});
    let (b, mut bob) = bench.leg(|_| {});
    let (c, mut carol) = bench.leg(|_| {});
    let mut heard = Vec::new();
    bench.plane.play(a.id, Prompt::Music);
    heard.extend((0..8).map(|_| alice.hears()));
    for (leg, party) in [(b.id, &mut bob), (c.id, &mut carol)] {
        bench.plane.bridge(a.id, leg);
        bench.plane.settle();
        while let Some(got) = alice.hears_within(std::time::Duration::from_millis(1)) {
            heard.push(got);
        }
        for n in 0..5u8 {
            party.says(&[n; 160]);
            heard.push(alice.hears());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    bench.plane.play(a.id, Prompt::Busy);
    heard.extend((0..5).map(|_| alice.hears()));
    assert_one_stream(&heard);
    let marks = heard.iter().filter(|got| got.header.marker).count();
    assert_eq!(marks, 4, "one for each source");
}

#[test]
fn frames_come_every_twenty_milliseconds() {
    let bench = Bench::new();
    let (a, alice) = bench.leg(|_| {});
    bench.plane.play(a.id, Prompt::Silence);
    let heard: Vec<Got> = (0..26).map(|_| alice.hears()).collect();
    assert_one_stream(&heard);
    let took = heard[25].at - heard[0].at;
    assert!((450..600).contains(&took.as_millis()), "{took:?}");
    let frames = heard.windows(2).all(|pair| {
        pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp)
            == 160
    });
    assert!(frames);
}

#[test]
fn a_prompt_waits_until_it_may_be_sent() {
    let bench = Bench::new();
    let (a, alice) = bench.leg(|stream| stream.direction = Direction::Inactive);
    bench.plane.play(a.id, Prompt::Ringback);
    alice.hears_nothing();
    bench.plane.configure(a.id, stream(&alice));
    alice.hears();
    bench.plane.idle(a.id);
    bench.plane.settle();
    while alice
        .hears_within(std::time::Duration::from_millis(1))
        .is_some()
    {}
    alice.hears_nothing();
}

#[test]
fn a_prompt_moves_along_with_its_leg() {
    let bench = Bench::with(|config| config.threads = 2);
    let (a, alice) = bench.leg_of(0, |_| {});
    bench.plane.play(a.id, Prompt::Silence);
    alice.hears();
    for group in 1..9 {
        let (b, _) = bench.leg_of(group, |_| {});
        bench.plane.bridge(a.id, b.id);
        bench.plane.play(a.id, Prompt::Silence);
        alice.hears();
        bench.plane.close(b.id);
    }
}
