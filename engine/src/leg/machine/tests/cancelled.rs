//! CANCEL and BYE that cross something.

use super::rig::{PEER_SDP, Rig, dial, path};
use crate::{
    leg::{
        HangUp, LegEvent,
        machine::{Input, Order, Output, ServerTx, TxFailure},
    },
    sip::Method,
};
use std::time::Duration;

fn hang_up() -> Order {
    Order::HangUp(HangUp::default())
}

fn cancel(rig: &mut Rig) -> Vec<String> {
    let mut message = super::rig::invite("", "").cancel().unwrap();
    message.push("Reason", "Q.850;cause=16");
    let tx = rig.server_tx();
    rig.input(Input::Cancel {
        tx,
        invite: ServerTx(0),
        message,
    })
}

#[test]
fn the_caller_gives_up() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Ring);
    let lines = cancel(&mut rig);
    assert_eq!(
        lines,
        ["200 to CANCEL", "487 to INVITE", "Ended by Peer", "gone"]
    );
    let [LegEvent::Ended(ending)] = rig.news()[..] else {
        panic!("no end");
    };
    assert_eq!((ending.q850, ending.quality.is_none()), (Some(16), true));
    let tags: Vec<_> = rig
        .responses
        .iter()
        .map(|r| r.to_tag().map(str::to_owned))
        .collect();
    assert!(
        tags.iter().all(|tag| tag.is_some() && *tag == tags[0]),
        "{tags:?}"
    );
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Answer { like: None });
    assert_eq!(cancel(&mut rig), ["200 to CANCEL"]);
    assert_eq!(rig.acks(""), ["Confirmed"]);
}

#[test]
fn the_caller_says_bye_before_the_answer() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Ring);
    let lines = rig.requests("BYE", "", "");
    assert_eq!(
        lines,
        ["200 to BYE", "487 to INVITE", "Ended by Peer", "gone"]
    );
}

#[test]
fn we_give_up_while_it_rings() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 180, "", "");
    let how = HangUp {
        answered_elsewhere: true,
        ..HangUp::default()
    };
    let lines = rig.order(Order::HangUp(how));
    assert_eq!(lines, ["CANCEL", "Ended by Us"]);
    let reason = rig.out.iter().find_map(|output| match output {
        Output::Cancel { reason, .. } => reason.clone(),
        _ => None,
    });
    assert!(reason.is_some_and(|reason| reason.starts_with("SIP;cause=200")));
    assert_eq!(rig.responds(Method::Invite, 487, "", ""), ["gone"]);
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut rig = Rig::outgoing(dial());
    assert_eq!(rig.order(hang_up()), ["Ended by Us"]);
    assert_eq!(rig.responds(Method::Invite, 100, "", ""), ["CANCEL"]);
    assert!(rig.responds(Method::Invite, 180, "", "").is_empty());
    assert_eq!(rig.responds(Method::Invite, 487, "", ""), ["gone"]);
}

#[test]
fn a_cancel_that_crosses_the_answer_becomes_a_bye() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 180, "", "");
    rig.order(hang_up());
    let lines = rig.responds(Method::Invite, 200, "", PEER_SDP);
    assert_eq!(lines, ["ACK", "BYE"]);
    assert_eq!(rig.responds(Method::Invite, 200, "", PEER_SDP), ["ACK"]);
    assert_eq!(rig.responds(Method::Bye, 200, "", ""), ["gone"]);
}

#[test]
fn an_answer_before_any_cancel_could_go_becomes_a_bye() {
    let mut rig = Rig::outgoing(dial());
    rig.order(hang_up());
    let lines = rig.responds(Method::Invite, 200, "", PEER_SDP);
    assert_eq!(lines, ["ACK", "BYE"]);
}

#[test]
fn an_answer_that_makes_no_dialog_tells_nothing_after_the_end() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 180, "", "");
    rig.order(hang_up());
    let broken = "Record-Route: sip:\r\n";
    let lines = rig.responds_as("other", Method::Invite, 200, broken, PEER_SDP);
    assert_eq!(lines, ["gone"]);
}

#[test]
fn a_cancelled_invite_is_not_waited_for_for_ever() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 180, "", "");
    rig.order(hang_up());
    assert_eq!(rig.wait(Duration::from_secs(33)), ["gone"]);
}

#[test]
fn a_cancelled_invite_that_times_out_is_over() {
    let mut rig = Rig::outgoing(dial());
    rig.order(hang_up());
    let (tx, _) = rig.last(&Method::Invite);
    let why = TxFailure::Timeout;
    assert_eq!(rig.input(Input::Failed { tx, why }), ["gone"]);
}

#[test]
fn we_give_up_before_the_path_is_known() {
    let mut rig = Rig::locating(dial());
    assert_eq!(rig.order(hang_up()), ["Ended by Us", "gone"]);
    assert!(rig.input(Input::Located(path())).is_empty());
}

#[test]
fn byes_that_cross_are_both_answered() {
    let mut rig = Rig::talking_out();
    assert_eq!(rig.order(hang_up()), ["BYE", "Ended by Us"]);
    assert_eq!(rig.requests("BYE", "", ""), ["200 to BYE"]);
    assert_eq!(rig.requests("INFO", "", ""), ["481 to INFO"]);
    assert_eq!(rig.responds(Method::Bye, 481, "", ""), ["gone"]);
}

#[test]
fn a_bye_without_answer_is_the_end_too() {
    let mut rig = Rig::talking_out();
    rig.order(hang_up());
    let (tx, _) = rig.last(&Method::Bye);
    let why = TxFailure::Timeout;
    assert_eq!(rig.input(Input::Failed { tx, why }), ["gone"]);
}

#[test]
fn a_callee_that_says_bye_before_its_answer_has_refused() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 180, "", "");
    let lines = rig.requests("BYE", "", "");
    assert_eq!(lines, ["200 to BYE", "CANCEL", "Refused 487"]);
    assert_eq!(rig.responds(Method::Invite, 487, "", ""), ["gone"]);
}

#[test]
fn an_answer_while_the_bye_waits_for_its_ack_is_still_acknowledged() {
    let mut rig = Rig::incoming("", PEER_SDP);
    rig.order(Order::Answer { like: None });
    rig.order(hang_up());
    let lines = rig.wait(Duration::from_secs(33));
    assert_eq!(lines.last().map(String::as_str), Some("BYE"));
}
