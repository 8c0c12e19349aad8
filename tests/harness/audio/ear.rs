//! An ear: what was heard of one stream, recognised by Goertzel's filter.

use super::format::{Format, Hearer};
use std::{
    collections::VecDeque,
    f64::consts::TAU,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

const RATE: f64 = 8000.0;
/// How much of the last audio is judged: 200 ms.
const WINDOW: usize = 1600;
/// How long a tone may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many of the last payloads are kept.
const KEPT: usize = 500;

#[derive(Default)]
struct Heard {
    samples: Vec<f64>,
    hearer: Option<Hearer>,
    packets: u64,
    events: Vec<u8>,
    last_event: Option<u32>,
    last: Option<Instant>,
    longest_gap: Duration,
    sources: Vec<u32>,
    payload_types: Vec<u8>,
    formats: Vec<Format>,
    payloads: VecDeque<Vec<u8>>,
}

/// One packet as it came.
pub struct Arrived<'a> {
    /// Payload type.
    pub kind: u8,
    /// Timestamp.
    pub stamp: u32,
    /// SSRC.
    pub source: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

/// An ear. Clones hear the same.
#[derive(Clone)]
pub struct Ear {
    name: Arc<str>,
    heard: Arc<Mutex<Heard>>,
}

impl Ear {
    /// A fresh one, with a name for what it says when it hears nothing.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            heard: Arc::default(),
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("heard")
    }

    /// A packet of telephone-event.
    pub fn take_event(&self, packet: &Arrived<'_>) {
        let mut heard = self.heard();
        if packet.payload.len() >= 4 && heard.last_event != Some(packet.stamp) {
            heard.last_event = Some(packet.stamp);
            heard.events.push(packet.payload[0]);
        }
    }

    /// A packet of audio.
    pub fn take(&self, format: Format, packet: &Arrived<'_>) {
        let mut heard = self.heard();
        if !heard.sources.contains(&packet.source) {
            heard.sources.push(packet.source);
        }
        if !heard.payload_types.contains(&packet.kind) {
            heard.payload_types.push(packet.kind);
        }
        if !heard.formats.contains(&format) {
            heard.formats.push(format);
        }
        heard.packets += 1;
        if let Some(last) = heard.last {
            let gap = last.elapsed();
            heard.longest_gap = heard.longest_gap.max(gap);
        }
        heard.last = Some(Instant::now());
        if heard.payloads.len() == KEPT {
            heard.payloads.pop_front();
        }
        heard.payloads.push_back(packet.payload.to_vec());
        let hearer = heard.hearer.take().filter(|h| h.format() == format);
        let mut hearer = hearer.unwrap_or_else(|| Hearer::new(format));
        let samples = hearer.decode(packet.payload);
        heard.hearer = Some(hearer);
        heard.samples.extend(samples);
        let surplus = heard.samples.len().saturating_sub(WINDOW);
        heard.samples.drain(..surplus);
    }

    /// Waits until this tone fills what is heard.
    pub async fn hears(&self, hz: u16) {
        let end = Instant::now() + PATIENCE;
        while self.share_of(hz) <= 0.5 {
            assert!(
                Instant::now() < end,
                "{} waited {PATIENCE:?} for {hz} Hz: {} packets came, {:.0} % of the energy is there",
                self.name,
                self.packets(),
                self.share_of(hz) * 100.0
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until something that is neither silence nor this tone is heard (music, ringback).
    pub async fn hears_something_but(&self, hz: u16) {
        let end = Instant::now() + PATIENCE;
        while self.loudness() < 100.0 || self.share_of(hz) > 0.1 {
            assert!(
                Instant::now() < end,
                "{} waited {PATIENCE:?} for audio that is not {hz} Hz: loudness {:.0}, share {:.2}",
                self.name,
                self.loudness(),
                self.share_of(hz)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until nothing but silence came for 200 ms: packets of it, or none at all.
    pub async fn hears_nothing(&self) {
        let end = Instant::now() + PATIENCE;
        while self.loudness() >= 50.0 && self.pause() < Duration::from_millis(200) {
            assert!(
                Instant::now() < end,
                "{} waited {PATIENCE:?} for silence: loudness {:.0}",
                self.name,
                self.loudness()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for this many packets more than have come so far.
    pub async fn gets_packets(&self, count: u64) {
        let (end, wanted) = (Instant::now() + PATIENCE, self.packets() + count);
        while self.packets() < wanted {
            assert!(
                Instant::now() < end,
                "{} waited {PATIENCE:?} for {wanted} packets: {} came",
                self.name,
                self.packets()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn pause(&self) -> Duration {
        let last = self.heard().last;
        last.map_or(Duration::MAX, |last| last.elapsed())
    }

    /// The share of the last 200 ms' energy that is at this frequency, 0–1.
    pub fn share_of(&self, hz: u16) -> f64 {
        let heard = self.heard();
        if heard.samples.len() < WINDOW {
            return 0.0;
        }
        share(&heard.samples, hz)
    }

    /// Root mean square of the last 200 ms; 0 when less was heard.
    pub fn loudness(&self) -> f64 {
        let heard = self.heard();
        if heard.samples.len() < WINDOW {
            return 0.0;
        }
        (heard.samples.iter().map(|s| s * s).sum::<f64>() / WINDOW as f64).sqrt()
    }

    /// Packets received so far.
    pub fn packets(&self) -> u64 {
        self.heard().packets
    }

    /// Keys received as telephone-event, each once.
    pub fn digits(&self) -> String {
        let heard = self.heard();
        heard
            .events
            .iter()
            .map(|e| "0123456789*#".chars().nth(usize::from(*e)).unwrap_or('?'))
            .collect()
    }

    /// Waits until these keys came, and no others.
    pub async fn gets_keys(&self, keys: &str) {
        let end = Instant::now() + PATIENCE;
        while self.digits() != keys {
            assert!(Instant::now() < end, "{keys} expected: {}", self.digits());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The longest pause between two packets since the last call of this.
    pub fn take_longest_gap(&self) -> Duration {
        let mut heard = self.heard();
        let running = heard.last.map(|l| l.elapsed()).unwrap_or_default();
        let gap = heard.longest_gap.max(running);
        heard.longest_gap = Duration::ZERO;
        gap
    }

    /// How many different SSRCs were heard.
    pub fn sources(&self) -> usize {
        self.heard().sources.len()
    }

    /// The payload types of audio that came.
    pub fn payload_types(&self) -> Vec<u8> {
        self.heard().payload_types.clone()
    }

    /// The codecs that came.
    pub fn formats(&self) -> Vec<Format> {
        self.heard().formats.clone()
    }

    /// The last payloads of audio, oldest first.
    pub fn payloads(&self) -> Vec<Vec<u8>> {
        self.heard().payloads.iter().cloned().collect()
    }

    /// Forgets the samples and payloads heard so far.
    pub fn forget(&self) {
        let mut heard = self.heard();
        heard.samples.clear();
        heard.payloads.clear();
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
