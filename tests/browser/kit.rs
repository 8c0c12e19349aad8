//! What the stories have in common: where the page comes from, and what it is asked.

use harness::{Chromium, World, chromium::Page};
use serde_json::json;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

const PAGE: &str = include_str!("page.html");

/// Serves the page to whoever asks, until dropped.
pub struct Shelf {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Shelf {
    /// On a free port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    drop(stream.read(&mut request).await);
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                         Connection: close\r\n\r\n",
                        PAGE.len()
                    );
                    drop(stream.write_all(head.as_bytes()).await);
                    drop(stream.write_all(PAGE.as_bytes()).await);
                    drop(stream.shutdown().await);
                });
            }
        });
        Self { address, task }
    }

    /// A fresh page in this browser.
    pub async fn page(&self, chromium: &Chromium) -> Page {
        chromium.opens(&format!("http://{}/", self.address)).await
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until the line that this expression names has heard this tone.
pub async fn hears(page: &Page, line: &str, hz: u16) {
    page.sees(&format!("{line}.share({hz}) > 0.5")).await;
}

/// Whether a program that a story needs is missing.
pub fn is_left_out(programs: &[&str]) -> bool {
    !programs.iter().all(|program| harness::is_here(program))
}

/// A user at a page of a real browser.
pub struct Desk {
    /// User id.
    pub user: String,
    /// The page.
    pub page: Page,
}

impl Desk {
    /// A user with an extension whose page is connected.
    pub async fn open(
        world: &World,
        shelf: &Shelf,
        chromium: &Chromium,
        name: &str,
        number: &str,
    ) -> Self {
        let user = world.user(name, number).await;
        let token = world.token(&user).await;
        let page = shelf.page(chromium).await;
        let url = format!("ws://{}/v1/webrtc", world.exchange.running().http());
        let connect = format!("page.connect({}, {})", json!(url), json!(token));
        page.evaluate(&connect).await;
        page.sees("document.getElementById('state').textContent === 'ready'")
            .await;
        Self { user, page }
    }

    /// Dials.
    pub async fn calls(&self, number: &str) {
        self.page.evaluate("page.last = null").await;
        let call = format!("page.call({})", json!(number));
        self.page.evaluate(&call).await;
        self.page.sees("!!page.last").await;
    }

    /// Waits for a call and its offer.
    pub async fn rings(&self) {
        let offered = "page.last && page.last.state === 'ringing' && page.last.offer";
        self.page.sees(offered).await;
    }

    /// Answers the call that rings.
    pub async fn answers(&self) {
        self.page.evaluate("page.answer()").await;
        self.is("active").await;
    }

    /// Sends an action on the call.
    pub async fn does(&self, action: &str) {
        let act = format!("page.act({})", json!(action));
        self.page.evaluate(&act).await;
    }

    /// Waits for a state of the call.
    pub async fn is(&self, state: &str) {
        let condition = format!("page.last.state === {}", json!(state));
        self.page.sees(&condition).await;
    }
}
