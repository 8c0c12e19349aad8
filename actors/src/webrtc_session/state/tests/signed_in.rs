//! Who it is, until when, and how it ends.

use super::{Desk, heard, said};
use crate::webrtc_session::{
    frames::{Code, Trouble},
    messages::{BadToken, Effect, Input, NotAdmitted, Place, TokenClaims, Why},
};
use schema::Id;
use std::time::Duration;

/// What every end ends with.
fn is_over(out: &[Effect]) -> bool {
    out.ends_with(&[Effect::Leave, Effect::Finish])
}

#[test]
fn a_good_token_opens_and_the_session_rings() {
    let mut desk = Desk::new();
    let claims = desk.claims;
    let out = desk.authenticate(Ok(claims));
    assert_eq!(out, [Effect::Admit(claims, None)]);
    let out = desk.tell(Input::Admitted(Ok(Place::Unknown)));
    let (user, account) = (claims.user, claims.account);
    let frame = format!(
        r#"{{"type":"authenticated","req_id":"r0","user_id":"{user}","account_id":"{account}","reconnected":false}}"#
    );
    assert_eq!(said(&out), [frame]);
    assert_eq!(out.last(), Some(&Effect::Enlist));
}

#[test]
fn an_address_of_another_network_is_told() {
    let mut desk = Desk::new();
    desk.authenticate(Ok(desk.claims));
    let out = desk.tell(Input::Admitted(Ok(Place::Elsewhere)));
    assert_eq!(heard(&out), ["authenticated", "network.changed"]);
}

