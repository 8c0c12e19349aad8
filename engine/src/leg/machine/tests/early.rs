//! Early dialogs: audio before the answer, reliable responses, UPDATE.

use super::rig::{FOREIGN_SDP, PEER_SDP, PLAIN_SDP, Rig, dial};
use crate::{
    leg::machine::Order,
    sip::{Method, Name},
};
use std::time::Duration;

const ANSWER: Order = Order::Answer { like: None };
const PROGRESS: Order = Order::Progress { like: None };
const RELIABLE: &str = "Supported: 100rel\r\n";

/// The RAck for the last reliable response.
fn rack(rig: &Rig) -> String {
    let rseq = rig.response().rseq().expect("not reliable");
    format!("RAck: {rseq} 10 INVITE\r\n")
}

#[test]
fn a_ringing_callee_and_its_early_audio_are_told_once() {
    let mut rig = Rig::outgoing(dial());
    let early = rig.responds(Method::Invite, 183, "", PEER_SDP);
    assert_eq!(early, ["EarlyMedia"]);
    assert!(rig.responds(Method::Invite, 183, "", PEER_SDP).is_empty());
    assert_eq!(rig.responds(Method::Invite, 180, "", ""), ["Ringing"]);
    let answered = rig.responds(Method::Invite, 200, "", "");
    assert_eq!(answered, ["ACK", "Answered"]);
}

#[test]
fn reliable_responses_of_the_callee_are_acknowledged() {
    let mut rig = Rig::outgoing(dial());
    let first = "Require: 100rel\r\nRSeq: 7\r\n";
    let lines = rig.responds(Method::Invite, 183, first, PEER_SDP);
    assert_eq!(lines, ["PRACK", "EarlyMedia"]);
    let (_, prack) = rig.last(&Method::Prack);
    let (_, invite) = rig.last(&Method::Invite);
    let cseq = invite.cseq().map(|cseq| cseq.number).unwrap_or_default();
    let expected = format!("7 {cseq} INVITE");
    assert_eq!(prack.header(Name::RAck), Some(expected.as_str()));
    // A repetition, then a gap.
    assert!(
        rig.responds(Method::Invite, 183, first, PEER_SDP)
            .is_empty()
    );
    let gap = "Require: 100rel\r\nRSeq: 9\r\n";
    assert!(rig.responds(Method::Invite, 180, gap, "").is_empty());
    let next = "Require: 100rel\r\nRSeq: 8\r\n";
    assert_eq!(
        rig.responds(Method::Invite, 180, next, ""),
        ["PRACK", "Ringing"]
    );
    let answered = rig.responds(Method::Invite, 200, "", "");
    assert_eq!(answered, ["ACK", "Answered"]);
}

#[test]
fn we_ring_reliably_when_the_caller_can() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    assert_eq!(rig.order(Order::Ring), ["180 to INVITE"]);
    assert!(rig.response().requires("100rel"));
    // 0.5, 1.5, 3.5 s.
    assert_eq!(rig.wait(Duration::from_secs(4)), ["180 to INVITE"; 3]);
    let wrong = "RAck: 1 10 INVITE\r\n";
    assert_eq!(rig.requests("PRACK", wrong, ""), ["481 to PRACK"]);
    let rack = rack_of(&rig);
    assert_eq!(rig.requests("PRACK", &rack, ""), ["200 to PRACK"]);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
}

fn rack_of(rig: &Rig) -> String {
    let rseq = rig.responses.iter().find_map(|response| response.rseq());
    format!("RAck: {} 10 INVITE\r\n", rseq.expect("not reliable"))
}

#[test]
fn the_answer_waits_for_the_acknowledged_description() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    assert_eq!(rig.order(PROGRESS), ["183 to INVITE with SDP"]);
    assert!(rig.order(ANSWER).is_empty());
    let rack = rack(&rig);
    let lines = rig.requests("PRACK", &rack, "");
    assert_eq!(lines, ["200 to PRACK", "200 to INVITE"]);
    assert_eq!(rig.acks(""), ["Confirmed"]);
}

#[test]
fn a_plain_reliable_ring_does_not_delay_the_answer() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(Order::Ring);
    let rack = rack(&rig);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
    assert_eq!(rig.requests("PRACK", &rack, ""), ["200 to PRACK"]);
    assert_eq!(rig.acks(""), ["Confirmed"]);
}

