//! What the plane can play by itself, encoded once for all legs: a leg only walks through the frames.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use super::{music, tone};
use crate::leg::Prompt;
use crate::rtp::Codec;
use crate::rtp::codec::{CodecError, Encoder, FRAME_MS, Payload};

/// Loops that are built once: those whose content never changes.
const FIXED: [Prompt; 6] = [
    Prompt::Silence,
    Prompt::Ringback,
    Prompt::Busy,
    Prompt::Congestion,
    Prompt::Attention,
    Prompt::Music,
];
/// Single tones kept encoded; more are built anew each time.
const MOST_TONES: usize = 64;
/// Frames encoded and thrown away before a loop, so that its end fits its beginning.
const WARM_UP: usize = 25;
/// Longest encoded frame, in bytes.
const LONGEST_FRAME: usize = 400;

/// Frames of 20 ms that are played round and round.
#[derive(Debug)]
struct Loop {
    frames: Vec<Box<[u8]>>,
}

#[derive(Debug)]
struct Fixed {
    prompt: Prompt,
    codec: Codec,
    built: OnceLock<Loop>,
}

type ToneKey = (u16, i8, Codec);

/// All prompts in all codecs.
#[derive(Debug)]
pub struct Store {
    fixed: Vec<Arc<Fixed>>,
    tones: Mutex<HashMap<ToneKey, Arc<Loop>>>,
    builder: Option<mpsc::Sender<Arc<Fixed>>>,
}

impl Store {
    /// A store in which only silence is ready.
    pub fn new() -> Store {
        let fixed = FIXED.into_iter().flat_map(|prompt| {
            Codec::ALL.into_iter().map(move |codec| {
                Arc::new(Fixed {
                    prompt,
                    codec,
                    built: OnceLock::new(),
                })
            })
        });
        let store = Store {
            fixed: fixed.collect(),
            tones: Mutex::new(HashMap::new()),
            builder: None,
        };
        for fixed in &store.fixed {
            if fixed.prompt == Prompt::Silence {
                fixed.build();
            }
        }
        store
    }

    /// A store that builds each loop when somebody first wants it, on a thread of its own; until it is
    /// done, silence is played in its place. The longest takes a fraction of a second.
    pub fn start() -> Arc<Store> {
        let (builder, wanted) = mpsc::channel::<Arc<Fixed>>();
        let spawned = std::thread::Builder::new()
            .name("prompts".to_owned())
            .spawn(move || wanted.into_iter().for_each(|fixed| fixed.build()));
        if let Err(error) = spawned {
            tracing::error!(%error, "prompts cannot be built; only silence is played");
        }
        Arc::new(Store {
            builder: Some(builder),
            ..Store::new()
        })
    }

    /// Has a loop built, unless it is there.
    fn want(&self, fixed: &Arc<Fixed>) {
        if fixed.built.get().is_none()
            && let Some(builder) = &self.builder
        {
            // It fails only when the thread could not be started, which was said then.
            let _ = builder.send(Arc::clone(fixed));
        }
    }

    /// A player of a prompt in the codec that a leg sends.
    pub fn player(&self, prompt: Prompt, payload: Payload) -> Player {
        let codec = payload.codec;
        let find = |wanted: Prompt| {
            let mut fixed = self.fixed.iter();
            fixed.find(|fixed| fixed.prompt == wanted && fixed.codec == codec)
        };
        let source = match prompt {
            Prompt::Tone { hz, level } => Source::Own(self.tone((hz, level, codec))),
            prompt => find(prompt).map_or(Source::None, |fixed| {
                self.want(fixed);
                Source::Fixed(Arc::clone(fixed))
            }),
        };
        Player {
            source,
            silence: find(Prompt::Silence).map(Arc::clone),
            at: 0,
            silent_at: 0,
        }
    }

    fn tone(&self, key: ToneKey) -> Arc<Loop> {
        let tones = || self.tones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tones().get(&key) {
            return Arc::clone(known);
        }
        let (hz, level, codec) = key;
        let rate = rate(codec);
        let built = Arc::new(Loop::encode(&tone::sine(hz, level, rate), codec, rate));
        let mut tones = tones();
        if tones.len() < MOST_TONES {
            tones.insert(key, Arc::clone(&built));
        }
        built
    }
}

impl Default for Store {
    fn default() -> Store {
        Store::new()
    }
}

impl Fixed {
    fn build(&self) {
        let rate = rate(self.codec);
        self.built.get_or_init(|| {
            let samples = match self.prompt {
                Prompt::Ringback => tone::RINGBACK.samples(rate),
                Prompt::Busy => tone::BUSY.samples(rate),
                Prompt::Congestion => tone::CONGESTION.samples(rate),
                Prompt::Attention => tone::ATTENTION.samples(rate),
                Prompt::Music => music::samples(rate),
                // A second, because G.722 hums when one and the same frame is repeated.
                Prompt::Silence | Prompt::Tone { .. } => vec![0; rate as usize],
            };
            Loop::encode(&samples, self.codec, rate)
        });
    }
}

/// PCM rate that a codec's prompts are made at. They hold nothing above 4 kHz, so Opus needs no more.
fn rate(codec: Codec) -> u32 {
    match codec {
        Codec::G722 => 16_000,
        Codec::Pcmu | Codec::Pcma | Codec::Opus => 8_000,
    }
}

