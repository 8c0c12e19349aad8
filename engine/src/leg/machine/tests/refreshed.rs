//! Session timers.

use super::rig::{PEER_SDP, Rig, dial};
use crate::{
    leg::machine::{Input, TimerName, TxFailure},
    sip::{Method, Name},
};
use std::time::Duration;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An outgoing call whose session we refresh.
fn ours(allow: &str) -> Rig {
    let mut rig = Rig::outgoing(dial());
    let extra = format!("{allow}Session-Expires: 600;refresher=uac\r\n");
    rig.responds(Method::Invite, 200, &extra, PEER_SDP);
    rig
}

#[test]
fn we_refresh_by_update_at_half_time() {
    let mut rig = ours("Allow: INVITE, UPDATE\r\n");
    assert!(rig.wait(seconds(299)).is_empty());
    assert_eq!(rig.wait(seconds(2)), ["UPDATE"]);
    let (_, update) = rig.last(&Method::Update);
    let expires = update.header(Name::SessionExpires);
    assert_eq!(expires, Some("600;refresher=uac"));
    let extra = "Session-Expires: 600;refresher=uac\r\n";
    assert!(rig.responds(Method::Update, 200, extra, "").is_empty());
    assert!(rig.wait(seconds(290)).is_empty());
    assert_eq!(rig.wait(seconds(20)), ["UPDATE"]);
}

#[test]
fn we_refresh_by_reinvite_when_update_is_unknown() {
    let mut rig = ours("");
    assert_eq!(rig.wait(seconds(301)), ["INVITE with SDP"]);
    let (_, again) = rig.last(&Method::Invite);
    let version = |message: &crate::sip::Message| {
        let text = String::from_utf8_lossy(message.body()).into_owned();
        text.lines()
            .find(|line| line.starts_with("o="))
            .map(str::to_owned)
    };
    let first = rig
        .sent
        .values()
        .find(|m| m.method() == Some(&Method::Invite));
    assert_eq!(first.and_then(version), version(&again));
    let lines = rig.responds(Method::Invite, 200, "", PEER_SDP);
    assert_eq!(lines, ["ACK"]);
    let repeated = rig.responds(Method::Invite, 200, "", PEER_SDP);
    assert_eq!(repeated, ["ACK"]);
}

#[test]
fn a_refused_update_becomes_a_reinvite() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    let lines = rig.responds(Method::Update, 405, "", "");
    assert_eq!(lines, ["INVITE with SDP"]);
}

#[test]
fn glare_is_resolved_by_waiting() {
    let mut rig = ours("");
    rig.wait(seconds(301));
    // Theirs crosses ours.
    assert_eq!(rig.requests("INVITE", "", PEER_SDP), ["491 to INVITE"]);
    assert!(rig.responds(Method::Invite, 491, "", "").is_empty());
    // We own the Call-ID: 2.1 to 4 s, in steps of 10 ms (RFC 3261 §14.1).
    assert!(rig.wait(Duration::from_millis(2090)).is_empty());
    assert_eq!(rig.wait(Duration::from_millis(1920)), ["INVITE with SDP"]);
    assert_eq!(rig.responds(Method::Invite, 200, "", PEER_SDP), ["ACK"]);
}

#[test]
fn glare_of_a_called_leg_waits_shorter() {
    let extra = "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n";
    let mut rig = Rig::talking_in(extra);
    assert_eq!(rig.response().header(Name::Require), Some("timer"));
    assert_eq!(rig.wait(seconds(301)), ["INVITE with SDP"]);
    rig.responds(Method::Invite, 491, "", "");
    assert_eq!(rig.wait(Duration::from_millis(2000)), ["INVITE with SDP"]);
}

#[test]
fn a_session_nobody_refreshes_is_ended() {
    let extra = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    let mut rig = Rig::talking_in(extra);
    let answer = rig.response().header(Name::SessionExpires);
    assert_eq!(answer, Some("90;refresher=uac"));
    assert!(rig.wait(seconds(59)).is_empty());
    // The peer refreshes in time, once.
    let refresh = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    assert_eq!(rig.requests("UPDATE", refresh, ""), ["200 to UPDATE"]);
    assert!(rig.wait(seconds(59)).is_empty());
    assert_eq!(rig.wait(seconds(2)), ["BYE", "Ended by Timeout"]);
}

#[test]
fn a_refresh_without_answer_ends_the_call() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    let (tx, _) = rig.last(&Method::Update);
    let why = TxFailure::Timeout;
    let lines = rig.input(Input::Failed { tx, why });
    assert_eq!(lines, ["BYE", "Ended by Failure"]);
}

#[test]
fn a_peer_that_knows_no_dialog_ends_the_call() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    let lines = rig.responds(Method::Update, 481, "", "");
    assert_eq!(lines, ["BYE", "Ended by Failure"]);
}

#[test]
fn a_refused_refresh_is_tried_again_until_the_session_ends() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    let lines = rig.responds(Method::Update, 500, "Retry-After: 5\r\n", "");
    assert!(lines.is_empty());
    assert_eq!(rig.wait(seconds(6)), ["UPDATE"]);
    let lines = rig.wait(seconds(300));
    assert_eq!(lines, ["BYE", "Ended by Timeout"]);
}

#[test]
fn a_longer_interval_is_granted() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    let lines = rig.responds(Method::Update, 422, "Min-SE: 1200\r\n", "");
    assert_eq!(lines, ["UPDATE"]);
    let (_, update) = rig.last(&Method::Update);
    let expires = update.header(Name::SessionExpires);
    assert_eq!(expires, Some("1200;refresher=uac"));
}

#[test]
fn one_who_is_never_content_is_asked_at_leisure() {
    let mut rig = ours("Allow: UPDATE\r\n");
    rig.wait(seconds(301));
    assert_eq!(
        rig.responds(Method::Update, 422, "Min-SE: 1200\r\n", ""),
        ["UPDATE"]
    );
    for min in 1201..1205 {
        let extra = format!("Min-SE: {min}\r\n");
        assert!(rig.responds(Method::Update, 422, &extra, "").is_empty());
        assert_eq!(rig.wait(seconds(10)), ["UPDATE"]);
    }
    rig.responds(Method::Update, 200, "", "");
    rig.wait(seconds(603));
    assert_eq!(
        rig.responds(Method::Update, 422, "Min-SE: 1300\r\n", ""),
        ["UPDATE"]
    );
}

#[test]
fn a_peer_without_timers_has_none_when_called() {
    let rig = Rig::talking_out();
    assert!(!rig.has_timer(TimerName::Expire));
    let rig = Rig::talking_in("");
    assert!(rig.has_timer(TimerName::Refresh));
}
