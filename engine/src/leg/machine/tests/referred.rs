//! Transfers.

use super::rig::{PEER_SDP, Rig};
use crate::{
    LegError,
    leg::{DialogKey, HangUp, LegEvent, machine::Order},
    sip::{Method, Name},
};
use std::time::Duration;

const BLIND: &str = "Refer-To: \"Carol\" <sip:1003@pbx.example>\r\n";

fn fragment(rig: &Rig) -> (String, String) {
    let (_, notify) = rig.last(&Method::Notify);
    let state = notify.header(Name::SubscriptionState).unwrap_or_default();
    let body = String::from_utf8_lossy(notify.body()).trim().to_owned();
    (state.to_owned(), body)
}

#[test]
fn a_blind_transfer_succeeds() {
    let mut rig = Rig::talking_in("");
    let lines = rig.requests("REFER", BLIND, "");
    assert_eq!(lines, ["Referred to sip:1003@pbx.example"]);
    assert_eq!(
        rig.order(Order::AcceptReferral(1)),
        ["202 to REFER", "NOTIFY"]
    );
    let trying = (
        "active;expires=180".to_owned(),
        "SIP/2.0 100 Trying".to_owned(),
    );
    assert_eq!(fragment(&rig), trying);
    let (_, notify) = rig.last(&Method::Notify);
    assert_eq!(notify.header(Name::Event), Some("refer"));
    assert_eq!(notify.content_type(), Some("message/sipfrag"));
    assert_eq!(rig.order(Order::NotifyReferral(1, 180)), ["NOTIFY"]);
    assert_eq!(rig.order(Order::NotifyReferral(1, 200)), ["NOTIFY"]);
    let done = (
        "terminated;reason=noresource".to_owned(),
        "SIP/2.0 200 OK".to_owned(),
    );
    assert_eq!(fragment(&rig), done);
    let late = rig.try_order(Order::NotifyReferral(1, 200));
    assert_eq!(late, Err(LegError::State));
    let lines = rig.order(Order::HangUp(HangUp::default()));
    assert_eq!(lines, ["BYE", "Ended by Us"]);
}

#[test]
fn an_attended_transfer_names_the_dialog_it_takes_over() {
    let mut rig = Rig::talking_out();
    let refer = "Refer-To: <sip:1003@pbx.example?Replaces=other%40host%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>\r\n";
    let lines = rig.requests("REFER", refer, "");
    assert_eq!(lines, ["Referred to sip:1003@pbx.example"]);
    let [LegEvent::Referred(referral)] = rig.news()[..] else {
        panic!("no referral");
    };
    let key = DialogKey {
        call_id: "other@host".to_owned(),
        local_tag: "ours".to_owned(),
        remote_tag: "theirs".to_owned(),
    };
    assert_eq!(referral.replaces, Some(key));
    assert_eq!(referral.target.user, "1003");
}

#[test]
fn a_transfer_is_refused() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    assert_eq!(rig.order(Order::RefuseReferral(1, 403)), ["403 to REFER"]);
    let late = rig.try_order(Order::AcceptReferral(1));
    assert_eq!(late, Err(LegError::State));
}

#[test]
fn nobody_decides_about_a_transfer() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    assert_eq!(rig.wait(Duration::from_secs(21)), ["503 to REFER"]);
}

#[test]
fn a_transfer_outlives_its_subscription() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    rig.order(Order::AcceptReferral(1));
    assert_eq!(rig.wait(Duration::from_secs(181)), ["NOTIFY"]);
    assert_eq!(fragment(&rig).0, "terminated;reason=timeout");
}

#[test]
fn a_transferor_may_want_no_news() {
    let mut rig = Rig::talking_in("");
    let quiet = format!("{BLIND}Refer-Sub: false\r\nSupported: norefersub\r\n");
    rig.requests("REFER", &quiet, "");
    assert_eq!(rig.order(Order::AcceptReferral(1)), ["202 to REFER"]);
    assert_eq!(rig.response().header("Refer-Sub"), Some("false"));
    assert!(rig.order(Order::NotifyReferral(1, 200)).is_empty());
}

#[test]
fn a_second_transfer_has_an_id_of_its_own() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    rig.order(Order::RefuseReferral(1, 603));
    rig.requests("REFER", BLIND, "");
    rig.order(Order::AcceptReferral(2));
    let (_, notify) = rig.last(&Method::Notify);
    assert_eq!(notify.header(Name::Event), Some("refer;id=12"));
}

#[test]
fn a_transferor_that_does_not_listen_hears_no_more() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    rig.order(Order::AcceptReferral(1));
    rig.responds(Method::Notify, 481, "", "");
    let more = rig.try_order(Order::NotifyReferral(1, 180));
    assert_eq!(more, Err(LegError::State));
}

#[test]
fn a_transferor_may_ask_again_and_stop_asking() {
    let mut rig = Rig::talking_in("");
    rig.requests("REFER", BLIND, "");
    rig.order(Order::AcceptReferral(1));
    let again = rig.requests("SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n", "");
    assert_eq!(again, ["200 to SUBSCRIBE", "NOTIFY"]);
    let stop = rig.requests("SUBSCRIBE", "Event: refer\r\nExpires: 0\r\n", "");
    assert_eq!(stop, ["200 to SUBSCRIBE", "NOTIFY"]);
    assert_eq!(fragment(&rig).0, "terminated;reason=timeout");
}

#[test]
fn nonsense_is_refused() {
    let mut rig = Rig::talking_in("");
    assert_eq!(rig.requests("REFER", "", ""), ["400 to REFER"]);
    let bad = "Refer-To: <sip:x@y?Replaces=nonsense>\r\n";
    assert_eq!(rig.requests("REFER", bad, ""), ["400 to REFER"]);
    let web = "Refer-To: <http://example.org>\r\n";
    assert_eq!(rig.requests("REFER", web, ""), ["416 to REFER"]);
    let bye = "Refer-To: <sip:x@y;method=BYE>\r\n";
    assert_eq!(rig.requests("REFER", bye, ""), ["501 to REFER"]);
    let mut early = Rig::incoming("", PEER_SDP);
    assert_eq!(early.requests("REFER", BLIND, ""), ["403 to REFER"]);
}
