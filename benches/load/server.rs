//! The release binary on a data directory of its own, pinned to the first core.

use super::{
    Outcome,
    calls::{CALLEE, CALLER},
    register::Login,
};
use harness::Api;
use serde_json::json;
use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The platform key of the run.
const KEY: &str = "sk_live_load00000000000000000000";
/// The number that calls come in on, and the one they are sent on to.
pub const NUMBERS: [&str; 2] = ["+12125550100", "+12125550177"];

/// A running program; killed when dropped.
pub struct Server {
    child: Child,
    /// SIP over UDP.
    pub sip: SocketAddr,
    api: Api,
    directory: PathBuf,
}

impl Server {
    /// Starts it and waits until it is ready.
    pub async fn start() -> Outcome<Self> {
        let program =
            std::env::var("STROWGER_LOAD_BINARY").unwrap_or("target/release/strowger".into());
        if !PathBuf::from(&program).is_file() {
            return Err(format!("{program} is not there: cargo build --release first").into());
        }
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let sip = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let directory = std::env::temp_dir().join(format!("strowger-load-{}", std::process::id()));
        let child = Command::new("taskset")
            .args(["-c", "0", &program])
            .env("STROWGER_DATA_DIR", &directory)
            .env("STROWGER_HTTP_LISTEN", http.to_string())
            .env("STROWGER_HTTP_RATE_LIMIT", "0")
            .env("STROWGER_SIP_UDP", sip.to_string())
            .env("STROWGER_SIP_TCP", "")
            .env("STROWGER_API_KEY", KEY)
            .env("STROWGER_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()?;
        let api = Api::new(&format!("http://{http}"), KEY);
        let server = Self {
            child,
            sip,
            api,
            directory,
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(http).is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err("the server does not start".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets calls from the first carrier to the first number go out to the second carrier.
    pub async fn carriers(&self, callee: SocketAddr) {
        let trunks = [
            json!({"name": "in", "address": CALLER, "transport": "udp", "inbound_addresses": [CALLER], "priority": 9}),
            json!({"name": "out", "address": callee.to_string(), "transport": "udp", "inbound_addresses": [CALLEE], "priority": 1}),
        ];
        for trunk in trunks {
            self.api
                .post("/v1/operator/trunks", trunk)
                .await
                .must_be(201);
        }
        let account = self
            .api
            .post("/v1/accounts", json!({"name": "Load"}))
            .await
            .id_of(201);
        let number = json!({"phone_number": NUMBERS[0], "account": account});
        let number = self
            .api
            .post("/v1/operator/phone-numbers", number)
            .await
            .id_of(201);
        let api = self.api.on(&account);
        let group = api
            .post("/v1/ring_groups", json!({"name": "all"}))
            .await
            .id_of(201);
        let members = format!("/v1/ring_groups/{group}/members");
        api.post(&members, json!({"phone_number": NUMBERS[1]}))
            .await
            .must_be(201);
        let route = format!("/v1/phone-numbers/{number}/route");
        api.post(&route, json!({"routing_target": group}))
            .await
            .must_be(200);
    }

    /// Users with a phone's login each.
    pub async fn logins(&self, count: usize) -> Vec<Login> {
        let account = self
            .api
            .post("/v1/accounts", json!({"name": "Phones"}))
            .await
            .id_of(201);
        let api = self.api.on(&account);
        let mut logins = Vec::new();
        for number in 0..count {
            let user = json!({"name": format!("User {number}")});
            let user = api.post("/v1/users", user).await.id_of(201);
            let password = format!("load-password-{number}");
            let endpoint = json!({"sip_password": password});
            let made = api
                .post(&format!("/v1/users/{user}/endpoints"), endpoint)
                .await
                .must_be(201);
            let username = made["sip_username"].as_str().unwrap_or_default().to_owned();
            logins.push(Login { username, password });
        }
        logins
    }

    /// The sum of a metric's lines.
    pub async fn metric(&self, starts_with: &str) -> f64 {
        let text = self.api.get("/metrics").await.text;
        let lines = text.lines().filter(|line| line.starts_with(starts_with));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
