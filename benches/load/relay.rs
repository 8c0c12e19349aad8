//! Audio through answered calls: one packet each way every 20 ms.

use super::{
    Outcome,
    calls::{CALLEE, CALLER},
    cpu,
};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Time between two packets of a stream.
const PTIME: Duration = Duration::from_millis(20);
/// An RTP packet with 20 ms of G.711.
const PACKET: usize = 172;
/// Before the measurement begins: addresses are latched.
const WARM_UP: Duration = Duration::from_secs(1);

/// What happened.
#[derive(Default)]
pub struct Report {
    /// Packets sent to the exchange.
    pub sent: u64,
    /// Packets that came out of it.
    pub received: u64,
    /// What the exchange used.
    pub cpu: Duration,
    /// What the load itself used.
    pub used: Duration,
    /// From sending to receiving.
    pub delays: Vec<Duration>,
}

struct Stream {
    socket: UdpSocket,
    to: SocketAddr,
    packet: [u8; PACKET],
}

/// Sends and receives for `length`, on both sides of every call.
pub fn run(
    exchange: u32,
    ip: &str,
    callers: &[u16],
    callees: &[u16],
    length: Duration,
) -> Outcome<Report> {
    super::to_the_last_core();
    let mut poll = Poll::new()?;
    let sides = [(CALLER, callers), (CALLEE, callees)];
    let all = sides
        .iter()
        .flat_map(|(from, ports)| ports.iter().map(move |port| (from, port)));
    let mut streams = Vec::new();
    for (number, (from, port)) in all.enumerate() {
        let mut socket = UdpSocket::bind(format!("{from}:0").parse()?)?;
        poll.registry()
            .register(&mut socket, Token(number), Interest::READABLE)?;
        let mut packet = [0xff; PACKET];
        packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        packet[8..12].copy_from_slice(&u32::try_from(number)?.to_be_bytes());
        let to = format!("{ip}:{port}").parse()?;
        streams.push(Stream { socket, to, packet });
    }
    let mut report = Report::default();
    let epoch = Instant::now();
    flow(&mut poll, &mut streams, epoch, WARM_UP, &mut report)?;
    let (before, used) = (cpu::of_process(exchange), cpu::of_this_thread());
    report = Report::default();
    flow(&mut poll, &mut streams, epoch, length, &mut report)?;
    report.cpu = cpu::of_process(exchange).saturating_sub(before);
    report.used = cpu::of_this_thread().saturating_sub(used);
    Ok(report)
}

/// Spreads the streams over each 20 ms and reads what comes.
fn flow(
    poll: &mut Poll,
    streams: &mut [Stream],
    epoch: Instant,
    length: Duration,
    report: &mut Report,
) -> Outcome<()> {
    let mut events = Events::with_capacity(1024);
    let begun = Instant::now();
    let share = PTIME.as_secs_f64() / streams.len().max(1) as f64;
    while begun.elapsed() < length {
        let due = (begun.elapsed().as_secs_f64() / share) as u64;
        while report.sent < due {
            let at = usize::try_from(report.sent)? % streams.len();
            let turn = u16::try_from(report.sent / streams.len() as u64 % 65_536)?;
            if let Some(stream) = streams.get_mut(at) {
                let now = u64::try_from(epoch.elapsed().as_nanos())?;
                stream.packet[2..4].copy_from_slice(&turn.to_be_bytes());
                stream.packet[4..8].copy_from_slice(&(u32::from(turn) * 160).to_be_bytes());
                stream.packet[12..20].copy_from_slice(&now.to_be_bytes());
                let _ = stream.socket.send_to(&stream.packet, stream.to);
            }
            report.sent += 1;
        }
        drain(poll, &mut events, streams, epoch, report)?;
    }
    // What is still under way arrives within this.
    let end = Instant::now() + PTIME;
    while Instant::now() < end {
        drain(poll, &mut events, streams, epoch, report)?;
    }
    Ok(())
}

fn drain(
    poll: &mut Poll,
    events: &mut Events,
    streams: &[Stream],
    epoch: Instant,
    report: &mut Report,
) -> Outcome<()> {
    poll.poll(events, Some(Duration::from_micros(500)))?;
    let mut buffer = [0; 2048];
    for event in &*events {
        let Some(stream) = streams.get(event.token().0) else {
            continue;
        };
        while let Ok(length) = stream.socket.recv(&mut buffer) {
            // Reports and keep-alives are not counted.
            if length != PACKET {
                continue;
            }
            report.received += 1;
            let stamp = buffer[12..20].try_into().map(u64::from_be_bytes);
            let sent = Duration::from_nanos(stamp.unwrap_or_default());
            report.delays.push(epoch.elapsed().saturating_sub(sent));
        }
    }
    Ok(())
}
