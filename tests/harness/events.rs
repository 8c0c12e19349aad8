//! A reader of `GET /v1/events` that splits frames as browsers' clients do.

use crate::{
    Api, SOON,
    contract::{self, Exchanged},
};
use futures_util::StreamExt;
use serde_json::Value;
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinHandle};

/// One frame.
#[derive(Debug, Clone)]
pub struct Event {
    /// `event:` line.
    pub name: String,
    /// `id:` line.
    pub id: Option<String>,
    /// `data:` line.
    pub data: Value,
}

/// An open stream.
pub struct Events {
    frames: mpsc::UnboundedReceiver<Event>,
    reader: JoinHandle<()>,
    seen: Vec<String>,
}

impl Events {
    /// Opens the stream of the client's account and waits for `connected`.
    pub async fn open(api: &Api) -> Self {
        Self::resume(api, None).await
    }

    /// Opens it after an event.
    pub async fn resume(api: &Api, last: Option<&str>) -> Self {
        let mut request = api.request(reqwest::Method::GET, "/v1/events");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.expect("the exchange answers");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        contract::hold(&Exchanged {
            method: &reqwest::Method::GET,
            path: "/v1/events",
            sent: None,
            status: 200,
            headers: response.headers(),
            text: None,
        });
        let (sender, frames) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            let mut stream = response.bytes_stream();
            let mut text = String::new();
            while let Some(Ok(bytes)) = stream.next().await {
                text.push_str(&String::from_utf8_lossy(&bytes));
                while let Some((frame, rest)) = text.split_once("\n\n") {
                    if let Some(event) = read_frame(frame) {
                        drop(sender.send(event));
                    }
                    text = rest.to_owned();
                }
            }
        });
        let mut events = Self {
            frames,
            reader,
            seen: Vec::new(),
        };
        assert_eq!(events.next().await.name, "connected");
        events
    }

    /// The next event, whatever it is.
    pub async fn next(&mut self) -> Event {
        self.next_within(SOON).await
    }

    /// The next event, which may take longer than others.
    pub async fn next_within(&mut self, limit: Duration) -> Event {
        match tokio::time::timeout(limit, self.frames.recv()).await {
            Ok(Some(event)) => {
                contract::hold_event(&event.name, &event.data);
                self.seen.push(event.name.clone());
                event
            }
            Ok(None) => panic!("the stream ended after {:?}", self.seen),
            Err(_) => panic!("no event in {limit:?} after {:?}", self.seen),
        }
    }

    /// The next event, which must have this name; gives its data.
    pub async fn expect(&mut self, name: &str) -> Value {
        let event = self.next().await;
        assert_eq!(event.name, name, "{} (seen: {:?})", event.data, self.seen);
        event.data
    }

    /// Claims that nothing comes within this time.
    pub async fn stay_quiet(&mut self, limit: Duration) {
        if let Ok(Some(event)) = tokio::time::timeout(limit, self.frames.recv()).await {
            panic!("unexpected event {} {}", event.name, event.data);
        }
    }

    /// Waits for the server to close the stream.
    pub async fn end(&mut self) {
        let limit =
            tokio::time::timeout(SOON, async { while self.frames.recv().await.is_some() {} });
        limit.await.expect("the stream ends");
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn read_frame(frame: &str) -> Option<Event> {
    let field = |name: &str| frame.lines().rev().find_map(|l| l.strip_prefix(name));
    let data = field("data: ")?;
    Some(Event {
        name: field("event: ")?.to_owned(),
        id: field("id: ").map(str::to_owned),
        data: serde_json::from_str(data).expect("one line of JSON"),
    })
}
