//! TCP and TLS: framing, keep-alives, reuse of connections, answers on the right one.

use crate::{
    calls::{next_call, respond, with_sdp},
    listener::Listener,
    peer::*,
};
use engine::{
    Arrival, Tls,
    leg::{Dial, Hop, LegEvent, Party, Privacy, Reach, SrtpPolicy, Transport},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use strowger_engine as engine;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

#[tokio::test]
async fn messages_are_cut_out_of_the_stream_and_pings_are_answered() {
    let (endpoint, _arrivals) = start(config()).await;
    let stream = TcpStream::connect(endpoint.bound().tcp[0]).await.unwrap();
    let address = stream.local_addr().unwrap();
    let mut peer = StreamPeer::new(stream);
    let one = wire(&request("OPTIONS", address, "t1", "")).replace("/UDP", "/TCP");
    let two = wire(&request("MESSAGE", address, "t2", "")).replace("/UDP", "/TCP");
    let both = format!("{one}{two}");
    for piece in both.as_bytes().chunks(100) {
        peer.stream.write_all(piece).await.unwrap();
    }
    assert_eq!(status(&peer.receive().await), 200);
    assert_eq!(status(&peer.receive().await), 405);
    peer.stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    peer.stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    // What is no SIP ends the connection.
    peer.stream
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(peer.stream.read(&mut pong).await.unwrap(), 0);
}

#[tokio::test]
async fn connections_are_bounded() {
    let mut config = config();
    config.limits.connections = 4;
    let (endpoint, _arrivals) = start(config).await;
    let address = endpoint.bound().tcp[0];
    let mut first = TcpStream::connect(address).await.unwrap();
    // One peer may hold a quarter.
    let mut second = TcpStream::connect(address).await.unwrap();
    let mut byte = [0];
    assert_eq!(second.read(&mut byte).await.unwrap(), 0);
    first.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(first.read(&mut byte).await.unwrap(), 1);
}

fn dial(uri: String, hop: Option<Hop>) -> Dial {
    Dial {
        uri,
        hop,
        route: vec![],
        from: Party {
            name: None,
            user: "100".to_owned(),
            uri: String::new(),
        },
        to: Party {
            name: None,
            user: "bob".to_owned(),
            uri: "sip:bob@exchange.test".to_owned(),
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

#[tokio::test]
async fn a_call_follows_the_connection_of_the_registration() {
    let (endpoint, mut arrivals) = start(config()).await;
    let stream = TcpStream::connect(endpoint.bound().tcp[0]).await.unwrap();
    let address = stream.local_addr().unwrap();
    let mut phone = StreamPeer::new(stream);
    phone
        .send(&request("REGISTER", address, "f1", "").replace("/UDP", "/TCP"))
        .await;
    let Some(Arrival::Register(registration)) = arrivals.recv().await else {
        panic!("a registration arrives")
    };
    let hop = Hop::Flow {
        transport: registration.transport,
        local: registration.local,
        remote: registration.source,
    };
    registration.reply.send(200, None, vec![]);
    assert_eq!(status(&phone.receive().await), 200);
    let (listener, mut news) = Listener::new();
    let uri = "sip:bob@10.255.255.1:9;transport=tcp".to_owned();
    endpoint.dial(dial(uri, Some(hop)), listener).unwrap();
    let invite = phone.receive().await;
    assert!(invite.starts_with("INVITE sip:bob@10.255.255.1:9;transport=tcp SIP/2.0"));
    assert!(header(&invite, "Via").starts_with("SIP/2.0/TCP"));
    assert!(header(&invite, "Contact").contains("transport=tcp"));
    phone
        .send(&respond(&invite, "486 Busy Here", "b", ""))
        .await;
    assert!(phone.receive().await.starts_with("ACK "));
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 486));
}

#[tokio::test]
async fn a_call_over_tcp_dials_and_a_closed_port_fails_at_once() {
    let (endpoint, _arrivals) = start(config()).await;
    let listener = TcpListener::bind(local()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sink, mut news) = Listener::new();
    endpoint
        .dial(dial(format!("sip:bob@{address};transport=tcp"), None), sink)
        .unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut phone = StreamPeer::new(stream);
    let invite = phone.receive().await;
    phone.send(&respond(&invite, "180 Ringing", "b", "")).await;
    assert_eq!(news.next().await, LegEvent::Ringing);
    phone
        .send(&respond(&invite, "404 Not Found", "b", ""))
        .await;
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 404));
    drop(listener);
    drop(phone);
    let (sink, mut news) = Listener::new();
    let begun = std::time::Instant::now();
    endpoint
        .dial(dial(format!("sip:bob@{address};transport=tcp"), None), sink)
        .unwrap();
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 503));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_answer_finds_its_way_when_the_connection_is_gone() {
    let (endpoint, mut arrivals) = start(config()).await;
    let listener = TcpListener::bind(local()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stream = TcpStream::connect(endpoint.bound().tcp[0]).await.unwrap();
    let mut phone = StreamPeer::new(stream);
    phone
        .send(&request("REGISTER", address, "g1", "").replace("/UDP", "/TCP"))
        .await;
    let Some(Arrival::Register(registration)) = arrivals.recv().await else {
        panic!("a registration arrives")
    };
    // Closed by the phone, and seen to be closed.
    phone.stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    phone.stream.read_to_end(&mut rest).await.unwrap();
    drop(phone);
    registration.reply.send(200, None, vec![]);
    let (stream, _) = tokio::time::timeout(LIMIT, listener.accept())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status(&StreamPeer::new(stream).receive().await), 200);
}

