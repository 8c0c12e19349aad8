//! Ringing several at once: dialling, alerting, refusals, the next trunk, forwardings, the winner.

use super::{Call, Heard, PartyId, Phase, Stage, Who, hang_up};
use crate::{
    call::{
        Effect, Outcome,
        cause::{of_refusal, tries_another_trunk},
        messages::{Dialling, Figure},
    },
    target::{Candidate, Dialler, Question, Shown},
};
use engine::{
    LegError,
    leg::{HangUp, LegId, Prompt, Refusal},
};
use schema::{Id, Time, User};

impl Call {
    /// Dials one candidate.
    pub(super) fn dial(&mut self, candidate: Candidate, shown: &Shown, out: &mut Vec<Effect>) {
        let Some(who) = Who::of(&candidate, shown) else {
            return self.note(Outcome::NoTrunk, None);
        };
        let mut reach = self.about.reach;
        if let (Phase::Seeking(seek), Who::Outside { .. }) = (&self.phase, &who) {
            let Some(part) = reach.among(seek.outside) else {
                return self.note(Outcome::Loop, None);
            };
            reach = part;
        }
        if let Who::Outside { trunk, .. } = &who {
            self.about.outbound_trunk = Some(*trunk);
        }
        let like = self.anchor_leg();
        let party = self.add(who, Stage::Dialling, None);
        if let Some(seek) = self.seek() {
            seek.forks.push(party);
        }
        let shown = self.shown_to(&candidate, shown);
        out.push(Effect::Dial(Box::new(Dialling {
            party,
            candidate,
            called: self.about.dialled.clone(),
            shown,
            private: self.about.private,
            reach,
            headers: self.about.history.clone(),
            like,
        })));
    }

    /// Who is shown as the caller: the one who waits, as far as that is the call's own caller. A number
    /// outside sees what the directory says, except that a caller from outside is passed on.
    fn shown_to(&self, candidate: &Candidate, dialler: &Shown) -> Shown {
        let anchor = match &self.phase {
            Phase::Seeking(seek) => seek.anchor,
            _ => None,
        };
        let first = self.parties.first().map(|party| party.id);
        let waits = anchor.is_none() || anchor == first;
        let inside = matches!(candidate, Candidate::Phone(_));
        let from_outside = self.about.inbound_trunk.is_some();
        match waits && (inside || from_outside) {
            true => self.about.shown.clone(),
            false => dialler.clone(),
        }
    }

    /// A leg that was to be dialled exists.
    pub(super) fn dialled(&mut self, id: PartyId, leg: LegId, out: &mut Vec<Effect>) {
        let Some(party) = self.party_mut(id) else {
            return out.push(Effect::HangUp(leg, hang_up(16)));
        };
        party.leg = Some(leg);
        if !party.is_live() {
            out.push(Effect::HangUp(leg, hang_up(16)));
        }
    }

    /// A leg could not be dialled.
    pub(super) fn undialled(
        &mut self,
        id: PartyId,
        why: LegError,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let status = match why {
            LegError::Codec => 488,
            LegError::Loop => 483,
            _ => 503,
        };
        let refusal = Refusal {
            status,
            q850: None,
            redirects: Vec::new(),
            retry_after: None,
        };
        self.refused(id, refusal, now, out);
    }

    /// A dialled leg alerts.
    pub(super) fn rings(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        if self.stage(id) != Stage::Dialling {
            return;
        }
        self.set_stage(id, Stage::Ringing);
        self.alerted(now, out);
        let up = self.anchor_is_up().map(|(_, leg)| leg);
        let leg = self.anchor_leg();
        let referrer = self.referrer();
        let Some(seek) = self.seek() else {
            return;
        };
        if seek.heard != Heard::Nothing {
            return;
        }
        seek.heard = Heard::Ringing;
        match (up, leg) {
            (Some(leg), _) => out.push(Effect::Play(leg, Prompt::Ringback)),
            (None, Some(leg)) => out.push(Effect::Ring(leg)),
            (None, None) => {}
        }
        if let Some((leg, referral)) = referrer {
            out.push(Effect::NotifyReferral(leg, referral, 180));
        }
    }

