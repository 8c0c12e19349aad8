//! Browsers at an engine: what the stories have in common.

mod calls;
mod pages;

use super::{
    calls::{LIMIT, News, told},
    failover::config,
};
use crate::{
    Arrival, Arrivals, Config, Endpoint, Invitation, LegError,
    endpoint::bind_with,
    leg::{
        BrowserCall, Delivery, Dial, Hop, LegEvent, LegId, Party, Privacy, Reach, Rejection,
        SessionId, SessionSink, Signal, SrtpPolicy, Word,
    },
    sip::resolve::{Resolver, zone},
};
use hickory_resolver::proto::rr::{RData, RecordType, rdata::A};
use std::{
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
