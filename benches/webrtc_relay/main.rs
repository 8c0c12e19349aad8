//! What a browser's leg costs: real DTLS-SRTP peers, bridged in pairs on the media plane, nothing
//! transcoded, RTCP and figures on.
//!
//! The bars are 12 µs of CPU a packet in and out, 400 handshakes a second and core, 100 KB a connected leg.
//! CPU comes from schedstat, of the media thread and the gateway's thread together; memory is the resident
//! memory of this process, which holds the server alone. The peers are a process of their own on the last
//! core; this one stays on the first. `-- [legs…] [--seconds n]` changes what runs.

mod peers;

use engine::{
    Media, WebRtc,
    media::{MediaEvent, MediaId, MediaSink, Plane, Stream},
    rtp::{Codec, Payload},
    sdp::{Direction, Dtls, Fingerprint},
};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Lines, Write},
    net::Ipv4Addr,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Counts what should not happen.
#[derive(Default)]
struct Trouble(AtomicU64);

impl MediaSink for Trouble {
    fn media(&self, _: MediaId, _: MediaEvent) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() -> Outcome<()> {
    let mut seconds = 5;
    let mut sizes = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => seconds = words.next().unwrap_or_default().parse()?,
            "--peers" => return peers::run(),
            "--bench" => {}
            legs => sizes.push(legs.parse()?),
        }
    }
    if sizes.is_empty() {
        sizes = vec![200, 800, 1600];
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(first) = cores.first() {
        core_affinity::set_for_current(*first);
    }
    println!(
        "legs  us/packet  gateway us/s  lost   p50 ms  p99 ms  handshakes/s  KB/leg  later  peers' core"
    );
    for legs in sizes {
        measure(legs, seconds)?;
    }
    Ok(())
}

/// The process of the peers.
struct Load {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Load {
    fn start() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--peers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        Ok(Self { child, lines })
    }

    /// What follows a word that the peers say.
    fn says(&mut self, word: &str) -> Outcome<String> {
        let line = self.lines.next().ok_or("the peers are gone")??;
        let rest = line.strip_prefix(word);
        let rest = rest.ok_or_else(|| format!("{word} expected, {line} came"))?;
        Ok(rest.trim().to_owned())
    }

    fn tell(&mut self, line: &str) -> Outcome<()> {
        let input = self.child.stdin.as_mut().ok_or("no input")?;
        Ok(writeln!(input, "{line}")?)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measure(legs: usize, seconds: u64) -> Outcome<()> {
    let media = Media {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        threads: 1,
        ..Media::default()
    };
    let webrtc = WebRtc {
        listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        ..WebRtc::default()
    };
    let trouble = Arc::new(Trouble::default());
    let registry = prometheus::Registry::new();
    let plane = Plane::start(media, trouble.clone(), &registry)?;
    let bound = plane.start_gateway(&webrtc, &registry)?;
    let gateway = bound.first().ok_or("the gateway is off")?;
    let mut load = Load::start()?;
    let fingerprint: Fingerprint = load.says("FINGERPRINT")?.parse()?;
    load.tell(&format!("{gateway} {legs} {seconds}"))?;

    let before = resident_kb()?;
    let cpu = cpu_ns("webrtc")?;
    let mut ids = Vec::new();
    for leg in 0..legs {
        let (opened, web) = plane.open_web(leg as u64 / 2)?;
        load.tell(&format!("{} {}", web.ufrag, web.pwd))?;
        plane.configure(opened.id, stream(fingerprint.clone()));
        ids.push(opened.id);
    }
    for pair in ids.chunks(2) {
        if let [one, other] = pair {
            plane.bridge(*one, *other);
        }
    }
    load.says("SHAKEN")?;
    let handshake = (cpu_ns("webrtc")? - cpu) as f64 / legs as f64;
    let memory = (resident_kb()? - before) / legs as f64;

    load.says("BEGIN")?;
    let from = (cpu_ns("media-0")?, cpu_ns("webrtc")?);
    let figures = load.says("END")?;
    let to = (cpu_ns("media-0")?, cpu_ns("webrtc")?);
    let figures: Vec<f64> = figures
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [sent, received, p50, p99, share] = figures[..] else {
        return Err("five figures expected".into());
    };
    let gateway = (to.1 - from.1) as f64 / 1000.0;
    let cost = ((to.0 - from.0) as f64 / 1000.0 + gateway) / received;
    let later = (resident_kb()? - before) / legs as f64;
    println!(
        "{legs:>4}  {cost:>9.2}  {:>12.0}  {:>4}  {p50:>7.2}  {p99:>6.2}  {:>12.0}  {memory:>6.1}  {later:>5.1}  {share:>4.0} %",
        gateway / seconds as f64,
        sent - received,
        1e9 / handshake,
    );
    let trouble = trouble.0.load(Ordering::Relaxed);
    if trouble > 0 {
        println!("      {trouble} legs had trouble");
    }
    plane.stop();
    Ok(())
}

fn stream(fingerprint: Fingerprint) -> Stream {
    Stream {
        remote: None,
        remote_rtcp: None,
        rtcp_mux: true,
        codecs: vec![Payload::new(Codec::Pcmu, 0)],
        dtmf: Vec::new(),
        comfort_noise: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        peer_holds: false,
        srtp: None,
        dtls: Some(Dtls {
            ufrag: "peer".to_owned(),
            pwd: "a password that nobody asks".to_owned(),
            fingerprints: vec![fingerprint],
            client: false,
        }),
    }
}

/// Nanoseconds of CPU that the thread of this name has used.
pub fn cpu_ns(name: &str) -> Outcome<u64> {
    let threads: HashMap<String, String> = fs::read_dir("/proc/self/task")?
        .filter_map(|task| {
            let path = task.ok()?.path();
            let name = fs::read_to_string(path.join("comm")).ok()?;
            let figures = fs::read_to_string(path.join("schedstat")).ok()?;
            Some((name.trim().to_owned(), figures))
        })
        .collect();
    let figures = threads.get(name).ok_or("no such thread")?;
    let first = figures.split_whitespace().next().unwrap_or_default();
    Ok(first.parse()?)
}

/// Resident memory of the process in KiB.
fn resident_kb() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(figure.ok_or("no VmRSS")?.parse()?)
}
