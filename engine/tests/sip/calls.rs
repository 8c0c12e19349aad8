//! Calls in both directions, as a phone sees them.

use crate::{
    listener::{Listener, News},
    peer::*,
};
use engine::{
    Arrival, Arrivals, Endpoint, Invitation,
    leg::{
        Credentials, Delivery, Dial, EndedBy, HangUp, Hop, LegEvent, LegId, Party, Privacy, Reach,
        Rejection, SrtpPolicy, Transport,
    },
};
use std::{sync::Arc, time::Duration};
use strowger_engine as engine;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// Adds a description to a message.
pub fn with_sdp(message: &str) -> String {
    let head = wire(message).replace(
        "Content-Length: 0",
        &format!(
            "Content-Type: application/sdp\r\nContent-Length: {}",
            SDP.len()
        ),
    );
    format!("{head}{SDP}")
}

impl Peer {
    async fn send_raw(&self, text: &str) {
        self.socket
            .send_to(text.as_bytes(), self.engine)
            .await
            .unwrap();
    }
}

pub async fn next_call(arrivals: &mut Arrivals) -> Invitation {
    match tokio::time::timeout(LIMIT, arrivals.recv()).await {
        Ok(Some(Arrival::Invite(invitation))) => invitation,
        _ => panic!("a call arrives"),
    }
}

/// An INVITE that has arrived, its leg claimed.
async fn call_in(
    endpoint: &Endpoint,
    arrivals: &mut Arrivals,
    phone: &Peer,
    branch: &str,
) -> (LegId, News, String) {
    let contact = format!("Contact: <sip:alice@{}>", phone.address());
    let invite = request("INVITE", phone.address(), branch, &contact);
    phone.send_raw(&with_sdp(&invite)).await;
    assert_eq!(status(&phone.receive().await), 100);
    let invitation = next_call(arrivals).await;
    let (listener, news) = Listener::new();
    endpoint.claim(invitation.leg, listener).unwrap();
    (invitation.leg, news, invite)
}

/// A request of ours in the dialog that a response of theirs made.
fn inside(method: &str, invite: &str, response: &str, cseq: u32, branch: &str) -> String {
    let uri = header(response, "Contact")
        .trim_matches(['<', '>'])
        .split('>')
        .next()
        .unwrap()
        .to_owned();
    let via = header(invite, "Via")
        .split(";branch")
        .next()
        .unwrap()
        .to_owned();
    format!(
        "{method} {uri} SIP/2.0
         Via: {via};branch=z9hG4bK{branch}
         Max-Forwards: 70
         From: {}
         To: {}
         Call-ID: {}
         CSeq: {cseq} {method}
         Content-Length: 0",
        header(invite, "From"),
        header(response, "To"),
        header(invite, "Call-ID"),
    )
}

#[tokio::test]
async fn a_call_comes_in_is_answered_and_ended_by_the_caller() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (leg, mut news, invite) = call_in(&endpoint, &mut arrivals, &phone, "c1").await;
    endpoint.ring(leg).unwrap();
    assert_eq!(status(&phone.receive().await), 180);
    // Repeated while it rings: the newest provisional response again.
    assert_eq!(status(&phone.ask(&invite).await), 180);
    endpoint.answer(leg, None).unwrap();
    let ok = phone.receive().await;
    assert_eq!(status(&ok), 200);
    assert!(ok.contains("m=audio"));
    phone.send(&inside("ACK", &invite, &ok, 1, "c1ack")).await;
    assert_eq!(news.next().await, LegEvent::Confirmed);
    let bye = phone.ask(&inside("BYE", &invite, &ok, 2, "c1bye")).await;
    assert_eq!(status(&bye), 200);
    let LegEvent::Ended(ending) = news.next().await else {
        panic!("the leg ends")
    };
    assert_eq!(ending.by, EndedBy::Peer);
    assert!(endpoint.answer(leg, None).is_err());
    // In a dialog that is over there is nobody.
    let again = phone.ask(&inside("BYE", &invite, &ok, 3, "c1again")).await;
    assert!(matches!(status(&again), 200 | 481));
}

