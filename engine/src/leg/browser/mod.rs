//! A leg whose party is a browser: it speaks [`Signal`]s to a session where another one speaks SIP to a
//! phone. Whoever controls the call gives it the same orders and hears the same news.
//!
//! Sans-IO as the SIP machine beside it, and much smaller: signals neither get lost nor come twice, and
//! the one description a side gives holds until the end. Handlers are split by who speaks: `from_orders`,
//! `from_browser`; `transfer` and `ending` are spoken about by both.

mod ending;
mod from_browser;
mod from_orders;
mod snapshot;
mod state;
mod transfer;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use from_browser::destination;
pub use words::{
    BrowserCall, ClientEnding, LONGEST_DESTINATION, MOST_LEGS, Notice, SessionId, SessionSink,
    Signal, Word,
};

use crate::{
    LegError,
    leg::{
        Dial, DialogKey, Digit, DigitSource, EndedBy, LegEvent, Party, SrtpPolicy,
        machine::{Audio, Clock, Names, Output, Settings, Talk, TimerName, Turn, Wishes},
    },
    media::{MediaEvent, MediaId},
    rtp::Codec,
    sdp::{Agreed, Session},
};
use state::{Called, Calling, Phase};
use std::{sync::Arc, time::Instant};
use transfer::Transfer;

/// One leg.
#[derive(Debug)]
pub(crate) struct Leg {
    settings: Arc<Settings>,
    talk: Talk,
    clock: Clock,
    /// A dialog of our own making, by which the leg is found when it is to be replaced.
    dialog: DialogKey,
    /// Who is at the far side, as far as the browser knows.
    peer: Party,
    /// What the browser calls it; none until the call has said so.
    name: Option<String>,
    /// The far side is not to hear the browser.
    muted: bool,
    transfer: Transfer,
    phase: Phase,
}

/// A browser's call, read.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its offer.
    pub offer: Session,
    /// What it dialled.
    pub destination: Party,
}

impl Leg {
    /// Takes a call that a browser asks for.
    pub fn incoming(
        settings: Arc<Settings>,
        asked: Asked,
        group: u64,
        seed: u64,
        out: &mut Vec<Output>,
    ) -> Leg {
        let codecs = settings.codecs.clone();
        let phase = Phase::Calling(Calling::default());
        let mut leg = Leg::new(
            settings,
            (group, codecs),
            asked.destination,
            seed,
            phase,
            out,
        );
        leg.talk.receive(asked.offer);
        leg
    }

    /// Calls a browser: it is told at once, and rings.
    pub fn outgoing(settings: Arc<Settings>, dial: Dial, seed: u64, out: &mut Vec<Output>) -> Leg {
        let codecs = match dial.codecs.is_empty() {
            true => settings.codecs.clone(),
            false => dial.codecs,
        };
        let phase = Phase::Called(Called::default());
        let caller = match dial.privacy.id {
            true => anonymous(),
            false => dial.from,
        };
        let mut leg = Leg::new(settings, (dial.group, codecs), caller, seed, phase, out);
        leg.name = Some(dial.call);
        leg
    }

    fn new(
        settings: Arc<Settings>,
        (group, codecs): (u64, Vec<Codec>),
        peer: Party,
        seed: u64,
        phase: Phase,
        out: &mut Vec<Output>,
    ) -> Leg {
        let mut names = Names::new(seed);
        let dialog = DialogKey {
            call_id: format!("{}{}", names.token(), names.token()),
            local_tag: names.token(),
            remote_tag: names.token(),
        };
        out.push(Output::Index(dialog.clone()));
        let wishes = Wishes {
            group,
            session_id: names.below(1 << 31),
            codecs,
            srtp: SrtpPolicy::WhenOffered,
        };
        Leg {
            settings,
            talk: Talk::new(wishes),
            clock: Clock::default(),
            dialog,
            peer,
            name: None,
            muted: false,
            transfer: Transfer::default(),
            phase,
        }
    }

    /// Takes news of the leg's audio.
    pub fn heard(
        &mut self,
        event: MediaEvent,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        let turn = &mut Turn { now, audio, out };
        match event {
            _ if matches!(self.phase, Phase::Gone) => {}
            MediaEvent::Digit { digit, duration_ms } => turn.tell(LegEvent::Digit(Digit {
                key: digit,
                duration_ms,
                source: DigitSource::Rtp,
            })),
            MediaEvent::Silent => turn.tell(LegEvent::MediaLost),
            MediaEvent::Failed => self.end(EndedBy::Failure, ClientEnding::Failed, turn),
        }
    }

    /// Takes a timer that ran out.
    pub fn timer(
        &mut self,
        name: TimerName,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        if let TimerName::Referral(id) = name
            && self.clock.fired(name)
        {
            self.undecided(id, &mut Turn { now, audio, out });
        }
    }

    /// The leg's dialog, which its driver chooses the shard by.
    pub fn dialog(&self) -> &DialogKey {
        &self.dialog
    }

    /// Who is at the far side of an answered leg that the browser began, and the leg's dialog: all that is
    /// needed to put another party in the browser's place.
    pub fn consulted(&self) -> Option<(Party, DialogKey)> {
        matches!(self.phase, Phase::Up(_)).then(|| (self.peer.clone(), self.dialog.clone()))
    }

    /// The leg's stream in the media plane, once it is open.
    pub fn media(&self) -> Option<MediaId> {
        self.talk.id()
    }

    /// What the leg speaks, once offer and answer are through.
    pub fn agreed(&self) -> Option<&Agreed> {
        self.talk.agreed()
    }

    /// What the leg speaks, or is going to speak by the offer it made.
    pub fn expected(&self) -> Option<Agreed> {
        self.talk.expected()
    }

    /// Opens the leg's stream, once.
    fn open(&mut self, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let new = self.talk.id().is_none();
        self.talk.open_web(turn)?;
        if let Some(id) = self.talk.id()
            && new
            && self.muted
        {
            turn.audio.mute(id, true);
        }
        Ok(())
    }

    /// Tells the browser, once it knows the call by its name. What happened before is told then.
    fn signal(&self, signal: Signal, turn: &mut Turn<'_>) {
        if self.name.is_some() {
            turn.out.push(Output::Signal(signal));
        }
    }
}

/// Somebody who is not to be named, as SIP names them (RFC 3323 §4.1.1.3).
fn anonymous() -> Party {
    Party {
        name: Some("Anonymous".to_owned()),
        user: "anonymous".to_owned(),
        uri: "sip:anonymous@anonymous.invalid".to_owned(),
    }
}
