//! Calls of pages and to them, with a phone at the other side.

use super::{Page, SDP, arrived, claim, engine, engine_with, party, rings};
use crate::{
    LegError,
    leg::{BrowserCall, ClientEnding, EndedBy, HangUp, LegEvent, LegId, Signal, Word},
    stack::tests::calls::{Carrier, audio, dial, told},
};

#[tokio::test]
async fn a_page_calls_a_phone_and_they_speak_what_both_know() {
    let bob = Carrier::new().await;
    let (endpoint, mut arrivals) = engine_with(bob.port, |_| {}).await;
    let mut page = Page::opens(&endpoint);
    let leg = page.tries("1002").unwrap();
    let invitation = arrived(&mut arrivals).await;
    assert_eq!((invitation.leg, invitation.session), (leg, Some(page.id)));
    assert_eq!(invitation.dialled.user, "1002");
    assert_eq!(invitation.from.user, "1001");
    let mut news = claim(&endpoint, leg);
    endpoint.name(leg, "call_a").unwrap();
    let call = "call_a".to_owned();
    assert_eq!(page.hears(leg).await, Signal::Trying { call });
    let (far, mut far_news) = dial(&endpoint);
    let invite = bob.hears("INVITE").await;
    bob.answers(&invite, "180 Ringing", "").await;
    assert_eq!(told(&mut far_news).await, LegEvent::Ringing);
    endpoint.ring(leg).unwrap();
    assert_eq!(page.hears(leg).await, Signal::Ringing);
    let contact = format!("sip:bob@127.0.0.1:{}", bob.port);
    bob.answers(&invite, "200 OK", &audio(&contact)).await;
    assert_eq!(told(&mut far_news).await, LegEvent::Answered);
    endpoint.answer(leg, Some(far)).unwrap();
    let Signal::Answer(sdp) = page.hears(leg).await else {
        panic!("no answer");
    };
    assert!(sdp.contains("UDP/TLS/RTP/SAVPF 8 "), "{sdp}");
    assert_eq!(page.hears(leg).await, Signal::Answered);
    assert_eq!(told(&mut news).await, LegEvent::Confirmed);
    endpoint.bridge(leg, far).unwrap();
    page.says(leg, Word::HangUp).unwrap();
    let over = Signal::Ended(ClientEnding::HangUp);
    assert_eq!(page.hears(leg).await, over);
    let LegEvent::Ended(ending) = told(&mut news).await else {
        panic!("no end");
    };
    assert_eq!(ending.by, EndedBy::Peer);
    assert!(ending.quality.is_some());
    endpoint.hang_up(far, HangUp::default()).unwrap();
    bob.hears("BYE").await;
    assert_eq!(page.says(leg, Word::HangUp), Err(LegError::Gone));
    page.hears_nothing();
}

#[tokio::test]
async fn a_page_is_called_and_answers() {
    let (endpoint, _arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (leg, mut news) = rings(&endpoint, page.id, "call_a");
    assert_eq!(told(&mut news).await, LegEvent::Ringing);
    let Signal::Incoming {
        call,
        from,
        to,
        sdp,
    } = page.hears(leg).await
    else {
        panic!("no call");
    };
    assert_eq!((&*call, &*from.user, &*to.user), ("call_a", "bob", "alice"));
    assert!(
        sdp.contains("a=ice-lite") && sdp.contains("a=candidate:"),
        "{sdp}"
    );
    page.says(leg, Word::Answer).unwrap();
    page.says(leg, Word::Description(SDP.to_owned())).unwrap();
    assert_eq!(page.hears(leg).await, Signal::Answered);
    assert_eq!(told(&mut news).await, LegEvent::Answered);
    let snapshot = endpoint.leg_snapshot(leg).unwrap();
    assert_eq!(snapshot["kind"], "browser");
    let how = HangUp {
        transferred: true,
        ..HangUp::default()
    };
    endpoint.hang_up(leg, how).unwrap();
    let over = Signal::Ended(ClientEnding::Transferred);
    assert_eq!(page.hears(leg).await, over);
    assert!(matches!(told(&mut news).await, LegEvent::Ended(_)));
    // The call may ring here again now.
    let (again, mut news) = rings(&endpoint, page.id, "call_a");
    assert_eq!(told(&mut news).await, LegEvent::Ringing);
    assert!(matches!(page.hears(again).await, Signal::Incoming { .. }));
}

#[tokio::test]
async fn a_page_consults_and_hands_over() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let mut other = Page::opens(&endpoint);
    let (parent, mut news) = page.talks(&mut arrivals).await;
    let (consult, _consult_news) = page.talks(&mut arrivals).await;
    let (foreign, _foreign_news) = other.talks(&mut arrivals).await;
    for consult in [parent, foreign, LegId(0)] {
        let word = Word::Complete { consult };
        assert_eq!(page.says(parent, word), Err(LegError::State));
    }
    page.says(parent, Word::Complete { consult }).unwrap();
    assert_eq!(told(&mut news).await, LegEvent::Confirmed);
    let LegEvent::Referred(referral) = told(&mut news).await else {
        panic!("no transfer");
    };
    assert_eq!(referral.target.user, "1002");
    let dialog = referral.replaces.unwrap();
    assert_eq!(endpoint.find(&dialog), Some(consult));
    endpoint.accept_referral(parent, referral.id).unwrap();
    endpoint.notify_referral(parent, referral.id, 200).unwrap();
    endpoint.hang_up(parent, HangUp::default()).unwrap();
    let over = Signal::Ended(ClientEnding::Transferred);
    assert_eq!(page.hears(parent).await, over);
    endpoint.hang_up(consult, HangUp::default()).unwrap();
    assert!(matches!(page.hears(consult).await, Signal::Ended(_)));
    assert_eq!(endpoint.find(&dialog), None);
}

#[tokio::test]
async fn what_is_no_call_is_said_at_once() {
    let (endpoint, mut arrivals) = engine().await;
    let page = Page::opens(&endpoint);
    let tries = |destination: &str, sdp: &str| {
        endpoint.call_from(BrowserCall {
            session: page.id,
            destination: destination.to_owned(),
            sdp: sdp.to_owned(),
            from: party("1001"),
        })
    };
    assert_eq!(tries("", SDP), Err(LegError::Address));
    assert_eq!(tries("10\r\n02", SDP), Err(LegError::Address));
    assert_eq!(tries("1002", ""), Err(LegError::Codec));
    assert_eq!(tries("1002", "hello"), Err(LegError::Codec));
    let plain = SDP.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP");
    assert_eq!(tries("1002", &plain), Err(LegError::Codec));
    assert!(arrivals.try_recv().is_err());
}
