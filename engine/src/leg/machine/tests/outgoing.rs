//! An outgoing call up to its answer.

use super::rig::{FOREIGN_SDP, PEER_SDP, Rig, dial, path};
use crate::{
    LegError,
    leg::{
        Dial, HangUp, LegEvent, Party, Privacy, Reach,
        machine::{Input, Leg, Order, Output, TxFailure},
    },
    sip::{Method, Name},
};
use std::time::Duration;

#[test]
fn rings_is_answered_and_ended_by_us() {
    let mut rig = Rig::locating(dial());
    assert!(matches!(&rig.out[..], [Output::Locate(target)] if target.uri == "sip:bob@192.0.2.9"));
    assert_eq!(rig.input(Input::Located(path())), ["INVITE with SDP"]);
    assert!(rig.responds(Method::Invite, 100, "", "").is_empty());
    assert_eq!(rig.responds(Method::Invite, 180, "", ""), ["Ringing"]);
    assert!(rig.responds(Method::Invite, 180, "", "").is_empty());
    let answered = rig.responds(Method::Invite, 200, "", PEER_SDP);
    assert_eq!(answered, ["ACK", "Answered"]);
    assert_eq!(rig.audio.configured.len(), 1);
    let hang_up = Order::HangUp(HangUp::default());
    assert_eq!(rig.order(hang_up), ["BYE", "Ended by Us"]);
    assert_eq!(rig.responds(Method::Bye, 200, "", ""), ["gone"]);
}

#[test]
fn the_invite_says_who_calls() {
    let rig = Rig::outgoing(dial());
    let (_, invite) = rig.last(&Method::Invite);
    let from = invite.header(Name::From).unwrap_or_default();
    assert!(
        from.starts_with("\"Alice\" <sip:1001@pbx.example>;tag="),
        "{from}"
    );
    assert_eq!(invite.header(Name::To), Some("<sip:bob@192.0.2.9>"));
    assert_eq!(
        invite.header(Name::Contact),
        Some("<sip:1001@198.51.100.1:5060>")
    );
    assert_eq!(invite.header(Name::SessionExpires), Some("1800"));
    assert_eq!(invite.header(Name::MinSe), Some("90"));
    assert!(invite.supports("100rel") && invite.supports("timer"));
    assert_eq!(invite.headers_named(Name::Supported).count(), 1);
    assert_eq!(invite.header(Name::PAssertedIdentity), None);
}

#[test]
fn a_call_that_is_sent_on_takes_a_hop() {
    let (_, fresh) = Rig::outgoing(dial()).last(&Method::Invite);
    assert_eq!(fresh.max_forwards(), Ok(Some(69)));
    assert_eq!(fresh.header("Max-Breadth"), None);
    let at = |hops| Dial {
        reach: Reach { hops, branches: 7 },
        headers: vec![("max-breadth".to_owned(), "99".to_owned())],
        ..dial()
    };
    let (_, last) = Rig::outgoing(at(1)).last(&Method::Invite);
    assert_eq!(last.max_forwards(), Ok(Some(0)));
    let breadth: Vec<_> = last.headers_named("Max-Breadth").collect();
    assert_eq!(breadth, ["7"]);
    let stuck = Leg::outgoing(super::rig::settings(), at(0), None, 1, &mut Vec::new());
    assert_eq!(stuck.err(), Some(LegError::Loop));
}

#[test]
fn an_anonymous_caller_stays_so() {
    let rig = Rig::outgoing(Dial {
        privacy: Privacy { id: true },
        identity: Some(Party {
            name: Some("Alice".to_owned()),
            user: "+15550100".to_owned(),
            uri: String::new(),
        }),
        headers: vec![
            (
                "Diversion".to_owned(),
                "<sip:1003@pbx.example>;reason=unconditional".to_owned(),
            ),
            ("From".to_owned(), "<sip:forged@x>".to_owned()),
            ("X-Bad".to_owned(), "a\r\nContact: <sip:evil@x>".to_owned()),
        ],
        ..dial()
    });
    let (_, invite) = rig.last(&Method::Invite);
    let from = invite.header(Name::From).unwrap_or_default();
    assert!(
        from.starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"),
        "{from}"
    );
    assert_eq!(invite.header(Name::Privacy), Some("id"));
    assert_eq!(
        invite.header(Name::PAssertedIdentity),
        Some("\"Alice\" <sip:+15550100@pbx.example>")
    );
    assert_eq!(
        invite.header(Name::Contact),
        Some("<sip:198.51.100.1:5060>")
    );
    assert!(invite.header(Name::Diversion).is_some());
    assert_eq!(invite.headers_named(Name::From).count(), 1);
    assert_eq!(invite.header("X-Bad"), None);
}

#[test]
fn an_unusable_address_is_refused_at_once() {
    let dial = Dial {
        uri: "no uri".to_owned(),
        ..dial()
    };
    let leg = Leg::outgoing(super::rig::settings(), dial, None, 1, &mut Vec::new());
    assert_eq!(leg.err(), Some(LegError::Address));
}

