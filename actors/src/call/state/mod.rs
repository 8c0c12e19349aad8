//! The machine of a call: an input and the time in, effects out. No engine, no database, no waiting.

mod close;
mod confirm;
mod open;
mod party;
mod phase;
mod ring;
mod seek;
mod talk;
mod transfer;

#[cfg(test)]
mod tests;

pub(crate) use party::{Party, PartyId, Stage, Who};
pub(crate) use phase::{About, Asked, End, Fetching, Heard, Phase, Purpose, Seek, Talk, Times};

use super::{Effect, Input, messages::Whose};
use crate::target::{Outside, Shown};
use engine::leg::{HangUp, LegEvent, LegId};
use schema::{Account, Call as CallRow, Id, Time, User};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

/// How long the final figures of a leg are waited for after it was told to hang up.
const CLOSING: Duration = Duration::from_secs(2);
/// How long another call may take to hand over its leg.
const FETCHING: Duration = Duration::from_secs(5);
/// How long the directory may take to answer.
const ASKING: Duration = Duration::from_secs(10);

/// A call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// Its id.
    pub id: Id<CallRow>,
    /// Whose it is.
    pub account: Id<Account>,
    /// Who calls whom.
    pub about: About,
    /// What happened when.
    pub times: Times,
    /// Every leg so far.
    pub parties: Vec<Party>,
    /// What it is doing.
    pub phase: Phase,
    /// Users that were told of by `call.ringing`.
    rung: Vec<Id<User>>,
    /// Forwardings and time-out actions that may still be followed.
    hops_left: u8,
    /// Number of the last question.
    asked: u32,
    /// The destination of click-to-call was told of.
    announced: bool,
    /// How the leg that takes the place of another is called in the event.
    taken_as: Option<String>,
}

impl Call {
    /// Takes one input and answers what is to be done.
    pub(crate) fn apply(&mut self, input: Input, now: Time) -> Vec<Effect> {
        // The first leg is there before the call begins.
        let before = match self.phase {
            Phase::New(_) => BTreeSet::new(),
            _ => self.engaged(),
        };
        let mut out = Vec::new();
        self.take(input, now, &mut out);
        self.tell_presence(&before, &mut out);
        out
    }

    fn take(&mut self, input: Input, now: Time, out: &mut Vec<Effect>) {
        match input {
            Input::Begin => self.begin(now, out),
            Input::Dialled(party, leg) => self.dialled(party, leg, out),
            Input::Undialled(party, why) => self.undialled(party, why, now, out),
            Input::Accepted(party, result) => self.accepted(party, result, now, out),
            Input::Leg(party, leg, event) => self.hear(party, leg, event, now, out),
            Input::Lost(party) => self.left(party, None, None, now, out),
            Input::Found(question, answer) => self.found(question, answer, now, out),
            Input::Recorded => self.recorded(out),
            Input::Measured(party, quality) => {
                if let Some(party) = self.party_mut(party) {
                    party.quality = quality;
                }
            }
            Input::Replace {
                replaced,
                leg,
                user,
                endpoint,
                number,
                early_only,
            } => {
                let newcomer = (leg, user, endpoint);
                self.replace(replaced, newcomer, number, early_only, now, out);
            }
            Input::Surrender { leg, to } => self.surrender(leg, to, now, out),
            Input::HandedOver(handover) => self.handed_over(handover, now, out),
            Input::Deleted(whose) => self.deleted(whose, now, out),
            Input::Terminate(outcome) => self.terminate(outcome, now, out),
            Input::Tick => self.tick(now, out),
        }
    }

    fn hear(&mut self, id: PartyId, leg: LegId, event: LegEvent, now: Time, out: &mut Vec<Effect>) {
        let Some(party) = self.party_mut(id) else {
            return;
        };
        party.leg.get_or_insert(leg);
        match party.stage {
            Stage::Moved(to) => return out.push(Effect::Forward(to, leg, event)),
            Stage::Gone => return,
            _ => {}
        }
        match event {
            LegEvent::Ringing => self.rings(id, now, out),
            LegEvent::EarlyMedia => self.early(id, now, out),
            LegEvent::Answered => self.picked_up(id, now, out),
            LegEvent::Refused(refusal) => self.refused(id, refusal, now, out),
            LegEvent::Confirmed => {}
            LegEvent::Digit(_) if self.stage(id) == Stage::Asked => self.answered(id, now, out),
            LegEvent::Digit(digit) => self.pressed(id, digit, out),
            LegEvent::Held => self.holds(id, true, out),
            LegEvent::Resumed => self.holds(id, false, out),
            LegEvent::Referred(referral) => self.referred(id, referral, now, out),
            LegEvent::MediaLost => self.media_lost(id, now, out),
            LegEvent::Ended(ending) => {
                if ending.quality.is_some()
                    && let Some(party) = self.party_mut(id)
                {
                    party.quality = ending.quality;
                }
                self.left(id, Some(ending.by), ending.q850, now, out);
            }
        }
    }

