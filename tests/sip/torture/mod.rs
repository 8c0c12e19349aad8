//! The 49 messages of RFC 4475 against a running exchange: each has its answer, over UDP and over TCP,
//! and after each the exchange answers as before.

mod messages;

use harness::{Database, Exchange, Message, SOON, sip::token};
use messages::{
    Answer::{self, Status},
    MESSAGES,
    Stream::{Alike, Closes, Derails, Drops, Waits},
    TWINS,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

fn bytes_of(name: &str) -> Vec<u8> {
    let path = format!("tests/data/rfc4475/{name}.dat");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A response, as far as it matters here.
fn read(bytes: &[u8]) -> Option<Message> {
    Message::parse(&String::from_utf8_lossy(bytes)).filter(|m| m.status().is_some())
}

/// A request that is always answered, and how its answer is known.
fn options(transport: &str) -> (String, String) {
    let id = token();
    let text = format!(
        "OPTIONS sip:exchange.test SIP/2.0\r\nVia: SIP/2.0/{transport} 192.0.2.1;rport;branch=z9hG4bK{id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:a@exchange.test>;tag=1\r\nTo: <sip:exchange.test>\r\n\
         Call-ID: {id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    (text, id)
}

/// What comes back to a datagram. The messages name hosts that are not ours and ask for no rport: their
/// answers go to the source address with the port in Via, or 5060 (RFC 3261 §18.2.2), so that is where
/// the sender must be.
struct Sender {
    socket: UdpSocket,
    exchange: SocketAddr,
}

impl Sender {
    async fn open(exchange: SocketAddr, number: u8) -> Self {
        // An address of its own lets other tests have 5060 too.
        let [.., a, b] = std::process::id().to_be_bytes();
        let own = Ipv4Addr::new(127, 75 + number, a, b.clamp(1, 254));
        let socket = UdpSocket::bind((own, 5060)).await;
        let socket = socket.unwrap_or_else(|error| panic!("port 5060 of {own}: {error}"));
        Self { socket, exchange }
    }

    async fn send(&self, bytes: &[u8]) {
        let sent = self.socket.send_to(bytes, self.exchange).await;
        assert_eq!(sent.expect("sent"), bytes.len());
    }

    /// The next response that is no provisional one.
    async fn response(&self, what: &str) -> Message {
        let mut buffer = vec![0; 65_536];
        loop {
            let read_one = timeout(SOON, self.socket.recv(&mut buffer)).await;
            let length = read_one
                .unwrap_or_else(|_| panic!("{what}: no answer"))
                .expect("received");
            if let Some(found) = read(&buffer[..length])
                && found.status() > Some(199)
            {
                return found;
            }
        }
    }

    /// OPTIONS is answered; nothing else that `allowed` does not know comes before.
    async fn is_well(&self, what: &str, allowed: impl Fn(&Message) -> bool) {
        let (request, id) = options("UDP");
        self.send(request.as_bytes()).await;
        loop {
            let response = self.response(what).await;
            if response.get("Call-ID") == id {
                assert_eq!(response.status(), Some(200), "{what}");
                return;
            }
            assert!(allowed(&response), "{what}: {response}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_datagram_gets_its_answer_and_harms_nothing() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let other = Exchange::start(Database::Sqlite).await;
    let senders = [
        Sender::open(exchange.sip(), 0).await,
        Sender::open(other.sip(), 1).await,
    ];
    // Refused INVITEs are answered again until they are acknowledged, which nobody does here.
    let mut answered: Vec<(String, String)> = Vec::new();
    for (name, answer, _, why) in MESSAGES {
        let what = format!("{name} ({why})");
        let bytes = bytes_of(name);
        let sender = &senders[usize::from(TWINS.contains(&name))];
        let own = |m: &Message| (m.get("Call-ID").to_owned(), m.get("CSeq").to_owned());
        sender.send(&bytes).await;
        if let Status(status) = answer {
            let response = loop {
                let response = sender.response(&what).await;
                if !answered.contains(&own(&response)) {
                    break response;
                }
            };
            assert_eq!(response.status(), Some(status), "{what}: {response}");
            assert_eq!(
                response.all("Via").len(),
                vias(&bytes),
                "{what}: {response}"
            );
            answered.push(own(&response));
        }
        sender.is_well(&what, |m| answered.contains(&own(m))).await;
    }
    // Whatever was to be silent has had time to speak up while the others were answered.
    exchange.stop().await;
    other.stop().await;
}

/// How many Vias an answer has to give back: as many as the request has, in however many lines.
fn vias(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes).replace("\r\n ", " ");
    let lines = text.split("\r\n").take_while(|line| !line.is_empty());
    let named = lines.filter(|line| {
        let name = line.split(':').next().unwrap_or("").trim();
        name.eq_ignore_ascii_case("via") || name.eq_ignore_ascii_case("v")
    });
    named.count()
}

/// A connection and what was read of it and not looked at yet.
struct Line {
    stream: TcpStream,
    waiting: Vec<u8>,
}

impl Line {
    async fn open(exchange: SocketAddr) -> Self {
        let stream = TcpStream::connect(exchange).await.expect("connects");
        Self {
            stream,
            waiting: Vec::new(),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sent");
    }

    /// The next final response; `None` at the end of the connection.
    async fn response(&mut self, what: &str) -> Option<Message> {
        loop {
            while let Some(found) = self.whole() {
                if found.status() > Some(199) {
                    return Some(found);
                }
            }
            let read = timeout(SOON, self.stream.read_buf(&mut self.waiting)).await;
            // A reset is an end like others.
            let read = read.unwrap_or_else(|_| panic!("{what}: no answer"));
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Takes one whole message off what was read. Answers have no body.
    fn whole(&mut self) -> Option<Message> {
        let end = self.waiting.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        let bytes: Vec<u8> = self.waiting.drain(..end).collect();
        Some(read(&bytes).expect("a response"))
    }

    async fn is_well(&mut self, what: &str) {
        let (request, id) = options("TCP");
        self.send(request.as_bytes()).await;
        let response = self.response(what).await;
        let response = response.unwrap_or_else(|| panic!("{what}: the connection ended"));
        assert_eq!(response.get("Call-ID"), id, "{what}: {response}");
        assert_eq!(response.status(), Some(200), "{what}");
    }

    async fn answers(&mut self, answer: Answer, what: &str) {
        if let Status(status) = answer {
            let response = self.response(what).await;
            let response = response.unwrap_or_else(|| panic!("{what}: the connection ended"));
            assert_eq!(response.status(), Some(status), "{what}: {response}");
        }
    }

    async fn ends(&mut self, what: &str) {
        let more = self.response(what).await;
        assert!(more.is_none(), "{what}: {more:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_of_a_stream_gets_its_answer_and_harms_nothing() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let other = Exchange::start(Database::Sqlite).await;
    for (name, answer, stream, why) in MESSAGES {
        let what = format!("{name} ({why})");
        let address = match TWINS.contains(&name) {
            true => other.sip_tcp(),
            false => exchange.sip_tcp(),
        };
        let mut line = Line::open(address).await;
        line.send(&bytes_of(name)).await;
        match stream {
            Alike => {
                line.answers(answer, &what).await;
                line.is_well(&what).await;
            }
            Closes => {
                line.answers(answer, &what).await;
                line.ends(&what).await;
            }
            Derails => line.answers(answer, &what).await,
            Drops => while line.response(&what).await.is_some() {},
            Waits => {
                let early = timeout(Duration::from_millis(50), line.response(&what)).await;
                assert!(early.is_err(), "{what}: {early:?}");
            }
        }
        Line::open(address).await.is_well(&what).await;
    }
    exchange.stop().await;
    other.stop().await;
}
