//! One leg as its media thread holds it: two sockets, what was agreed, an ear, a mouth, and what it
//! is doing.

use super::{
    Stream, card::Card, ears::Ears, metrics::Refused, mouth::Mouth, prompt::Player,
    reports::Reports, tap::Tap, wire::Wire,
};
use crate::{
    leg::Prompt,
    rtp::{
        Payload,
        srtp::{Protector, SrtpKeys},
    },
};
use std::{net::SocketAddr, sync::Arc, time::Instant};

/// What a leg sends, besides keys.
#[derive(Debug, Default)]
pub(super) enum Doing {
    /// Nothing.
    #[default]
    Idle,
    /// What the leg in this slot of the same thread hears.
    Relay(usize),
    /// What it hears itself.
    Echo,
    /// A prompt.
    Play(Box<Playing>),
}

/// A prompt being played.
#[derive(Debug)]
pub(super) struct Playing {
    pub prompt: Prompt,
    /// In the format that is sent; none until the leg is configured.
    pub player: Option<(Payload, Player)>,
    /// The last frame was sent in its turn.
    pub flows: bool,
}

/// A leg.
pub(super) struct Leg {
    pub card: Arc<Card>,
    pub wire: Wire,
    pub stream: Option<Box<Stream>>,
    pub protector: Option<Box<Protector>>,
    pub ears: Ears,
    pub mouth: Mouth,
    pub reports: Reports,
    pub doing: Doing,
    /// Decodes what is heard, while somebody listens.
    pub tap: Option<Box<Tap>>,
    /// Nothing the party says goes on but silence; its keys do.
    pub muted: bool,
    #[cfg(test)]
    pub faulty: bool,
}

impl Doing {
    /// Playing a prompt from its beginning.
    pub fn play(prompt: Prompt) -> Self {
        Self::Play(Box::new(Playing {
            prompt,
            player: None,
            flows: false,
        }))
    }
}

impl Leg {
    /// Makes a leg that listens, and believes nobody yet.
    pub fn new(card: Arc<Card>, wire: Wire) -> Self {
        let ssrc = card.ssrc;
        let now = Instant::now();
        Self {
            card,
            wire,
            stream: None,
            protector: None,
            ears: Ears::new(now),
            mouth: Mouth::new(ssrc),
            reports: Reports::new(now),
            doing: Doing::Idle,
            tap: None,
            muted: false,
            #[cfg(test)]
            faulty: false,
        }
    }

    /// Applies the outcome of an offer and answer. Keys that cannot be used leave the leg mute and
    /// deaf: nothing that was to be encrypted is ever sent in the clear.
    pub fn configure(&mut self, stream: Stream, now: Instant) {
        // Those of a WebRTC leg come from its handshake, with the line.
        if !self.wire.is_web()
            && let Err(error) = self.rekey(stream.srtp.as_ref())
        {
            tracing::error!(leg = self.card.id.0, %error, "a leg has unusable keys");
            self.stream = None;
            return;
        }
        self.ears.configure(&stream, now);
        self.mouth.configure(&stream);
        self.stream = Some(Box::new(stream));
    }

    /// Takes up the keys of a handshake; without them the leg stays mute.
    pub fn unlock(&mut self, keys: &SrtpKeys) -> bool {
        let done = self.rekey(Some(keys));
        if let Err(error) = &done {
            tracing::error!(leg = self.card.id.0, %error, "a WebRTC leg has unusable keys");
        }
        done.is_ok()
    }

    /// Where packets to the party go.
    pub fn target(&self) -> Option<SocketAddr> {
        if self.wire.is_web() {
            return self.wire.peer().filter(|_| self.protector.is_some());
        }
        self.ears.latch.target()
    }

    /// Whether RTCP shares the port of RTP.
    pub fn is_muxed(&self) -> bool {
        self.wire.is_web() || self.stream.as_ref().is_some_and(|stream| stream.rtcp_mux)
    }

    /// Listens to what is heard, for a tone, or stops listening.
    pub fn listen(&mut self, hz: Option<u16>) {
        self.card.sound.clear();
        self.tap = hz.map(|hz| Box::new(Tap::new(hz)));
    }

    /// Ends what the leg is doing, and answers what it was.
    pub fn stop(&mut self) -> Doing {
        self.mouth.rest();
        std::mem::take(&mut self.doing)
    }

    /// Whether the leg has to be looked at every 20 ms.
    pub fn is_ticking(&self) -> bool {
        matches!(self.doing, Doing::Play(_)) || self.mouth.is_keying() || self.ears.is_pressed()
    }

    /// What was agreed, when media may be sent to the party.
    pub fn sending(&self) -> Result<&Stream, Refused> {
        let stream = self.stream.as_deref().ok_or(Refused::NoTarget)?;
        if stream.direction.sends() {
            Ok(stream)
        } else {
            Err(Refused::Direction)
        }
    }

    fn rekey(&mut self, keys: Option<&SrtpKeys>) -> Result<(), crate::rtp::srtp::BadKeys> {
        match (keys, &mut self.protector) {
            (None, protector) => *protector = None,
            (Some(keys), Some(protector)) => protector.rekey(keys)?,
            (Some(keys), protector) => *protector = Some(Box::new(Protector::new(keys)?)),
        }
        Ok(())
    }
}
