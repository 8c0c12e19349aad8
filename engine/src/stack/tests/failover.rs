//! A hop with several addresses: the next one is tried when one is silent, refuses or says 503.

use crate::{
    Answer, Config, Endpoint, Limits, Media, Request, RequestError, Timers,
    endpoint::bind_with,
    leg::{Hop, Party},
    sip::resolve::{Resolver, zone},
};
use hickory_resolver::proto::rr::{RData, RecordType, rdata::A};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{net::UdpSocket, task::JoinHandle};

pub(super) fn config(t1: Duration) -> Config {
    Config {
        udp: vec!["127.0.0.1:0".parse().unwrap()],
        tcp: vec![],
        tls: None,
        trust: None,
        advertised: None,
        domain: "exchange.test".to_owned(),
        agent: String::new(),
        webrtc: crate::WebRtc::default(),
        media: Media {
            threads: 1,
            ..Media::default()
        },
        timers: Timers {
            t1,
            ..Timers::default()
        },
        limits: Limits::default(),
    }
}

/// An engine for which `trunk.test` leads to these ports, in this order.
async fn engine(transport: &'static str, ports: Vec<u16>) -> Endpoint {
    engine_at(Duration::from_millis(10), transport, ports).await
}

/// The same with another T1.
pub(super) async fn engine_at(t1: Duration, transport: &'static str, ports: Vec<u16>) -> Endpoint {
    let server = zone::serve(move |name, kind| match kind {
        RecordType::SRV if name.starts_with(transport) => ports
            .iter()
            .enumerate()
            .map(|(at, port)| zone::srv(at as u16, *port, "host.test."))
            .collect(),
        RecordType::A if name == "host.test." => vec![RData::A(A(Ipv4Addr::LOCALHOST))],
        _ => vec![],
    })
    .await;
    let registry = prometheus::Registry::new();
    let resolver = Resolver::with_server(server);
    bind_with(config(t1), &registry, resolver).unwrap().0
}

fn probe(endpoint: &Endpoint) -> JoinHandle<Result<Answer, RequestError>> {
    let endpoint = endpoint.clone();
    let us = Party {
        name: None,
        user: "us".to_owned(),
        uri: String::new(),
    };
    let request = Request {
        method: "OPTIONS".to_owned(),
        uri: "sip:trunk.test".to_owned(),
        hop: Some(Hop::Host {
            host: "trunk.test".to_owned(),
            port: None,
            transport: None,
        }),
        from: us.clone(),
        to: us,
        headers: vec![],
        credentials: None,
    };
    tokio::spawn(async move { endpoint.request(request).await })
}

async fn trunk() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

async fn receive(trunk: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = vec![0; 65_535];
    let wait = tokio::time::timeout(Duration::from_secs(5), trunk.recv_from(&mut buffer));
    let (length, from) = wait.await.unwrap().unwrap();
    (
        String::from_utf8_lossy(&buffer[..length]).into_owned(),
        from,
    )
}

async fn answer(trunk: &UdpSocket, line: &str) {
    let (request, from) = receive(trunk).await;
    let mut lines: Vec<&str> = request.trim_end().lines().skip(1).collect();
    lines.retain(|l| {
        ["Via", "From", "To", "Call-ID", "CSeq"]
            .iter()
            .any(|n| l.starts_with(n))
    });
    let text = format!("SIP/2.0 {line}\r\n{}\r\n\r\n", lines.join("\r\n"));
    trunk.send_to(text.as_bytes(), from).await.unwrap();
}

#[tokio::test]
async fn a_silent_address_gives_way_to_the_next() {
    let ((silent, first), (good, second)) = (trunk().await, trunk().await);
    let endpoint = engine("_sip._udp", vec![first, second]).await;
    let waiting = probe(&endpoint);
    let (tried, _) = receive(&silent).await;
    answer(&good, "200 OK").await;
    let result = waiting.await.unwrap().unwrap();
    assert_eq!((result.status, result.source.port()), (200, second));
    assert!(tried.starts_with("OPTIONS"));
}

#[tokio::test]
async fn a_busy_address_gives_way_and_the_last_one_has_the_word() {
    let ((a, first), (b, second)) = (trunk().await, trunk().await);
    let endpoint = engine("_sip._udp", vec![first, second]).await;
    let waiting = probe(&endpoint);
    answer(&a, "503 Service Unavailable").await;
    answer(&b, "503 Service Unavailable").await;
    let result = waiting.await.unwrap().unwrap();
    assert_eq!((result.status, result.source.port()), (503, second));
}

#[tokio::test]
async fn a_closed_tcp_port_gives_way() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ports = vec![
        closed.local_addr().unwrap().port(),
        open.local_addr().unwrap().port(),
    ];
    drop(closed);
    let endpoint = engine("_sip._tcp", ports).await;
    let waiting = probe(&endpoint);
    let accepted = tokio::time::timeout(Duration::from_secs(5), open.accept()).await;
    assert!(accepted.is_ok());
    drop(accepted);
    assert_eq!(waiting.await.unwrap(), Err(RequestError::Unreachable));
}

#[tokio::test]
async fn a_name_without_address_is_unreachable() {
    let endpoint = engine("_sip._udp", vec![]).await;
    assert_eq!(
        probe(&endpoint).await.unwrap(),
        Err(RequestError::Unreachable)
    );
}
