//! Carries out what the state decided; nothing decides here.

use super::{
    CallActor, Effect, Input,
    from_engine::Ear,
    messages::{Dialling, Figure},
    state::PartyId,
};
use crate::{rooms::Rooms, target::Candidate};
use engine::{
    LegError,
    leg::{DialogKey, HangUp, LegId},
};
use schema::{Call, Id};
use std::ops::ControlFlow;

impl CallActor {
    /// Carries out one effect. `Break` means that the call is over.
    pub(super) fn perform(&mut self, effect: Effect) -> ControlFlow<()> {
        let engine = &self.rooms.endpoint;
        let ordered = match effect {
            Effect::Ring(leg) => engine.ring(leg),
            Effect::Progress(leg, like) => engine.progress(leg, like),
            Effect::Reject(leg, rejection) => engine.reject(leg, rejection),
            Effect::HangUp(leg, how) => engine.hang_up(leg, how),
            Effect::Bridge(a, b) => engine.bridge(a, b),
            Effect::Play(leg, prompt) => engine.play(leg, prompt),
            Effect::Echo(leg) => engine.echo(leg),
            Effect::Quiet(leg) => engine.quiet(leg),
            Effect::Notice(leg, notice) => engine.notice(leg, notice),
            Effect::Press(leg, key) => engine.send_digits(leg, key.encode_utf8(&mut [0; 4])),
            Effect::Relay(leg, key) => engine.relay_digit(leg, key),
            Effect::AcceptReferral(leg, referral) => engine.accept_referral(leg, referral),
            Effect::RefuseReferral(leg, referral, status) => {
                engine.refuse_referral(leg, referral, status)
            }
            Effect::NotifyReferral(leg, referral, status) => {
                engine.notify_referral(leg, referral, status)
            }
            Effect::Claim(party, leg) => self.claim(party, leg),
            Effect::Answer(party, leg, like) => self.answer(party, leg, like),
            Effect::Dial(dialling) => self.dial(*dialling),
            Effect::Finish => return ControlFlow::Break(()),
            other => {
                self.perform_here(other);
                Ok(())
            }
        };
        if let Err(error) = ordered {
            // A leg that went away in the meantime has said so, or will.
            tracing::debug!(call.id = %self.entry.id, %error, "an order came too late");
        }
        ControlFlow::Continue(())
    }

    /// Effects that the engine has nothing to do with.
    fn perform_here(&self, effect: Effect) {
        let rooms = &self.rooms;
        match effect {
            Effect::Ask(id, question) => {
                let (entry, rooms) = (self.entry.clone(), rooms.clone());
                actix::spawn(async move {
                    let answer = rooms.answer(question).await;
                    entry.answer(Input::Found(id, answer));
                });
            }
            Effect::Measure(party, leg) => {
                let quality = rooms.endpoint.quality(leg);
                self.entry.answer(Input::Measured(party, quality));
            }
            Effect::Fetch(dialog) => self.fetch(&dialog),
            Effect::Hand(to, handover) => self.hand(to, handover),
            Effect::Forward(to, leg, event) => self.forward(to, leg, event),
            Effect::Release(trunk) => rooms.trunks.release(trunk),
            Effect::Engaged(user, on) => rooms.presence.engaged(self.entry.id, user, on),
            Effect::Publish(event) => rooms.publish(self.entry.account, self.entry.id, &event),
            Effect::Note(record) => rooms.ledger.note(*record),
            Effect::Record(record) => {
                let entry = self.entry.clone();
                let done = Box::new(move || {
                    entry.answer(Input::Recorded);
                });
                rooms.ledger.submit(*record, Some(done));
            }
            Effect::Count(figure) => match figure {
                Figure::Started(direction) => rooms.metrics.started(direction),
                Figure::SetUp(after) => rooms.metrics.set_up(after),
                Figure::Ended(direction, status, talked) => {
                    rooms.metrics.ended(direction, status, talked);
                }
                Figure::Mos(mos) => rooms.metrics.heard(mos),
            },
            // Orders to the engine: carried out by the caller.
            _ => {}
        }
    }

