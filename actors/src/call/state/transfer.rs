//! Transfers: blind (REFER), attended (REFER with Replaces, between two calls), INVITE with Replaces.

use super::{
    Call, End, FETCHING, Fetching, PartyId, Phase, Purpose, Seek, Stage, Talk, Who, hang_up,
};
use crate::{
    call::{Effect, Handover, Outcome},
    events::Event,
    target::{Dialler, Question},
};
use engine::{
    LegError,
    leg::{HangUp, LegId, Prompt, Referral, Rejection},
};
use schema::{Call as CallRow, Endpoint, Id, Time, User};

/// Legs one call may have had; a transfer beyond it is refused.
const PARTIES: usize = 500;
/// The longest destination a transfer event shows.
const SHOWN: usize = 32;

impl Call {
    /// A party asks for a transfer.
    pub(super) fn referred(
        &mut self,
        id: PartyId,
        referral: Referral,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let (Some(leg), user) = (self.leg(id), self.party(id).and_then(super::Party::user)) else {
            return;
        };
        let number = referral.id;
        let talk = match &self.phase {
            Phase::Talking(talk) => Some(talk.clone()),
            _ => None,
        };
        let far = talk.as_ref().and_then(|talk| talk.other(id));
        let busy = talk.is_none_or(|talk| talk.fetching.is_some() || talk.taking.is_some());
        // Only a phone of the account may send a call elsewhere, and only one at a time.
        let (Some(user), Some(far), false) = (user, far, busy) else {
            return out.push(Effect::RefuseReferral(leg, number, 403));
        };
        if self.parties.len() >= PARTIES {
            return out.push(Effect::RefuseReferral(leg, number, 480));
        }
        if referral.replaces.is_none() && referral.target.user.is_empty() {
            return out.push(Effect::RefuseReferral(leg, number, 404));
        }
        out.push(Effect::AcceptReferral(leg, number));
        out.push(Effect::NotifyReferral(leg, number, 100));
        if let Some(dialog) = referral.replaces {
            let fetching = Fetching {
                by: id,
                referral: number,
                until: now.after(FETCHING),
            };
            self.phase = Phase::Talking(Talk::with(id, far, Some(fetching)));
            return out.push(Effect::Fetch(dialog));
        }
        if let Some(far) = self.leg(far) {
            out.push(Effect::Quiet(leg));
            out.push(Effect::Play(far, Prompt::Music));
        }
        let to = referral.target.user;
        let purpose = Purpose::Transfer {
            by: id,
            referral: number,
            to: to.clone(),
        };
        self.phase = Phase::Seeking(Box::new(Seek::new(Some(far), purpose)));
        let by = Dialler {
            account: self.account,
            user: Some(user),
            did: None,
        };
        self.ask(Question::Dialled { by, text: to }, false, now, out);
    }

