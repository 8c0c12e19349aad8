//! One process of the program under test.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The file of the program: `web/src/main.rs`, built for this package.
const FILE: &str = env!("CARGO_BIN_EXE_strowger-under-test");
/// How long the program may take for anything.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What a process prints, line by line.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn read(from: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let all = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                all.0.lock().expect("lines").push(line);
            }
        });
        lines
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().expect("lines").clone()
    }

    /// Everything so far as one text.
    pub fn text(&self) -> String {
        self.all().join("\n")
    }
}

/// A folder that goes with the test.
pub struct Home(pub PathBuf);

impl Home {
    /// A new one.
    pub fn new() -> Self {
        let name = format!("strowger-process-{}", harness::sip::token());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// An address of loopback that nobody has, outside of the range from which the system gives ports to
/// others, so that it is still free when a process comes back to it.
pub fn place() -> SocketAddr {
    loop {
        let port = rand::random_range(10_000..20_000);
        let place = SocketAddr::from(([127, 0, 0, 1], port));
        if UdpSocket::bind(place).is_ok() && TcpListener::bind(place).is_ok() {
            return place;
        }
    }
}

/// The program with these arguments on this data directory, and nothing else of ours in its environment.
pub fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(FILE);
    for (name, _) in std::env::vars() {
        if name.starts_with("STROWGER_") {
            command.env_remove(name);
        }
    }
    let data = home.join("data");
    command
        .args(arguments)
        .env("STROWGER_DATA_DIR", data)
        .env("STROWGER_HTTP_LISTEN", "127.0.0.1:0")
        .env("STROWGER_SIP_UDP", "127.0.0.1:0")
        .env("STROWGER_SIP_TCP", "")
        .env("STROWGER_SIP_DOMAIN", harness::DOMAIN)
        .env("STROWGER_HTTP_RATE_LIMIT", "0")
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a command that ends by itself said: whether it succeeded, standard output, standard error.
pub fn said(command: &mut Command) -> (bool, String, String) {
    let output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A running exchange.
pub struct Program {
    child: Child,
    /// Standard output.
    pub out: Lines,
    /// Standard error: the log.
    pub log: Lines,
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where it answers SIP over UDP.
    pub sip: SocketAddr,
}

impl Program {
    /// Starts `strowger serve` with a log for machines and these variables, and waits until it is ready.
    pub async fn serve(home: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = command(home, &["serve"]);
        command.env("STROWGER_LOG_FORMAT", "json");
        command.envs(variables.iter().copied());
        let mut child = command.spawn().expect("the program starts");
        let out = Lines::read(child.stdout.take().expect("an output"));
        let log = Lines::read(child.stderr.take().expect("a log"));
        let end = Instant::now() + LIMIT;
        let listening = loop {
            let lines = log.all();
            let parsed = lines.iter().filter_map(|l| serde_json::from_str(l).ok());
            let found = parsed
                .into_iter()
                .find(|l: &Value| l["message"] == "Listening.");
            if let Some(line) = found {
                break line;
            }
            let ended = child.try_wait().expect("a process");
            assert!(ended.is_none(), "it ended:\n{}", log.text());
            assert!(Instant::now() < end, "it does not listen:\n{}", log.text());
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let address = |name: &str| -> SocketAddr {
            let text = listening[name].as_str().expect("an address");
            let text = text.trim_matches(['[', ']']);
            text.parse().unwrap_or_else(|_| panic!("{name}: {text}"))
        };
        Self {
            out,
            log,
            http: address("http"),
            sip: address("sip_udp"),
            child,
        }
    }

    /// A client with this key.
    pub fn api(&self, key: &str) -> harness::Api {
        harness::Api::new(&format!("http://{}", self.http), key)
    }

    /// Kills it on the spot: nothing of it runs any more.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        let order = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &order]).status();
        assert!(sent.expect("a shell").success());
    }

    /// Waits for its end, then for the last of its log.
    pub async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a process") {
                return status;
            }
            assert!(Instant::now() < end, "it goes on:\n{}", self.log.text());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