    /// Hears a leg. One that is gone without a word counts as ended.
    fn claim(&self, party: PartyId, leg: LegId) -> Result<(), LegError> {
        let claimed = self.rooms.endpoint.claim(leg, Ear::of(&self.entry, party));
        if claimed.is_err() {
            // Behind whatever it had to say before.
            let _ = self.entry.tell(Input::Lost(party));
        }
        claimed
    }

    fn answer(&self, party: PartyId, leg: LegId, like: Option<LegId>) -> Result<(), LegError> {
        let answered = self.rooms.endpoint.answer(leg, like);
        self.entry.answer(Input::Accepted(party, answered));
        Ok(())
    }

    fn dial(&self, dialling: Dialling) -> Result<(), LegError> {
        let party = dialling.party;
        let dial = match &dialling.candidate {
            Candidate::Phone(contact) => Ok(crate::device::to_phone(
                contact,
                self.entry.id,
                &dialling,
                &self.rooms.config.sip_domain,
                self.group(),
            )),
            Candidate::Outside(outside) => self.outside(outside, &dialling),
        };
        let dialled = dial.and_then(|dial| {
            let ear = Ear::of(&self.entry, party);
            self.rooms.endpoint.dial(dial, ear)
        });
        self.entry.answer(match dialled {
            Ok(leg) => Input::Dialled(party, leg),
            Err(why) => Input::Undialled(party, why),
        });
        Ok(())
    }

    /// Takes a channel; it is given back when the party is lost, however early.
    fn outside(
        &self,
        outside: &crate::target::Outside,
        dialling: &Dialling,
    ) -> Result<engine::leg::Dial, LegError> {
        let first = outside.trunks.first().ok_or(LegError::Gone)?;
        if !self.rooms.trunks.take(*first, outside.emergency) {
            // The party's loss gives back what was never taken, full or gone: take it beyond the limit.
            self.rooms.trunks.take(*first, true);
            return Err(LegError::Limit);
        }
        let trunk = self.rooms.trunks.candidate(*first).ok_or(LegError::Gone)?;
        let domain = &self.rooms.config.sip_domain;
        Ok(crate::device::to_trunk(
            &trunk,
            outside,
            dialling,
            domain,
            self.group(),
        ))
    }

    /// Legs of one call share a media thread.
    fn group(&self) -> u64 {
        use std::hash::{Hash as _, Hasher as _};
        let mut hasher = std::hash::DefaultHasher::new();
        self.entry.id.hash(&mut hasher);
        hasher.finish()
    }

    // Between two calls

    fn fetch(&self, dialog: &DialogKey) {
        let found = self.rooms.endpoint.find(dialog).and_then(|leg| {
            let account = self.entry.account;
            let mut calls = self
                .rooms
                .registry
                .select(|call| call.account == account && call.has_leg(leg));
            calls.retain(|call| call.id != self.entry.id);
            Some((calls.pop()?, leg))
        });
        let to = self.entry.id;
        let asked =
            found.is_some_and(|(other, leg)| other.tell(Input::Surrender { leg, to }).is_ok());
        if !asked {
            self.entry.answer(Input::HandedOver(None));
        }
    }

    fn hand(&self, to: Id<Call>, handover: Option<super::Handover>) {
        let other = self.rooms.registry.get(to);
        let input = Input::HandedOver(handover);
        if !other.is_some_and(|other| other.answer(input.clone())) {
            abandon(&self.rooms, [input]);
        }
    }

    fn forward(&self, to: Id<Call>, leg: LegId, event: engine::leg::LegEvent) {
        let Some(other) = self.rooms.registry.get(to) else {
            return;
        };
        let state = other.memory.state();
        let party = state.parties.iter().find(|party| party.leg == Some(leg));
        if let Some(party) = party {
            let _ = other.tell(Input::Leg(party.id, leg, event));
        }
    }
}

/// Lets go of what came for a call that is gone: nobody is left to take a leg that was handed over.
pub(super) fn abandon(rooms: &Rooms, mail: impl IntoIterator<Item = Input>) {
    for input in mail {
        if let Input::HandedOver(Some(handover)) = input {
            // It may have gone meanwhile.
            let _ = rooms.endpoint.hang_up(handover.leg, HangUp::default());
            if let Some(trunk) = handover.trunk {
                rooms.trunks.release(trunk);
            }
        }
    }
}
