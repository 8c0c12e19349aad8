//! A socket with an inbox: messages are put down as they come and taken up when a test asks for them.

use super::{Message, ws};
use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::{TcpStream, UdpSocket},
    sync::Notify,
    task::JoinHandle,
    time::Instant,
};
use tokio_tungstenite::tungstenite;

/// How an agent reaches the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Datagrams.
    #[default]
    Udp,
    /// One stream, opened by the agent.
    Tcp,
    /// One stream over TLS, opened by the agent.
    Tls,
    /// One WebSocket, opened by the agent at the HTTP listener.
    Ws,
}

type Writer = Box<dyn AsyncWrite + Send + Unpin>;

#[derive(Clone)]
enum Line {
    Udp(Arc<UdpSocket>),
    Stream(Arc<tokio::sync::Mutex<Writer>>),
    Socket(ws::Sender),
}

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<(Message, SocketAddr)>,
    /// Requests that were answered, with the answer, so that a repeated one gets it again.
    answered: HashMap<String, String>,
    /// Everything seen, as text; repeats are dropped here.
    seen: HashMap<String, u32>,
    log: Vec<String>,
    /// Keep-alives that were answered.
    pongs: u32,
    /// The exchange has closed the socket.
    ended: bool,
}

/// A SIP socket of a phone or a carrier.
pub struct Agent {
    link: Link,
    /// None once it has vanished.
    line: Mutex<Option<Line>>,
    local: SocketAddr,
    /// The name that a browser makes up for itself, for it has no address.
    host: String,
    inbox: Arc<Mutex<Inbox>>,
    news: Arc<Notify>,
    reader: JoinHandle<()>,
}

impl Agent {
    /// Opens a socket on loopback; with TCP it connects to `peer` at once.
    pub async fn open(link: Link, peer: SocketAddr) -> Arc<Self> {
        let any = if peer.is_ipv6() { "::1" } else { "127.0.0.1" };
        Self::open_at(link, any.parse().expect("an address"), peer).await
    }

    /// As [`open`](Self::open), with datagrams from a chosen address.
    pub async fn open_at(link: Link, own: IpAddr, peer: SocketAddr) -> Arc<Self> {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let news = Arc::new(Notify::new());
        let (line, local, reader) = match link {
            Link::Udp => {
                let socket = UdpSocket::bind((own, 0)).await.expect("a free port");
                let socket = Arc::new(socket);
                let local = socket.local_addr().expect("bound");
                let reader = tokio::spawn(read_udp(socket.clone(), inbox.clone(), news.clone()));
                (Line::Udp(socket), local, reader)
            }
            Link::Ws => {
                let (inbox, news) = (inbox.clone(), news.clone());
                let told = move |text: Option<String>| {
                    match text.as_deref() {
                        Some("\r\n") => inbox.lock().expect("inbox").pongs += 1,
                        Some(text) => drop(put_down(&inbox, text, peer)),
                        None => inbox.lock().expect("inbox").ended = true,
                    }
                    news.notify_waiters();
                };
                let opened = ws::open(peer, Some("sip"), told).await;
                let (sender, local, reader) = opened.expect("the socket is taken");
                (Line::Socket(sender), local, reader)
            }
            Link::Tcp | Link::Tls => {
                let stream = TcpStream::connect(peer).await.expect("exchange listens");
                let local = stream.local_addr().expect("bound");
                let (read, write): (Box<dyn AsyncRead + Send + Unpin>, Writer) = match link {
                    Link::Tls => {
                        let (read, write) = split(super::tls::connect(stream).await);
                        (Box::new(read), Box::new(write))
                    }
                    _ => {
                        let (read, write) = stream.into_split();
                        (Box::new(read), Box::new(write))
                    }
                };
                let reader = tokio::spawn(read_stream(read, peer, inbox.clone(), news.clone()));
                let line = Line::Stream(Arc::new(tokio::sync::Mutex::new(write)));
                (line, local, reader)
            }
        };
        Arc::new(Self {
            link,
            line: Mutex::new(Some(line)),
            local,
            host: match link {
                Link::Ws => format!("{}.invalid", super::token()),
                _ => local.to_string(),
            },
            inbox,
            news,
            reader,
        })
    }

