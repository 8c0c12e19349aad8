//! coturn: the credentials that browsers are given allocate a relay there, and no others do.

use crate::is_here;
use harness::{Database, Exchange, World};
use serde_json::json;
use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// What coturn and the exchange share.
const SECRET: &str = "north-by-northwest";

/// A coturn; ended when dropped.
struct Coturn {
    process: Child,
    port: u16,
}

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Coturn {
    async fn start(exchange: &Exchange) -> Self {
        let port = free_port();
        let folder = exchange.data_dir().display().to_string();
        let process = Command::new("turnserver")
            .args(["-n", "--no-tls", "--no-dtls", "--no-cli"])
            .args(["--use-auth-secret", "--realm=turn.test"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"])
            .arg(format!("--listening-port={port}"))
            .args(["--allow-loopback-peers", "--log-file=stdout"])
            .arg(format!("--pidfile={folder}/turnserver.pid"))
            .arg(format!("--userdb={folder}/turndb"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("coturn starts");
        let coturn = Self { process, port };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "coturn does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        coturn
    }

    /// Two clients that send each other a few packets over their relays.
    async fn serves(&self, name: &str, password: &str) -> Output {
        let mut client = Command::new("timeout");
        client
            .args(["60", "turnutils_uclient", "-y", "-c", "-n", "3", "-m", "1"])
            .args(["-u", name, "-w", password, "-p", &self.port.to_string()])
            .arg("127.0.0.1");
        let ran = tokio::task::spawn_blocking(move || client.output());
        ran.await.expect("a client").expect("a client")
    }
}

/// A port that is free for UDP and TCP.
fn free_port() -> u16 {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = tcp.local_addr().expect("an address").port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_gets_a_relay_with_its_credentials() {
    if !is_here("turnserver") || !is_here("turnutils_uclient") {
        return;
    }
    let exchange = Exchange::start_with(Database::Sqlite, |config| {
        config.turn.urls = vec!["turn:127.0.0.1:3478".to_owned()];
        config.turn.secret = Some(SECRET.to_owned().into());
    });
    let world = World::on(exchange.await).await;
    let coturn = Coturn::start(&world.exchange).await;
    let alice = world.api.post("/v1/users", json!({"name": "Alice"})).await;
    let asked = json!({"user": alice.id_of(201)});
    let platform = world.exchange.api();
    let made = platform.post("/v1/user_sessions", asked).await.must_be(201);
    let me = platform.with_key(made["client_secret"].as_str().expect("a token"));
    let told = me.get("/v1/webrtc/ice-servers").await.must_be(200);
    let server = &told["ice_servers"][0];
    let name = server["username"].as_str().expect("a name");
    let password = server["credential"].as_str().expect("a password");

    let ran = coturn.serves(name, password).await;
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("Total lost packets 0 "), "{said}");
    // Longer than was granted.
    let (until, who) = name.split_once(':').expect("two parts");
    let later = until.parse::<u64>().expect("seconds") + 1;
    let ran = coturn.serves(&format!("{later}:{who}"), password).await;
    assert!(!ran.status.success());
    world.exchange.stop().await;
}
