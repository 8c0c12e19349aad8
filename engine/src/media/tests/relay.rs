//! Relaying without decoding: both ways, guarded, and without a trace left behind.

use super::kit::{Bench, LOOPBACK, Party, eventually, stream};
use crate::{
    media::{MediaEvent, NoPorts},
    rtp::packet::Header,
    sdp::Direction,
};
use std::net::{IpAddr, Ipv6Addr};

#[test]
fn two_parties_hear_each_other() {
    let bench = Bench::new();
    let ((a, mut alice), (b, mut bob)) = bench.call();
    for n in 0..5u8 {
        let sent = alice.says(&[n; 160]);
        let got = bob.hears();
        assert_eq!(got.payload, [n; 160]);
        assert_eq!(got.header.ssrc, b.ssrc, "the leg's own source");
        assert_eq!(got.header.pt, 0);
        assert_eq!(got.header.marker, n == 0, "a mark on the first packet");
        assert_ne!(got.header.ssrc, sent.ssrc);
        bob.says(&[n + 100; 160]);
        assert_eq!(alice.hears().payload, [n + 100; 160]);
    }
    bench.plane.settle();
    let figures = bench.plane.close(a.id).unwrap();
    assert_eq!((figures.rx_packets, figures.tx_packets), (5, 5));
    assert_eq!(bench.plane.close(a.id), None, "once");
    assert!(bench.plane.quality(b.id).is_some());
}

#[test]
fn order_and_gaps_are_kept() {
    let bench = Bench::new();
    let ((_, mut alice), (_, bob)) = bench.call();
    let headers: Vec<Header> = (0..6).map(|_| alice.next()).collect();
    // 0, 2, 1, 5: one reordered, two lost.
    let order = [0usize, 2, 1, 5];
    let got: Vec<Header> = order
        .iter()
        .map(|n| {
            alice.writes(headers[*n], b"x");
            bob.hears().header
        })
        .collect();
    let first = got[0];
    for (got, n) in got.iter().zip(order) {
        assert_eq!(got.sequence, first.sequence.wrapping_add(n as u16));
        assert_eq!(got.timestamp, first.timestamp.wrapping_add(160 * n as u32));
    }
}

#[test]
fn strangers_are_not_heard() {
    let bench = Bench::new();
    let ((a, mut alice), (_, bob)) = bench.call();
    for _ in 0..3 {
        alice.says(b"alice");
        bob.hears();
    }
    let mut mallory = Party::new(a.rtp);
    mallory.ssrc = alice.ssrc;
    mallory.seq = alice.seq;
    mallory.timestamp = alice.timestamp;
    for _ in 0..20 {
        mallory.says(b"mallory");
    }
    alice.says(b"alice");
    assert_eq!(bob.hears().payload, b"alice");
    bob.hears_nothing();
    eventually("the packets are counted", || {
        bench.metric("strowger_engine_rtp_packets_dropped_total", Some("foreign")) == 20.0
    });
}

#[test]
fn a_party_behind_nat_is_answered_where_it_sends_from() {
    let bench = Bench::new();
    let wrong = Party::new(bench.plane.open(9, LOOPBACK).unwrap().rtp);
    let (a, mut alice) = bench.leg(|stream| stream.remote = Some(wrong.address()));
    let (b, mut bob) = bench.leg(|_| {});
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"here I am");
    bob.hears();
    bob.says(b"hello");
    assert_eq!(alice.hears().payload, b"hello");
}

#[test]
fn nothing_is_relayed_before_the_sdp_is_known() {
    let bench = Bench::new();
    let a = bench.plane.open(1, LOOPBACK).unwrap();
    let mut alice = Party::new(a.rtp);
    let (b, bob) = bench.leg(|_| {});
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"too early");
    eventually("the packet is counted", || {
        bench.metric("strowger_engine_rtp_packets_dropped_total", Some("early")) == 1.0
    });
    bench.plane.configure(a.id, stream(&alice));
    bench.plane.settle();
    alice.says(b"in time");
    assert_eq!(bob.hears().payload, b"in time");
}

#[test]
fn comfort_noise_that_was_not_agreed_is_a_sign_of_life() {
    let bench = Bench::new();
    let quiet = |stream: &mut crate::media::Stream| stream.comfort_noise = None;
    let ((a, mut alice), (b, bob)) = (bench.leg(quiet), bench.leg(quiet));
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.pt = 13;
    alice.says(&[40]);
    alice.pt = 0;
    alice.says(b"speech");
    assert_eq!(bob.hears().payload, b"speech");
    let figures = bench.plane.close(a.id).unwrap();
    assert_eq!(figures.rx_packets, 2);
    let dropped = "strowger_engine_rtp_packets_dropped_total";
    assert_eq!(bench.metric(dropped, Some("payload")), 0.0);
}

#[test]
fn direction_is_honoured() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|stream| stream.direction = Direction::RecvOnly);
    let (b, mut bob) = bench.leg(|_| {});
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"music");
    assert_eq!(bob.hears().payload, b"music");
    bob.says(b"anybody there?");
    alice.hears_nothing();
    let mut resumed = stream(&alice);
    resumed.direction = Direction::SendOnly;
    bench.plane.configure(a.id, resumed);
    bench.plane.settle();
    bob.says(b"now?");
    assert_eq!(alice.hears().payload, b"now?");
    alice.says(b"not heard");
    bob.hears_nothing();
}

