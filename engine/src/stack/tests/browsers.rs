//! Browsers at an engine: their sessions, their calls, a phone at the other side.

use super::{
    calls::{Carrier, LIMIT, News, audio, dial, told},
    failover::config,
};
use crate::{
    Arrival, Arrivals, Config, Endpoint, Invitation, LegError,
    endpoint::bind_with,
    leg::{
        BrowserCall, ClientEnding, Delivery, Dial, EndedBy, HangUp, Hop, LegEvent, LegId,
        MOST_LEGS, Party, Privacy, Reach, Rejection, SessionId, SessionSink, Signal, SrtpPolicy,
        Word,
    },
    sip::resolve::{Resolver, zone},
};
use hickory_resolver::proto::rr::{RData, RecordType, rdata::A};
use std::{
    collections::HashSet,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// What a page offers or answers, in short.
const SDP: &str = "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 8 110\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:theirs\r\n\
    a=ice-pwd:the-password-of-theirs\r\na=fingerprint:sha-256 \
    AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n\
    a=setup:active\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:110 telephone-event/48000\r\n";

/// How a page takes its signals.
#[derive(Default)]
struct Manner {
    /// So many times it is too busy.
    busy: AtomicU32,
    /// It is closed without the engine knowing.
    away: AtomicBool,
    /// It panics over the next signal.
    breaks: AtomicBool,
}

struct Ear(mpsc::UnboundedSender<(LegId, Signal)>, Arc<Manner>);

impl SessionSink for Ear {
    fn signal(&self, leg: LegId, signal: &Signal) -> Delivery {
        let Ear(sender, manner) = self;
        assert!(
            !manner.breaks.swap(false, Ordering::SeqCst),
            "injected fault"
        );
        if manner.away.load(Ordering::SeqCst) {
            return Delivery::Gone;
        }
        let busy = manner
            .busy
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if busy.is_ok() {
            return Delivery::Full;
        }
        sender.send((leg, signal.clone())).unwrap();
        Delivery::Taken
    }
}

/// A page that is signed in.
struct Page {
    endpoint: Endpoint,
    id: SessionId,
    signals: mpsc::UnboundedReceiver<(LegId, Signal)>,
    manner: Arc<Manner>,
}

impl Page {
    fn opens(endpoint: &Endpoint) -> Page {
        let (sender, signals) = mpsc::unbounded_channel();
        let manner = Arc::new(Manner::default());
        let id = endpoint.open_session(Arc::new(Ear(sender, manner.clone())));
        Page {
            endpoint: endpoint.clone(),
            id,
            signals,
            manner,
        }
    }

    fn tries(&self, destination: &str) -> Result<LegId, LegError> {
        self.endpoint.call_from(BrowserCall {
            session: self.id,
            destination: destination.to_owned(),
            sdp: SDP.to_owned(),
            from: party("1001"),
        })
    }

    fn says(&self, leg: LegId, word: Word) -> Result<(), LegError> {
        self.endpoint.say(self.id, leg, word)
    }

    /// The next signal, which is for this leg.
    async fn hears(&mut self, leg: LegId) -> Signal {
        let (of, signal) = timeout(LIMIT, self.signals.recv())
            .await
            .expect("nothing is signalled")
            .expect("the engine is gone");
        assert_eq!(of, leg, "{signal:?}");
        signal
    }

    fn hears_nothing(&mut self) {
        assert!(self.signals.try_recv().is_err());
    }

    /// A call of the page's that was answered and claimed.
    async fn talks(&mut self, arrivals: &mut Arrivals) -> (LegId, Told) {
        let leg = self.tries("1002").unwrap();
        assert_eq!(arrived(arrivals).await.leg, leg);
        let told = claim(&self.endpoint, leg);
        self.endpoint.name(leg, &format!("call_{}", leg.0)).unwrap();
        self.endpoint.answer(leg, None).unwrap();
        assert!(matches!(self.hears(leg).await, Signal::Trying { .. }));
        assert!(matches!(self.hears(leg).await, Signal::Answer(_)));
        assert_eq!(self.hears(leg).await, Signal::Answered);
        (leg, told)
    }
}

type Told = mpsc::UnboundedReceiver<LegEvent>;

fn party(user: &str) -> Party {
    Party {
        name: None,
        user: user.to_owned(),
        uri: String::new(),
    }
}

fn claim(endpoint: &Endpoint, leg: LegId) -> Told {
    let (sender, told) = mpsc::unbounded_channel();
    endpoint.claim(leg, Arc::new(News(sender))).unwrap();
    told
}

async fn arrived(arrivals: &mut Arrivals) -> Invitation {
    match timeout(LIMIT, arrivals.recv())
        .await
        .expect("nothing arrives")
    {
        Some(Arrival::Invite(invitation)) => invitation,
        _ => panic!("no call arrives"),
    }
}

/// An engine with a gateway, for which `trunk.test` leads to this port.
async fn engine_with(port: u16, change: impl FnOnce(&mut Config)) -> (Endpoint, Arrivals) {
    let server = zone::serve(move |name, kind| match kind {
        RecordType::SRV if name.starts_with("_sip._udp") => vec![zone::srv(0, port, "host.test.")],
        RecordType::A if name == "host.test." => vec![RData::A(A(Ipv4Addr::LOCALHOST))],
        _ => vec![],
    })
    .await;
    let mut config = config(Duration::from_millis(100));
    config.webrtc.listen = vec!["127.0.0.1:0".parse().unwrap()];
    change(&mut config);
    let registry = prometheus::Registry::new();
    bind_with(config, &registry, Resolver::with_server(server)).unwrap()
}

async fn engine() -> (Endpoint, Arrivals) {
    engine_with(9, |_| {}).await
}

/// Calls a page by a call of this name.
fn rings(endpoint: &Endpoint, session: SessionId, call: &str) -> (LegId, Told) {
    let dial = Dial {
        uri: String::new(),
        hop: Some(Hop::Session(session)),
        route: vec![],
        from: party("bob"),
        to: party("alice"),
        identity: None,
        privacy: Privacy::default(),
        headers: vec![],
        reach: Reach::default(),
        codecs: vec![],
        srtp: SrtpPolicy::WhenOffered,
        like: None,
        credentials: None,
        group: 1,
        call: call.to_owned(),
    };
    let (sender, told) = mpsc::unbounded_channel();
    (endpoint.dial(dial, Arc::new(News(sender))).unwrap(), told)
}

async fn refused(news: &mut Told) -> u16 {
    match told(news).await {
        LegEvent::Refused(refusal) => refusal.status,
        other => panic!("{other:?}"),
    }
}

fn busy() -> Rejection {
    Rejection {
        status: 486,
        phrase: None,
        q850: None,
        headers: vec![],
    }
}

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
async fn a_page_takes_a_call_once_and_so_many_at_all() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (first, mut news) = rings(&endpoint, page.id, "call_a");
    assert_eq!(told(&mut news).await, LegEvent::Ringing);
    let (_, mut second) = rings(&endpoint, page.id, "call_a");
    assert_eq!(refused(&mut second).await, 486);
    // Neither by its own call.
    let own = page.tries("1001").unwrap();
    arrived(&mut arrivals).await;
    let _news = claim(&endpoint, own);
    endpoint.name(own, "call_b").unwrap();
    let (_, mut third) = rings(&endpoint, page.id, "call_b");
    assert_eq!(refused(&mut third).await, 486);
    for _ in 2..MOST_LEGS {
        page.tries("1002").unwrap();
    }
    assert_eq!(page.tries("1002"), Err(LegError::Limit));
    let (_, mut beyond) = rings(&endpoint, page.id, "call_c");
    assert_eq!(refused(&mut beyond).await, 486);
    // Another page has room of its own.
    let other = Page::opens(&endpoint);
    assert!(other.tries("1002").is_ok());
    page.says(first, Word::Reject { busy: true }).unwrap();
    assert_eq!(refused(&mut news).await, 486);
    assert!(page.tries("1002").is_ok());
    assert!(matches!(page.hears(first).await, Signal::Incoming { .. }));
    assert!(matches!(page.hears(own).await, Signal::Trying { .. }));
    let rejected = Signal::Ended(ClientEnding::Rejected);
    assert_eq!(page.hears(first).await, rejected);
}

