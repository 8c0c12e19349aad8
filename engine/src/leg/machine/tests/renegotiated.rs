//! The peer changes a running session.

use super::rig::{FOREIGN_SDP, PEER_SDP, PLAIN_SDP, Rig, sdp_with};
use crate::{
    leg::machine::Order,
    sdp::Direction,
    sip::{Method, Name},
};
use std::time::Duration;

#[test]
fn the_peer_holds_and_resumes() {
    for hold in ["sendonly", "inactive"] {
        let mut rig = Rig::talking_out();
        let lines = rig.requests("INVITE", "", &sdp_with(hold));
        assert_eq!(lines, ["200 to INVITE with SDP", "Held"]);
        assert!(rig.acks("").is_empty());
        let lines = rig.requests("INVITE", "", PEER_SDP);
        assert_eq!(lines, ["200 to INVITE with SDP", "Resumed"]);
        assert!(rig.acks("").is_empty());
        let last = rig.audio.configured.last().map(|agreed| agreed.direction);
        assert_eq!(last, Some(Direction::SendRecv));
    }
}

#[test]
fn old_phones_hold_by_an_address_that_is_none() {
    let mut rig = Rig::talking_in("");
    let nowhere = PEER_SDP.replace("c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0");
    let lines = rig.requests("INVITE", "", &nowhere);
    assert_eq!(lines, ["200 to INVITE with SDP", "Held"]);
}

#[test]
fn another_codec_and_another_address_are_taken() {
    let mut rig = Rig::talking_in("");
    let other = PEER_SDP
        .replace("192.0.2.9", "192.0.2.50")
        .replace("RTP/AVP 8 101", "RTP/AVP 0 101")
        .replace("rtpmap:8 PCMA", "rtpmap:0 PCMU");
    let lines = rig.requests("INVITE", "", &other);
    assert_eq!(lines, ["200 to INVITE with SDP"]);
    let agreed = rig.audio.configured.last().unwrap();
    assert_eq!(
        agreed.remote.map(|r| r.ip().to_string()).as_deref(),
        Some("192.0.2.50")
    );
    assert_eq!(agreed.codecs[0].codec, crate::rtp::Codec::Pcmu);
    assert_eq!(rig.audio.opened, 1);
}

#[test]
fn a_failed_change_keeps_the_session() {
    let mut rig = Rig::talking_in("");
    let lines = rig.requests("INVITE", "", FOREIGN_SDP);
    assert_eq!(lines, ["488 to INVITE"]);
    assert!(rig.response().header(Name::Warning).is_some());
    assert_eq!(rig.audio.configured.len(), 1);
    let lines = rig.requests("INVITE", "", PLAIN_SDP);
    assert_eq!(lines, ["200 to INVITE with SDP"]);
}

#[test]
fn a_reinvite_without_offer_gets_one() {
    let mut rig = Rig::talking_in("");
    assert_eq!(rig.requests("INVITE", "", ""), ["200 to INVITE with SDP"]);
    assert_eq!(rig.acks(&sdp_with("sendonly")), ["Held"]);
    assert_eq!(rig.requests("INVITE", "", ""), ["200 to INVITE with SDP"]);
    assert!(rig.acks("").is_empty());
    assert_eq!(rig.requests("BYE", "", "")[0], "200 to BYE");
}

#[test]
fn a_refresh_changes_nothing() {
    let mut rig = Rig::talking_in("");
    let first = rig.response().body().clone();
    rig.requests("INVITE", "", PEER_SDP);
    assert_eq!(*rig.response().body(), first);
}

#[test]
fn a_second_invite_before_the_ack_waits() {
    let mut rig = Rig::incoming("", PEER_SDP);
    assert_eq!(rig.requests("INVITE", "", PEER_SDP), ["500 to INVITE"]);
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Answer { like: None });
    assert_eq!(rig.requests("INVITE", "", PEER_SDP), ["491 to INVITE"]);
}

#[test]
fn a_reinvite_of_an_unanswering_callee_waits() {
    let mut rig = Rig::outgoing(super::rig::dial());
    rig.responds(Method::Invite, 180, "", "");
    assert_eq!(rig.requests("INVITE", "", PEER_SDP), ["491 to INVITE"]);
}

#[test]
fn a_reinvite_without_ack_ends_the_call() {
    let mut rig = Rig::talking_in("");
    rig.requests("INVITE", "", PEER_SDP);
    let lines = rig.wait(Duration::from_secs(33));
    assert_eq!(lines[lines.len() - 2..], ["BYE", "Ended by Timeout"]);
}

#[test]
fn an_update_holds_and_resumes() {
    let mut rig = Rig::talking_out();
    let lines = rig.requests("UPDATE", "", &sdp_with("sendonly"));
    assert_eq!(lines, ["200 to UPDATE with SDP", "Held"]);
    let lines = rig.requests("UPDATE", "", &sdp_with("sendrecv"));
    assert_eq!(lines, ["200 to UPDATE with SDP", "Resumed"]);
    assert_eq!(rig.requests("UPDATE", "", ""), ["200 to UPDATE"]);
    assert_eq!(rig.requests("UPDATE", "", FOREIGN_SDP), ["488 to UPDATE"]);
}