    /// The destination of a blind transfer answered.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one search, taken apart"
    )]
    pub(super) fn transferred(
        &mut self,
        by: PartyId,
        referral: u32,
        to: String,
        anchor: PartyId,
        winner: PartyId,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        self.join(anchor, winner, now, out);
        self.transfer_done(by, referral, to, out);
    }

    /// A blind transfer to the echo.
    pub(super) fn transferred_to_echo(
        &mut self,
        by: PartyId,
        referral: u32,
        to: String,
        anchor: PartyId,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        self.echo(anchor, now, out);
        self.transfer_done(by, referral, to, out);
    }

    fn transfer_done(&mut self, by: PartyId, referral: u32, to: String, out: &mut Vec<Effect>) {
        if let Some(leg) = self.leg(by) {
            out.push(Effect::NotifyReferral(leg, referral, 200));
        }
        self.drop_party(by, handed_on(), out);
        self.tell_transferred(&to, out);
    }

    fn tell_transferred(&self, to: &str, out: &mut Vec<Effect>) {
        out.push(Effect::Publish(Event::Transferred {
            ends: self.ends(),
            to: to.chars().take(SHOWN).collect(),
        }));
    }

    /// The destination of a blind transfer cannot be reached: back to who asked for it.
    pub(super) fn transfer_failed(
        &mut self,
        by: PartyId,
        referral: u32,
        outcome: Outcome,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let Phase::Seeking(seek) = &self.phase else {
            return;
        };
        let anchor = seek.anchor;
        if let Some(leg) = self.leg(by) {
            let status = outcome.reading().sip;
            out.push(Effect::NotifyReferral(leg, referral, status));
        }
        match anchor {
            Some(anchor) if self.stage(by) == Stage::Up => {
                self.phase = Phase::Talking(Talk::with(anchor, by, None));
                self.audio(out);
            }
            _ => {
                let cause = None;
                self.close(End { outcome, cause }, now, out);
            }
        }
    }

    // Attended, the call that stays

    /// The other call hands over its far leg, or cannot.
    pub(super) fn handed_over(
        &mut self,
        handover: Option<Handover>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let fetching = match &mut self.phase {
            Phase::Talking(talk) => talk.fetching.take(),
            _ => None,
        };
        let (Some(handover), Some(fetching)) = (&handover, fetching) else {
            if let Some(fetching) = fetching
                && let Some(leg) = self.leg(fetching.by)
            {
                out.push(Effect::NotifyReferral(leg, fetching.referral, 481));
            }
            // It came too late for a call that has gone on without it.
            if let Some(handover) = handover {
                out.push(Effect::HangUp(handover.leg, hang_up(16)));
                out.extend(handover.trunk.map(Effect::Release));
            }
            return;
        };
        let Phase::Talking(talk) = &self.phase else {
            return;
        };
        let Some(far) = talk.other(fetching.by) else {
            return;
        };
        let Some(who) = who(handover) else {
            return;
        };
        let new = self.add(who, Stage::Up, Some(handover.leg));
        if let Some(party) = self.party_mut(new) {
            party.holds = handover.holds;
            party.waits = handover.waits;
        }
        out.push(Effect::Claim(new, handover.leg));
        self.join(far, new, now, out);
        let to = handover.number.clone();
        self.transfer_done(fetching.by, fetching.referral, to, out);
    }

    // Attended, the call that ends

    /// Another call asks for the far side of one of our legs.
    pub(super) fn surrender(
        &mut self,
        leg: LegId,
        to: Id<CallRow>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let found = self.parties.iter().find(|party| party.leg == Some(leg));
        let near = found
            .filter(|party| party.stage == Stage::Up)
            .map(|party| party.id);
        let far = match (&self.phase, near) {
            (Phase::Talking(talk), Some(near)) if talk.fetching.is_none() => talk.other(near),
            _ => None,
        };
        let dialled = far.is_some_and(|far| self.parties.first().is_none_or(|p| p.id != far));
        let number = match dialled {
            true => self.about.dialled.clone(),
            false => self.about.from.number.clone(),
        };
        let handover = far
            .and_then(|far| self.party(far))
            .and_then(|far| far.handover(number));
        let (Some(far), Some(handover)) = (far, handover) else {
            return out.push(Effect::Hand(to, None));
        };
        out.push(Effect::Measure(far, handover.leg));
        self.lose(far, Stage::Moved(to), out);
        out.push(Effect::Hand(to, Some(handover)));
        if let Some(near) = near {
            self.drop_party(near, handed_on(), out);
        }
        let end = End {
            outcome: Outcome::Completed,
            cause: None,
        };
        self.close(end, now, out);
    }

    // INVITE with Replaces

    /// A new leg wants the place of one of ours.
    pub(super) fn replace(
        &mut self,
        replaced: LegId,
        newcomer: (LegId, Id<User>, Id<Endpoint>),
        number: String,
        early_only: bool,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let (leg, user, endpoint) = newcomer;
        let found = self
            .parties
            .iter()
            .find(|party| party.leg == Some(replaced));
        let place = found.map(|party| (party.id, party.stage));
        let endpoint = Some(endpoint);
        let who = Who::Phone { user, endpoint };
        match (&self.phase, place) {
            (Phase::Talking(talk), Some((id, Stage::Up)))
                if !early_only && talk.taking.is_none() && talk.other(id).is_some() =>
            {
                let far = talk.other(id).and_then(|far| self.leg(far));
                let new = self.add(who, Stage::Offered, Some(leg));
                if let Phase::Talking(talk) = &mut self.phase {
                    talk.taking = Some((new, id));
                }
                self.about.history.clear();
                out.push(Effect::Claim(new, leg));
                out.push(Effect::Answer(new, leg, far));
                self.taken_as = Some(number);
            }
            // A ringing call is picked up by another phone.
            (Phase::Seeking(seek), Some((id, Stage::Ringing | Stage::Dialling)))
                if seek.forks.contains(&id) =>
            {
                let like = seek.anchor.and_then(|anchor| self.leg(anchor));
                let new = self.add(who, Stage::Offered, Some(leg));
                if let Phase::Seeking(seek) = &mut self.phase {
                    seek.forks.push(new);
                }
                out.push(Effect::Claim(new, leg));
                out.push(Effect::Answer(new, leg, like));
            }
            _ => out.push(Effect::Reject(leg, refusal(481))),
        }
        let _ = now;
    }

    /// The new leg is answered, or could not be.
    pub(super) fn took_over(
        &mut self,
        new: PartyId,
        result: Result<(), LegError>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let Phase::Talking(talk) = &mut self.phase else {
            return;
        };
        let Some((_, replaced)) = talk.taking.take() else {
            return;
        };
        let number = self.taken_as.take().unwrap_or_default();
        let far = match &self.phase {
            Phase::Talking(talk) => talk.other(replaced),
            _ => None,
        };
        let (Ok(()), Some(far)) = (result, far) else {
            if let (Some(leg), Err(LegError::Codec)) = (self.leg(new), result) {
                out.push(Effect::Reject(leg, refusal(488)));
            }
            return self.lose(new, Stage::Gone, out);
        };
        self.set_stage(new, Stage::Up);
        self.join(far, new, now, out);
        self.drop_party(replaced, hang_up(16), out);
        self.tell_transferred(&number, out);
    }
}

/// Hanging up because the other side goes on with somebody else.
fn handed_on() -> HangUp {
    HangUp {
        transferred: true,
        ..hang_up(16)
    }
}

fn refusal(status: u16) -> Rejection {
    Rejection {
        status,
        phrase: None,
        q850: None,
        headers: Vec::new(),
    }
}

fn who(handover: &Handover) -> Option<Who> {
    match (handover.phone, handover.trunk) {
        (Some((user, endpoint)), _) => Some(Who::Phone { user, endpoint }),
        (None, Some(trunk)) => Some(Who::Outside {
            trunk,
            left: None,
            shown: None,
        }),
        (None, None) => None,
    }
}