#[tokio::test]
async fn a_page_that_is_closed_takes_its_calls_along() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let other = Page::opens(&endpoint);
    let (up, mut up_news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut up_news).await, LegEvent::Confirmed);
    let asked = page.tries("1003").unwrap();
    arrived(&mut arrivals).await;
    let mut asked_news = claim(&endpoint, asked);
    let (ringing, mut ringing_news) = rings(&endpoint, page.id, "call_b");
    assert_eq!(told(&mut ringing_news).await, LegEvent::Ringing);
    let (elsewhere, mut elsewhere_news) = rings(&endpoint, other.id, "call_b");
    assert_eq!(told(&mut elsewhere_news).await, LegEvent::Ringing);
    // What is another page's is nothing to this one.
    assert_eq!(page.says(elsewhere, Word::HangUp), Err(LegError::Gone));
    endpoint.close_session(page.id);
    for news in [&mut up_news, &mut asked_news] {
        let LegEvent::Ended(ending) = told(news).await else {
            panic!("no end");
        };
        assert_eq!(ending.by, EndedBy::Peer);
    }
    assert_eq!(refused(&mut ringing_news).await, 480);
    for leg in [up, asked, ringing] {
        assert_eq!(page.says(leg, Word::HangUp), Err(LegError::Gone));
        let gone = endpoint.hang_up(leg, HangUp::default());
        assert_eq!(gone, Err(LegError::Gone));
    }
    assert_eq!(page.tries("1002"), Err(LegError::Gone));
    let (_, mut late) = rings(&endpoint, page.id, "call_c");
    assert_eq!(refused(&mut late).await, 480);
    // The other device rings on.
    other.says(elsewhere, Word::Answer).unwrap();
    let sdp = Word::Description(SDP.to_owned());
    other.says(elsewhere, sdp).unwrap();
    assert_eq!(told(&mut elsewhere_news).await, LegEvent::Answered);
}