struct Files {
    folder: std::path::PathBuf,
    certificate: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Files {
    fn new(name: &str) -> Files {
        let folder = std::env::temp_dir().join(format!("strowger-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let certificate = rcgen::generate_simple_self_signed(vec![
            "127.0.0.1".to_owned(),
            "localhost".to_owned(),
        ])
        .unwrap();
        std::fs::write(folder.join("cert.pem"), certificate.cert.pem()).unwrap();
        std::fs::write(
            folder.join("key.pem"),
            certificate.signing_key.serialize_pem(),
        )
        .unwrap();
        Files {
            folder,
            certificate,
        }
    }

    fn tls(&self) -> Tls {
        Tls {
            listen: local(),
            certificate: self.folder.join("cert.pem"),
            key: self.folder.join("key.pem"),
        }
    }

    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.cert.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.certificate.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.cert.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn calls_come_in_over_tls() {
    let files = Files::new("in");
    let mut config = config();
    config.tls = Some(files.tls());
    let (endpoint, mut arrivals) = start(config).await;
    let tcp = TcpStream::connect(endpoint.bound().tls.unwrap())
        .await
        .unwrap();
    let address: SocketAddr = tcp.local_addr().unwrap();
    let name = "localhost".try_into().unwrap();
    let mut phone = StreamPeer::new(files.connector().connect(name, tcp).await.unwrap());
    let contact = format!("Contact: <sip:alice@{address};transport=tls>");
    let invite = request("INVITE", address, "s1", &contact).replace("/UDP", "/TLS");
    let text = with_sdp(&invite);
    phone.stream.write_all(text.as_bytes()).await.unwrap();
    phone.stream.flush().await.unwrap();
    assert_eq!(status(&phone.receive().await), 100);
    let call = next_call(&mut arrivals).await;
    assert_eq!(call.transport, Transport::Tls);
    let (listener, _news) = Listener::new();
    endpoint.claim(call.leg, listener).unwrap();
    endpoint.answer(call.leg, None).unwrap();
    let ok = phone.receive().await;
    assert_eq!(status(&ok), 200);
    assert!(header(&ok, "Contact").contains("transport=tls"));
}

#[tokio::test]
async fn calls_go_out_over_tls_to_those_we_trust() {
    let files = Files::new("out");
    let mut config = config();
    config.trust = Some(files.folder.join("cert.pem"));
    let (endpoint, _arrivals) = start(config).await;
    let listener = TcpListener::bind(local()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sink, mut news) = Listener::new();
    endpoint
        .dial(dial(format!("sips:bob@{address}"), None), sink)
        .unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let mut phone = StreamPeer::new(files.acceptor().accept(tcp).await.unwrap());
    let invite = phone.receive().await;
    assert!(header(&invite, "Via").starts_with("SIP/2.0/TLS"));
    phone.send(&respond(&invite, "603 Decline", "b", "")).await;
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 603));
    // Somebody else's certificate: nothing is sent.
    let strangers = Files::new("strangers");
    let listener = TcpListener::bind(local()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sink, mut news) = Listener::new();
    endpoint
        .dial(dial(format!("sips:bob@{address}"), None), sink)
        .unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    assert!(strangers.acceptor().accept(tcp).await.is_err());
    assert!(matches!(news.next().await, LegEvent::Refused(r) if r.status == 503));
}

#[tokio::test]
async fn a_bad_certificate_is_named() {
    let mut config = config();
    config.tls = Some(Tls {
        listen: local(),
        certificate: "/nowhere/cert.pem".into(),
        key: "/nowhere/key.pem".into(),
    });
    let error = engine::bind(config, &prometheus::Registry::new())
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("/nowhere/cert.pem"));
}
