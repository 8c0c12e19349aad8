//! The WebSocket of a browser: frames are plain JSON, written and read by hand.

use super::SOON;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::{
    Error, Message,
    client::IntoClientRequest,
    protocol::{CloseFrame, WebSocketConfig},
};

/// The subprotocol of the softphone socket.
pub const PROTOCOL: &str = "dialstack.webrtc.v1";

#[derive(Default)]
struct Inbox {
    /// Came and was not taken.
    waiting: Vec<Value>,
    /// Everything that came.
    log: Vec<Value>,
    /// How the other side closed: its code, 0 for none.
    closed: Option<u16>,
}

#[derive(Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    news: Notify,
    deaf: AtomicBool,
}

/// An open socket. Dropping it drops the connection without a goodbye, as a closed page may.
pub struct Socket {
    shared: Arc<Shared>,
    going: mpsc::UnboundedSender<Message>,
    task: JoinHandle<()>,
}

impl Socket {
    /// Opens the softphone socket.
    pub async fn open(http: SocketAddr) -> Self {
        let opened = Self::try_open(http, "/v1/webrtc", Some(PROTOCOL), &[]).await;
        opened.unwrap_or_else(|status| panic!("the handshake was refused with {status}"))
    }

    /// Opens a path with this subprotocol and further headers; the status when it is refused.
    pub async fn try_open(
        http: SocketAddr,
        path: &str,
        protocol: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let request = format!("ws://{http}{path}").into_client_request();
        let mut request = request.expect("a request");
        let mut add = |name: &'static str, value: &str| {
            let value = value.parse().expect("a header");
            request.headers_mut().insert(name, value);
        };
        if let Some(protocol) = protocol {
            add("Sec-WebSocket-Protocol", protocol);
        }
        for (name, value) in headers {
            add(name, value);
        }
        let stream = TcpStream::connect(http).await.expect("it listens");
        stream.set_nodelay(true).expect("nodelay");
        let config = WebSocketConfig::default().max_message_size(Some(1 << 22));
        let opened = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        let (stream, response) = match opened.await {
            Ok(opened) => opened,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("the handshake failed: {error}"),
        };
        let echoed = response.headers().get("Sec-WebSocket-Protocol");
        let echoed = echoed.and_then(|value| value.to_str().ok());
        assert_eq!(echoed, protocol, "the subprotocol chosen");
        let (mut sink, mut source) = stream.split();
        let (going, mut queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let task = {
            let shared = shared.clone();
            tokio::spawn(async move {
                loop {
                    let deaf = shared.deaf.load(Ordering::Relaxed);
                    tokio::select! {
                        message = queue.recv() => match message {
                            Some(message) => {
                                if sink.send(message).await.is_err() {
                                    break shared.closes(0);
                                }
                            }
                            None => return,
                        },
                        message = source.next(), if !deaf => match message {
                            Some(Ok(message)) => shared.takes(message),
                            _ => break shared.closes(0),
                        },
                    }
                }
            })
        };
        Ok(Self {
            shared,
            going,
            task,
        })
    }

    /// Sends a frame.
    pub fn send(&self, frame: Value) {
        self.send_text(&frame.to_string());
    }

    /// Sends any text.
    pub fn send_text(&self, text: &str) {
        self.send_message(Message::text(text));
    }

    /// Sends any message of the protocol.
    pub fn send_message(&self, message: Message) {
        drop(self.going.send(message));
    }

    /// Says goodbye.
    pub fn close(&self) {
        self.send_message(Message::Close(None));
    }

    /// The connection is gone without a goodbye.
    pub fn vanish(&self) {
        self.task.abort();
        self.shared.closes(0);
    }

    /// Reads nothing any more, as a page that hangs.
    pub fn goes_deaf(&self) {
        self.shared.deaf.store(true, Ordering::Relaxed);
        // The loop looks again after the next message it sends.
        self.send_message(Message::Ping(Vec::new().into()));
    }

    /// Waits for a frame that fits and takes it out; the others stay.
    pub async fn take(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        match self.try_take(SOON, fits).await {
            Some(frame) => frame,
            None => panic!("no {what}; {}", self.story()),
        }
    }

    /// As [`take`](Self::take); nothing when none came in this time.
    pub async fn try_take(&self, limit: Duration, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let end = Instant::now() + limit;
        loop {
            let news = self.shared.news.notified();
            {
                let mut inbox = self.shared.inbox.lock().expect("inbox");
                if let Some(at) = inbox.waiting.iter().position(&fits) {
                    return Some(inbox.waiting.remove(at));
                }
                if inbox.closed.is_some() {
                    return None;
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if tokio::time::timeout(left, news).await.is_err() {
                return None;
            }
        }
    }

    /// Waits for a frame of this type.
    pub async fn take_type(&self, name: &str) -> Value {
        self.take(name, |frame| frame["type"] == name).await
    }

    /// Waits for the other side to close; gives its code, 0 for none.
    pub async fn is_closed(&self) -> u16 {
        let end = Instant::now() + SOON * 2;
        loop {
            let news = self.shared.news.notified();
            if let Some(code) = self.shared.inbox.lock().expect("inbox").closed {
                return code;
            }
            let left = end.saturating_duration_since(Instant::now());
            let waited = tokio::time::timeout(left, news).await;
            assert!(waited.is_ok(), "it was not closed; {}", self.story());
        }
    }

    /// Every frame that came so far, taken or not.
    pub fn log(&self) -> Vec<Value> {
        self.shared.inbox.lock().expect("inbox").log.clone()
    }

    /// What came, for a failure.
    pub fn story(&self) -> String {
        let inbox = self.shared.inbox.lock().expect("inbox");
        let mut text = format!("closed: {:?}, came:", inbox.closed);
        for frame in &inbox.log {
            let line = frame.to_string();
            text.push_str("\n  ");
            text.push_str(line.get(..400).unwrap_or(&line));
        }
        text
    }
}

impl Shared {
    fn takes(&self, message: Message) {
        match message {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
                let mut inbox = self.inbox.lock().expect("inbox");
                inbox.log.push(frame.clone());
                inbox.waiting.push(frame);
            }
            Message::Binary(_) => panic!("a binary frame"),
            Message::Close(frame) => {
                let code = |frame: CloseFrame| u16::from(frame.code);
                return self.closes(frame.map_or(0, code));
            }
            _ => {}
        }
        self.news.notify_waiters();
    }

    fn closes(&self, code: u16) {
        let mut inbox = self.inbox.lock().expect("inbox");
        inbox.closed.get_or_insert(code);
        drop(inbox);
        self.news.notify_waiters();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}
