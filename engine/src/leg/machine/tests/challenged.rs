//! 401 and 407.

use super::rig::{PEER_SDP, Rig, credentials, dial};
use crate::{
    leg::{
        Dial, HangUp,
        machine::{Input, Order, Output},
    },
    sip::{Method, Name, digest},
};

const ASKS: &str =
    "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\", algorithm=MD5\r\n";
const STALE: &str =
    "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n2\", qop=\"auth\", stale=true\r\n";
const PROXY: &str = "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"p1\"\r\n";

fn trusted() -> Rig {
    Rig::outgoing(Dial {
        credentials: Some(credentials()),
        ..dial()
    })
}

#[test]
fn a_challenge_is_answered_once() {
    let mut rig = trusted();
    let (_, first) = rig.last(&Method::Invite);
    let lines = rig.responds(Method::Invite, 401, ASKS, "");
    assert_eq!(lines, ["INVITE with SDP"]);
    let (_, second) = rig.last(&Method::Invite);
    let number = |message: &crate::sip::Message| message.cseq().map(|cseq| cseq.number);
    assert_eq!(number(&second).ok(), number(&first).ok().map(|n| n + 1));
    assert_eq!(second.call_id(), first.call_id());
    assert_eq!(second.from_tag(), first.from_tag());
    let value = second.header(Name::Authorization).unwrap_or_default();
    let said = digest::Credentials::parse(value).unwrap();
    assert_eq!((&*said.username, &*said.uri), ("1001", "sip:bob@192.0.2.9"));
    let refused = rig.responds(Method::Invite, 401, ASKS, "");
    assert_eq!(refused, ["Refused 401", "gone"]);
}

#[test]
fn a_stale_nonce_and_a_proxy_behind_are_answered_again() {
    for again in [(401, STALE), (407, PROXY)] {
        let mut rig = trusted();
        rig.responds(Method::Invite, 401, ASKS, "");
        let lines = rig.responds(Method::Invite, again.0, again.1, "");
        assert_eq!(lines, ["INVITE with SDP"]);
        let lines = rig.responds(Method::Invite, again.0, again.1, "");
        assert_eq!(lines, [format!("Refused {}", again.0), "gone".to_owned()]);
    }
}

#[test]
fn without_credentials_a_challenge_is_a_refusal() {
    let mut rig = Rig::outgoing(dial());
    let lines = rig.responds(Method::Invite, 407, PROXY, "");
    assert_eq!(lines, ["Refused 407", "gone"]);
}

#[test]
fn the_ack_carries_the_credentials_of_its_invite() {
    let mut rig = trusted();
    rig.responds(Method::Invite, 401, ASKS, "");
    rig.responds(Method::Invite, 200, "", PEER_SDP);
    let (_, invite) = rig.last(&Method::Invite);
    let ack = rig.out.iter().find_map(|output| match output {
        Output::Ack { message, .. } => message.header(Name::Authorization),
        _ => None,
    });
    assert!(ack.is_some());
    assert_eq!(ack, invite.header(Name::Authorization));
}

#[test]
fn a_challenged_bye_is_sent_again() {
    let mut rig = trusted();
    rig.responds(Method::Invite, 200, "", PEER_SDP);
    rig.order(Order::HangUp(HangUp::default()));
    assert_eq!(rig.responds(Method::Bye, 401, ASKS, ""), ["BYE"]);
    let (tx, bye) = rig.last(&Method::Bye);
    assert!(bye.header(Name::Authorization).is_some());
    let message = super::rig::respond(&bye, "peer", 200, "", "");
    assert_eq!(rig.input(Input::Response { tx, message }), ["gone"]);
}

#[test]
fn a_challenge_to_a_call_given_up_is_not_answered() {
    let mut rig = trusted();
    rig.responds(Method::Invite, 180, "", "");
    rig.order(Order::HangUp(HangUp::default()));
    assert_eq!(rig.responds(Method::Invite, 401, ASKS, ""), ["gone"]);
}
