//! The machine of one leg: SIP dialog, INVITE session, offer and answer, orders to the media plane.
//!
//! Sans-IO: what happened and the time go in, what is to be done comes out. Handlers are split by who
//! speaks: `from_orders`, `from_peer_request`, `from_peer_response`, `from_timers`.

mod audio;
mod door;

pub(crate) use audio::{Audio, Port};
pub(crate) use door::{
    ClientTx, Input, Order, Output, Path, ServerTx, Target, TimerName, TxFailure,
};

use crate::{
    Config, LegError, Timers, leg::Dial, media::MediaId, rtp::Codec, sdp::Agreed, sip::Message,
};
use std::{sync::Arc, time::Instant};

/// What all legs of an engine share.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Host for addresses that have none.
    pub domain: String,
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
            agent: config.agent.clone(),
            timers: config.timers,
            codecs: Codec::ALL.to_vec(),
            session_interval: 1800,
            min_session: 90,
        }
    }
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
    phase: (),
}

impl Leg {
    /// Takes a new INVITE.
    ///
    /// # Errors
    /// The final response to send at once, when nobody need be asked.
    pub fn incoming(
        _settings: Arc<Settings>,
        arrival: Incoming,
        _now: Instant,
        _out: &mut Vec<Output>,
    ) -> Result<Leg, Box<Message>> {
        Err(Box::new(Message::response_to(
            &arrival.invite,
            503,
            "",
            None,
        )))
    }

    /// Starts an outgoing leg; the first output asks for the path.
    ///
    /// # Errors
    /// [`LegError::Address`] when a URI of the order cannot be read.
    pub fn outgoing(
        _settings: Arc<Settings>,
        _dial: Dial,
        _like: Option<Agreed>,
        _seed: u64,
        _out: &mut Vec<Output>,
    ) -> Result<Leg, LegError> {
        Err(LegError::State)
    }

    /// Takes what happened.
    pub fn apply(
        &mut self,
        _input: Input,
        _now: Instant,
        _audio: &mut dyn Audio,
        _out: &mut Vec<Output>,
    ) {
    }

    /// Takes an order.
    ///
    /// # Errors
    /// Says why the order cannot be carried out; the leg is as it was.
    pub fn order(
        &mut self,
        _order: Order,
        _now: Instant,
        _audio: &mut dyn Audio,
        _out: &mut Vec<Output>,
    ) -> Result<(), LegError> {
        Err(LegError::State)
    }

    /// The leg's stream in the media plane, once a port is open.
    pub fn media(&self) -> Option<MediaId> {
        None
    }

    /// What the leg speaks, once offer and answer are through.
    pub fn agreed(&self) -> Option<&Agreed> {
        None
    }
}