    /// A dialled leg sends audio before it answers. Only when it is the only one can it be heard.
    pub(super) fn early(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        if !matches!(self.stage(id), Stage::Dialling | Stage::Ringing) {
            return;
        }
        // The caller must not hear a mailbox that the call is kept from.
        let confirms = self.party(id).is_some_and(super::Party::must_confirm);
        let Some(seek) = self.seek() else {
            return;
        };
        if seek.forks.len() > 1 || seek.anchor.is_none() || confirms {
            return self.rings(id, now, out);
        }
        seek.heard = Heard::Early;
        self.set_stage(id, Stage::Early);
        self.alerted(now, out);
        let (Some(far), Some(anchor)) = (self.leg(id), self.anchor_leg()) else {
            return;
        };
        if self.anchor_is_up().is_none() {
            out.push(Effect::Progress(anchor, Some(far)));
        }
        out.push(Effect::Bridge(anchor, far));
    }

    pub(super) fn alerted(&mut self, now: Time, out: &mut Vec<Effect>) {
        if self.times.alerted.is_none() {
            self.times.alerted = Some(now);
            let after = now.since(self.times.started);
            out.push(Effect::Count(Figure::SetUp(after)));
        }
    }

    /// A dialled leg failed.
    pub(super) fn refused(
        &mut self,
        id: PartyId,
        refusal: Refusal,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let stage = self.stage(id);
        self.lose(id, Stage::Gone, out);
        let Some(seek) = self.seek() else {
            return self.check_closed(out);
        };
        let Some(at) = seek.forks.iter().position(|fork| *fork == id) else {
            return;
        };
        seek.forks.remove(at);
        let follows = !seek.ignore_forwarding;
        let phone = self.party(id).and_then(super::Party::user);
        if (300..400).contains(&refusal.status) {
            match (phone, refusal.redirects.first()) {
                (Some(user), Some(to)) if follows && self.hops_left > 0 && !to.user.is_empty() => {
                    self.forward(user, to.user.clone(), now, out);
                }
                (Some(_), _) if self.hops_left == 0 => self.note(Outcome::Loop, None),
                (Some(_), _) => self.note(Outcome::Busy, None),
                (None, _) => self.note(Outcome::Refused, refusal.q850),
            }
            return self.settle(now, out);
        }
        if stage == Stage::Dialling
            && tries_another_trunk(&refusal)
            && let Some((left, shown)) = self.trunks_left(id)
        {
            return self.dial(Candidate::Outside(left), &shown, out);
        }
        self.note(of_refusal(&refusal), refusal.q850);
        self.settle(now, out);
    }

    /// A phone sends the call somewhere else.
    fn forward(&mut self, user: Id<User>, text: String, now: Time, out: &mut Vec<Effect>) {
        self.hops_left = self.hops_left.saturating_sub(1);
        self.about.reach.hops = self.about.reach.hops.saturating_sub(1);
        let by = Dialler {
            account: self.account,
            user: Some(user),
            did: None,
        };
        self.ask(Question::Dialled { by, text }, true, now, out);
    }

    /// A dialled leg answered: it wins.
    pub(super) fn answered(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        let Some(seek) = self.seek() else {
            return self.too_late(id, out);
        };
        if !seek.forks.contains(&id) {
            return self.too_late(id, out);
        }
        let forks = std::mem::take(&mut seek.forks);
        seek.questions.clear();
        seek.asking.clear();
        seek.until = None;
        self.set_stage(id, Stage::Up);
        self.alerted(now, out);
        let others: Vec<_> = forks.into_iter().filter(|fork| *fork != id).collect();
        self.won(id, now, out);
        for other in others {
            let how = HangUp {
                answered_elsewhere: true,
                ..hang_up(26)
            };
            self.drop_party(other, how, out);
        }
    }

    /// An answer after the race: the leg is ended.
    fn too_late(&mut self, id: PartyId, out: &mut Vec<Effect>) {
        if let Some(leg) = self.leg(id)
            && !matches!(self.stage(id), Stage::Up | Stage::Leaving)
        {
            out.push(Effect::HangUp(leg, hang_up(16)));
            self.lose(id, Stage::Gone, out);
        }
    }
}
