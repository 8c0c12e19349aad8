//! REST and event streams under load: plain sockets, so that the load stays small.

use super::{Outcome, cpu, server::Server};
use harness::{Api, Phone};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Connections that each have one request under way.
const CONNECTIONS: usize = 32;
/// Streams of an account in which nothing happens.
pub const IDLE: usize = 10_000;
/// Streams of the account in which calls are made.
const LISTENERS: usize = 20;
/// Calls that are told of.
const CALLS: usize = 50;
/// How long anything may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What GET of one resource used.
pub struct Gets {
    /// Answers.
    pub answered: usize,
    /// Processor time of the server.
    pub server: Duration,
    /// Processor time of the load.
    pub load: Duration,
    /// Wall time.
    pub took: Duration,
}

fn head(api: &Api, path: &str) -> String {
    let request = api
        .request(reqwest::Method::GET, path)
        .build()
        .expect("a request");
    let mut head = format!("GET {path} HTTP/1.1\r\nHost: exchange\r\n");
    for (name, value) in request.headers() {
        let value = value.to_str().unwrap_or_default();
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// Asks for one user over and over, on connections that are kept.
pub async fn gets(server: &Server, length: Duration) -> Outcome<Gets> {
    let account = server.api.post("/v1/accounts", json!({})).await.id_of(201);
    let api = server.api.on(&account);
    let user = api
        .post("/v1/users", json!({"name": "Alice"}))
        .await
        .id_of(201);
    let (head, http, pid) = (
        head(&api, &format!("/v1/users/{user}")),
        server.http,
        server.pid(),
    );
    let asked = tokio::task::spawn_blocking(move || ask(&head, http, pid, length));
    asked.await?.map_err(Into::into)
}

fn ask(head: &str, http: SocketAddr, pid: u32, length: Duration) -> Result<Gets, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let connection = TcpStream::connect(http).map_err(text)?;
        connection.set_nodelay(true).map_err(text)?;
        connection.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        connections.push(connection);
    }
    let mut buffer = vec![0; 16 * 1024];
    let mut answered = 0;
    // The first round says how long an answer is; all are alike.
    let mut round = |length: &mut usize| -> Result<(), String> {
        for connection in &mut connections {
            connection.write_all(head.as_bytes()).map_err(text)?;
        }
        for connection in &mut connections {
            let mut have = 0;
            while have == 0 || have < *length {
                let got = connection.read(&mut buffer[have..]).map_err(text)?;
                if got == 0 || !buffer.starts_with(b"HTTP/1.1 200") {
                    return Err(String::from_utf8_lossy(&buffer[..got]).into_owned());
                }
                have += got;
            }
            *length = have;
            answered += 1;
        }
        Ok(())
    };
    let mut size = 0;
    for _ in 0..20 {
        round(&mut size)?;
    }
    let (server, load, begun) = (cpu::of_process(pid), cpu::of_this_thread(), Instant::now());
    while begun.elapsed() < length {
        round(&mut size)?;
    }
    let took = begun.elapsed();
    Ok(Gets {
        answered: answered - 20 * CONNECTIONS,
        server: cpu::of_process(pid).saturating_sub(server),
        load: cpu::of_this_thread().saturating_sub(load),
        took,
    })
}

/// What event streams cost.
pub struct Streams {
    /// Resident bytes an idle stream.
    pub bytes: u64,
    /// From the instant an event carries to its arrival, each event at each listener.
    pub delays: Vec<Duration>,
}

/// Opens idle streams, then tells others of calls.
pub async fn streams(server: &Server) -> Outcome<Streams> {
    let idle = server.api.post("/v1/accounts", json!({})).await.id_of(201);
    let busy = server.api.post("/v1/accounts", json!({})).await.id_of(201);
    let idle = head(&server.api.on(&idle), "/v1/events");
    let api = server.api.on(&busy);
    let phone = echo_caller(server, &api).await;
    // Warm, so that what is measured is the streams.
    drop(open(&idle, server.http, 200).await?);
    let before = cpu::resident(server.pid());
    let kept = open(&idle, server.http, IDLE).await?;
    let bytes = cpu::resident(server.pid()).saturating_sub(before) / IDLE as u64;
    let listeners = open(&head(&api, "/v1/events"), server.http, LISTENERS).await?;
    let listening: Vec<_> = listeners
        .into_iter()
        .map(|stream| std::thread::spawn(move || listen(stream)))
        .collect();
    for _ in 0..CALLS {
        let call = phone.calls("*43").await;
        call.is_answered().await;
        call.hangs_up().await;
    }
    let mut delays = Vec::new();
    for thread in listening {
        delays.extend(thread.join().unwrap_or_default());
    }
    drop(kept);
    Ok(Streams { bytes, delays })
}

async fn echo_caller(server: &Server, api: &Api) -> Phone {
    let user = api
        .post("/v1/users", json!({"name": "Echo"}))
        .await
        .id_of(201);
    let extension = json!({"number": "101", "target": user});
    api.post("/v1/extensions", extension).await.must_be(201);
    let path = format!("/v1/users/{user}/endpoints");
    let made = api.post(&path, json!({})).await.must_be(201);
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    let login = harness::Login {
        username: text("sip_username"),
        password: text("sip_password"),
    };
    let phone = Phone::new(server.sip, &text("sip_domain"), login).await;
    phone.registers().await;
    phone
}

/// Streams that have said `connected`.
async fn open(head: &str, http: SocketAddr, count: usize) -> Outcome<Vec<TcpStream>> {
    let head = head.to_owned();
    let opened = tokio::task::spawn_blocking(move || -> Result<_, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut streams = Vec::with_capacity(count);
        let mut buffer = [0; 4096];
        while streams.len() < count {
            // A few at once, no more than wait to be accepted.
            let mut some = Vec::new();
            for _ in 0..(count - streams.len()).min(100) {
                let mut stream = TcpStream::connect(http).map_err(text)?;
                stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
                stream.write_all(head.as_bytes()).map_err(text)?;
                some.push(stream);
            }
            for stream in &mut some {
                let mut seen = Vec::new();
                while !seen.windows(9).any(|part| part == b"connected") {
                    let got = stream.read(&mut buffer).map_err(text)?;
                    if got == 0 || seen.len() > buffer.len() {
                        return Err(String::from_utf8_lossy(&seen).into_owned());
                    }
                    seen.extend_from_slice(&buffer[..got]);
                }
            }
            streams.extend(some);
        }
        Ok(streams)
    });
    opened.await?.map_err(Into::into)
}

/// Reads one stream until every call has ended; how late each event was.
fn listen(mut stream: TcpStream) -> Vec<Duration> {
    let (mut delays, mut ended, mut text) = (Vec::new(), 0, String::new());
    let mut buffer = [0; 16 * 1024];
    while ended < CALLS {
        let Ok(got @ 1..) = stream.read(&mut buffer) else {
            break;
        };
        let now = chrono::Utc::now();
        text.push_str(&String::from_utf8_lossy(&buffer[..got]));
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            let data = line.strip_prefix("data: ").unwrap_or_default();
            let data: Value = serde_json::from_str(data).unwrap_or_default();
            let Some(at) = data["timestamp"].as_str() else {
                continue;
            };
            if let Ok(at) = at.parse::<chrono::DateTime<chrono::Utc>>() {
                delays.push((now - at).to_std().unwrap_or_default());
            }
            ended += usize::from(data["event"] == "call.end");
        }
    }
    delays
}
