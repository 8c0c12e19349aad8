//! Calls: what the client says, what legs tell.

use super::{Desk, heard, said, words};
use crate::webrtc_session::messages::{Effect, Input, Place, Unsaid};
use engine::{
    LegError,
    leg::{ClientEnding, LegId, MOST_LEGS, Party, Signal, Word},
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn party(user: &str, name: Option<&str>) -> Party {
    Party {
        name: name.map(text),
        user: text(user),
        uri: format!("sip:{user}@pbx.example"),
    }
}

fn incoming(call: &str) -> Signal {
    Signal::Incoming {
        call: text(call),
        from: party("+12075550199", Some("Noor")),
        to: party("1001", None),
        sdp: text("offer"),
    }
}

#[test]
fn an_outgoing_call_in_the_order_of_the_protocol() {
    let mut desk = Desk::open();
    let trying = desk.creates(1, "call_1");
    assert_eq!(
        trying,
        [r#"{"type":"call.trying","call_id":"call_1","req_id":"c"}"#]
    );
    let mut out = desk.signal(1, Signal::Ringing);
    out.extend(desk.signal(1, Signal::Answer(text("answer"))));
    assert_eq!(
        said(&out),
        [
            r#"{"type":"call.ringing","call_id":"call_1"}"#,
            r#"{"type":"sdp.answer","call_id":"call_1","sdp":"answer"}"#
        ]
    );
    let now = desk.now;
    assert_eq!(
        said(&desk.signal(1, Signal::Answered)),
        [format!(
            r#"{{"type":"call.answered","call_id":"call_1","answered_at":"{now}"}}"#
        )]
    );
    desk.wait(12.5);
    assert_eq!(
        said(&desk.signal(1, Signal::Ended(ClientEnding::HangUp))),
        [r#"{"type":"call.ended","call_id":"call_1","reason":"hangup","duration_seconds":12}"#]
    );
    assert_eq!(desk.signal(1, Signal::Ended(ClientEnding::HangUp)), []);
}

#[test]
fn an_incoming_call_and_its_offer_come_at_once() {
    let mut desk = Desk::open();
    let out = desk.signal(7, incoming("call_7"));
    assert_eq!(
        said(&out),
        [
            r#"{"type":"call.incoming","call_id":"call_7","from":"+12075550199","from_name":"Noor","to":"1001"}"#,
            r#"{"type":"sdp.offer","call_id":"call_7","sdp":"offer"}"#
        ]
    );
    let mut out = desk.frame(r#"{"type":"call.answer","call_id":"call_7"}"#);
    out.extend(desk.frame(r#"{"type":"sdp.answer","call_id":"call_7","sdp":"mine"}"#));
    let mine = Word::Description(text("mine"));
    assert_eq!(words(&out), [(7, Word::Answer), (7, mine)]);
    let out = desk.signal(7, Signal::Ended(ClientEnding::HangUp));
    assert_eq!(
        said(&out),
        [r#"{"type":"call.ended","call_id":"call_7","reason":"hangup","duration_seconds":null}"#]
    );
    // It may ring again under the same name, and is a live call then.
    desk.signal(8, incoming("call_7"));
    let out = desk.frame(r#"{"type":"call.reject","call_id":"call_7","reason":"busy"}"#);
    assert_eq!(words(&out), [(8, Word::Reject { busy: true })]);
    let out = desk.frame(r#"{"type":"call.reject","call_id":"call_7"}"#);
    assert_eq!(words(&out), [(8, Word::Reject { busy: false })]);
}

#[test]
fn every_ending_has_its_word() {
    let table = [
        (ClientEnding::HangUp, "hangup"),
        (ClientEnding::NoAnswer, "no-answer"),
        (ClientEnding::Busy, "busy"),
        (ClientEnding::Failed, "failed"),
        (ClientEnding::Transferred, "transferred"),
        (ClientEnding::Rejected, "rejected"),
    ];
    for (ending, word) in table {
        let mut desk = Desk::open();
        desk.creates(1, "call_1");
        let out = desk.signal(1, Signal::Ended(ending));
        assert_eq!(
            said(&out),
            [format!(
                r#"{{"type":"call.ended","call_id":"call_1","reason":"{word}","duration_seconds":null}}"#
            )]
        );
    }
}

#[test]
fn early_audio_waits_for_the_answer_that_may_follow_at_once() {
    let mut desk = Desk::open();
    desk.creates(1, "call_1");
    assert_eq!(desk.signal(1, Signal::EarlyMedia(text("early"))), []);
    assert_eq!(
        heard(&desk.signal(1, Signal::Answer(text("a")))),
        ["sdp.answer"]
    );
    assert_eq!(heard(&desk.wait(1.0)), [""; 0]);
    let mut desk = Desk::open();
    desk.creates(1, "call_1");
    desk.signal(1, Signal::EarlyMedia(text("early")));
    assert_eq!(
        said(&desk.wait(0.2)),
        [r#"{"type":"sdp.pranswer","call_id":"call_1","sdp":"early"}"#]
    );
    assert_eq!(
        heard(&desk.signal(1, Signal::Answer(text("a")))),
        ["sdp.answer"]
    );
}

#[test]
fn a_call_that_never_was_is_an_error_and_not_an_end() {
    let create = r#"{"type":"call.create","req_id":"c","destination":"1002","sdp":"o"}"#;
    let mut desk = Desk::open();
    let out = desk.frame(create);
    desk.takes(&out, 1);
    let refused = Signal::Refused {
        status: 503,
        phrase: None,
    };
    assert_eq!(heard(&desk.signal(1, refused)), ["call_failed c -"]);
    for (why, wanted) in [
        (LegError::Limit, "rate_limited c -"),
        (LegError::Ports, "rate_limited c -"),
        (LegError::Codec, "call_failed c -"),
        (LegError::Gone, "call_failed c -"),
    ] {
        let mut desk = Desk::open();
        desk.frame(create);
        assert_eq!(heard(&desk.tell(Input::Dialled(1, Err(why)))), [wanted]);
    }
    let mut desk = Desk::open();
    for bad in ["", "   ", "1\\u000d2", &"9".repeat(257)] {
        let frame =
            format!(r#"{{"type":"call.create","req_id":"c","destination":"{bad}","sdp":"o"}}"#);
        assert_eq!(heard(&desk.frame(&frame)), ["invalid_message c -"], "{bad}");
    }
    for leg in 0..MOST_LEGS {
        let out = desk.frame(create);
        desk.takes(&out, u64::try_from(leg).unwrap_or_default());
    }
    assert_eq!(heard(&desk.frame(create)), ["rate_limited c -"]);
}

#[test]
fn who_is_nowhere_is_asked_at_the_gate() {
    let mut desk = Desk::open_at(Place::Unknown);
    let create = r#"{"type":"call.create","req_id":"c","destination":" +12075550199 ","sdp":"o"}"#;
    assert_eq!(desk.frame(create), [Effect::Gate(1, text("+12075550199"))]);
    let out = desk.tell(Input::Gated(1, false));
    assert_eq!(heard(&out), ["emergency_address_required c -"]);
    assert_eq!(desk.tell(Input::Gated(1, true)), []);
    desk.frame(create);
    let out = desk.tell(Input::Gated(2, true));
    assert_eq!(out, [Effect::Dial(2, text("+12075550199"), text("o"))]);
    assert_eq!(desk.tell(Input::Gated(2, true)), []);
}

#[test]
fn every_wish_is_said_to_its_leg() {
    let mut desk = Desk::open();
    desk.talks(1, "call_1");
    let to = Word::Transfer {
        destination: text("1003"),
    };
    let table = [
        (r#""call.hold""#, "", Word::Hold),
        (r#""call.resume""#, "", Word::Resume),
        (r#""call.mute""#, "", Word::Mute),
        (r#""call.unmute""#, "", Word::Unmute),
        (r#""call.transfer""#, r#","destination":"1003""#, to),
        (r#""call.hangup""#, r#","req_id":"h""#, Word::HangUp),
    ];
    for (kind, more, word) in table {
        let out = desk.frame(&format!(r#"{{"type":{kind},"call_id":"call_1"{more}}}"#));
        assert_eq!(words(&out), [(1, word)]);
        assert_eq!(heard(&out), [""; 0]);
    }
    let frame = r#"{"type":"call.transfer","call_id":"call_1","req_id":"t","destination":""}"#;
    assert_eq!(heard(&desk.frame(frame)), ["invalid_message t -"]);
}

#[test]
fn what_cannot_be_is_told_with_the_call_and_the_request() {
    let mut desk = Desk::open();
    desk.talks(1, "call_1");
    let unsaid = |unfit, why| {
        Input::Unsaid(Unsaid {
            leg: LegId(1),
            req_id: Some(text("h")),
            unfit,
            why,
        })
    };
    let out = desk.tell(unsaid("call is not active", LegError::State));
    assert_eq!(
        said(&out),
        [
            r#"{"type":"error","code":"invalid_message","message":"call is not active","req_id":"h","call_id":"call_1","fatal":false}"#
        ]
    );
    let out = desk.tell(unsaid("call is not active", LegError::Gone));
    assert_eq!(heard(&out), ["call_failed h call_1"]);
    assert_eq!(desk.tell(unsaid("", LegError::State)), []);
    let out = desk.signal(1, Signal::TransferFailed(486));
    assert_eq!(heard(&out), ["call_failed - call_1"]);
}

#[test]
fn calls_of_others_are_not_found_and_ended_ones_are_known() {
    let mut desk = Desk::open();
    desk.talks(1, "call_1");
    for kind in ["answer", "hold", "resume", "mute", "hangup", "reject"] {
        let frame = format!(r#"{{"type":"call.{kind}","req_id":"q","call_id":"call_x"}}"#);
        assert_eq!(heard(&desk.frame(&frame)), ["call_not_found q call_x"]);
    }
    // Clients of the first generation have no number for their wishes.
    let out = desk.frame(r#"{"type":"call.hold","call_id":"call_x"}"#);
    assert_eq!(heard(&out), ["call_not_found - call_x"]);
    // Candidates come before their call has a name.
    for kind in ["candidate", "done"] {
        let frame = format!(
            r#"{{"type":"ice.{kind}","call_id":"req_1","candidate":"x","sdp_mid":null,"sdp_m_line_index":0}}"#
        );
        assert_eq!(desk.frame(&frame), []);
    }
    desk.signal(1, Signal::Ended(ClientEnding::HangUp));
    assert_eq!(
        desk.frame(r#"{"type":"call.hangup","call_id":"call_1"}"#),
        []
    );
    let out = desk.frame(r#"{"type":"call.hold","call_id":"call_1"}"#);
    assert_eq!(heard(&out), ["invalid_message - call_1"]);
}

#[test]
fn holds_of_either_side_are_told() {
    let mut desk = Desk::open();
    desk.talks(1, "call_1");
    for (by_peer, by) in [(false, "local"), (true, "remote")] {
        assert_eq!(
            said(&desk.signal(1, Signal::Held { by_peer })),
            [format!(
                r#"{{"type":"call.held","call_id":"call_1","held_by":"{by}"}}"#
            )]
        );
    }
    assert_eq!(
        said(&desk.signal(1, Signal::Resumed)),
        [r#"{"type":"call.resumed","call_id":"call_1"}"#]
    );
}

#[test]
fn an_attended_transfer_holds_consults_and_joins() {
    let consult = r#"{"type":"call.transfer.attended","call_id":"call_1","step":"consult","req_id":"a","destination":"1003","sdp":"o"}"#;
    let complete =
        r#"{"type":"call.transfer.attended","call_id":"call_1","step":"complete","req_id":"z"}"#;
    let mut desk = Desk::open();
    desk.creates(1, "call_1");
    assert_eq!(heard(&desk.frame(consult)), ["invalid_message a call_1"]);
    desk.signal(1, Signal::Answered);
    let out = desk.frame(consult);
    assert_eq!(words(&out), [(1, Word::Hold)]);
    desk.takes(&out, 2);
    desk.signal(1, Signal::Held { by_peer: false });
    assert_eq!(heard(&desk.frame(complete)), ["invalid_message z call_1"]);
    let call = text("call_2");
    assert_eq!(
        said(&desk.signal(2, Signal::Trying { call })),
        [r#"{"type":"call.trying","call_id":"call_2","req_id":"a"}"#]
    );
    desk.signal(2, Signal::Answered);
    let out = desk.frame(complete);
    let consult_leg = LegId(2);
    assert_eq!(
        words(&out),
        [(
            1,
            Word::Complete {
                consult: consult_leg
            }
        )]
    );
    // Once more, after the consultation was given up.
    desk.signal(2, Signal::Ended(ClientEnding::HangUp));
    assert_eq!(heard(&desk.frame(complete)), ["invalid_message z call_1"]);
    // The call is held already.
    let out = desk.frame(consult);
    assert_eq!(words(&out), []);
    desk.takes(&out, 3);
}

#[test]
fn a_leg_that_nobody_knows_is_hung_up() {
    let mut desk = Desk::open();
    let out = desk.signal(9, Signal::Ringing);
    assert_eq!(words(&out), [(9, Word::HangUp)]);
    assert_eq!(desk.signal(9, Signal::Ended(ClientEnding::HangUp)), []);
    let out = desk.tell(Input::Dialled(5, Ok(LegId(9))));
    assert_eq!(words(&out), [(9, Word::HangUp)]);
}