    /// Our address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Our address as written into Via and Contact.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `UDP`, `TCP`, `WS` or `TLS`, as written into Via.
    pub fn transport(&self) -> &'static str {
        match self.link {
            Link::Udp => "UDP",
            Link::Tcp => "TCP",
            Link::Tls => "TLS",
            Link::Ws => "WS",
        }
    }

    /// Closes the socket: whoever sends to it from now on gets nothing but its absence.
    pub fn vanish(&self) {
        self.reader.abort();
        drop(self.line.lock().expect("line").take());
    }

    /// Sends one message. A response is remembered for repeats of its request.
    pub async fn send(&self, message: &Message, to: SocketAddr) {
        let text = message.to_string();
        if message.status().is_some() {
            let key = transaction(message);
            self.inbox
                .lock()
                .expect("inbox")
                .answered
                .insert(key, text.clone());
        }
        self.log(">", &text);
        self.send_raw(text.as_bytes(), to).await;
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&self, bytes: &[u8], to: SocketAddr) {
        let line = self.line.lock().expect("line").clone();
        match line {
            Some(Line::Udp(socket)) => drop(socket.send_to(bytes, to).await),
            Some(Line::Stream(write)) => {
                let mut write = write.lock().await;
                drop(write.write_all(bytes).await);
                drop(write.flush().await);
            }
            Some(Line::Socket(sender)) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                drop(sender.send(tungstenite::Message::text(text)));
            }
            None => {}
        }
    }

    /// Takes the first waiting message that fits, or waits for one; fails the test after `limit`.
    pub async fn take(
        &self,
        what: &str,
        limit: Duration,
        fits: impl Fn(&Message) -> bool,
    ) -> (Message, SocketAddr) {
        match self.try_take(limit, fits).await {
            Some(found) => found,
            None => panic!(
                "waited {limit:?} for {what}; the wire at {} saw:\n{}",
                self.local,
                self.inbox.lock().expect("inbox").log.join("\n")
            ),
        }
    }

    /// As [`take`](Self::take), with nothing when the time is over.
    pub async fn try_take(
        &self,
        limit: Duration,
        fits: impl Fn(&Message) -> bool,
    ) -> Option<(Message, SocketAddr)> {
        let end = Instant::now() + limit;
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let mut inbox = self.inbox.lock().expect("inbox");
                if let Some(at) = inbox.waiting.iter().position(|(m, _)| fits(m)) {
                    return inbox.waiting.remove(at);
                }
            }
            tokio::time::timeout_at(end, news).await.ok()?;
        }
    }

    /// Puts a message back to the front, for another reader.
    pub fn put_back(&self, message: Message, from: SocketAddr) {
        self.inbox
            .lock()
            .expect("inbox")
            .waiting
            .push_front((message, from));
        self.news.notify_waiters();
    }

    /// Waits until the exchange has answered a keep-alive.
    pub async fn is_ponged(&self) {
        self.inbox_becomes("a pong", |inbox| inbox.pongs > 0).await;
    }

    /// Waits until the exchange has closed the socket.
    pub async fn is_closed(&self) {
        self.inbox_becomes("the end", |inbox| inbox.ended).await;
    }

    async fn inbox_becomes(&self, what: &str, fits: impl Fn(&Inbox) -> bool) {
        let wait = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if fits(&self.inbox.lock().expect("inbox")) {
                    return;
                }
                news.await;
            }
        };
        let done = tokio::time::timeout(crate::SOON, wait).await;
        assert!(done.is_ok(), "waited for {what}");
    }

    /// How often the very same message came.
    pub fn times_seen(&self, message: &Message) -> u32 {
        let inbox = self.inbox.lock().expect("inbox");
        inbox.seen.get(&message.to_string()).copied().unwrap_or(0)
    }

    fn log(&self, mark: &str, text: &str) {
        let line = format!("{mark} {}", text.lines().next().unwrap_or(""));
        self.inbox.lock().expect("inbox").log.push(line);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn transaction(message: &Message) -> String {
    format!(
        "{} {} {}",
        message.get("Via"),
        message.get("Call-ID"),
        message.get("CSeq")
    )
}

/// Puts a message into the inbox; gives back an answer when it repeats a request that was answered.
fn put_down(inbox: &Mutex<Inbox>, text: &str, from: SocketAddr) -> Option<String> {
    let message = Message::parse(text)?;
    let mut inbox = inbox.lock().expect("inbox");
    inbox
        .log
        .push(format!("< {} [{}]", message.start, message.get("CSeq")));
    let times = inbox.seen.entry(message.to_string()).or_default();
    *times += 1;
    if *times > 1 {
        return inbox.answered.get(&transaction(&message)).cloned();
    }
    inbox.waiting.push_back((message, from));
    None
}

async fn read_udp(socket: Arc<UdpSocket>, inbox: Arc<Mutex<Inbox>>, news: Arc<Notify>) {
    let mut buffer = vec![0; 65_535];
    while let Ok((size, from)) = socket.recv_from(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..size]).into_owned();
        if let Some(again) = put_down(&inbox, &text, from) {
            drop(socket.send_to(again.as_bytes(), from).await);
        }
        news.notify_waiters();
    }
}

async fn read_stream(
    mut read: impl AsyncRead + Unpin,
    peer: SocketAddr,
    inbox: Arc<Mutex<Inbox>>,
    news: Arc<Notify>,
) {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 16_384];
    while let Ok(size) = read.read(&mut buffer).await {
        if size == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..size]);
        while let Some(length) = whole_message(&kept) {
            let text = String::from_utf8_lossy(&kept[..length]).into_owned();
            kept.drain(..length);
            put_down(&inbox, text.trim_start_matches("\r\n"), peer);
        }
        news.notify_waiters();
    }
}

/// The length of the first whole message in a stream.
fn whole_message(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let skip = text.len() - text.trim_start_matches("\r\n").len();
    let head = text[skip..].find("\r\n\r\n")? + skip + 4;
    let body = text[..head]
        .lines()
        .find_map(|l| {
            l.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    (bytes.len() >= head + body).then_some(head + body)
}