impl Loop {
    fn encode(samples: &[i16], codec: Codec, rate: u32) -> Loop {
        let frames = Loop::try_encode(samples, codec, rate).unwrap_or_else(|error| {
            tracing::error!(%error, %codec, "a prompt cannot be encoded");
            Vec::new()
        });
        Loop { frames }
    }

    fn try_encode(samples: &[i16], codec: Codec, rate: u32) -> Result<Vec<Box<[u8]>>, CodecError> {
        let mut encoder = Encoder::new(Payload::new(codec, codec.default_pt()), rate)?;
        let frame = (rate / 1_000 * FRAME_MS) as usize;
        let frames = samples.chunks_exact(frame);
        let count = frames.len();
        let mut packet = [0; LONGEST_FRAME];
        let lead = frames.clone().cycle().skip(count - WARM_UP % count.max(1));
        let mut encoded = Vec::with_capacity(count);
        for (n, pcm) in lead.take(WARM_UP + count).enumerate() {
            let length = encoder.encode(pcm, &mut packet).unwrap_or(0);
            if n >= WARM_UP {
                encoded.push(packet.get(..length).unwrap_or_default().into());
            }
        }
        Ok(encoded)
    }

    /// The frame at a place, which moves on to the next.
    fn frame(&self, at: &mut usize) -> Option<&[u8]> {
        let frame = self.frames.get(*at)?;
        *at = if *at + 1 == self.frames.len() {
            0
        } else {
            *at + 1
        };
        Some(frame)
    }
}

/// Walks through a prompt, for one leg.
#[derive(Debug, Clone)]
pub struct Player {
    source: Source,
    silence: Option<Arc<Fixed>>,
    at: usize,
    silent_at: usize,
}

#[derive(Debug, Clone)]
enum Source {
    Fixed(Arc<Fixed>),
    Own(Arc<Loop>),
    None,
}

impl Player {
    /// The payload of the next 20 ms; empty only when the codec cannot be encoded at all.
    pub fn next_frame(&mut self) -> &[u8] {
        let playing = match &self.source {
            Source::Fixed(fixed) => fixed.built.get(),
            Source::Own(built) => Some(built.as_ref()),
            Source::None => None,
        };
        if let Some(frame) = playing.and_then(|playing| playing.frame(&mut self.at)) {
            return frame;
        }
        let silence = self.silence.as_ref().and_then(|fixed| fixed.built.get());
        let frame = silence.and_then(|silence| silence.frame(&mut self.silent_at));
        frame.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::codec::Decoder;

    fn hear(player: &mut Player, codec: Codec, frames: usize) -> Vec<i16> {
        let mut decoder = Decoder::new(codec, 8_000).unwrap();
        let mut heard = Vec::new();
        for _ in 0..frames {
            assert!(decoder.decode(player.next_frame(), &mut heard));
        }
        heard
    }

    fn payload(codec: Codec) -> Payload {
        Payload::new(codec, codec.default_pt())
    }

    #[test]
    fn every_prompt_is_heard_at_its_level_in_every_quick_codec() {
        let store = Store::new();
        for fixed in &store.fixed {
            if fixed.codec != Codec::Opus {
                fixed.build();
            }
        }
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
            for (prompt, frames, expected) in [
                (Prompt::Ringback, 90, -16.0),
                (Prompt::Busy, 20, -21.0),
                (Prompt::Congestion, 12, -21.0),
                (Prompt::Attention, 15, -12.0),
                (Prompt::Music, 1_000, -20.0),
                (
                    Prompt::Tone {
                        hz: 700,
                        level: -12,
                    },
                    120,
                    -12.0,
                ),
            ] {
                let mut player = store.player(prompt, payload(codec));
                let heard = hear(&mut player, codec, frames);
                let got = tone::level(&heard);
                assert!((got - expected).abs() < 0.8, "{prompt:?} {codec} {got}");
            }
            let mut player = store.player(Prompt::Silence, payload(codec));
            let idle = hear(&mut player, codec, 50);
            let got = tone::level(&idle);
            assert!(got < -60.0, "{codec} {got} {:?}", &idle[..60]);
        }
    }

    #[test]
    fn opus_tones_are_heard_and_loop_without_a_seam() {
        let store = Store::new();
        let tone = Prompt::Tone {
            hz: 500,
            level: -15,
        };
        let mut player = store.player(tone, payload(Codec::Opus));
        let heard = hear(&mut player, Codec::Opus, 150);
        for second in heard.chunks(8_000).skip(1) {
            assert!((tone::level(second) + 15.0).abs() < 1.0);
        }
        assert_eq!(store.tones.lock().unwrap().len(), 1);
        let again = store.player(tone, payload(Codec::Opus));
        assert!(matches!((&player.source, &again.source),
            (Source::Own(a), Source::Own(b)) if Arc::ptr_eq(a, b)));
    }

    #[test]
    fn silence_is_played_until_a_loop_is_built() {
        let store = Store::new();
        let mut player = store.player(Prompt::Ringback, payload(Codec::Pcmu));
        assert_eq!(player.next_frame(), [0xff; 160]);
        store
            .fixed
            .iter()
            .find(|fixed| fixed.prompt == Prompt::Ringback && fixed.codec == Codec::Pcmu)
            .unwrap()
            .build();
        assert_ne!(player.next_frame(), [0xff; 160]);
        // Six seconds later it is back where it was.
        let (first, mut later) = (player.clone().next_frame().to_vec(), Vec::new());
        for _ in 0..=300 {
            later = player.next_frame().to_vec();
        }
        assert_eq!(later, first);
    }
}