#[tokio::test]
async fn a_call_is_refused_and_the_refusal_is_repeated_until_the_ack() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (leg, mut news, invite) = call_in(&endpoint, &mut arrivals, &phone, "c2").await;
    let busy = Rejection {
        status: 486,
        phrase: None,
        q850: Some(17),
        headers: vec![],
    };
    endpoint.reject(leg, busy).unwrap();
    let first = phone.receive().await;
    assert_eq!(status(&first), 486);
    assert!(header(&first, "Reason").contains("cause=17"));
    assert_eq!(phone.receive().await, first);
    assert_eq!(phone.receive().await, first);
    let ack = inside("ACK", &invite, &first, 1, "c2")
        .replace("ACK  SIP", "ACK sip:100@exchange.test SIP");
    phone.send(&ack).await;
    assert!(matches!(news.next().await, LegEvent::Ended(_)));
    while !phone.is_quiet(Duration::from_millis(600)).await {}
}

#[tokio::test]
async fn a_call_is_cancelled() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (leg, mut news, invite) = call_in(&endpoint, &mut arrivals, &phone, "c3").await;
    endpoint.ring(leg).unwrap();
    assert_eq!(status(&phone.receive().await), 180);
    phone.send(&invite.replace("INVITE", "CANCEL")).await;
    let mut answers = [phone.receive().await, phone.receive().await];
    answers.sort_by_key(|a| status(a));
    assert_eq!(status(&answers[0]), 200);
    assert!(header(&answers[0], "CSeq").contains("CANCEL"));
    assert_eq!(status(&answers[1]), 487);
    assert!(header(&answers[1], "CSeq").contains("INVITE"));
    let LegEvent::Ended(ending) = news.next().await else {
        panic!("the leg ends")
    };
    assert_eq!(ending.by, EndedBy::Peer);
    // A CANCEL of nothing.
    let stray = request("CANCEL", phone.address(), "c3none", "");
    loop {
        let answer = phone.ask(&stray).await;
        if header(&answer, "Via").contains("c3none") {
            assert_eq!(status(&answer), 481);
            break;
        }
    }
}

fn dial(to: &Peer) -> Dial {
    let address = to.address();
    Dial {
        uri: format!("sip:bob@{address}"),
        hop: None,
        route: vec![],
        from: Party {
            name: Some("Alice".to_owned()),
            user: "100".to_owned(),
            uri: String::new(),
        },
        to: Party {
            name: None,
            user: "bob".to_owned(),
            uri: format!("sip:bob@{address}"),
        },
        identity: None,
        privacy: Privacy::default(),
        headers: vec![],
        reach: Reach::default(),
        codecs: vec![],
        srtp: SrtpPolicy::default(),
        like: None,
        credentials: None,
        group: 1,
        call: String::new(),
    }
}

/// A response to a request that was received.
pub fn respond(to: &str, status_line: &str, tag: &str, more: &str) -> String {
    let copied: Vec<String> = ["Via", "From", "Call-ID", "CSeq"]
        .iter()
        .map(|n| format!("{n}: {}", header(to, n)))
        .collect();
    let to_header = header(to, "To");
    let to_header = if to_header.contains(";tag=") {
        to_header.to_owned()
    } else {
        format!("{to_header};tag={tag}")
    };
    let mut text = format!(
        "SIP/2.0 {status_line}\n{}\nTo: {to_header}\nContent-Length: 0",
        copied.join("\n")
    );
    if !more.is_empty() {
        text = format!("{text}\n{more}");
    }
    text
}

