//! What the stories have in common: where the page comes from, and what it is asked.

use harness::{Chromium, chromium::Page};
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