#[test]
fn reliable_responses_go_out_one_by_one() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(Order::Ring);
    assert!(rig.order(PROGRESS).is_empty());
    let rack = rack(&rig);
    let lines = rig.requests("PRACK", &rack, "");
    assert_eq!(lines, ["200 to PRACK", "183 to INVITE with SDP"]);
}

#[test]
fn a_missing_prack_ends_the_call() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(Order::Ring);
    let lines = rig.wait(Duration::from_secs(33));
    assert_eq!(
        lines[lines.len() - 3..],
        ["504 to INVITE", "Ended by Timeout", "gone"]
    );
}

#[test]
fn a_new_offer_may_come_in_the_prack() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(PROGRESS);
    let rack = rack(&rig);
    let lines = rig.requests("PRACK", &rack, PLAIN_SDP);
    assert_eq!(lines, ["200 to PRACK with SDP"]);
    assert_eq!(rig.audio.configured.len(), 2);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE"]);
}

#[test]
fn a_bad_offer_in_the_prack_changes_nothing() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(PROGRESS);
    let rack = rack(&rig);
    let lines = rig.requests("PRACK", &rack, FOREIGN_SDP);
    assert_eq!(lines, ["488 to PRACK"]);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE"]);
}

#[test]
fn a_delayed_offer_is_made_early_and_answered_in_the_prack() {
    let mut rig = Rig::incoming("Require: 100rel\r\n", "");
    assert_eq!(rig.order(Order::Ring), ["180 to INVITE with SDP"]);
    let rack = rack(&rig);
    assert_eq!(rig.requests("PRACK", &rack, PEER_SDP), ["200 to PRACK"]);
    assert_eq!(rig.audio.configured.len(), 1);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE"]);
    assert_eq!(rig.acks(""), ["Confirmed"]);
}

#[test]
fn an_early_offer_that_is_not_answered_ends_the_call() {
    let mut rig = Rig::incoming("Require: 100rel\r\n", "");
    rig.order(Order::Ring);
    let rack = rack(&rig);
    let lines = rig.requests("PRACK", &rack, "");
    assert_eq!(
        lines,
        ["200 to PRACK", "488 to INVITE", "Ended by Failure", "gone"]
    );
}

#[test]
fn a_delayed_offer_to_an_unable_caller_has_no_early_audio() {
    let mut rig = Rig::incoming("", "");
    assert_eq!(rig.order(PROGRESS), ["183 to INVITE"]);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
}

#[test]
fn an_update_waits_for_the_first_answer() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(Order::Ring);
    assert_eq!(rig.requests("UPDATE", "", PLAIN_SDP), ["500 to UPDATE"]);
    assert!(rig.response().header(Name::RetryAfter).is_some());
}

#[test]
fn an_update_changes_early_audio() {
    let mut rig = Rig::incoming(RELIABLE, PEER_SDP);
    rig.order(PROGRESS);
    let rack = rack(&rig);
    rig.requests("PRACK", &rack, "");
    let lines = rig.requests("UPDATE", "", PLAIN_SDP);
    assert_eq!(lines, ["200 to UPDATE with SDP"]);
    assert_eq!(rig.audio.configured.len(), 2);
    assert_eq!(rig.order(ANSWER), ["200 to INVITE"]);
}

#[test]
fn a_callee_may_update_its_early_audio() {
    let mut rig = Rig::outgoing(dial());
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    assert_eq!(rig.responds(Method::Invite, 180, "", ""), ["Ringing"]);
    assert_eq!(rig.requests("UPDATE", "", PLAIN_SDP), ["491 to UPDATE"]);
    rig.responds(Method::Invite, 183, reliable, PEER_SDP);
    let lines = rig.requests("UPDATE", "", PLAIN_SDP);
    assert_eq!(lines, ["200 to UPDATE with SDP"]);
    let answered = rig.responds(Method::Invite, 200, "", "");
    assert_eq!(answered, ["ACK", "Answered"]);
}

#[test]
fn a_fork_that_ends_is_forgotten() {
    let mut rig = Rig::outgoing(dial());
    rig.responds_as("one", Method::Invite, 180, "", "");
    rig.responds_as("one", Method::Invite, 199, "", "");
    let lines = rig.responds_as("two", Method::Invite, 200, "", PEER_SDP);
    assert_eq!(lines, ["ACK", "Answered"]);
}
