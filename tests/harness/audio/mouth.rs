//! A mouth: a tone every 20 ms in the codec agreed on, keys as telephone-event between.

use super::format::{Coder, Format};
use std::{
    collections::VecDeque,
    f64::consts::TAU,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::Duration,
};

/// How many of the last payloads are kept.
const KEPT: usize = 500;

/// How to speak: what the two sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The codec.
    pub format: Format,
    /// Its payload type.
    pub kind: u8,
    /// The payload type of telephone-event.
    pub events: u8,
}

/// One packet to be sent.
pub struct Rtp {
    /// Payload type.
    pub kind: u8,
    /// The marker bit.
    pub mark: bool,
    /// Sequence number.
    pub seq: u16,
    /// Timestamp.
    pub stamp: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// Where packets go.
pub trait Wire: Send + 'static {
    /// Sends one.
    fn send(&self, packet: Rtp) -> impl Future<Output = ()> + Send;
}

#[derive(Default)]
struct Shared {
    tone: AtomicU16,
    muted: AtomicBool,
    keys: Mutex<VecDeque<u8>>,
    choice: Mutex<Option<Choice>>,
    spoken: Mutex<VecDeque<Vec<u8>>>,
}

/// A mouth. Clones are the same one.
#[derive(Clone, Default)]
pub struct Mouth(Arc<Shared>);

impl Mouth {
    /// Speaks like this from now on.
    pub fn choose(&self, choice: Choice) {
        *self.0.choice.lock().expect("choice") = Some(choice);
    }

    /// What it speaks like.
    pub fn choice(&self) -> Option<Choice> {
        *self.0.choice.lock().expect("choice")
    }

    /// Speaks this tone, in Hz; 0 is digital silence.
    pub fn speak(&self, hz: u16) {
        self.0.tone.store(hz, Ordering::Relaxed);
    }

    /// Stops or goes on sending packets.
    pub fn mute(&self, muted: bool) {
        self.0.muted.store(muted, Ordering::Relaxed);
    }

    /// Sends one key as telephone-event.
    pub fn press(&self, key: char) {
        let code = match key {
            '0'..='9' => key as u8 - b'0',
            '*' => 10,
            '#' => 11,
            other => panic!("no such key: {other}"),
        };
        self.0.keys.lock().expect("keys").push_back(code);
    }

    /// The last payloads of audio, oldest first.
    pub fn spoken(&self) -> Vec<Vec<u8>> {
        self.0
            .spoken
            .lock()
            .expect("spoken")
            .iter()
            .cloned()
            .collect()
    }

    /// Speaks until the task is ended.
    pub async fn run(self, wire: impl Wire) {
        let mut coder: Option<(Choice, Coder)> = None;
        let (mut seq, mut stamp) = (rand::random::<u16>(), rand::random::<u32>());
        let mut phase = 0.0_f64;
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let (Some(choice), false) = (self.choice(), self.0.muted.load(Ordering::Relaxed))
            else {
                continue;
            };
            if coder.as_ref().is_none_or(|(old, _)| *old != choice) {
                coder = Some((choice, Coder::new(choice.format)));
            }
            let Some((_, coder)) = &mut coder else {
                continue;
            };
            let step = choice.format.step();
            let pressed = self.0.keys.lock().expect("keys").pop_front();
            if let Some(code) = pressed {
                let begin = stamp;
                for part in 1..=8_u16 {
                    let end = part > 5;
                    let [high, low] = (step as u16 * part.min(6)).to_be_bytes();
                    let flags = if end { 0x8a } else { 0x0a };
                    let packet = Rtp {
                        kind: choice.events,
                        mark: part == 1,
                        seq,
                        stamp: begin,
                        payload: vec![code, flags, high, low],
                    };
                    wire.send(packet).await;
                    seq = seq.wrapping_add(1);
                    if !end {
                        ticks.tick().await;
                        stamp = stamp.wrapping_add(step);
                    }
                }
            }
            let rate = choice.format.rate();
            let angle = TAU * f64::from(self.0.tone.load(Ordering::Relaxed)) / f64::from(rate);
            let samples: Vec<i16> = (0..rate / 50)
                .map(|_| {
                    phase = (phase + angle) % TAU;
                    (phase.sin() * 8000.0) as i16
                })
                .collect();
            let payload = coder.encode(&samples);
            {
                let mut spoken = self.0.spoken.lock().expect("spoken");
                if spoken.len() == KEPT {
                    spoken.pop_front();
                }
                spoken.push_back(payload.clone());
            }
            let packet = Rtp {
                kind: choice.kind,
                mark: false,
                seq,
                stamp,
                payload,
            };
            wire.send(packet).await;
            seq = seq.wrapping_add(1);
            stamp = stamp.wrapping_add(step);
        }
    }
}
