//! Legs of browsers: how they begin, what is said by and to them.

use super::{BUSY_RETRY, Stack, legs::Slot, line::Line, sessions::Shut, turn::Turn};
use crate::{
    Arrival, Invitation, LegError,
    leg::{
        BrowserCall, Dial, DialogKey, EndedBy, Leg, LegId, LegSink, Party, Privacy, Reach,
        Rejection, SessionId, SessionSink, Transport, Word,
        browser::{self, Asked, destination},
        machine::Order,
    },
    sdp::{Agreed, Session},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

impl Stack {
    /// See [`Endpoint::open_session`](crate::Endpoint::open_session).
    pub(crate) fn open_session(&self, sink: Arc<dyn SessionSink>) -> SessionId {
        self.sessions.open(sink)
    }

    /// See [`Endpoint::close_session`](crate::Endpoint::close_session).
    pub(crate) fn close_session(&self, session: SessionId) {
        for leg in self.sessions.close(session) {
            let end = || self.order(leg, Order::Abandon(EndedBy::Peer));
            if catch_unwind(AssertUnwindSafe(end)).is_err() {
                tracing::error!(leg = leg.0, "the end of a session made a leg panic");
            }
        }
    }

    /// See [`Endpoint::call_from`](crate::Endpoint::call_from).
    pub(crate) fn call_from(&self, call: BrowserCall) -> Result<LegId, LegError> {
        if self.refusing().is_some() || !self.has_room() {
            return Err(LegError::Limit);
        }
        let offer = Session::parse(call.sdp.as_bytes()).map_err(|error| {
            tracing::debug!(%error, "a browser's offer cannot be read");
            LegError::Codec
        })?;
        if !offer.is_web() {
            return Err(LegError::Codec);
        }
        let destination = destination(&call.destination, &self.config.domain)?;
        let mut outputs = Vec::new();
        let asked = Asked {
            offer,
            destination: destination.clone(),
        };
        let settings = self.settings.clone();
        let (group, seed) = (rand::random(), rand::random());
        let leg = browser::Leg::incoming(settings, asked, group, seed, &mut outputs);
        let call_id = leg.dialog().call_id.clone();
        let index = self.shard_of(&call_id);
        let id = self.new_leg(index);
        let begun = self.turn(index, |turn| {
            let joined = self.sessions.join(call.session, id, None);
            let sink = joined.map_err(|shut| match shut {
                Shut::Gone => LegError::Gone,
                Shut::Busy => LegError::Limit,
            })?;
            let mut slot = Slot::new(Leg::Browser(Box::new(leg)), None);
            slot.line = Some(Box::new(Line::new(call.session, sink)));
            turn.adopt(id.0, slot);
            turn.carry_out(id.0, outputs);
            Ok(())
        });
        begun.unwrap_or(Err(LegError::Gone))?;
        self.announce(invitation(
            id,
            call_id,
            call.session,
            call.from,
            destination,
        ));
        Ok(id)
    }

    /// Tells the switchboard; when it has no time the call is refused.
    fn announce(&self, invitation: Invitation) {
        let leg = invitation.leg;
        if self.arrivals.try_send(Arrival::Invite(invitation)).is_ok() {
            return;
        }
        self.metrics.shed.inc();
        // It may have been given up meanwhile.
        let _ = self.order(leg, Order::Reject(Rejection::busy(BUSY_RETRY)));
        self.turn(Self::shard_of_leg(leg), |turn| turn.forsake(leg.0));
    }

    /// Calls a browser.
    pub(super) fn dial_session(
        &self,
        session: SessionId,
        dial: Dial,
        like: Option<&Agreed>,
        sink: Arc<dyn LegSink>,
    ) -> Result<LegId, LegError> {
        if dial.call.is_empty() {
            return Err(LegError::Address);
        }
        let mut outputs = Vec::new();
        let (call, to) = (dial.call.clone(), dial.to.clone());
        let settings = self.settings.clone();
        let mut leg = browser::Leg::outgoing(settings, dial, rand::random(), &mut outputs);
        let index = self.shard_of(&leg.dialog().call_id);
        let id = self.new_leg(index);
        self.turn(index, |turn| {
            let audio = &mut self.plane.clone();
            let line = match self.sessions.join(session, id, Some(call)) {
                Ok(sink) => {
                    leg.begin(to, like, turn.now, audio, &mut outputs);
                    Some(Box::new(Line::new(session, sink)))
                }
                Err(shut) => {
                    leg.unreachable(shut == Shut::Busy, turn.now, audio, &mut outputs);
                    None
                }
            };
            let mut slot = Slot::new(Leg::Browser(Box::new(leg)), Some(sink));
            slot.line = line;
            turn.adopt(id.0, slot);
            turn.carry_out(id.0, outputs);
        });
        Ok(id)
    }

    /// See [`Endpoint::say`](crate::Endpoint::say). A panic over what a browser says costs its leg.
    pub(crate) fn say(&self, session: SessionId, leg: LegId, word: Word) -> Result<(), LegError> {
        if !self.sessions.has(session, leg) {
            return Err(LegError::Gone);
        }
        let consult = match word {
            Word::Complete { consult } if consult == leg => None,
            Word::Complete { consult } => self
                .sessions
                .has(session, consult)
                .then(|| self.look(consult, Leg::consulted).ok().flatten())
                .flatten(),
            _ => None,
        };
        let index = Self::shard_of_leg(leg);
        let say = || self.turn(index, |turn| turn.said(leg.0, word, consult));
        match catch_unwind(AssertUnwindSafe(say)) {
            Ok(said) => said.unwrap_or(Err(LegError::Gone)),
            Err(_) => {
                tracing::error!(leg = leg.0, "a browser's word made its leg panic");
                let end = || self.order(leg, Order::Abandon(EndedBy::Failure));
                // What is left of the leg may panic again.
                let _ = catch_unwind(AssertUnwindSafe(end));
                Err(LegError::Gone)
            }
        }
    }

    /// See [`Endpoint::name`](crate::Endpoint::name).
    pub(crate) fn name(&self, leg: LegId, call: &str) -> Result<(), LegError> {
        let named = self.turn(Self::shard_of_leg(leg), |turn| {
            let slot = turn.shard.legs.get(&leg.0);
            let session = slot
                .and_then(|slot| slot.line.as_ref())
                .map(|line| line.session);
            if let Some(session) = session {
                self.sessions.name(session, leg, call);
            }
            turn.order(leg.0, Order::Name(call.to_owned()))
        });
        named.unwrap_or(Err(LegError::Gone))
    }
}

impl Turn<'_> {
    /// Hands a word to its leg.
    fn said(
        &mut self,
        id: u64,
        word: Word,
        consult: Option<(Party, DialogKey)>,
    ) -> Result<(), LegError> {
        let mut outputs = std::mem::take(&mut self.shard.outputs);
        let leg = self.shard.legs.get_mut(&id).and_then(|s| s.leg.as_mut());
        let result = match leg.and_then(Leg::browser) {
            Some(leg) => {
                let audio = &mut self.stack.plane.clone();
                leg.said(word, consult, self.now, audio, &mut outputs)
            }
            None => Err(LegError::Gone),
        };
        self.carry_out(id, outputs);
        result
    }
}

/// A browser's call as the switchboard sees it.
fn invitation(
    leg: LegId,
    call_id: String,
    session: SessionId,
    from: Party,
    dialled: Party,
) -> Invitation {
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Invitation {
        leg,
        to: dialled.clone(),
        dialled,
        from,
        identity: None,
        privacy: Privacy::default(),
        source: nowhere,
        local: nowhere,
        transport: Transport::Tcp,
        call_id,
        session: Some(session),
        authorization: None,
        replaces: None,
        reach: Reach::default(),
        diversions: 0,
        history: Vec::new(),
    }
}
