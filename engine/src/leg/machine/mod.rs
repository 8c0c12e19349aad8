//! The machine of one leg: SIP dialog, INVITE session, offer and answer, orders to the media plane.
//!
//! Sans-IO: what happened and the time go in, what is to be done comes out. Handlers are split by who
//! speaks: `from_orders`, `from_peer_request`, `from_peer_response`, `from_timers`.

mod answering;
mod audio;
mod calling;
mod challenge;
mod clock;
mod desk;
mod door;
mod ending;
mod forks;
mod from_orders;
mod from_peer_request;
mod from_peer_response;
mod from_timers;
mod identity;
mod info;
mod invitation;
mod offer_answer;
mod referral;
mod refresh;
mod reliable;
mod renegotiation;
mod session_timer;
mod snapshot;
mod state;
pub(super) mod text;
mod wire;

#[cfg(test)]
pub(super) mod tests;

pub(crate) use audio::Audio;
#[cfg(test)]
pub(crate) use audio::Port;
pub(super) use clock::{Clock, Names};
pub(crate) use door::{
    ClientTx, Input, Order, Output, Path, ServerTx, Target, TimerName, TxFailure,
};
pub(crate) use invitation::invitation;
pub(super) use offer_answer::{Talk, Wishes};
pub(crate) use snapshot::SnapshotError;

use crate::{
    Config, LegError, Timers,
    leg::{Dial, EndedBy, LegEvent},
    media::{MediaEvent, MediaId},
    rtp::Codec,
    sdp::Agreed,
    sip::Message,
};
use desk::{Desk, Facts};
use info::Keys;
use referral::Referrals;
use session_timer::SessionTimer;
use state::Phase;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// What all legs of an engine share.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Host for addresses that have none.
    pub domain: String,
    /// What Contact says in the place of a bound address.
    pub advertised: Option<String>,
    /// User-Agent and Server; empty writes none.
    pub agent: String,
    /// RFC 3261 timers.
    pub timers: Timers,
    /// Codecs of a leg whose order names none, best first.
    pub codecs: Vec<Codec>,
    /// Session interval asked for, in seconds (RFC 4028).
    pub session_interval: u32,
    /// Smallest session interval accepted, in seconds.
    pub min_session: u32,
}

impl Settings {
    /// The settings that an engine's configuration implies.
    pub fn new(config: &Config) -> Settings {
        Settings {
            domain: config.domain.clone(),
            advertised: config.advertised.clone(),
            agent: config.agent.clone(),
            timers: config.timers,
            codecs: Codec::ALL.to_vec(),
            session_interval: seconds(config.timers.session),
            min_session: seconds(config.timers.min_session),
        }
    }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// A new incoming INVITE, without To tag.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    /// Its transaction.
    pub tx: ServerTx,
    /// The request.
    pub invite: Message,
    /// How it came.
    pub path: Path,
    /// Legs of one group share a media thread.
    pub group: u64,
    /// A random number; tags and the like are drawn from it.
    pub seed: u64,
}

/// One leg.
#[derive(Debug)]
pub(crate) struct Leg {
    desk: Desk,
    talk: Talk,
    session: Option<SessionTimer>,
    referrals: Referrals,
    keys: Keys,
    phase: Phase,
}

/// The surroundings of one call of the machine.
pub(super) struct Turn<'a> {
    pub now: Instant,
    pub audio: &'a mut dyn Audio,
    pub out: &'a mut Vec<Output>,
}

impl Turn<'_> {
    pub(super) fn tell(&mut self, event: LegEvent) {
        self.out.push(Output::Tell(event));
    }
}

impl Leg {
    /// Takes a new INVITE.
    ///
    /// # Errors
    /// The final response to send at once, when nobody need be asked: the request is malformed, wants
    /// an extension we do not know, or has a body that we cannot read.
    pub fn incoming(
        settings: Arc<Settings>,
        arrival: Incoming,
        out: &mut Vec<Output>,
    ) -> Result<Leg, Box<Message>> {
        answering::begin(settings, arrival, out)
    }

    /// Starts an outgoing leg; the first output asks for the path.
    ///
    /// # Errors
    /// [`LegError::Address`] when a URI of the order cannot be read.
    pub fn outgoing(
        settings: Arc<Settings>,
        dial: Dial,
        like: Option<Agreed>,
        seed: u64,
        out: &mut Vec<Output>,
    ) -> Result<Leg, LegError> {
        calling::begin(settings, dial, like, seed, out)
    }

    /// Takes what happened.
    pub fn apply(
        &mut self,
        input: Input,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        let turn = &mut Turn { now, audio, out };
        match input {
            Input::Located(path) => self.located(path, turn),
            Input::Unreachable => self.unreachable(turn),
            Input::Request { tx, message, path } => self.requested(tx, &message, path, turn),
            Input::Cancel {
                tx,
                invite,
                message,
            } => self.cancelled(tx, invite, &message, turn),
            Input::Vanished { invite } => self.abandoned(invite, None, turn),
            Input::Ack(message) => self.acknowledged(&message, turn),
            Input::Response { tx, message } => self.responded(tx, &message, turn),
            Input::Failed { tx, why } => self.failed(tx, why, turn),
            Input::Timer(name) => {
                if self.desk.clock.fired(name) {
                    self.timer(name, turn);
                }
            }
            Input::Media(event) => self.heard(event, turn),
        }
    }

    /// Takes an order.
    ///
    /// # Errors
    /// Says why the order cannot be carried out; the leg is as it was.
    pub fn order(
        &mut self,
        order: Order,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) -> Result<(), LegError> {
        self.obey(order, &mut Turn { now, audio, out })
    }

    /// The Call-ID of an outgoing leg that was just made.
    pub fn planned_call_id(&self) -> Option<&str> {
        match &self.phase {
            Phase::Locating(plan) => Some(&plan.call_id),
            _ => None,
        }
    }

    /// The leg's stream in the media plane, once a port is open.
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

    fn heard(&mut self, event: MediaEvent, turn: &mut Turn<'_>) {
        let ended = matches!(
            self.phase,
            Phase::Gone | Phase::Closing(_) | Phase::Cancelling(_)
        );
        match event {
            _ if ended => {}
            MediaEvent::Digit { digit, duration_ms } => turn.tell(info::by_rtp(digit, duration_ms)),
            MediaEvent::Silent => turn.tell(LegEvent::MediaLost),
            MediaEvent::Failed => self.end(EndedBy::Failure, ending::How::default(), turn),
        }
    }
}

impl Desk {
    fn new(settings: Arc<Settings>, names: Names, facts: Facts) -> Desk {
        Desk {
            settings,
            names,
            clock: Clock::default(),
            client: None,
            facts,
            requests: BTreeMap::new(),
        }
    }
}

impl Leg {
    fn new(desk: Desk, wishes: Wishes, phase: Phase) -> Leg {
        Leg {
            desk,
            talk: Talk::new(wishes),
            session: None,
            referrals: Referrals::default(),
            keys: Keys::default(),
            phase,
        }
    }
}
