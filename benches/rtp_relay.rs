//! What it costs to relay a packet of audio, beside a bare loop of receive and send on the same
//! sockets in the same run, for a growing number of calls on loopback.
//!
//! The bar is 4.6 µs of CPU a packet, no loss, and at 400 calls a 99th percentile of the added delay
//! of 0.25 ms. CPU comes from the relaying thread's schedstat. The relay runs pinned to the first core
//! and the load to the last; both should be otherwise idle. `-- [calls…] [--seconds n]` changes what runs.

use engine::{
    Media,
    media::{MediaEvent, MediaId, MediaSink, Plane, Stream},
    rtp::{Codec, Payload},
    sdp::Direction,
};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use std::{
    collections::HashMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Time between two packets of a stream.
const PTIME: Duration = Duration::from_millis(20);
/// An RTP packet with 20 ms of G.711.
const PACKET: usize = 172;
/// Load before the measurement begins.
const WARM_UP: Duration = Duration::from_millis(500);

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Deaf;

impl MediaSink for Deaf {
    fn media(&self, _: MediaId, _: MediaEvent) {}
}

/// One end of a call.
struct Party {
    socket: UdpSocket,
    relay: SocketAddr,
    packet: [u8; PACKET],
}

/// What one run showed.
struct Figures {
    sent: u64,
    received: u64,
    cpu_us: f64,
    delays_us: Vec<u32>,
}

fn main() -> Outcome<()> {
    let mut seconds = 5;
    let mut sizes = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => seconds = words.next().unwrap_or_default().parse()?,
            "--bench" => {}
            calls => sizes.push(calls.parse()?),
        }
    }
    if sizes.is_empty() {
        sizes = vec![100, 400, 800];
    }
    rlimit::increase_nofile_limit(u64::MAX)?;
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(last) = cores.last() {
        core_affinity::set_for_current(*last);
    }
    println!("calls  relay       us/packet  lost    p50 ms  p99 ms  KB/call");
    for calls in sizes {
        let length = Duration::from_secs(seconds);
        let (bare, _) = bare(calls, length)?;
        show(calls, "bare loop", &bare, None);
        let (plane, memory) = plane(calls, length)?;
        show(calls, "media plane", &plane, Some(memory));
        println!(
            "       ratio {:.2}, {:+.2} us a packet",
            plane.cost() / bare.cost(),
            plane.cost() - bare.cost()
        );
    }
    Ok(())
}

impl Figures {
    fn cost(&self) -> f64 {
        self.cpu_us / self.received.max(1) as f64
    }

    fn delay_ms(&self, share: f64) -> f64 {
        let place = (self.delays_us.len() as f64 * share) as usize;
        f64::from(self.delays_us.get(place).copied().unwrap_or(0)) / 1000.0
    }
}

fn show(calls: usize, relay: &str, figures: &Figures, memory: Option<f64>) {
    let lost = figures.sent.saturating_sub(figures.received);
    let (p50, p99) = (figures.delay_ms(0.5), figures.delay_ms(0.99));
    let memory = memory.map_or(String::from("-"), |kb| format!("{kb:.1}"));
    let cost = figures.cost();
    println!("{calls:>5}  {relay:<11} {cost:>9.2}  {lost:>5}  {p50:>6.2}  {p99:>6.2}  {memory:>7}");
}

/// Relays by the media plane, RTCP and figures on.
fn plane(calls: usize, length: Duration) -> Outcome<(Figures, f64)> {
    let media = Media {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        ports: 10_000..=29_999,
        threads: 1,
        ..Media::default()
    };
    let plane = Plane::start(media, Arc::new(Deaf), &prometheus::Registry::new())?;
    let before = resident_kb()?;
    let mut parties = Vec::new();
    for call in 0..calls {
        let mut legs = Vec::new();
        for _ in 0..2 {
            let leg = plane.open(call as u64, Ipv4Addr::LOCALHOST.into())?;
            let party = Party::new(leg.rtp)?;
            plane.configure(leg.id, stream(party.socket.local_addr()?));
            legs.push(leg.id);
            parties.push(party);
        }
        if let [one, other] = legs[..] {
            plane.bridge(one, other);
        }
    }
    let figures = load(&mut parties, "media-0", length)?;
    let memory = (resident_kb()? - before) / calls as f64;
    plane.stop();
    Ok((figures, memory))
}

fn stream(remote: SocketAddr) -> Stream {
    Stream {
        remote: Some(remote),
        remote_rtcp: None,
        rtcp_mux: true,
        codecs: vec![Payload::new(Codec::Pcmu, 0)],
        dtmf: Vec::new(),
        comfort_noise: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        peer_holds: false,
        srtp: None,
        dtls: None,
    }
}