#[test]
fn echo_returns_what_is_said_and_idle_ends_it() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    bench.plane.echo(a.id);
    bench.plane.settle();
    alice.says(b"hello");
    assert_eq!(alice.hears().payload, b"hello");
    bench.plane.idle(a.id);
    bench.plane.settle();
    alice.says(b"hello?");
    alice.hears_nothing();
}

#[test]
fn ipv6_is_spoken() {
    let bench = Bench::with(|config| config.address = Some(Ipv6Addr::LOCALHOST.into()));
    let towards: IpAddr = Ipv6Addr::LOCALHOST.into();
    let legs: Vec<_> = (0..2)
        .map(|_| {
            let opened = bench.plane.open(1, towards).unwrap();
            let party = Party::new(opened.rtp);
            bench.plane.configure(opened.id, stream(&party));
            (opened, party)
        })
        .collect();
    let [(a, mut alice), (b, bob)] = <[_; 2]>::try_from(legs).ok().unwrap();
    assert!(a.rtp.is_ipv6());
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"hello");
    assert_eq!(bob.hears().payload, b"hello");
}

#[test]
fn ports_run_out_and_come_back() {
    let bench = Bench::new();
    for _ in 0..3 {
        let legs: Vec<_> = (0..20)
            .map(|n| bench.plane.open(n, LOOPBACK).unwrap())
            .collect();
        assert!(matches!(bench.plane.open(0, LOOPBACK), Err(NoPorts)));
        assert_eq!(bench.plane.ports_in_use(), 20);
        for leg in legs {
            assert_eq!(leg.rtcp.port(), leg.rtp.port() + 1);
            bench.plane.close(leg.id);
        }
        eventually("the ports come back", || bench.plane.ports_in_use() == 0);
    }
}

#[test]
fn a_hundred_legs_leave_no_socket_behind() {
    // Above the ports that the system gives out by itself, and nobody else's.
    let range = 61_000..=61_399;
    let bench = Bench::with(|config| {
        config.ports = range.clone();
        config.threads = 2;
    });
    let sockets = || {
        let table = std::fs::read_to_string("/proc/net/udp").unwrap();
        let ports = table.lines().skip(1).filter_map(|line| {
            let (_, port) = line.split_whitespace().nth(1)?.split_once(':')?;
            u16::from_str_radix(port, 16).ok()
        });
        ports.filter(|port| range.contains(port)).count()
    };
    for round in 0..5 {
        let legs: Vec<_> = (0..100)
            .map(|n| bench.plane.open(n, LOOPBACK).unwrap().id)
            .collect();
        for pair in legs.chunks(2) {
            bench.plane.bridge(pair[0], pair[1]);
        }
        assert_eq!(sockets(), 200, "round {round}");
        for leg in legs {
            bench.plane.close(leg);
        }
        eventually("the ports come back", || bench.plane.ports_in_use() == 0);
        assert_eq!(sockets(), 0, "round {round}");
    }
    assert_eq!(bench.metric("strowger_engine_media_legs", None), 0.0);
}

#[test]
fn silence_is_reported_once() {
    let bench = Bench::with(|config| config.silence = std::time::Duration::from_millis(300));
    let (a, mut alice) = bench.leg(|_| {});
    let one_way = [
        Direction::SendOnly,
        Direction::RecvOnly,
        Direction::Inactive,
    ];
    let held = one_way.map(|direction| bench.leg(|stream| stream.direction = direction).0);
    assert_eq!(bench.news.wait(a.id, 1), [MediaEvent::Silent]);
    alice.says(b"sorry");
    assert_eq!(bench.news.wait(a.id, 2), [MediaEvent::Silent; 2]);
    for leg in held {
        assert!(bench.news.wait(leg.id, 0).is_empty());
    }
}

#[test]
fn a_muted_party_is_heard_as_silence() {
    let bench = Bench::new();
    let ((a, mut alice), (_, mut bob)) = bench.call();
    alice.says(&[9; 160]);
    assert_eq!(bob.hears().payload, [9; 160]);
    bench.plane.mute(a.id, true);
    bench.plane.settle();
    for _ in 0..2 {
        let sent = alice.says(&[9; 160]);
        let got = bob.hears();
        assert_eq!(got.payload, [0xff; 160]);
        assert_eq!(got.header.pt, sent.pt);
    }
    // It hears the other side as before.
    bob.says(&[7; 160]);
    assert_eq!(alice.hears().payload, [7; 160]);
    bench.plane.mute(a.id, false);
    bench.plane.settle();
    alice.says(&[9; 160]);
    assert_eq!(bob.hears().payload, [9; 160]);
}

#[test]
fn the_keys_of_a_muted_party_count() {
    let bench = Bench::new();
    let ((a, mut alice), (_, bob)) = bench.call();
    bench.plane.mute(a.id, true);
    bench.plane.settle();
    let header = Header {
        pt: 101,
        ..alice.next()
    };
    // RFC 4733 §2.3: the 5, let go, 800 ticks.
    let five = [5, 0x8a, 0x03, 0x20];
    alice.writes(header, &five);
    assert_eq!(bob.hears().header.pt, 101);
    let pressed = MediaEvent::Digit {
        digit: '5',
        duration_ms: 100,
    };
    assert_eq!(bench.news.wait(a.id, 1), [pressed]);
}
