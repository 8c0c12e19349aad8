//! Small requests within an answered call, and keys.

use super::rig::{PEER_SDP, PLAIN_SDP, Rig, dial, path};
use crate::{
    leg::machine::{Input, Order, TxFailure},
    media::MediaEvent,
    sip::{Method, Name},
};

const RELAY: &str = "Content-Type: application/dtmf-relay\r\n";

#[test]
fn keys_come_by_info_and_by_audio() {
    let mut rig = Rig::talking_out();
    let lines = rig.requests("INFO", RELAY, "Signal=5\r\nDuration=160\r\n");
    assert_eq!(lines, ["200 to INFO", "Digit 5"]);
    let event = MediaEvent::Digit {
        digit: '#',
        duration_ms: 80,
    };
    assert_eq!(rig.input(Input::Media(event)), ["Digit #"]);
}

#[test]
fn other_infos_are_refused_sanely() {
    let mut rig = Rig::talking_out();
    let xml = "Content-Type: application/media_control+xml\r\n";
    assert_eq!(rig.requests("INFO", xml, "<x/>"), ["415 to INFO"]);
    assert!(rig.response().header(Name::Accept).is_some());
    assert_eq!(rig.requests("INFO", "", ""), ["200 to INFO"]);
    assert_eq!(rig.requests("INFO", RELAY, "Signal=x\r\n"), ["400 to INFO"]);
    let package = "Info-Package: foo\r\n";
    assert_eq!(rig.requests("INFO", package, ""), ["469 to INFO"]);
}

#[test]
fn keys_go_as_telephone_events() {
    let mut rig = Rig::talking_out();
    assert!(rig.order(Order::SendDigits("1a#x".to_owned())).is_empty());
    assert_eq!(rig.audio.digits, "1A#");
}

#[test]
fn keys_go_by_info_when_nothing_else_was_agreed() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 200, "", PLAIN_SDP);
    let order = Order::SendDigits("42".to_owned());
    assert_eq!(rig.order(order), ["INFO"]);
    let (_, info) = rig.last(&Method::Info);
    assert!(info.body().starts_with(b"Signal=4\r\n"));
    assert_eq!(rig.responds(Method::Info, 200, "", ""), ["INFO"]);
    assert!(rig.responds(Method::Info, 200, "", "").is_empty());
    rig.order(Order::SendDigits("789".to_owned()));
    assert!(rig.responds(Method::Info, 415, "", "").is_empty());
}

#[test]
fn everything_else_gets_its_answer() {
    let mut rig = Rig::talking_out();
    assert_eq!(rig.requests("OPTIONS", "", ""), ["200 to OPTIONS"]);
    assert!(rig.response().header(Name::Allow).is_some());
    assert_eq!(rig.requests("MESSAGE", "", ""), ["405 to MESSAGE"]);
    assert!(rig.response().header(Name::Allow).is_some());
    assert_eq!(rig.requests("FOO", "", ""), ["405 to FOO"]);
    let event = "Event: keep-alive\r\n";
    assert_eq!(rig.requests("NOTIFY", event, ""), ["489 to NOTIFY"]);
    assert_eq!(rig.requests("SUBSCRIBE", event, ""), ["489 to SUBSCRIBE"]);
    assert_eq!(rig.requests("PRACK", "", ""), ["200 to PRACK"]);
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut rig = Rig::talking_out();
    rig.requests("OPTIONS", "", "");
    let mut old = rig.request("OPTIONS", "", "");
    old.set(Name::CSeq, "1 OPTIONS");
    let tx = rig.server_tx();
    let input = Input::Request {
        tx,
        message: old,
        path: path(),
    };
    assert_eq!(rig.input(input), ["500 to OPTIONS"]);
}

#[test]
fn requests_of_strangers_are_refused() {
    let mut rig = Rig::talking_out();
    let mut bye = rig.request("BYE", "", "");
    bye.set(Name::From, "<sip:mallory@x>;tag=other");
    let tx = rig.server_tx();
    let input = Input::Request {
        tx,
        message: bye,
        path: path(),
    };
    assert_eq!(rig.input(input), ["481 to BYE"]);
}

#[test]
fn silence_is_told_and_a_broken_stream_ends_the_call() {
    let mut rig = Rig::talking_out();
    assert_eq!(rig.input(Input::Media(MediaEvent::Silent)), ["MediaLost"]);
    let lines = rig.input(Input::Media(MediaEvent::Failed));
    assert_eq!(lines, ["BYE", "Ended by Failure"]);
    assert!(rig.input(Input::Media(MediaEvent::Silent)).is_empty());
}

#[test]
fn a_peer_that_moves_is_followed() {
    let mut rig = Rig::talking_out();
    let mut reinvite = rig.request("INVITE", "", PEER_SDP);
    reinvite.set(Name::Contact, "<sip:bob@192.0.2.77:5070>");
    let tx = rig.server_tx();
    rig.input(Input::Request {
        tx,
        message: reinvite,
        path: path(),
    });
    rig.acks("");
    rig.order(Order::HangUp(Default::default()));
    let (_, bye) = rig.last(&Method::Bye);
    let uri = bye.uri().map(|uri| uri.to_string());
    assert_eq!(uri.as_deref(), Some("sip:bob@192.0.2.77:5070"));
}

#[test]
fn a_lost_info_ends_nothing() {
    let mut rig = Rig::outgoing(dial());
    rig.responds(Method::Invite, 200, "", PLAIN_SDP);
    rig.order(Order::SendDigits("1".to_owned()));
    let (tx, _) = rig.last(&Method::Info);
    let why = TxFailure::Timeout;
    assert!(rig.input(Input::Failed { tx, why }).is_empty());
}
