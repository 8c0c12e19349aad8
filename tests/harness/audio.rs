//! The phone's ear and mouth: µ-law or A-law tones over RTP, recognised by Goertzel's filter.

use std::{
    f64::consts::TAU,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::UdpSocket, task::JoinHandle};

const RATE: f64 = 8000.0;
const FRAME: usize = 160;
/// How much of the last audio is judged: 200 ms.
const WINDOW: usize = 1600;

/// G.711 by payload type.
pub const PCMU: u8 = 0;
/// G.711 A-law.
pub const PCMA: u8 = 8;
/// The number under which the phones write telephone-event.
pub const EVENT: u8 = 101;

#[derive(Default)]
struct Heard {
    samples: Vec<f64>,
    packets: u64,
    events: Vec<u8>,
    last_event: Option<u32>,
    last: Option<Instant>,
    longest_gap: Duration,
    sources: Vec<u32>,
    payload_types: Vec<u8>,
}

/// One RTP socket that speaks a tone every 20 ms and listens all the time.
pub struct Audio {
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    peer: Arc<Mutex<Option<SocketAddr>>>,
    tone: Arc<AtomicU16>,
    codec: Arc<AtomicU16>,
    digits: Arc<Mutex<Vec<u8>>>,
    muted: Arc<AtomicBool>,
    heard: Arc<Mutex<Heard>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Audio {
    /// Opens a port on the loopback of `like`'s family.
    pub async fn open(like: SocketAddr) -> Self {
        let any = if like.is_ipv6() {
            "[::1]:0"
        } else {
            "127.0.0.1:0"
        };
        let socket = Arc::new(UdpSocket::bind(any).await.expect("a free port"));
        let mut audio = Self {
            local: socket.local_addr().expect("bound"),
            socket,
            peer: Arc::default(),
            tone: Arc::default(),
            codec: Arc::default(),
            digits: Arc::default(),
            muted: Arc::default(),
            heard: Arc::default(),
            tasks: Vec::new(),
        };
        audio.tasks = vec![
            tokio::spawn(listen(audio.socket.clone(), audio.heard.clone())),
            tokio::spawn(speak(
                audio.socket.clone(),
                audio.peer.clone(),
                audio.tone.clone(),
                audio.codec.clone(),
                audio.digits.clone(),
                audio.muted.clone(),
            )),
        ];
        audio
    }

    /// Our RTP address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends to `peer` from now on.
    pub fn send_to(&self, peer: SocketAddr, codec: u8) {
        *self.peer.lock().expect("peer") = Some(peer);
        self.codec.store(codec.into(), Ordering::Relaxed);
    }

    /// Speaks this tone, in Hz; 0 is digital silence.
    pub fn speak(&self, hz: u16) {
        self.tone.store(hz, Ordering::Relaxed);
    }

    /// Stops or goes on sending packets.
    pub fn mute(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    /// Sends one key as telephone-event.
    pub fn press(&self, key: char) {
        let code = match key {
            '0'..='9' => key as u8 - b'0',
            '*' => 10,
            '#' => 11,
            other => panic!("no such key: {other}"),
        };
        self.digits.lock().expect("digits").push(code);
    }

    /// Waits until this tone fills what is heard.
    pub async fn hears(&self, hz: u16) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let share = self.share_of(hz);
            if share > 0.5 {
                return;
            }
            if Instant::now() > end {
                let heard = self.heard.lock().expect("heard");
                panic!(
                    "{} waited 10 s for {hz} Hz: {} packets came, {:.0} % of the energy is there",
                    self.local,
                    heard.packets,
                    share * 100.0
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until something that is neither silence nor this tone is heard (music, ringback).
    pub async fn hears_something_but(&self, hz: u16) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.loudness() < 100.0 || self.share_of(hz) > 0.1 {
            assert!(
                Instant::now() < end,
                "waited 10 s for audio that is not {hz} Hz: loudness {:.0}, share {:.2}",
                self.loudness(),
                self.share_of(hz)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The share of the last 200 ms' energy that is at this frequency, 0–1.
    pub fn share_of(&self, hz: u16) -> f64 {
        let heard = self.heard.lock().expect("heard");
        if heard.samples.len() < WINDOW {
            return 0.0;
        }
        share(&heard.samples, hz)
    }

    /// Root mean square of the last 200 ms; 0 when less was heard.
    pub fn loudness(&self) -> f64 {
        let heard = self.heard.lock().expect("heard");
        if heard.samples.len() < WINDOW {
            return 0.0;
        }
        (heard.samples.iter().map(|s| s * s).sum::<f64>() / WINDOW as f64).sqrt()
    }

    /// Packets received so far.
    pub fn packets(&self) -> u64 {
        self.heard.lock().expect("heard").packets
    }

    /// Keys received as telephone-event, each once.
    pub fn digits(&self) -> String {
        let heard = self.heard.lock().expect("heard");
        heard
            .events
            .iter()
            .map(|e| "0123456789*#".chars().nth(usize::from(*e)).unwrap_or('?'))
            .collect()
    }

    /// Waits until these keys came, and no others.
    pub async fn gets_keys(&self, keys: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.digits() != keys {
            assert!(Instant::now() < end, "{keys} expected: {}", self.digits());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The longest pause between two packets since the last call of this.
    pub fn take_longest_gap(&self) -> Duration {
        let mut heard = self.heard.lock().expect("heard");
        let running = heard.last.map(|l| l.elapsed()).unwrap_or_default();
        let gap = heard.longest_gap.max(running);
        heard.longest_gap = Duration::ZERO;
        gap
    }

    /// How many different SSRCs were heard.
    pub fn sources(&self) -> usize {
        self.heard.lock().expect("heard").sources.len()
    }

    /// The payload types of audio that came.
    pub fn payload_types(&self) -> Vec<u8> {
        self.heard.lock().expect("heard").payload_types.clone()
    }

    /// Forgets the samples heard so far.
    pub fn forget(&self) {
        self.heard.lock().expect("heard").samples.clear();
    }
}

/// The share of the energy that is at this frequency, 0–1; 0 for what is practically silent.
pub fn share(samples: &[f64], hz: u16) -> f64 {
    let energy: f64 = samples.iter().map(|s| s * s).sum();
    if energy < 1e4 {
        return 0.0;
    }
    let w = TAU * f64::from(hz) / RATE;
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        let s = sample + 2.0 * w.cos() * s1 - s2;
        (s1, s2) = (s, s1);
    }
    let power = s1 * s1 + s2 * s2 - 2.0 * w.cos() * s1 * s2;
    2.0 * power / (energy * samples.len() as f64)
}

impl Drop for Audio {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn listen(socket: Arc<UdpSocket>, heard: Arc<Mutex<Heard>>) {
    let mut buffer = [0; 2048];
    while let Ok((size, _)) = socket.recv_from(&mut buffer).await {
        if size < 12 || buffer[0] >> 6 != 2 {
            continue;
        }
        let kind = buffer[1] & 0x7f;
        let payload = &buffer[12 + 4 * usize::from(buffer[0] & 15)..size];
        let stamp = u32::from_be_bytes([buffer[4], buffer[5], buffer[6], buffer[7]]);
        let source = u32::from_be_bytes([buffer[8], buffer[9], buffer[10], buffer[11]]);
        let mut heard = heard.lock().expect("heard");
        if kind == EVENT {
            if payload.len() >= 4 && heard.last_event != Some(stamp) {
                heard.last_event = Some(stamp);
                heard.events.push(payload[0]);
            }
            continue;
        }
        if !heard.sources.contains(&source) {
            heard.sources.push(source);
        }
        if !heard.payload_types.contains(&kind) {
            heard.payload_types.push(kind);
        }
        heard.packets += 1;
        if let Some(last) = heard.last {
            let gap = last.elapsed();
            heard.longest_gap = heard.longest_gap.max(gap);
        }
        heard.last = Some(Instant::now());
        let decode = if kind == PCMA {
            alaw_to_linear
        } else {
            ulaw_to_linear
        };
        heard
            .samples
            .extend(payload.iter().map(|b| f64::from(decode(*b))));
        let surplus = heard.samples.len().saturating_sub(WINDOW);
        heard.samples.drain(..surplus);
    }
}

async fn speak(
    socket: Arc<UdpSocket>,
    peer: Arc<Mutex<Option<SocketAddr>>>,
    tone: Arc<AtomicU16>,
    codec: Arc<AtomicU16>,
    digits: Arc<Mutex<Vec<u8>>>,
    muted: Arc<AtomicBool>,
) {
    let ssrc: u32 = rand::random();
    let (mut seq, mut stamp, mut phase) = (rand::random::<u16>(), rand::random::<u32>(), 0.0_f64);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        let to = *peer.lock().expect("peer");
        let (Some(to), false) = (to, muted.load(Ordering::Relaxed)) else {
            continue;
        };
        let pressed = {
            let mut waiting = digits.lock().expect("digits");
            (!waiting.is_empty()).then(|| waiting.remove(0))
        };
        if let Some(code) = pressed {
            let begin = stamp;
            for step in 1..=8_u16 {
                let end = step > 5;
                let duration = (160 * step.min(6)).to_be_bytes();
                let body = [
                    code,
                    if end { 0x8a } else { 0x0a },
                    duration[0],
                    duration[1],
                ];
                drop(
                    socket
                        .send_to(&packet(EVENT, step == 1, seq, begin, ssrc, &body), to)
                        .await,
                );
                seq = seq.wrapping_add(1);
                if !end {
                    ticks.tick().await;
                    stamp = stamp.wrapping_add(FRAME as u32);
                }
            }
        }
        let step = TAU * f64::from(tone.load(Ordering::Relaxed)) / RATE;
        let kind = codec.load(Ordering::Relaxed) as u8;
        let encode = if kind == PCMA {
            linear_to_alaw
        } else {
            linear_to_ulaw
        };
        let payload: Vec<u8> = (0..FRAME)
            .map(|_| {
                phase = (phase + step) % TAU;
                encode((phase.sin() * 8000.0) as i16)
            })
            .collect();
        drop(
            socket
                .send_to(&packet(kind, false, seq, stamp, ssrc, &payload), to)
                .await,
        );
        seq = seq.wrapping_add(1);
        stamp = stamp.wrapping_add(FRAME as u32);
    }
}

fn packet(kind: u8, mark: bool, seq: u16, stamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, kind | if mark { 0x80 } else { 0 }];
    packet.extend_from_slice(&seq.to_be_bytes());
    packet.extend_from_slice(&stamp.to_be_bytes());
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// µ-law of a 16-bit sample (ITU-T G.711), by the segment search of the standard.
fn linear_to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_635) + 132;
    let segment = (size >> 7).ilog2().min(7);
    !(sign | ((segment as u8) << 4) | ((size >> (segment + 3)) & 0x0f) as u8)
}

fn ulaw_to_linear(byte: u8) -> i32 {
    let byte = !byte;
    let size = ((i32::from(byte & 0x0f) << 3) + 132) << ((byte >> 4) & 7);
    if byte & 0x80 == 0 {
        size - 132
    } else {
        132 - size
    }
}

fn linear_to_alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_767) >> 3;
    let byte = if size < 32 {
        (size >> 1) as u8
    } else {
        let segment = size.ilog2() - 4;
        ((segment as u8) << 4) | ((size >> segment) & 0x0f) as u8
    };
    (byte | sign) ^ 0x55
}

fn alaw_to_linear(byte: u8) -> i32 {
    let byte = byte ^ 0x55;
    let low = i32::from(byte & 0x0f) << 4;
    let size = match (byte >> 4) & 7 {
        0 => low + 8,
        segment => (low + 264) << (segment - 1),
    };
    if byte & 0x80 == 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companding_comes_back_close() {
        for sample in (-32_000..32_000).step_by(37) {
            for back in [
                ulaw_to_linear(linear_to_ulaw(sample)),
                alaw_to_linear(linear_to_alaw(sample)),
            ] {
                let off = (back - i32::from(sample)).abs();
                assert!(
                    off <= 16 + i32::from(sample).abs() / 16,
                    "{sample} came back as {back}"
                );
            }
        }
    }
}
