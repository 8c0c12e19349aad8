//! A road between an exchange and its PostgreSQL server that a test can cut, block and repair.

use std::net::SocketAddr;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// How the road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// Bytes pass.
    Open,
    /// Connections stay, and nothing passes.
    Stalled,
    /// Connections are ended, and new ones at once.
    Cut,
}

/// The road to one server.
pub struct Proxy {
    address: SocketAddr,
    road: watch::Sender<Road>,
    gate: JoinHandle<()>,
}

impl Proxy {
    /// An open road to this `host:port`.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let road = watch::Sender::new(Road::Open);
        let (server, seen) = (server.to_owned(), road.subscribe());
        let gate = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), seen.clone()));
            }
        });
        Self {
            address,
            road,
            gate,
        }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it is like this, for old connections and new ones.
    pub fn becomes(&self, road: Road) {
        self.road.send_replace(road);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.gate.abort();
    }
}

/// Carries one connection until either side ends it or the road is cut.
async fn carry(client: TcpStream, server: String, mut road: watch::Receiver<Road>) {
    if *road.borrow() == Road::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (there, back) = (road.clone(), road.clone());
    tokio::select! {
        _ = road.wait_for(|road| *road == Road::Cut) => {}
        () = pass(&mut from_client, &mut to_server, there) => {}
        () = pass(&mut from_server, &mut to_client, back) => {}
    }
}

/// Passes bytes one way while the road is open.
async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut road: watch::Receiver<Road>,
) {
    let mut buffer = vec![0; 16_384];
    while let Ok(size @ 1..) = from.read(&mut buffer).await {
        if road.wait_for(|road| *road == Road::Open).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..size]).await.is_err() {
            return;
        }
    }
}
