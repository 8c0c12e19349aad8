//! The other side: an engine on free ports, and a peer that sends and reads plain text.

use engine::{Arrivals, Config, Endpoint, Limits, Media, Timers};
use std::{net::SocketAddr, time::Duration};
use strowger_engine as engine;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Nothing on loopback takes longer.
pub const LIMIT: Duration = Duration::from_secs(5);

/// Settings for tests: free ports on loopback, short timers.
pub fn config() -> Config {
    Config {
        udp: vec![local()],
        tcp: vec![local()],
        tls: None,
        trust: None,
        advertised: None,
        domain: "exchange.test".to_owned(),
        agent: "Strowger".to_owned(),
        webrtc: engine::WebRtc::default(),
        media: Media {
            ports: 30_000..=39_999,
            address: Some("127.0.0.1".parse().unwrap()),
            threads: 1,
            ..Media::default()
        },
        timers: Timers {
            t1: Duration::from_millis(50),
            t2: Duration::from_millis(400),
            t4: Duration::from_millis(500),
            ..Timers::default()
        },
        limits: Limits::default(),
    }
}

pub fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// An engine with the settings given.
pub async fn start(config: Config) -> (Endpoint, Arrivals) {
    engine::bind(config, &prometheus::Registry::new())
        .await
        .unwrap()
}

/// A UDP peer.
pub struct Peer {
    pub socket: UdpSocket,
    pub engine: SocketAddr,
}

impl Peer {
    pub async fn new(engine: SocketAddr) -> Peer {
        Peer {
            socket: UdpSocket::bind(local()).await.unwrap(),
            engine,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub async fn send(&self, text: &str) {
        self.socket
            .send_to(wire(text).as_bytes(), self.engine)
            .await
            .unwrap();
    }

    pub async fn receive(&self) -> String {
        let mut buffer = vec![0; 65_535];
        let (length, _) = timeout(LIMIT, self.socket.recv_from(&mut buffer))
            .await
            .expect("something comes in time")
            .unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// Sends and waits for the answer.
    pub async fn ask(&self, text: &str) -> String {
        self.send(text).await;
        self.receive().await
    }

    /// Nothing comes for a while.
    pub async fn is_quiet(&self, wait: Duration) -> bool {
        let mut buffer = [0; 2048];
        timeout(wait, self.socket.recv_from(&mut buffer))
            .await
            .is_err()
    }
}

/// A stream peer.
pub struct StreamPeer<S = TcpStream> {
    pub stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> StreamPeer<S> {
    pub fn new(stream: S) -> StreamPeer<S> {
        StreamPeer {
            stream,
            buffer: Vec::new(),
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(wire(text).as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// One message; every one in these tests says `Content-Length`.
    pub async fn receive(&mut self) -> String {
        timeout(LIMIT, async {
            loop {
                if let Some(message) = self.take() {
                    return message;
                }
                let n = self.stream.read_buf(&mut self.buffer).await.unwrap();
                assert!(n > 0, "the connection was closed");
            }
        })
        .await
        .expect("something comes in time")
    }

    fn take(&mut self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.buffer).into_owned();
        let head = text.find("\r\n\r\n")? + 4;
        let length: usize = header(&text, "Content-Length").parse().unwrap();
        if self.buffer.len() < head + length {
            return None;
        }
        let message = self.buffer.drain(..head + length).collect();
        Some(String::from_utf8(message).unwrap())
    }
}

/// Line ends as on the wire, and the end of the head.
pub fn wire(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

/// The value of a header.
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .filter_map(|l| l.split_once(':'))
        .find(|(n, _)| n.trim().eq_ignore_ascii_case(name))
        .map_or("", |(_, v)| v.trim())
}

/// The status of a response.
pub fn status(message: &str) -> u16 {
    assert!(message.starts_with("SIP/2.0 "), "{message}");
    message[8..11].parse().unwrap()
}

/// A request outside dialogs; `more` are further lines.
pub fn request(method: &str, from: SocketAddr, branch: &str, more: &str) -> String {
    format!(
        "{method} sip:100@exchange.test SIP/2.0
         Via: SIP/2.0/UDP {from};rport;branch=z9hG4bK{branch}
         Max-Forwards: 70
         From: <sip:alice@exchange.test>;tag=alice
         To: <sip:alice@exchange.test>
         Call-ID: {branch}@test
         CSeq: 1 {method}
         Content-Length: 0
         {more}"
    )
}
