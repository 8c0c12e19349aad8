//! Calls of an engine with a carrier made of a socket: what is told, and what is sent when.

use super::failover::engine_at;
use crate::{
    Endpoint,
    leg::{
        Delivery, Dial, HangUp, Hop, LegEvent, LegId, LegSink, Party, Privacy, Reach, SrtpPolicy,
    },
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{net::UdpSocket, sync::mpsc, time::timeout};

/// Longest wait for anything.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

pub(super) struct News(pub(super) mpsc::UnboundedSender<LegEvent>);

impl LegSink for News {
    fn deliver(&self, _: LegId, event: &LegEvent) -> Delivery {
        match self.0.send(event.clone()) {
            Ok(()) => Delivery::Taken,
            Err(_) => Delivery::Gone,
        }
    }
}

/// Calls `trunk.test`.
pub(super) fn dial(endpoint: &Endpoint) -> (LegId, mpsc::UnboundedReceiver<LegEvent>) {
    let party = |user: &str| Party {
        name: None,
        user: user.to_owned(),
        uri: String::new(),
    };
    let dial = Dial {
        uri: "sip:bob@trunk.test".to_owned(),
        hop: Some(Hop::Host {
            host: "trunk.test".to_owned(),
            port: None,
            transport: None,
        }),
        route: vec![],
        from: party("alice"),
        to: party("bob"),
        identity: None,
        privacy: Privacy::default(),
        headers: vec![],
        reach: Reach::default(),
        codecs: vec![],
        srtp: SrtpPolicy::WhenOffered,
        like: None,
        credentials: None,
        group: 1,
        call: String::new(),
    };
    let (sender, news) = mpsc::unbounded_channel();
    (endpoint.dial(dial, Arc::new(News(sender))).unwrap(), news)
}

pub(super) async fn told(news: &mut mpsc::UnboundedReceiver<LegEvent>) -> LegEvent {
    let wait = timeout(LIMIT, news.recv());
    wait.await
        .expect("nothing is told")
        .expect("the leg is gone")
}

/// The far side.
pub(super) struct Carrier {
    socket: UdpSocket,
    pub(super) port: u16,
    questions: AtomicU32,
}

impl Carrier {
    pub(super) async fn new() -> Carrier {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        Carrier {
            socket,
            port,
            questions: AtomicU32::new(1),
        }
    }

    async fn receive(&self) -> (String, SocketAddr) {
        let mut buffer = vec![0; 65_535];
        let (length, from) = self.socket.recv_from(&mut buffer).await.unwrap();
        (
            String::from_utf8_lossy(&buffer[..length]).into_owned(),
            from,
        )
    }

    /// The next message that starts like this; repetitions of others are passed over.
    pub(super) async fn hears(&self, start: &str) -> (String, SocketAddr) {
        let wait = timeout(LIMIT, async {
            loop {
                let (text, from) = self.receive().await;
                if text.starts_with(start) {
                    return (text, from);
                }
            }
        });
        wait.await.unwrap_or_else(|_| panic!("no {start} comes"))
    }

    async fn sends(&self, (request, from): &(String, SocketAddr), line: &str, rest: &str) {
        let mut lines: Vec<String> = request
            .lines()
            .filter(|l| {
                ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
                    .iter()
                    .any(|n| l.starts_with(n))
            })
            .map(str::to_owned)
            .collect();
        for to in lines.iter_mut().filter(|l| l.starts_with("To:")) {
            to.push_str(";tag=them");
        }
        let text = format!("SIP/2.0 {line}\r\n{}\r\n{rest}\r\n", lines.join("\r\n"));
        self.socket.send_to(text.as_bytes(), from).await.unwrap();
    }

    /// Answers, and waits until the engine has read the answer.
    pub(super) async fn answers(&self, request: &(String, SocketAddr), line: &str, rest: &str) {
        self.sends(request, line, rest).await;
        let from = request.1;
        // One listener reads in order.
        let (port, branch) = (self.port, self.questions.fetch_add(1, Ordering::Relaxed));
        let question = format!(
            "OPTIONS sip:exchange.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port}{branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:them@trunk.test>;tag=1\r\nTo: <sip:exchange.test>\r\n\
             Call-ID: {port}-{branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket
            .send_to(question.as_bytes(), from)
            .await
            .unwrap();
        self.hears("SIP/2.0 200").await;
    }
}

/// The rest of a 200 with audio.
pub(super) fn audio(contact: &str) -> String {
    let sdp = "v=0\r\no=- 7 7 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
        m=audio 9 RTP/AVP 8\r\n";
    format!(
        "Contact: <{contact}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len() + 2
    )
}

async fn engine(carriers: &[&Carrier]) -> Endpoint {
    let ports = carriers.iter().map(|c| c.port).collect();
    engine_at(Duration::from_millis(500), "_sip._udp", ports).await
}

/// One that leaves a silent address after 0.8 s and remembers it for 6.4 s.
async fn impatient(carriers: &[&Carrier]) -> Endpoint {
    let ports = carriers.iter().map(|c| c.port).collect();
    engine_at(Duration::from_millis(100), "_sip._udp", ports).await
}

#[tokio::test]
async fn the_end_is_told_when_the_bye_cannot_be_sent() {
    let bob = Carrier::new().await;
    let endpoint = engine(&[&bob]).await;
    let (leg, mut news) = dial(&endpoint);
    let invite = bob.hears("INVITE").await;
    let nowhere = audio("sip:bob@127.0.0.1;transport=ws");
    bob.answers(&invite, "200 OK", &nowhere).await;
    assert_eq!(told(&mut news).await, LegEvent::Answered);
    endpoint.hang_up(leg, HangUp::default()).unwrap();
    let LegEvent::Ended(ending) = told(&mut news).await else {
        panic!("no end");
    };
    assert!(ending.quality.is_some());
}

#[tokio::test]
async fn a_call_that_was_merely_taken_note_of_is_cancelled() {
    let bob = Carrier::new().await;
    let endpoint = engine(&[&bob]).await;
    let (leg, mut news) = dial(&endpoint);
    let invite = bob.hears("INVITE").await;
    bob.answers(&invite, "100 Trying", "").await;
    endpoint.hang_up(leg, HangUp::default()).unwrap();
    assert!(matches!(told(&mut news).await, LegEvent::Ended(_)));
    bob.hears("CANCEL").await;
}

#[tokio::test]
async fn a_call_that_was_given_up_goes_to_no_other_address() {
    let (one, other) = (Carrier::new().await, Carrier::new().await);
    let endpoint = engine(&[&one, &other]).await;
    let (leg, _news) = dial(&endpoint);
    let invite = one.hears("INVITE").await;
    endpoint.hang_up(leg, HangUp::default()).unwrap();
    one.answers(&invite, "100 Trying", "").await;
    one.hears("CANCEL").await;
    one.answers(&invite, "503 Service Unavailable", "").await;
    let nothing = other.socket.try_recv_from(&mut [0; 1500]);
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test]
async fn an_address_that_wakes_up_after_it_was_left_is_cancelled() {
    let (slow, other) = (Carrier::new().await, Carrier::new().await);
    let endpoint = impatient(&[&slow, &other]).await;
    let (_leg, _news) = dial(&endpoint);
    let invite = slow.hears("INVITE").await;
    other.hears("INVITE").await;
    slow.answers(&invite, "180 Ringing", "").await;
    slow.hears("CANCEL").await;
}

#[tokio::test]
async fn an_answer_from_an_address_that_was_left_is_ended() {
    let (slow, other) = (Carrier::new().await, Carrier::new().await);
    let endpoint = impatient(&[&slow, &other]).await;
    let (_leg, mut news) = dial(&endpoint);
    let invite = slow.hears("INVITE").await;
    let second = other.hears("INVITE").await;
    let ours = audio(&format!("sip:bob@127.0.0.1:{}", other.port));
    other.answers(&second, "200 OK", &ours).await;
    assert_eq!(told(&mut news).await, LegEvent::Answered);
    let theirs = audio(&format!("sip:bob@127.0.0.1:{}", slow.port));
    slow.sends(&invite, "200 OK", &theirs).await;
    slow.hears("ACK").await;
    slow.hears("BYE").await;
}
