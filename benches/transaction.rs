//! What a whole server transaction costs over a socket on loopback, this side and the peer's together.
//!
//! `invite`: INVITE in, 100 out, refused by its user, final response out, ACK in. `register`: REGISTER in,
//! handed to its user, 200 out. The bars are 50 µs of CPU for a registration and 300 µs for a whole call,
//! of which this is the signalling of one side.

use criterion::{Criterion, criterion_group, criterion_main};
use engine::{
    Arrival, Config, Endpoint, Limits, Media, Timers,
    leg::{Delivery, LegEvent, LegId, LegSink, Rejection},
};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

struct Deaf;

impl LegSink for Deaf {
    fn deliver(&self, _: LegId, _: &LegEvent) -> Delivery {
        Delivery::Taken
    }
}

/// Refuses every call and grants every registration.
async fn switchboard(endpoint: Endpoint, mut arrivals: engine::Arrivals) {
    let deaf: Arc<dyn LegSink> = Arc::new(Deaf);
    while let Some(arrival) = arrivals.recv().await {
        match arrival {
            Arrival::Invite(call) => {
                let busy = Rejection {
                    status: 486,
                    phrase: None,
                    q850: None,
                    headers: Vec::new(),
                };
                // A leg that was cancelled meanwhile is gone.
                let _ = endpoint.claim(call.leg, deaf.clone());
                let _ = endpoint.reject(call.leg, busy);
            }
            Arrival::HungUp { .. } => {}
            Arrival::Register(registration) => {
                let contact = registration.contacts.first();
                let contact =
                    contact.map(|c| ("Contact".to_owned(), format!("<{}>;expires=60", c.uri)));
                registration
                    .reply
                    .send(200, None, contact.into_iter().collect());
            }
        }
    }
}

fn config() -> Config {
    Config {
        udp: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        tcp: Vec::new(),
        tls: None,
        trust: None,
        advertised: None,
        domain: "exchange.test".to_owned(),
        agent: "Strowger".to_owned(),
        webrtc: engine::WebRtc::default(),
        media: Media {
            threads: 1,
            ..Media::default()
        },
        timers: Timers::default(),
        limits: Limits::default(),
    }
}

fn message(method: &str, uri: &str, number: u64, to_tag: &str, from: SocketAddr) -> String {
    let cseq = if method == "ACK" { "INVITE" } else { method };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch=z9hG4bK{cseq}{number}\r\n\
         Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@exchange.test>;tag=a{number}\r\n\
         To: <sip:alice@exchange.test>{to_tag}\r\nCall-ID: {cseq}{number}@bench\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:alice@{from}>\r\nUser-Agent: bench\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Waits for a response with this status; any other is skipped.
fn wait_for(peer: &UdpSocket, status: &str, buffer: &mut [u8]) -> Option<usize> {
    loop {
        let length = peer.recv(buffer).ok()?;
        if buffer.get(8..11) == Some(status.as_bytes()) {
            return Some(length);
        }
    }
}

fn transactions(c: &mut Criterion) {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
    else {
        return;
    };
    let registry = prometheus::Registry::new();
    let Ok((endpoint, arrivals)) = runtime.block_on(engine::bind(config(), &registry)) else {
        return;
    };
    let Some(&address) = endpoint.bound().udp.first() else {
        return;
    };
    runtime.spawn(switchboard(endpoint.clone(), arrivals));
    let Ok(peer) = UdpSocket::bind("127.0.0.1:0") else {
        return;
    };
    let (Ok(()), Ok(()), Ok(from)) = (
        peer.connect(address),
        peer.set_read_timeout(Some(Duration::from_secs(2))),
        peer.local_addr(),
    ) else {
        return;
    };
    let mut buffer = vec![0; 65_535];
    let mut number = 0_u64;
    c.bench_function("transaction/invite", |b| {
        b.iter(|| {
            number += 1;
            let uri = "sip:100@exchange.test";
            let _ = peer.send(message("INVITE", uri, number, "", from).as_bytes());
            let length = wait_for(&peer, "486", &mut buffer).unwrap_or_default();
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            let tag = text
                .split(";tag=")
                .nth(2)
                .and_then(|t| t.split("\r\n").next());
            let tag = format!(";tag={}", tag.unwrap_or_default());
            peer.send(message("ACK", uri, number, &tag, from).as_bytes())
        });
    });
    c.bench_function("transaction/register", |b| {
        b.iter(|| {
            number += 1;
            let uri = "sip:exchange.test";
            let _ = peer.send(message("REGISTER", uri, number, "", from).as_bytes());
            wait_for(&peer, "200", &mut buffer)
        });
    });
    drop(endpoint);
}

criterion_group!(benches, transactions);
criterion_main!(benches);