#[test]
fn failures_to_send_are_news() {
    let mut rig = Rig::locating(dial());
    assert_eq!(rig.input(Input::Unreachable), ["Refused 503", "gone"]);
    for (why, status) in [(TxFailure::Timeout, 408), (TxFailure::Transport, 503)] {
        let mut rig = Rig::outgoing(dial());
        let (tx, _) = rig.last(&Method::Invite);
        let lines = rig.input(Input::Failed { tx, why });
        assert_eq!(lines, [format!("Refused {status}"), "gone".to_owned()]);
        assert_eq!(rig.audio.closed.len(), 1);
    }
    let mut rig = Rig::locating(dial());
    rig.audio.full = true;
    assert_eq!(rig.input(Input::Located(path())), ["Refused 503", "gone"]);
}

#[test]
fn refusals_carry_what_the_peer_says() {
    let mut rig = Rig::outgoing(dial());
    let extra = "Retry-After: 30 (busy)\r\nReason: Q.850;cause=42\r\n";
    let lines = rig.responds(Method::Invite, 503, extra, "");
    assert_eq!(lines, ["Refused 503", "gone"]);
    let [LegEvent::Refused(refusal)] = rig.news()[..] else {
        panic!("no refusal");
    };
    assert_eq!((refusal.retry_after, refusal.q850), (Some(30), Some(42)));
}

#[test]
fn redirects_are_sorted_by_preference() {
    let mut rig = Rig::outgoing(dial());
    let (tx, invite) = rig.last(&Method::Invite);
    let mut message = crate::sip::Message::response_to(&invite, 302, "", Some("peer"));
    message.push(Name::Contact, "<sip:b@x>;q=0.1, \"C\" <sip:c@x>;q=0.9");
    message.push(Name::Contact, "<tel:+15550123>");
    rig.input(Input::Response { tx, message });
    let [LegEvent::Refused(refusal)] = rig.news()[..] else {
        panic!("no refusal");
    };
    let users: Vec<&str> = refusal.redirects.iter().map(|r| r.user.as_str()).collect();
    assert_eq!(users, ["+15550123", "c", "b"]);
}

#[test]
fn a_short_interval_is_asked_again_longer() {
    let mut rig = Rig::outgoing(dial());
    let again = rig.responds(Method::Invite, 422, "Min-SE: 3600\r\n", "");
    assert_eq!(again, ["INVITE with SDP"]);
    let (_, invite) = rig.last(&Method::Invite);
    assert_eq!(invite.header(Name::SessionExpires), Some("3600"));
    assert_eq!(invite.header(Name::MinSe), Some("3600"));
    let refused = rig.responds(Method::Invite, 422, "Min-SE: 3700\r\n", "");
    assert_eq!(refused, ["Refused 422", "gone"]);
}

#[test]
fn an_answer_we_cannot_use_is_acknowledged_and_ended() {
    for sdp in [FOREIGN_SDP, ""] {
        let mut rig = Rig::outgoing(dial());
        let lines = rig.responds(Method::Invite, 200, "", sdp);
        assert_eq!(lines, ["ACK", "BYE", "Refused 488"]);
        assert_eq!(rig.responds(Method::Bye, 200, "", ""), ["gone"]);
    }
}

#[test]
fn the_first_fork_to_answer_wins() {
    let mut rig = Rig::outgoing(dial());
    let invite = Method::Invite;
    rig.responds_as("one", invite.clone(), 180, "", "");
    rig.responds_as("two", invite.clone(), 180, "", "");
    let won = rig.responds_as("two", invite.clone(), 200, "", PEER_SDP);
    assert_eq!(won, ["ACK", "Answered"]);
    let repeated = rig.responds_as("two", invite.clone(), 200, "", PEER_SDP);
    assert_eq!(repeated, ["ACK"]);
    let late = rig.responds_as("one", invite.clone(), 200, "", PEER_SDP);
    assert_eq!(late, ["ACK", "BYE"]);
    let (_, bye) = rig.last(&Method::Bye);
    assert_eq!(bye.to_tag(), Some("one"));
    let again = rig.responds_as("one", invite.clone(), 200, "", PEER_SDP);
    assert_eq!(again, ["ACK"]);
    rig.wait(Duration::from_secs(33));
    assert!(
        rig.responds_as("three", invite, 200, "", PEER_SDP)
            .is_empty()
    );
}

#[test]
fn audio_of_the_winning_fork_is_taken_up_again() {
    let mut rig = Rig::outgoing(dial());
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    let elsewhere = PEER_SDP.replace("192.0.2.9", "192.0.2.10");
    rig.responds_as("one", Method::Invite, 183, reliable, PEER_SDP);
    rig.responds_as("two", Method::Invite, 183, reliable, &elsewhere);
    rig.responds_as("one", Method::Invite, 200, "", "");
    let remotes: Vec<String> = rig
        .audio
        .configured
        .iter()
        .filter_map(|agreed| agreed.remote)
        .map(|remote| remote.ip().to_string())
        .collect();
    assert_eq!(remotes, ["192.0.2.9", "192.0.2.10", "192.0.2.9"]);
}

#[test]
fn a_held_answer_is_told() {
    let mut rig = Rig::outgoing(dial());
    let held = super::rig::sdp_with("sendonly");
    let lines = rig.responds(Method::Invite, 200, "", &held);
    assert_eq!(lines, ["ACK", "Answered", "Held"]);
}