#[tokio::test]
async fn a_page_that_is_gone_is_noticed_by_its_next_signal() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (leg, mut news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut news).await, LegEvent::Confirmed);
    page.manner.away.store(true, Ordering::SeqCst);
    page.says(leg, Word::Hold).unwrap();
    assert_eq!(told(&mut news).await, LegEvent::Held);
    let LegEvent::Ended(ending) = told(&mut news).await else {
        panic!("no end");
    };
    assert_eq!(ending.by, EndedBy::Peer);
}

#[tokio::test]
async fn a_busy_page_hears_everything_in_order() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let leg = page.tries("1002").unwrap();
    arrived(&mut arrivals).await;
    let _news = claim(&endpoint, leg);
    page.manner.busy.store(3, Ordering::SeqCst);
    endpoint.name(leg, "call_a").unwrap();
    endpoint.ring(leg).unwrap();
    endpoint.reject(leg, busy()).unwrap();
    assert!(matches!(page.hears(leg).await, Signal::Trying { .. }));
    assert_eq!(page.hears(leg).await, Signal::Ringing);
    assert_eq!(page.hears(leg).await, Signal::Ended(ClientEnding::Busy));
    page.hears_nothing();
}

#[tokio::test]
async fn a_call_that_nobody_claims_is_refused() {
    let (endpoint, mut arrivals) = engine_with(9, |config| {
        config.limits.orphan_after = Duration::from_millis(50);
    })
    .await;
    let mut page = Page::opens(&endpoint);
    let leg = page.tries("1002").unwrap();
    arrived(&mut arrivals).await;
    assert!(matches!(page.hears(leg).await, Signal::Refused { .. }));
    assert_eq!(endpoint.name(leg, "call_a"), Err(LegError::Gone));
    assert_eq!(page.says(leg, Word::HangUp), Err(LegError::Gone));
}

#[tokio::test]
async fn a_call_for_which_nobody_has_time_is_refused() {
    let (endpoint, mut arrivals) = engine_with(9, |config| config.limits.arrivals = 1).await;
    let mut page = Page::opens(&endpoint);
    let (taken, shed) = (page.tries("1002").unwrap(), page.tries("1003").unwrap());
    let signal = page.hears(shed).await;
    assert!(matches!(signal, Signal::Refused { status: 503, .. }));
    assert_eq!(arrived(&mut arrivals).await.leg, taken);
    endpoint.refuse_new(Some(5));
    assert_eq!(page.tries("1002"), Err(LegError::Limit));
    // What there is goes on.
    endpoint.name(taken, "call_a").unwrap();
    assert!(matches!(page.hears(taken).await, Signal::Trying { .. }));
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
async fn calls_of_pages_are_spread_over_the_engine() {
    let (endpoint, mut arrivals) = engine().await;
    let mut shards = HashSet::new();
    for _ in 0..16 {
        let mut page = Page::opens(&endpoint);
        for _ in 0..MOST_LEGS {
            let leg = page.tries("1002").unwrap();
            assert_eq!(arrived(&mut arrivals).await.leg, leg);
            endpoint.name(leg, "call").unwrap();
            assert!(matches!(page.hears(leg).await, Signal::Trying { .. }));
            shards.insert(leg.0 % 16);
        }
        endpoint.close_session(page.id);
    }
    // 256 throws of a die with 16 faces: one in a million misses one.
    assert!(shards.len() >= 15, "{shards:?}");
}

#[tokio::test]
async fn a_panic_over_one_call_harms_no_other() {
    let (endpoint, mut arrivals) = engine().await;
    let mut page = Page::opens(&endpoint);
    let (bad, mut bad_news) = page.talks(&mut arrivals).await;
    let (good, _good_news) = page.talks(&mut arrivals).await;
    assert_eq!(told(&mut bad_news).await, LegEvent::Confirmed);
    page.manner.breaks.store(true, Ordering::SeqCst);
    assert_eq!(page.says(bad, Word::Hold), Err(LegError::Gone));
    // The hold was told, its signal was not; then the leg is ended.
    let mut last = told(&mut bad_news).await;
    if last == LegEvent::Held {
        last = told(&mut bad_news).await;
    }
    let LegEvent::Ended(ending) = last else {
        panic!("{last:?}");
    };
    assert_eq!(ending.by, EndedBy::Failure);
    let mut heard = page.hears(bad).await;
    if heard == (Signal::Held { by_peer: false }) {
        heard = page.hears(bad).await;
    }
    assert_eq!(heard, Signal::Ended(ClientEnding::Failed));
    page.says(good, Word::Hold).unwrap();
    assert_eq!(page.hears(good).await, Signal::Held { by_peer: false });
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
