//! A translator of addresses between a browser and the exchange: it can take another port in mid-call, as
//! a home router or a phone that changes networks does, or lose everything.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// The translator. The browser sends to [`inside`](Self::inside).
pub struct Nat {
    inner: Arc<Inner>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

struct Inner {
    inside: UdpSocket,
    outside: Mutex<Arc<UdpSocket>>,
    server: SocketAddr,
    browser: Mutex<Option<SocketAddr>>,
    cut: AtomicBool,
}

impl Nat {
    /// One that leads to this address.
    pub async fn towards(server: SocketAddr) -> Self {
        let inner = Arc::new(Inner {
            inside: UdpSocket::bind("127.0.0.1:0").await.expect("a port"),
            outside: Mutex::new(outside(server).await),
            server,
            browser: Mutex::default(),
            cut: AtomicBool::new(false),
        });
        let outward = tokio::spawn(carry_out(inner.clone()));
        let socket = inner.outside.lock().expect("outside").clone();
        let inward = tokio::spawn(carry_in(inner.clone(), socket));
        Self {
            inner,
            tasks: Mutex::new(vec![outward, inward]),
        }
    }

    /// Where the browser sends to.
    pub fn inside(&self) -> SocketAddr {
        self.inner.inside.local_addr().expect("bound")
    }

    /// Where the exchange sees the browser.
    pub fn outside(&self) -> SocketAddr {
        let socket = self.inner.outside.lock().expect("outside");
        socket.local_addr().expect("bound")
    }

    /// From now on the exchange sees the browser at another port; the old one is gone.
    pub async fn moves(&self) {
        let fresh = outside(self.inner.server).await;
        *self.inner.outside.lock().expect("outside") = fresh.clone();
        let inward = tokio::spawn(carry_in(self.inner.clone(), fresh));
        let mut tasks = self.tasks.lock().expect("tasks");
        if let Some(old) = tasks.pop() {
            old.abort();
        }
        tasks.push(inward);
    }

    /// Nothing passes in either direction.
    pub fn is_cut(&self) {
        self.inner.cut.store(true, Ordering::Relaxed);
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        for task in self.tasks.lock().expect("tasks").iter() {
            task.abort();
        }
    }
}

async fn outside(server: SocketAddr) -> Arc<UdpSocket> {
    let any = if server.is_ipv6() {
        "[::1]:0"
    } else {
        "127.0.0.1:0"
    };
    Arc::new(UdpSocket::bind(any).await.expect("a port"))
}

async fn carry_out(inner: Arc<Inner>) {
    let mut buffer = [0; 2048];
    while let Ok((size, from)) = inner.inside.recv_from(&mut buffer).await {
        *inner.browser.lock().expect("browser") = Some(from);
        let socket = inner.outside.lock().expect("outside").clone();
        if !inner.cut.load(Ordering::Relaxed) {
            drop(socket.send_to(&buffer[..size], inner.server).await);
        }
    }
}

async fn carry_in(inner: Arc<Inner>, socket: Arc<UdpSocket>) {
    let mut buffer = [0; 2048];
    loop {
        let Ok((size, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let browser = *inner.browser.lock().expect("browser");
        if let (Some(browser), false) = (browser, inner.cut.load(Ordering::Relaxed))
            && from == inner.server
        {
            drop(inner.inside.send_to(&buffer[..size], browser).await);
        }
    }
}
