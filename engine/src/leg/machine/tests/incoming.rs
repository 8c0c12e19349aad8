//! An incoming call up to its answer.

use super::rig::{FOREIGN_SDP, PEER_SDP, Rig};
use crate::{
    LegError,
    leg::{
        HangUp, Rejection,
        machine::{Input, Order, TimerName},
    },
    sip::Name,
};
use std::time::Duration;

const ANSWER: Order = Order::Answer { like: None };

#[test]
fn rings_answers_and_is_ended_by_the_caller() {
    let mut rig = Rig::incoming("", PEER_SDP);
    assert_eq!(rig.order(Order::Ring), ["180 to INVITE"]);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
    let ok = rig.response().clone();
    assert_eq!(
        ok.header(Name::Contact),
        Some("<sip:1002@198.51.100.1:5060>")
    );
    assert_eq!(ok.header(Name::SessionExpires), Some("1800;refresher=uas"));
    assert_eq!(rig.acks(""), ["Confirmed"]);
    assert!(!rig.has_timer(TimerName::AwaitAck));
    let bye = rig.requests("BYE", "Reason: Q.850;cause=16\r\n", "");
    assert_eq!(bye, ["200 to BYE", "Ended by Peer", "gone"]);
    assert_eq!(rig.audio.closed.len(), 1);
    assert!(rig.timers.is_empty());
}

#[test]
fn is_answered_and_ended_by_us() {
    let mut rig = Rig::talking_in("");
    let how = HangUp {
        q850: Some(16),
        ..HangUp::default()
    };
    assert_eq!(rig.order(Order::HangUp(how)), ["BYE", "Ended by Us"]);
    let (_, bye) = rig.last(&crate::sip::Method::Bye);
    assert_eq!(bye.header(Name::Reason), Some("Q.850;cause=16"));
    assert_eq!(bye.uri().map(|uri| uri.as_str()), Some("sip:bob@192.0.2.9"));
    let done = rig.responds(crate::sip::Method::Bye, 200, "", "");
    assert_eq!(done, ["gone"]);
}

#[test]
fn nobody_is_asked_about_a_broken_invite() {
    let status =
        |extra: &str, sdp: &str| Rig::try_incoming(extra, sdp).err().and_then(|r| r.status());
    assert_eq!(status("", "v=0\r\nnonsense"), Some(400));
    let short = "Supported: timer\r\nSession-Expires: 30\r\n";
    assert_eq!(status(short, PEER_SDP), Some(422));
}

#[test]
fn an_offer_without_a_known_codec_is_left_to_be_refused() {
    let mut rig = Rig::incoming("", FOREIGN_SDP);
    assert_eq!(rig.try_order(ANSWER), Err(LegError::Codec));
    let rejection = Rejection {
        status: 488,
        phrase: None,
        q850: Some(88),
        headers: Vec::new(),
    };
    let lines = rig.order(Order::Reject(rejection));
    assert_eq!(lines, ["488 to INVITE", "Ended by Us", "gone"]);
    assert_eq!(rig.response().header(Name::Reason), Some("Q.850;cause=88"));
    assert_eq!(rig.audio.closed.len(), 1);
}

#[test]
fn a_full_port_range_is_told() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.audio.full = true;
    assert_eq!(rig.try_order(ANSWER), Err(LegError::Ports));
    rig.audio.full = false;
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
}

#[test]
fn orders_out_of_place_are_refused() {
    let mut rig = Rig::talking_in("");
    assert_eq!(rig.try_order(ANSWER), Err(LegError::State));
    assert_eq!(rig.try_order(Order::Ring), Err(LegError::State));
    rig.order(Order::HangUp(HangUp::default()));
    assert_eq!(rig.try_order(Order::Ring), Err(LegError::Gone));
}

#[test]
fn a_delayed_offer_is_answered_in_the_ack() {
    let mut rig = Rig::incoming("", "");
    assert_eq!(rig.order(Order::Ring), ["180 to INVITE"]);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
    assert_eq!(rig.audio.configured.len(), 0);
    assert_eq!(rig.acks(PEER_SDP), ["Confirmed"]);
    assert_eq!(rig.audio.configured.len(), 1);
}

#[test]
fn a_delayed_offer_without_answer_ends_the_call() {
    let mut rig = Rig::incoming("", "");
    rig.order(ANSWER);
    assert_eq!(rig.acks(""), ["BYE", "Ended by Failure"]);
}

#[test]
fn early_audio_is_repeated_in_the_answer() {
    let mut rig = Rig::incoming("", PEER_SDP);
    let progress = Order::Progress { like: None };
    assert_eq!(rig.order(progress), ["183 to INVITE with SDP"]);
    let early = rig.response().body().clone();
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
    assert_eq!(*rig.response().body(), early);
    assert_eq!(rig.audio.opened, 1);
}

#[test]
fn progress_is_repeated_every_minute() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Ring);
    assert_eq!(rig.wait(Duration::from_secs(121)), ["180 to INVITE"; 2]);
}

#[test]
fn the_answer_is_repeated_until_the_ack() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(ANSWER);
    // 0.5, 1.5, 3.5, 7.5 s: doubled up to T2.
    let lines = rig.wait(Duration::from_secs(8));
    assert_eq!(lines, ["200 to INVITE with SDP"; 4]);
    assert_eq!(rig.acks(""), ["Confirmed"]);
    assert!(rig.wait(Duration::from_secs(30)).is_empty());
}

#[test]
fn a_missing_ack_ends_the_call() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(ANSWER);
    let lines = rig.wait(Duration::from_secs(33));
    assert_eq!(lines[lines.len() - 2..], ["BYE", "Ended by Timeout"]);
}

#[test]
fn a_bye_waits_for_the_ack() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(ANSWER);
    let hang_up = Order::HangUp(HangUp::default());
    assert_eq!(rig.order(hang_up), ["Ended by Us"]);
    assert_eq!(rig.acks(""), ["BYE"]);
}

#[test]
fn an_unanswered_call_is_declined() {
    let mut rig = Rig::incoming("", PEER_SDP);
    let lines = rig.order(Order::HangUp(HangUp::default()));
    assert_eq!(lines, ["603 to INVITE", "Ended by Us", "gone"]);
}

#[test]
fn an_orphan_is_refused() {
    let mut rig = Rig::incoming("", PEER_SDP);
    let lines = rig.order(Order::Abandon(crate::leg::EndedBy::Orphaned));
    assert_eq!(lines, ["503 to INVITE", "Ended by Orphaned", "gone"]);
}

#[test]
fn a_strange_ack_is_ignored() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(ANSWER);
    let mut ack = rig.request("ACK", "", "");
    ack.set(Name::CSeq, "9 ACK");
    assert!(rig.input(Input::Ack(ack)).is_empty());
    assert!(rig.has_timer(TimerName::AwaitAck));
}

#[test]
fn record_routes_come_back_in_the_answer() {
    let mut rig = Rig::incoming("Record-Route: <sip:p.example;lr>\r\n", PEER_SDP);
    rig.order(ANSWER);
    let routes = rig.response().header(Name::RecordRoute);
    assert_eq!(routes, Some("<sip:p.example;lr>"));
    rig.acks("");
    rig.order(Order::HangUp(HangUp::default()));
    let (_, bye) = rig.last(&crate::sip::Method::Bye);
    assert_eq!(bye.header(Name::Route), Some("<sip:p.example;lr>"));
}
