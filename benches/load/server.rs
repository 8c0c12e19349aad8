//! The release binary on a data directory of its own, pinned to the first core.

use super::Outcome;
use harness::Api;
use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The platform key of the run.
const KEY: &str = "sk_live_load00000000000000000000";
/// A running program; killed when dropped.
pub struct Server {
    child: Child,
    /// SIP over UDP.
    pub sip: SocketAddr,
    /// A client of it.
    pub api: Api,
    /// REST.
    pub http: SocketAddr,
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
            .env("STROWGER_HTTP_STREAMS", "20000")
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
            http,
            api,
            directory,
        };
        let begun = Instant::now();
        while std::net::TcpStream::connect(http).is_err() {
            if begun.elapsed() > Duration::from_secs(60) {
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

    /// The sum of a metric's lines.
    pub async fn metric(&self, starts_with: &str) -> f64 {
        let text = self.api.get("/metrics").await.text;
        let lines = text.lines().filter(|line| line.starts_with(starts_with));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until this many calls are recorded and told of, at most ten seconds.
    pub async fn until_ended(&self, calls: usize) {
        let begun = Instant::now();
        while self.metric("strowger_actors_calls_ended_total").await < calls as f64
            && begun.elapsed() < Duration::from_secs(10)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
