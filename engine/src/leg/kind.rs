//! The kinds of a leg's signalling, for the driver: past this point nobody asks which it is.

use super::{
    DialogKey, Party, browser,
    machine::{self, Audio, Input, Order, Output, SnapshotError},
};
use crate::{LegError, media::MediaId, sdp::Agreed};
use std::time::Instant;

/// One leg, whatever its party speaks.
#[derive(Debug)]
pub(crate) enum Leg {
    /// SIP.
    Sip(Box<machine::Leg>),
    /// Signals of a session.
    Browser(Box<browser::Leg>),
}

impl Leg {
    /// Takes what happened.
    pub fn apply(
        &mut self,
        input: Input,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        match (self, input) {
            (Leg::Sip(leg), input) => leg.apply(input, now, audio, out),
            (Leg::Browser(leg), Input::Media(event)) => leg.heard(event, now, audio, out),
            (Leg::Browser(leg), Input::Timer(name)) => leg.timer(name, now, audio, out),
            // No message of SIP finds its way to a browser.
            (Leg::Browser(_), _) => {}
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
        match self {
            Leg::Sip(leg) => leg.order(order, now, audio, out),
            Leg::Browser(leg) => leg.order(order, now, audio, out),
        }
    }

    /// The leg's stream in the media plane, once a port is open.
    pub fn media(&self) -> Option<MediaId> {
        match self {
            Leg::Sip(leg) => leg.media(),
            Leg::Browser(leg) => leg.media(),
        }
    }

    /// What the leg speaks, once offer and answer are through.
    pub fn agreed(&self) -> Option<&Agreed> {
        match self {
            Leg::Sip(leg) => leg.agreed(),
            Leg::Browser(leg) => leg.agreed(),
        }
    }

    /// What the leg speaks, or is going to speak by the offer it made.
    pub fn expected(&self) -> Option<Agreed> {
        match self {
            Leg::Sip(leg) => leg.expected(),
            Leg::Browser(leg) => leg.expected(),
        }
    }

    /// Writes the leg down as it is now.
    ///
    /// # Errors
    /// [`SnapshotError::Form`] when it cannot be expressed as JSON.
    pub fn snapshot(&self, now: Instant) -> Result<serde_json::Value, SnapshotError> {
        match self {
            Leg::Sip(leg) => leg.snapshot(now),
            Leg::Browser(leg) => leg.snapshot(now),
        }
    }

    /// The browser's leg, when it is one.
    pub fn browser(&mut self) -> Option<&mut browser::Leg> {
        match self {
            Leg::Sip(_) => None,
            Leg::Browser(leg) => Some(leg),
        }
    }

    /// What an answered leg of a browser says when its far side is to be handed on.
    pub fn consulted(&self) -> Option<(Party, DialogKey)> {
        match self {
            Leg::Sip(_) => None,
            Leg::Browser(leg) => leg.consulted(),
        }
    }
}