/// Relays by nothing but receive and send.
fn bare(calls: usize, length: Duration) -> Outcome<(Figures, f64)> {
    let mut relays = Vec::new();
    let mut parties = Vec::new();
    for _ in 0..calls * 2 {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        parties.push(Party::new(socket.local_addr()?)?);
        relays.push(socket);
    }
    let mut poll = Poll::new()?;
    let mut routes = Vec::new();
    for (place, mut socket) in relays.into_iter().enumerate() {
        poll.registry()
            .register(&mut socket, Token(place), Interest::READABLE)?;
        let to = parties.get(place ^ 1).ok_or("pairs")?.socket.local_addr()?;
        routes.push((socket, to));
    }
    let done = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&done);
    let relay = thread::Builder::new()
        .name("bare".to_owned())
        .spawn(move || {
            if let Some(first) = core_affinity::get_core_ids().unwrap_or_default().first() {
                core_affinity::set_for_current(*first);
            }
            // Left by the other end of each route: what a socket hears goes out of its partner.
            let mut events = Events::with_capacity(1024);
            let mut buffer = [0; 2048];
            while !over.load(Ordering::Relaxed) {
                if poll.poll(&mut events, Some(PTIME)).is_err() {
                    continue;
                }
                for event in &events {
                    let place = event.token().0;
                    let (Some((from, to)), Some((out, _))) =
                        (routes.get(place), routes.get(place ^ 1))
                    else {
                        continue;
                    };
                    while let Ok((len, _)) = from.recv_from(&mut buffer) {
                        let _ = out.send_to(&buffer[..len], *to);
                    }
                }
            }
        })?;
    let figures = load(&mut parties, "bare", length)?;
    done.store(true, Ordering::Relaxed);
    relay.join().map_err(|_| "the bare loop panicked")?;
    Ok((figures, 0.0))
}

/// Every party sends a packet each 20 ms, evenly spread, and times what comes back to its partner.
fn load(parties: &mut [Party], relay: &str, length: Duration) -> Outcome<Figures> {
    let mut poll = Poll::new()?;
    for (place, party) in parties.iter_mut().enumerate() {
        poll.registry()
            .register(&mut party.socket, Token(place), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(1024);
    let mut figures = Figures {
        sent: 0,
        received: 0,
        cpu_us: 0.0,
        delays_us: Vec::with_capacity(1 << 22),
    };
    let start = Instant::now();
    let gap = PTIME.as_nanos() as u64 / parties.len() as u64;
    let (mut sent, mut measured_from) = (0u64, None);
    loop {
        let now = start.elapsed();
        if measured_from.is_none() && now >= WARM_UP {
            measured_from = Some((sent, figures.received, cpu_ns(relay)?));
            figures.delays_us.clear();
        }
        let over = now >= WARM_UP + length;
        while !over && sent * gap <= start.elapsed().as_nanos() as u64 {
            let place = sent as usize % parties.len();
            if let Some(party) = parties.get_mut(place) {
                party.send(start)?;
            }
            sent += 1;
        }
        poll.poll(
            &mut events,
            Some(if over {
                PTIME * 5
            } else {
                Duration::from_micros(200)
            }),
        )?;
        if over && events.is_empty() {
            break;
        }
        let at = start.elapsed();
        for event in &events {
            if let Some(party) = parties.get(event.token().0) {
                party.receive(at, &mut figures);
            }
        }
    }
    let (sent_before, received_before, cpu_before) =
        measured_from.ok_or("the run was too short")?;
    figures.cpu_us = (cpu_ns(relay)? - cpu_before) as f64 / 1000.0;
    figures.sent = sent - sent_before;
    figures.received -= received_before;
    figures.delays_us.sort_unstable();
    Ok(figures)
}

impl Party {
    fn new(relay: SocketAddr) -> io::Result<Self> {
        let mut packet = [0xff; PACKET];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        Ok(Self {
            socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?,
            relay,
            packet,
        })
    }

    /// Sends the next packet with the time in its payload.
    fn send(&mut self, start: Instant) -> io::Result<()> {
        let seq = u16::from_be_bytes([self.packet[2], self.packet[3]]).wrapping_add(1);
        self.packet[2..4].copy_from_slice(&seq.to_be_bytes());
        let timestamp = (u32::from(seq) * 160).to_be_bytes();
        self.packet[4..8].copy_from_slice(&timestamp);
        let now = start.elapsed().as_micros() as u64;
        self.packet[12..20].copy_from_slice(&now.to_be_bytes());
        match self.socket.send_to(&self.packet, self.relay) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    fn receive(&self, at: Duration, figures: &mut Figures) {
        let mut packet = [0; 2048];
        while let Ok(len) = self.socket.recv(&mut packet) {
            // Reports are not counted.
            if len == PACKET && (packet[1] & 0x7f) == 0 {
                let mut sent = [0; 8];
                sent.copy_from_slice(&packet[12..20]);
                let delay = (at.as_micros() as u64).saturating_sub(u64::from_be_bytes(sent));
                figures.received += 1;
                figures.delays_us.push(delay as u32);
            }
        }
    }
}

/// Nanoseconds of CPU that the thread of this name has used.
fn cpu_ns(name: &str) -> Outcome<u64> {
    let threads: HashMap<String, String> = fs::read_dir("/proc/self/task")?
        .filter_map(|task| {
            let path = task.ok()?.path();
            let name = fs::read_to_string(path.join("comm")).ok()?;
            Some((
                name.trim().to_owned(),
                fs::read_to_string(path.join("schedstat")).ok()?,
            ))
        })
        .collect();
    let figures = threads.get(name).ok_or("no such thread")?;
    Ok(figures
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .parse()?)
}

/// Resident memory of the process in KiB.
fn resident_kb() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse()?)
}
