//! Parties that speak RTP by hand, and a listener that remembers.

use crate::{
    config::Media,
    media::{MediaEvent, MediaId, MediaSink, Opened, Plane, Stream},
    rtp::{
        Codec, Payload, TelephoneEvent,
        packet::{Header, Packet},
    },
    sdp::Direction,
};
use prometheus::Registry;
use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

/// Longest wait of any test for anything.
pub const LIMIT: Duration = Duration::from_secs(5);

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Remembers the events.
#[derive(Default)]
pub struct News {
    seen: Mutex<Vec<(MediaId, MediaEvent)>>,
    more: Condvar,
}

impl MediaSink for News {
    fn media(&self, id: MediaId, event: MediaEvent) {
        self.seen.lock().unwrap().push((id, event));
        self.more.notify_all();
    }
}

impl News {
    /// Waits until `n` events of a leg have come.
    pub fn wait(&self, id: MediaId, n: usize) -> Vec<MediaEvent> {
        let of = |seen: &[(MediaId, MediaEvent)]| -> Vec<MediaEvent> {
            seen.iter()
                .filter(|(leg, _)| *leg == id)
                .map(|(_, event)| *event)
                .collect()
        };
        let seen = self.seen.lock().unwrap();
        let (seen, wait) = self
            .more
            .wait_timeout_while(seen, LIMIT, |seen| of(seen).len() < n)
            .unwrap();
        assert!(!wait.timed_out(), "only {:?} of {n} events came", of(&seen));
        of(&seen)
    }
}

/// A plane of its own, with its listener and its metrics.
pub struct Bench {
    pub plane: Plane,
    pub news: Arc<News>,
    pub registry: Registry,
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.plane.stop();
    }
}

/// Ranges of ports that no two planes of this process share; processes are told apart by chance.
fn range(pairs: u16) -> RangeInclusive<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let taken = NEXT.fetch_add(pairs * 2, Ordering::Relaxed);
    let start = 20_000 + (std::process::id() % 100) as u16 * 200 + taken % 12_000;
    start..=start + pairs * 2 - 1
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Media)) -> Self {
        let mut config = Media {
            address: Some(LOOPBACK),
            ports: range(20),
            threads: 1,
            ..Media::default()
        };
        change(&mut config);
        let news = Arc::new(News::default());
        let registry = Registry::new();
        let plane = Plane::start(config, news.clone(), &registry).unwrap();
        Self {
            plane,
            news,
            registry,
        }
    }

    /// A leg and its party, already agreed on `stream`.
    pub fn leg(&self, change: impl FnOnce(&mut Stream)) -> (Opened, Party) {
        self.leg_of(1, change)
    }

    /// The same in a given group.
    pub fn leg_of(&self, group: u64, change: impl FnOnce(&mut Stream)) -> (Opened, Party) {
        let opened = self.plane.open(group, LOOPBACK).unwrap();
        let party = Party::new(opened.rtp);
        let mut stream = stream(&party);
        change(&mut stream);
        self.plane.configure(opened.id, stream);
        self.plane.settle();
        (opened, party)
    }

    /// Two legs that are bridged.
    pub fn call(&self) -> ((Opened, Party), (Opened, Party)) {
        let (a, b) = (self.leg(|_| {}), self.leg(|_| {}));
        self.plane.bridge(a.0.id, b.0.id);
        self.plane.settle();
        (a, b)
    }

    /// The value of a metric, summed over its labels unless `label` names one.
    pub fn metric(&self, name: &str, label: Option<&str>) -> f64 {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == name)
            .expect(name);
        family
            .get_metric()
            .iter()
            .filter(|m| label.is_none_or(|l| m.get_label().iter().any(|pair| pair.value() == l)))
            .map(|m| m.get_counter().get_value() + m.get_gauge().get_value())
            .sum()
    }
}

/// PCMU, telephone-event 101 and comfort noise 13, both ways.
pub fn stream(party: &Party) -> Stream {
    Stream {
        remote: Some(party.address()),
        remote_rtcp: Some(party.control_address()),
        rtcp_mux: false,
        codecs: vec![Payload::new(Codec::Pcmu, 0)],
        dtmf: vec![TelephoneEvent {
            pt: 101,
            recv_pt: 101,
            clock: 8000,
        }],
        comfort_noise: Some(13),
        ptime_ms: 20,
        direction: Direction::SendRecv,
        peer_holds: false,
        srtp: None,
        dtls: None,
    }
}

/// A packet that a party received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub header: Header,
    pub payload: Vec<u8>,
    pub at: Instant,
}

/// One end of the line.
pub struct Party {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub engine: SocketAddr,
    pub pt: u8,
    pub ssrc: u32,
    pub seq: u16,
    pub timestamp: u32,
    pub step: u32,
}

impl Party {
    pub fn new(engine: SocketAddr) -> Self {
        let socket = || {
            let socket = UdpSocket::bind((engine.ip(), 0)).unwrap();
            socket.set_read_timeout(Some(LIMIT)).unwrap();
            socket
        };
        Self {
            rtp: socket(),
            rtcp: socket(),
            engine,
            pt: 0,
            ssrc: rand::random(),
            seq: rand::random(),
            timestamp: rand::random(),
            step: 160,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }

    pub fn control_address(&self) -> SocketAddr {
        self.rtcp.local_addr().unwrap()
    }

    /// Sends the next packet.
    pub fn says(&mut self, payload: &[u8]) -> Header {
        let header = self.next();
        self.writes(header, payload);
        header
    }

    /// The header of the next packet.
    pub fn next(&mut self) -> Header {
        self.seq = self.seq.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.step);
        Header {
            marker: false,
            pt: self.pt,
            sequence: self.seq,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// Sends exactly this.
    pub fn writes(&self, header: Header, payload: &[u8]) {
        let mut bytes = vec![0; 12];
        header.write(&mut bytes).unwrap();
        bytes.extend_from_slice(payload);
        self.rtp.send_to(&bytes, self.engine).unwrap();
    }

    /// Waits for the next packet.
    pub fn hears(&self) -> Got {
        self.hears_within(LIMIT).expect("no RTP came")
    }

    /// Waits for the next packet at most this long.
    pub fn hears_within(&self, limit: Duration) -> Option<Got> {
        self.rtp.set_read_timeout(Some(limit)).unwrap();
        let mut bytes = [0; 2048];
        match self.rtp.recv_from(&mut bytes) {
            Ok((len, from)) => {
                assert_eq!(from, self.engine, "the source is the advertised address");
                let packet = Packet::parse(&bytes[..len]).expect("it is RTP");
                Some(Got {
                    header: packet.header,
                    payload: packet.payload.to_vec(),
                    at: Instant::now(),
                })
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Asserts that nothing more comes, after what was sent by `fence` has gone through.
    pub fn hears_nothing(&self) {
        assert_eq!(self.hears_within(Duration::from_millis(60)), None);
    }
}

/// Waits until something holds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "{what}");
        std::thread::yield_now();
    }
}