    /// A deadline may have passed.
    fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        match &self.phase {
            Phase::Seeking(_) => self.seek_tick(now, out),
            Phase::Talking(Talk {
                fetching: Some(fetching),
                ..
            }) if fetching.until <= now => self.handed_over(None, now, out),
            Phase::Closing { until, end } if *until <= now => {
                let end = *end;
                self.record(end, out);
            }
            _ => {}
        }
    }

    /// When the next `Tick` is due.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Seeking(seek) => {
                let asked = seek.questions.iter().map(|asked| asked.until);
                let asking = seek.asking.iter().map(|(_, until)| *until);
                asked.chain(asking).chain(seek.until).min()
            }
            Phase::Talking(talk) => talk.fetching.map(|fetching| fetching.until),
            Phase::Closing { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// What an actor that was raised on this state does first: hear its legs again, repeat what was
    /// asked and may have been lost.
    pub(crate) fn resume(&self) -> Vec<Effect> {
        let mut out = Vec::new();
        for party in &self.parties {
            if let Some(leg) = party.leg
                && party.is_live()
            {
                out.push(Effect::Claim(party.id, leg));
            }
        }
        match &self.phase {
            Phase::Seeking(seek) => {
                let again = |asked: &Asked| Effect::Ask(asked.id, asked.question.clone());
                out.extend(seek.questions.iter().map(again));
            }
            Phase::Joining { anchor, winner } => {
                let like = winner.and_then(|winner| self.leg(winner));
                if let Some(leg) = self.leg(*anchor) {
                    out.push(Effect::Answer(*anchor, leg, like));
                }
            }
            Phase::Recording(end) => out.push(self.record_effect(*end)),
            Phase::Over => out.push(Effect::Finish),
            _ => {}
        }
        out
    }

    /// The users who count as being on a call.
    pub(crate) fn engaged(&self) -> BTreeSet<Id<User>> {
        let engaged = self.parties.iter().filter(|party| party.is_engaged());
        engaged.filter_map(Party::user).collect()
    }

    fn tell_presence(&self, before: &BTreeSet<Id<User>>, out: &mut Vec<Effect>) {
        let after = self.engaged();
        if *before == after {
            return;
        }
        out.extend(
            before
                .difference(&after)
                .map(|user| Effect::Engaged(*user, false)),
        );
        out.extend(
            after
                .difference(before)
                .map(|user| Effect::Engaged(*user, true)),
        );
    }

    /// Whether a live leg is theirs, or the call itself.
    pub(crate) fn concerns(&self, whose: Whose) -> bool {
        let mut live = self.parties.iter().filter(|party| party.is_live());
        live.any(|party| party.is(whose)) || self.is_of(whose)
    }

    /// Whether they began the call.
    fn is_of(&self, whose: Whose) -> bool {
        matches!(whose, Whose::User(user) if self.about.from_user == Some(user))
    }

    /// Whether the leg is one of the call's.
    pub(crate) fn has_leg(&self, leg: LegId) -> bool {
        let mut live = self.parties.iter().filter(|party| party.is_live());
        live.any(|party| party.leg == Some(leg))
    }

    // Parties

    pub(super) fn party(&self, id: PartyId) -> Option<&Party> {
        self.parties.iter().find(|party| party.id == id)
    }

    fn party_mut(&mut self, id: PartyId) -> Option<&mut Party> {
        self.parties.iter_mut().find(|party| party.id == id)
    }

    fn leg(&self, id: PartyId) -> Option<LegId> {
        self.party(id).filter(|party| party.is_live())?.leg
    }

    fn stage(&self, id: PartyId) -> Stage {
        self.party(id).map_or(Stage::Gone, |party| party.stage)
    }

    fn set_stage(&mut self, id: PartyId, stage: Stage) {
        if let Some(party) = self.party_mut(id) {
            party.stage = stage;
            party.talked |= stage == Stage::Up;
        }
    }

    fn add(&mut self, who: Who, stage: Stage, leg: Option<LegId>) -> PartyId {
        let last = self.parties.last().map_or(0, |party| party.id.0);
        let id = PartyId(last + 1);
        self.parties.push(Party {
            id,
            leg,
            who,
            stage,
            holds: false,
            waits: false,
            talked: stage == Stage::Up,
            quality: None,
        });
        id
    }

    /// The leg is gone for this call: its channel is given back.
    fn lose(&mut self, id: PartyId, stage: Stage, out: &mut Vec<Effect>) {
        let Some(party) = self.party_mut(id) else {
            return;
        };
        if !party.is_live() {
            return;
        }
        party.stage = stage;
        let moved = matches!(stage, Stage::Moved(_));
        if let Some(quality) = &party.quality
            && let Some(mos) = quality.mos
            && !moved
        {
            out.push(Effect::Count(super::messages::Figure::Mos(mos)));
        }
        if let Some(trunk) = party.trunk()
            && !moved
        {
            out.push(Effect::Release(trunk));
        }
    }

    /// Ends a leg in whatever stage it is. One that talked is waited for, the others are forgotten.
    fn drop_party(&mut self, id: PartyId, how: HangUp, out: &mut Vec<Effect>) {
        let Some(party) = self.party(id) else {
            return;
        };
        let (stage, leg) = (party.stage, party.leg);
        if matches!(stage, Stage::Gone | Stage::Moved(_) | Stage::Leaving) {
            return;
        }
        if let Some(leg) = leg {
            out.push(Effect::HangUp(leg, how));
        }
        if stage == Stage::Up && leg.is_some() {
            self.set_stage(id, Stage::Leaving);
        } else {
            self.lose(id, Stage::Gone, out);
        }
    }

    /// Number of the trunks left after the one that was tried, and who is shown to them.
    fn trunks_left(&mut self, id: PartyId) -> Option<(Outside, Shown)> {
        match &mut self.party_mut(id)?.who {
            Who::Outside { left, shown, .. } => {
                let left = left.take().filter(|left| !left.trunks.is_empty())?;
                Some((left, shown.take()?))
            }
            Who::Phone { .. } => None,
        }
    }
}

/// Hanging up with a cause.
fn hang_up(q850: u8) -> HangUp {
    HangUp {
        q850: Some(q850),
        ..HangUp::default()
    }
}