#[tokio::test]
async fn a_call_goes_out_is_answered_and_ended_by_us() {
    let (endpoint, _arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (listener, mut news) = Listener::new();
    let leg = endpoint.dial(dial(&phone), listener).unwrap();
    let invite = phone.receive().await;
    assert!(invite.starts_with(&format!("INVITE sip:bob@{} SIP/2.0", phone.address())));
    assert!(header(&invite, "Via").contains(&endpoint.bound().udp[0].to_string()));
    assert!(header(&invite, "Contact").contains(&endpoint.bound().udp[0].to_string()));
    phone
        .send(&respond(&invite, "180 Ringing", "bob", ""))
        .await;
    assert_eq!(news.next().await, LegEvent::Ringing);
    let contact = format!("Contact: <sip:bob@{}>", phone.address());
    let ok = respond(&invite, "200 OK", "bob", &contact);
    phone.send_raw(&with_sdp(&ok)).await;
    assert_eq!(news.next().await, LegEvent::Answered);
    let ack = phone.receive().await;
    assert!(ack.starts_with("ACK "));
    // The 2xx again, because the ACK was lost: the ACK again.
    phone.send_raw(&with_sdp(&ok)).await;
    assert!(phone.receive().await.starts_with("ACK "));
    endpoint
        .hang_up(
            leg,
            HangUp {
                q850: Some(16),
                ..HangUp::default()
            },
        )
        .unwrap();
    let bye = phone.receive().await;
    assert!(bye.starts_with("BYE "));
    assert_eq!(header(&bye, "Call-ID"), header(&invite, "Call-ID"));
    phone.send(&respond(&bye, "200 OK", "bob", "")).await;
    let LegEvent::Ended(ending) = news.next().await else {
        panic!("the leg ends")
    };
    assert_eq!(ending.by, EndedBy::Us);
    assert!(phone.is_quiet(Duration::from_millis(400)).await);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled() {
    let (endpoint, _arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (listener, mut news) = Listener::new();
    let leg = endpoint.dial(dial(&phone), listener).unwrap();
    let invite = phone.receive().await;
    phone
        .send(&respond(&invite, "180 Ringing", "bob", ""))
        .await;
    assert_eq!(news.next().await, LegEvent::Ringing);
    let elsewhere = HangUp {
        answered_elsewhere: true,
        ..HangUp::default()
    };
    endpoint.hang_up(leg, elsewhere).unwrap();
    let cancel = phone.receive().await;
    assert!(cancel.starts_with("CANCEL "));
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    assert!(header(&cancel, "Reason").contains("cause=200"));
    phone.send(&respond(&cancel, "200 OK", "bob", "")).await;
    phone
        .send(&respond(&invite, "487 Request Terminated", "bob", ""))
        .await;
    let ack = phone.receive().await;
    assert!(ack.starts_with("ACK "));
    assert_eq!(header(&ack, "Via"), header(&invite, "Via"));
    assert!(matches!(news.next().await, LegEvent::Ended(_)));
}

#[tokio::test]
async fn a_call_to_nobody_fails_after_the_time_out() {
    let mut config = config();
    config.timers.t1 = Duration::from_millis(5);
    let (endpoint, _arrivals) = start(config).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (listener, mut news) = Listener::new();
    endpoint.dial(dial(&phone), listener).unwrap();
    let first = phone.receive().await;
    assert_eq!(phone.receive().await, first, "timer A");
    let LegEvent::Refused(refusal) = news.next().await else {
        panic!("the leg is refused")
    };
    assert_eq!(refusal.status, 408);
}

#[tokio::test]
async fn a_challenge_is_answered_and_a_flow_is_followed() {
    let (endpoint, _arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (listener, mut news) = Listener::new();
    let mut order = dial(&phone);
    order.uri = "sip:bob@10.255.255.1:9".to_owned();
    order.hop = Some(Hop::Flow {
        transport: Transport::Udp,
        local: endpoint.bound().udp[0],
        remote: phone.address(),
    });
    order.credentials = Some(Credentials {
        username: "u".to_owned(),
        password: "p".to_owned(),
    });
    endpoint.dial(order, listener).unwrap();
    let invite = phone.receive().await;
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    phone
        .send(&respond(&invite, "401 Unauthorized", "x", challenge))
        .await;
    assert!(phone.receive().await.starts_with("ACK "));
    let second = phone.receive().await;
    assert!(second.starts_with("INVITE "));
    assert!(header(&second, "Authorization").contains("username=\"u\""));
    assert_ne!(header(&second, "Via"), header(&invite, "Via"));
    phone.send(&respond(&second, "603 Decline", "x", "")).await;
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 603));
}

#[tokio::test]
async fn news_waits_for_a_busy_listener_and_an_orphan_is_ended() {
    let mut config = config();
    config.limits.orphan_after = Duration::from_millis(300);
    let (endpoint, mut arrivals) = start(config).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (listener, mut news) = Listener::new();
    listener.is(Delivery::Full);
    endpoint
        .dial(dial(&phone), Arc::clone(&listener) as _)
        .unwrap();
    let invite = phone.receive().await;
    phone
        .send(&respond(&invite, "180 Ringing", "bob", ""))
        .await;
    let contact = format!("Contact: <sip:bob@{}>", phone.address());
    phone
        .send_raw(&with_sdp(&respond(&invite, "200 OK", "bob", &contact)))
        .await;
    assert!(phone.receive().await.starts_with("ACK "));
    assert!(news.is_empty());
    listener.is(Delivery::Taken);
    assert_eq!(news.next().await, LegEvent::Ringing);
    assert_eq!(news.next().await, LegEvent::Answered);
    // The listener dies: whoever claims the leg in time has what it missed.
    listener.is(Delivery::Gone);
    // An incoming one that nobody claims is refused.
    let invite = request("INVITE", phone.address(), "orphan", &contact);
    phone.send_raw(&with_sdp(&invite)).await;
    assert_eq!(status(&phone.receive().await), 100);
    let unclaimed = next_call(&mut arrivals).await;
    assert_eq!(status(&phone.receive().await), 503);
    assert!(endpoint.ring(unclaimed.leg).is_err());
}

#[tokio::test]
async fn a_draining_engine_takes_no_new_calls_and_keeps_the_old_ones() {
    let (endpoint, mut arrivals) = start(config()).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    let (leg, mut news, invite) = call_in(&endpoint, &mut arrivals, &phone, "d1").await;
    endpoint.refuse_new(Some(30));
    let refused = phone
        .ask(&request("INVITE", phone.address(), "d2", ""))
        .await;
    assert_eq!(status(&refused), 503);
    assert_eq!(header(&refused, "Retry-After"), "30");
    let (listener, _) = Listener::new();
    assert!(endpoint.dial(dial(&phone), listener).is_err());
    endpoint.answer(leg, None).unwrap();
    let ok = phone.receive().await;
    phone.send(&inside("ACK", &invite, &ok, 1, "d1ack")).await;
    assert_eq!(news.next().await, LegEvent::Confirmed);
    endpoint.refuse_new(None);
    phone
        .send(&request("REGISTER", phone.address(), "d3", ""))
        .await;
    assert!(matches!(arrivals.recv().await, Some(Arrival::Register(_))));
}

#[tokio::test]
async fn a_full_switchboard_refuses_calls() {
    let mut config = config();
    config.limits.arrivals = 1;
    let (endpoint, _arrivals) = start(config).await;
    let phone = Peer::new(endpoint.bound().udp[0]).await;
    phone
        .send(&request("REGISTER", phone.address(), "f0", ""))
        .await;
    let contact = format!("Contact: <sip:alice@{}>", phone.address());
    phone
        .send_raw(&with_sdp(&request(
            "INVITE",
            phone.address(),
            "f1",
            &contact,
        )))
        .await;
    assert_eq!(status(&phone.receive().await), 100);
    let refused = phone.receive().await;
    assert_eq!(status(&refused), 503);
    assert_eq!(header(&refused, "Retry-After"), "5");
}
