//! RTCP: what the plane reports, what it learns, and the figures that come of it.

use super::kit::{Bench, LIMIT, Party, eventually};
use crate::rtp::{
    packet::is_rtcp,
    rtcp::{NtpTime, Packet, Packets, ReportBlock, SenderInfo, Writer},
};
use std::{net::UdpSocket, time::Instant};

/// What one report of the plane says.
#[derive(Debug, Default)]
struct Report {
    ssrc: u32,
    info: Option<SenderInfo>,
    block: Option<ReportBlock>,
    name: Vec<u8>,
    bye: bool,
}

/// Waits for the next RTCP datagram on a socket.
fn report(socket: &UdpSocket) -> Report {
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let mut bytes = [0; 2048];
    loop {
        let (len, _) = socket.recv_from(&mut bytes).expect("no RTCP came");
        if is_rtcp(&bytes[..len]) {
            return read(&bytes[..len]);
        }
    }
}

/// Waits for a report of which something holds.
fn report_with(socket: &UdpSocket, holds: impl Fn(&Report) -> bool) -> Report {
    let start = Instant::now();
    loop {
        let report = report(socket);
        if holds(&report) {
            return report;
        }
        assert!(start.elapsed() < LIMIT, "the last report was {report:?}");
    }
}

fn read(bytes: &[u8]) -> Report {
    let mut report = Report::default();
    for packet in Packets::new(bytes) {
        match packet {
            Packet::Sender {
                ssrc,
                info,
                mut blocks,
            } => {
                report.ssrc = ssrc;
                report.info = Some(info);
                report.block = blocks.next();
            }
            Packet::Receiver { ssrc, mut blocks } => {
                report.ssrc = ssrc;
                report.block = blocks.next();
            }
            Packet::Description { cname, .. } => report.name = cname.unwrap().to_vec(),
            Packet::Bye { .. } => report.bye = true,
            Packet::Other { .. } => panic!("nothing else is sent"),
        }
    }
    report
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = [0; 256];
    let mut writer = Writer::new(&mut out);
    write(&mut writer);
    let len = writer.length();
    out[..len].to_vec()
}

fn sender_report(party: &Party, ntp: u64) -> Vec<u8> {
    let info = SenderInfo {
        ntp: NtpTime(ntp),
        ..SenderInfo::default()
    };
    written(|writer| {
        writer.sender(party.ssrc, &info, None).unwrap();
        writer.description(party.ssrc, "alice").unwrap();
    })
}

#[test]
fn reports_say_what_was_lost_and_sent() {
    let bench = Bench::new();
    let ((a, mut alice), (b, bob)) = bench.call();
    let control = (a.rtcp.ip(), a.rtcp.port());
    // Twenty packets of which every fifth is lost, the last not among them.
    for n in 0..20 {
        let header = alice.next();
        if n % 5 != 2 {
            alice.writes(header, &[0; 160]);
            bob.hears();
        }
    }
    alice
        .rtcp
        .send_to(&sender_report(&alice, 0x0001_0203_0405_0607), control)
        .unwrap();
    let block = report_with(&alice.rtcp, |report| {
        report
            .block
            .is_some_and(|block| block.last_report != 0 && block.cumulative_lost == 4)
    });
    let block = block.block.unwrap();
    assert_eq!(block.ssrc, alice.ssrc);
    assert_eq!(block.highest_sequence as u16, alice.seq);
    assert_eq!(block.last_report, 0x0203_0405);
    let to_bob = report_with(&bob.rtcp, |report| {
        report.info.is_some_and(|info| info.packets == 16)
    });
    assert_eq!(to_bob.ssrc, b.ssrc);
    assert_eq!(to_bob.info.unwrap().octets, 16 * 160);
    assert_eq!(to_bob.name.len(), 16);
    let figures = bench.plane.quality(a.id).unwrap();
    assert_eq!((figures.rx_packets, figures.lost), (16, 4));
    assert_eq!(figures.loss_pct, Some(20.0));
    eventually("the loss is counted", || {
        bench.metric("strowger_engine_rtp_packets_lost_total", None) == 4.0
    });
}

#[test]
fn the_round_trip_is_measured() {
    let bench = Bench::new();
    let ((_, mut alice), (b, bob)) = bench.call();
    alice.says(&[0; 160]);
    bob.hears();
    let info = report_with(&bob.rtcp, |report| report.info.is_some())
        .info
        .unwrap();
    // Bob claims to have sat on the report for no time: the trip is what has passed since.
    let block = ReportBlock {
        ssrc: b.ssrc,
        last_report: info.ntp.middle(),
        delay_since_last_report: 0,
        ..ReportBlock::default()
    };
    let answer = written(|writer| {
        writer.receiver(bob.ssrc, Some(&block)).unwrap();
        writer.description(bob.ssrc, "bob").unwrap();
    });
    bob.rtcp.send_to(&answer, b.rtcp).unwrap();
    eventually("the trip is measured", || {
        bench.plane.quality(b.id).unwrap().rtt_ms.mean.is_some()
    });
    let rtt = bench.plane.quality(b.id).unwrap().rtt_ms.mean.unwrap();
    assert!((0.0..2000.0).contains(&rtt), "{rtt}");
}

#[test]
fn the_last_report_says_goodbye() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|_| {});
    bench.plane.echo(a.id);
    alice.says(b"hello");
    alice.hears();
    bench.plane.close(a.id);
    report_with(&alice.rtcp, |report| report.bye);
}

#[test]
fn rtcp_may_share_the_port() {
    let bench = Bench::new();
    let (a, mut alice) = bench.leg(|stream| stream.rtcp_mux = true);
    let (b, bob) = bench.leg(|_| {});
    bench.plane.bridge(a.id, b.id);
    bench.plane.settle();
    alice.says(b"hello");
    bob.hears();
    alice
        .rtp
        .send_to(&sender_report(&alice, 0x0009_0001_0000_0000), a.rtp)
        .unwrap();
    report_with(&alice.rtp, |report| {
        report
            .block
            .is_some_and(|block| block.last_report == 0x0001_0000)
    });
    assert_eq!(
        bench.plane.quality(a.id).unwrap().rx_packets,
        1,
        "RTCP is no RTP"
    );
}

#[test]
fn a_strangers_reports_are_ignored() {
    let bench = Bench::new();
    let ((a, mut alice), (_, bob)) = bench.call();
    alice.says(b"hello");
    bob.hears();
    let sr = sender_report(&alice, 0x0009_0001_0000_0000);
    for _ in 0..3 {
        alice.rtcp.send_to(&sr, a.rtcp).unwrap();
    }
    let mallory = Party::new(a.rtcp);
    let forged = sender_report(&alice, 0x0666_0666_0000_0000);
    mallory.rtcp.send_to(&forged, a.rtcp).unwrap();
    eventually("the packet is counted", || {
        bench.metric("strowger_engine_rtp_packets_dropped_total", Some("foreign")) == 1.0
    });
    let report = report_with(&alice.rtcp, |report| {
        report.block.is_some_and(|block| block.last_report != 0)
    });
    assert_eq!(report.block.unwrap().last_report, 0x0001_0000);
}