#[test]
fn what_is_refused_says_why_and_ends() {
    let table = [
        (BadToken::Invalid, "close 1008 auth_failed r0 - fatal"),
        (BadToken::Expired, "close 1008 auth_failed r0 - fatal"),
        (BadToken::Revoked, "close 1008 session_revoked r0 - fatal"),
        (BadToken::Unchecked, "close 1013 internal_error r0 - fatal"),
    ];
    for (bad, wanted) in table {
        let mut desk = Desk::new();
        let out = desk.authenticate(Err(bad));
        assert_eq!(heard(&out), [wanted]);
        assert!(is_over(&out));
        assert_eq!(desk.frame(r#"{"type":"ping"}"#), []);
        assert_eq!(desk.state.deadline(), None);
    }
    let table = [
        (NotAdmitted::TooMany, "close 1013 session_limit r0 - fatal"),
        (NotAdmitted::Draining, "close 1001 going_away r0 - fatal"),
        (
            NotAdmitted::Revoked,
            "close 1008 session_revoked r0 - fatal",
        ),
    ];
    for (no, wanted) in table {
        let mut desk = Desk::new();
        desk.authenticate(Ok(desk.claims));
        let out = desk.tell(Input::Admitted(Err(no)));
        assert_eq!(heard(&out), [wanted]);
        assert!(is_over(&out));
    }
}

#[test]
fn nobody_speaks_before_saying_who_they_are() {
    let unread = || Input::Faulty(Trouble::new(Code::InvalidMessage, "what?"));
    let mut desk = Desk::new();
    let out = desk.frame(r#"{"type":"ping","req_id":"p"}"#);
    assert_eq!(heard(&out), ["close 1008 auth_failed p - fatal"]);
    let mut desk = Desk::new();
    let out = desk.tell(unread());
    assert_eq!(heard(&out), ["close 1008 auth_failed - - fatal"]);
    let mut desk = Desk::new();
    let out = desk.prove(true, Ok(desk.claims));
    assert_eq!(heard(&out), ["close 1008 auth_failed r0 - fatal"]);
    let mut desk = Desk::new();
    let out = desk.wait(21.0);
    assert_eq!(heard(&out), ["close 1008 auth_failed - - fatal"]);
    // What follows the first frame at once waits for its answer.
    let mut desk = Desk::new();
    desk.authenticate(Ok(desk.claims));
    assert_eq!(desk.frame(r#"{"type":"ping","req_id":"p"}"#), []);
    let out = desk.tell(Input::Admitted(Ok(Place::Bound)));
    assert_eq!(heard(&out), ["authenticated", "pong"]);
    // An error after it costs nothing but itself.
    assert_eq!(heard(&desk.tell(unread())), ["invalid_message - -"]);
    let claims = desk.claims;
    assert_eq!(
        heard(&desk.authenticate(Ok(claims))),
        ["invalid_message r0 -"]
    );
}

#[test]
fn a_token_ends_and_another_one_goes_on() {
    let mut desk = Desk::open();
    let mut claims = desk.claims;
    claims.expires_at = desk.now.after(Duration::from_secs(7200));
    assert_eq!(heard(&desk.prove(true, Ok(claims))), ["auth.refreshed"]);
    for bad in [
        Err(BadToken::Invalid),
        Err(BadToken::Revoked),
        Ok(TokenClaims {
            user: Id::new(),
            ..claims
        }),
        Ok(TokenClaims {
            account: Id::new(),
            ..claims
        }),
        Ok(TokenClaims {
            expires_at: desk.now,
            ..claims
        }),
    ] {
        assert_eq!(heard(&desk.prove(true, bad)), ["auth_failed r0 -"]);
    }
    // Signs of life do not move the end.
    let mut out = Vec::new();
    for _ in 0..720 {
        out.extend(desk.wait(10.0));
        out.extend(desk.tell(Input::Alive));
    }
    let heard = heard(&out);
    let (last, pings) = heard.split_last().expect("an end");
    assert_eq!(last, "close 1008 auth_expired - - fatal");
    assert!(pings.iter().all(|ping| ping == "ping"));
}

#[test]
fn a_client_that_gives_no_sign_of_life_is_reaped() {
    let mut desk = Desk::open();
    assert_eq!(heard(&desk.wait(29.0)), [""; 0]);
    assert_eq!(heard(&desk.wait(2.0)), ["ping"]);
    // Any frame is one.
    desk.frame(r#"{"type":"ping"}"#);
    assert_eq!(heard(&desk.wait(28.0)), [""; 0]);
    assert_eq!(heard(&desk.wait(2.0)), ["ping"]);
    let out = desk.wait(10.0);
    assert_eq!(heard(&out), ["close 1008 idle_timeout - - fatal"]);
    assert!(is_over(&out));
}

#[test]
fn others_end_it() {
    let table = [
        (
            Input::End(Why::Deleted),
            "close 1008 session_revoked - - fatal",
        ),
        (
            Input::End(Why::GoingAway),
            "close 1001 going_away - - fatal",
        ),
        (Input::End(Why::Slow), "close 1008 slow_consumer - - fatal"),
        (Input::Oversize, "close 1009 invalid_message - - fatal"),
        (Input::Drain, "close 1001 going_away - - fatal"),
    ];
    for (input, wanted) in table {
        let mut desk = Desk::open();
        let out = desk.tell(input);
        assert_eq!(heard(&out), [wanted]);
        assert!(is_over(&out));
    }
    let out = Desk::open().tell(Input::Gone);
    assert_eq!(out, [Effect::Leave, Effect::Finish]);
}

#[test]
fn only_tokens_from_before_are_revoked() {
    let mut desk = Desk::open();
    let issued = desk.claims.issued_at;
    let before = issued.before(Duration::from_micros(1));
    assert_eq!(desk.tell(Input::Revoked(before)), []);
    let out = desk.tell(Input::Revoked(issued));
    assert_eq!(heard(&out), ["close 1008 session_revoked - - fatal"]);
    // A newer one that took its place is good.
    let mut desk = Desk::open();
    let mut claims = desk.claims;
    claims.issued_at = desk.now;
    desk.prove(true, Ok(claims));
    assert_eq!(desk.tell(Input::Revoked(issued)), []);
}

#[test]
fn a_draining_session_ends_with_its_last_call() {
    let mut desk = Desk::open();
    desk.talks(1, "call_1");
    assert_eq!(desk.tell(Input::Drain), []);
    let frame = r#"{"type":"call.create","req_id":"c2","destination":"1","sdp":"o"}"#;
    assert_eq!(heard(&desk.frame(frame)), ["call_failed c2 -"]);
    let out = desk.signal(
        1,
        engine::leg::Signal::Ended(engine::leg::ClientEnding::HangUp),
    );
    assert_eq!(
        heard(&out),
        ["call.ended", "close 1001 going_away - - fatal"]
    );
}

#[test]
fn whoever_is_raised_again_asks_again() {
    let mut desk = Desk::new();
    let claims = desk.claims;
    desk.authenticate(Ok(claims));
    assert_eq!(desk.tell(Input::Raised), [Effect::Admit(claims, None)]);
    desk.tell(Input::Admitted(Ok(Place::Unknown)));
    // What the engine was told is not known: the client may try again.
    let frame = r#"{"type":"call.create","req_id":"c","destination":"1002","sdp":"o"}"#;
    let gate = desk.frame(frame);
    assert_eq!(gate, [Effect::Gate(1, "1002".to_owned())]);
    let out = desk.tell(Input::Raised);
    assert_eq!(out[1..], gate);
    desk.tell(Input::Gated(1, true));
    assert_eq!(heard(&desk.tell(Input::Raised)), ["internal_error c -"]);
    desk.tell(Input::Gone);
    assert_eq!(desk.tell(Input::Raised), [Effect::Leave, Effect::Finish]);
}
