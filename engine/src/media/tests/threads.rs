//! Legs that change threads, and threads that survive a panic.

use super::kit::{Bench, LOOPBACK, eventually};
use crate::media::MediaEvent;

#[test]
fn legs_of_different_threads_are_brought_together() {
    let bench = Bench::with(|config| config.threads = 2);
    let (a, mut alice) = bench.leg_of(0, |_| {});
    let group = (1..100)
        .find(|group| {
            let probe = bench.plane.open(*group, LOOPBACK).unwrap();
            let home = bench.plane.home(probe.id);
            bench.plane.close(probe.id);
            home != bench.plane.home(a.id)
        })
        .unwrap();
    let (b, mut bob) = bench.leg_of(group, |_| {});
    assert_ne!(bench.plane.home(a.id), bench.plane.home(b.id));
    let (c, carol) = bench.leg_of(0, |_| {});
    bench.plane.bridge(a.id, c.id);
    bench.plane.settle();
    alice.says(b"to carol");
    let before = carol.hears();
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    assert_eq!(bench.plane.home(a.id), bench.plane.home(b.id));
    alice.says(b"to bob");
    assert_eq!(bob.hears().payload, b"to bob");
    bob.says(b"to alice");
    assert_eq!(alice.hears().payload, b"to alice");
    bench.plane.bridge(c.id, a.id);
    bench.plane.settle();
    alice.says(b"back");
    let after = carol.hears();
    assert_eq!(after.header.ssrc, before.header.ssrc);
    assert_eq!(
        after.header.sequence,
        before.header.sequence.wrapping_add(1)
    );
}

#[test]
fn legs_cross_between_threads_without_a_deadlock() {
    let bench = Bench::with(|config| config.threads = 2);
    let legs: Vec<_> = (0..8).map(|group| bench.leg_of(group, |_| {})).collect();
    for round in 0..200usize {
        let (a, b) = (round * 7 % 8, (round * 3 + 1) % 8);
        bench.plane.bridge(legs[a].0.id, legs[b].0.id);
        if round % 5 == 0 {
            bench.plane.idle(legs[a].0.id);
        }
    }
    let [(a, mut alice), (b, bob), ..] = <[_; 8]>::try_from(legs).ok().unwrap();
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    // Until the last move is done a packet may still take an old way.
    eventually("alice reaches bob", || {
        alice.says(b"still here");
        bob.hears_within(std::time::Duration::from_millis(20))
            .is_some()
    });
}

#[test]
fn a_panic_ends_one_leg_and_no_other() {
    let bench = Bench::new();
    let ((a, mut alice), (b, mut bob)) = bench.call();
    let ((_, mut carol), (_, dave)) = bench.call();
    bench.plane.inject_fault(a.id);
    bench.plane.settle();
    alice.says(b"boom");
    assert_eq!(bench.news.wait(a.id, 1), [MediaEvent::Failed]);
    carol.says(b"unharmed");
    assert_eq!(dave.hears().payload, b"unharmed");
    bob.says(b"to nobody");
    bob.says(b"to nobody");
    eventually("bob is still received", || {
        bench.plane.quality(b.id).unwrap().rx_packets == 2
    });
    assert_eq!(
        bench.metric("strowger_engine_media_panics_total", None),
        1.0
    );
    assert_eq!(bench.metric("strowger_engine_rtp_ports_in_use", None), 6.0);
    assert!(bench.plane.close(a.id).is_some());
}
