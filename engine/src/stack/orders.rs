//! Orders of the engine's user. Each locks the leg's shard and is carried out on the caller's thread.

use super::{SHARD_BITS, Stack, legs::Slot};
use crate::{
    LegError,
    leg::{
        Dial, DialogKey, Hop, Leg, LegId, LegSink, Prompt,
        machine::{self, Order},
    },
    media::{MediaId, Sound},
    rtp::Quality,
    sdp::Agreed,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

impl Stack {
    /// The shard of a leg.
    pub(super) fn shard_of_leg(leg: LegId) -> usize {
        (leg.0 & ((1 << SHARD_BITS) - 1)) as usize
    }

    /// A number for a new leg of a shard.
    pub(super) fn new_leg(&self, shard: usize) -> LegId {
        let number = self.next_leg.fetch_add(1, Ordering::Relaxed);
        LegId(number << SHARD_BITS | shard as u64)
    }

    /// Says whether another leg fits in.
    pub(super) fn has_room(&self) -> bool {
        self.legs.load(Ordering::Relaxed) < self.config.limits.legs
    }

    /// See [`Endpoint::claim`](crate::Endpoint::claim).
    pub(crate) fn claim(&self, leg: LegId, sink: Arc<dyn LegSink>) -> Result<(), LegError> {
        let claimed = self.turn(Self::shard_of_leg(leg), |turn| turn.claim(leg.0, sink));
        claimed
            .unwrap_or_default()
            .then_some(())
            .ok_or(LegError::Gone)
    }

    /// See [`Endpoint::find`](crate::Endpoint::find).
    pub(crate) fn find(&self, dialog: &DialogKey) -> Option<LegId> {
        let key = self
            .keys
            .dialog(&dialog.call_id, &dialog.local_tag, &dialog.remote_tag);
        let index = self.shard_of(&dialog.call_id);
        self.turn(index, |turn| {
            turn.shard.dialogs.get(&key).copied().map(LegId)
        })?
    }

    /// See [`Endpoint::dial`](crate::Endpoint::dial).
    pub(crate) fn dial(&self, dial: Dial, sink: Arc<dyn LegSink>) -> Result<LegId, LegError> {
        if self.refusing().is_some() || !self.has_room() {
            return Err(LegError::Limit);
        }
        let like = dial
            .like
            .and_then(|other| self.look(other, |leg| leg.expected()).ok().flatten());
        if let Some(Hop::Session(session)) = dial.hop {
            return self.dial_session(session, dial, like.as_ref(), sink);
        }
        let mut outputs = Vec::new();
        let leg = machine::Leg::outgoing(
            self.settings.clone(),
            dial,
            like,
            rand::random(),
            &mut outputs,
        )?;
        let index = self.shard_of(leg.planned_call_id().unwrap_or_default());
        let id = self.new_leg(index);
        self.turn(index, |turn| {
            turn.adopt(id.0, Slot::new(Leg::Sip(Box::new(leg)), Some(sink)));
            turn.carry_out(id.0, outputs);
        });
        Ok(id)
    }

    /// Gives a leg an order.
    pub(crate) fn order(&self, leg: LegId, order: Order) -> Result<(), LegError> {
        self.turn(Self::shard_of_leg(leg), |turn| turn.order(leg.0, order))
            .unwrap_or(Err(LegError::Gone))
    }

    /// What a leg speaks.
    pub(crate) fn agreed(&self, leg: LegId) -> Option<Agreed> {
        self.look(leg, |l| l.agreed().cloned()).ok().flatten()
    }

    /// See [`Endpoint::leg_snapshot`](crate::Endpoint::leg_snapshot).
    pub(crate) fn leg_snapshot(&self, leg: LegId) -> Result<serde_json::Value, LegError> {
        self.look(leg, |l| l.snapshot(Instant::now()))?
            .map_err(|error| {
                tracing::error!(%error, "A leg cannot be written down");
                LegError::State
            })
    }

    /// See [`Endpoint::bridge`](crate::Endpoint::bridge).
    pub(crate) fn bridge(&self, a: LegId, b: LegId) -> Result<(), LegError> {
        let (a, b) = (self.stream(a)?, self.stream(b)?);
        self.plane.bridge(a, b);
        Ok(())
    }

    /// See [`Endpoint::play`](crate::Endpoint::play).
    pub(crate) fn play(&self, leg: LegId, prompt: Prompt) -> Result<(), LegError> {
        self.plane.play(self.stream(leg)?, prompt);
        Ok(())
    }

    /// See [`Endpoint::echo`](crate::Endpoint::echo).
    pub(crate) fn echo(&self, leg: LegId) -> Result<(), LegError> {
        self.plane.echo(self.stream(leg)?);
        Ok(())
    }

    /// See [`Endpoint::quiet`](crate::Endpoint::quiet).
    pub(crate) fn quiet(&self, leg: LegId) -> Result<(), LegError> {
        self.plane.idle(self.stream(leg)?);
        Ok(())
    }

    /// See [`Endpoint::quality`](crate::Endpoint::quality).
    pub(crate) fn quality(&self, leg: LegId) -> Option<Quality> {
        self.plane.quality(self.stream(leg).ok()?)
    }

    /// See [`Endpoint::listen`](crate::Endpoint::listen).
    pub(crate) fn listen(&self, leg: LegId, hz: Option<u16>) -> Result<(), LegError> {
        self.plane.listen(self.stream(leg)?, hz);
        Ok(())
    }

    /// See [`Endpoint::heard`](crate::Endpoint::heard).
    pub(crate) fn heard(&self, leg: LegId) -> Option<Sound> {
        self.plane.heard(self.stream(leg).ok()?)
    }

    /// The leg's stream; [`LegError::State`] while it has none.
    fn stream(&self, leg: LegId) -> Result<MediaId, LegError> {
        self.look(leg, Leg::media)?.ok_or(LegError::State)
    }

    pub(super) fn look<R>(&self, leg: LegId, at: impl FnOnce(&Leg) -> R) -> Result<R, LegError> {
        let found = self.turn(Self::shard_of_leg(leg), |turn| {
            let leg = turn.shard.legs.get(&leg.0)?.leg.as_ref()?;
            Some(at(leg))
        });
        found.flatten().ok_or(LegError::Gone)
    }
}
