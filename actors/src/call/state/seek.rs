//! Looking for somebody: ringing several at once, trying the next trunk, following forwardings.

use super::{ASKING, Asked, Call, End, Heard, PartyId, Phase, Purpose, Seek, Stage, Who, hang_up};
use crate::{
    call::{
        Effect, Outcome,
        cause::{of_refusal, tries_another_trunk},
        messages::{Dialling, Figure},
    },
    events::Event,
    target::{Answer, Candidate, Dialler, Lead, Proposal, Question, Route},
};
use engine::{
    LegError,
    leg::{HangUp, LegId, Prompt, Refusal},
};
use schema::{Id, Time, User};
use std::time::Duration;

impl Call {
    fn seek(&mut self) -> Option<&mut Seek> {
        match &mut self.phase {
            Phase::Seeking(seek) => Some(seek),
            _ => None,
        }
    }

    /// Whether the waiting party has been answered already.
    fn anchor_is_up(&self) -> Option<(PartyId, LegId)> {
        let Phase::Seeking(seek) = &self.phase else {
            return None;
        };
        let anchor = seek.anchor?;
        (self.stage(anchor) == Stage::Up).then_some(())?;
        Some((anchor, self.leg(anchor)?))
    }

    fn anchor_leg(&self) -> Option<LegId> {
        let Phase::Seeking(seek) = &self.phase else {
            return None;
        };
        self.leg(seek.anchor?)
    }

    /// Goes where a lead leads.
    pub(super) fn follow(&mut self, lead: Lead, now: Time, out: &mut Vec<Effect>) {
        let shown = lead.caller;
        match lead.route {
            Route::Ring(proposal) => self.propose(proposal, shown, now, out),
            Route::Refuse(outcome) => {
                self.note(outcome, None);
                self.settle(now, out);
            }
            Route::Echo => self.answer_by_itself(now, out),
        }
    }

    /// Rings everybody who was proposed.
    fn propose(
        &mut self,
        proposal: Proposal,
        shown: crate::target::Shown,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let until = now.after(Duration::from_secs(u64::from(proposal.seconds)));
        let users = proposal.users();
        let otherwise = proposal.otherwise;
        let Some(seek) = self.seek() else {
            return;
        };
        let summons = matches!(seek.purpose, Purpose::Summon { .. });
        seek.then = proposal.then.or(seek.then);
        seek.ignore_forwarding |= proposal.ignore_forwarding;
        if !proposal.candidates.is_empty() {
            // What a forwarding adds rings no longer than what it was forwarded from.
            seek.until.get_or_insert(until);
        } else {
            self.note(otherwise, None);
        }
        if !summons {
            for user in users {
                self.tell_ringing(user, out);
            }
        }
        for candidate in proposal.candidates {
            self.dial(candidate, &shown, out);
        }
        self.comfort(out);
        self.settle(now, out);
    }

    /// `call.ringing`, once per call and user.
    fn tell_ringing(&mut self, user: Id<User>, out: &mut Vec<Effect>) {
        if self.rung.contains(&user) {
            return;
        }
        self.rung.push(user);
        out.push(Effect::Publish(Event::Ringing {
            ends: self.ends(),
            user,
            from_name: self.about.from.name.clone(),
        }));
    }

    /// Somebody who was answered already must not hear nothing while others ring.
    fn comfort(&mut self, out: &mut Vec<Effect>) {
        let Some((_, leg)) = self.anchor_is_up() else {
            return;
        };
        let Some(seek) = self.seek() else {
            return;
        };
        if seek.forks.is_empty() || seek.heard != Heard::Nothing {
            return;
        }
        let prompt = match seek.purpose {
            Purpose::Transfer { .. } => return,
            _ => Prompt::Ringback,
        };
        seek.heard = Heard::Ringing;
        out.push(Effect::Play(leg, prompt));
    }

    /// Dials one candidate.
    fn dial(&mut self, candidate: Candidate, shown: &crate::target::Shown, out: &mut Vec<Effect>) {
        let Some(who) = Who::of(&candidate) else {
            return self.note(Outcome::NoTrunk, None);
        };
        if let Who::Outside { trunk, .. } = &who {
            self.about.outbound_trunk = Some(*trunk);
        }
        let like = self.anchor_leg();
        let party = self.add(who, Stage::Dialling, None);
        if let Some(seek) = self.seek() {
            seek.forks.push(party);
        }
        // Phones show the caller of an inbound call with the number's prefix.
        let inbound = self.about.inbound_trunk.is_some();
        let shown = if inbound { &self.about.shown } else { shown };
        out.push(Effect::Dial(Box::new(Dialling {
            party,
            candidate,
            shown: shown.clone(),
            private: self.about.private,
            headers: self.about.history.clone(),
            like,
        })));
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
        let Some(seek) = self.seek() else {
            return;
        };
        if seek.forks.len() > 1 || seek.anchor.is_none() {
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
            && let Some(left) = self.trunks_left(id)
        {
            let shown = self.about.shown.clone();
            return self.dial(Candidate::Outside(left), &shown, out);
        }
        self.note(of_refusal(&refusal), refusal.q850);
        self.settle(now, out);
    }

    /// A phone sends the call somewhere else.
    fn forward(&mut self, user: Id<User>, text: String, now: Time, out: &mut Vec<Effect>) {
        self.hops_left = self.hops_left.saturating_sub(1);
        let by = Dialler {
            account: self.account,
            user: Some(user),
            did: None,
        };
        self.ask(Question::Dialled { by, text }, true, now, out);
    }

    /// Asks the directory.
    pub(super) fn ask(&mut self, question: Question, adds: bool, now: Time, out: &mut Vec<Effect>) {
        self.asked = self.asked.wrapping_add(1);
        let id = self.asked;
        let Some(seek) = self.seek() else {
            return;
        };
        seek.questions.push(Asked {
            id,
            question: question.clone(),
            adds,
            until: now.after(ASKING),
        });
        out.push(Effect::Ask(id, question));
    }

    /// The directory answers.
    pub(super) fn found(&mut self, id: u32, answer: Answer, now: Time, out: &mut Vec<Effect>) {
        let Some(seek) = self.seek() else {
            return;
        };
        let Some(at) = seek.questions.iter().position(|asked| asked.id == id) else {
            return;
        };
        let asked = seek.questions.remove(at);
        if !asked.adds {
            seek.until = None;
            seek.ignore_forwarding = false;
        }
        let connects = matches!(seek.purpose, Purpose::Connect);
        let lead = answer.unwrap_or_else(|why| Lead::nowhere(&self.about.dialled, why));
        if connects && self.about.by_api && !self.announced {
            self.announced = true;
            self.describe_for_api(&lead, out);
        }
        self.follow(lead, now, out);
    }

    /// The destination of click-to-call is known: only now the call is told of.
    fn describe_for_api(&mut self, lead: &Lead, out: &mut Vec<Effect>) {
        self.describe(lead);
        out.push(Effect::Count(Figure::Started(self.about.direction)));
        out.push(Effect::Publish(Event::Initiated { ends: self.ends() }));
    }

    /// Notes a reason not to have been answered; the weightiest is kept.
    pub(super) fn note(&mut self, outcome: Outcome, cause: Option<u8>) {
        let Some(seek) = self.seek() else {
            return;
        };
        seek.worst = match seek.worst {
            Some((worst, kept)) if worst.or(outcome) == worst => Some((worst, kept)),
            _ => Some((outcome, cause)),
        };
    }

    /// Ends the search when nothing rings and nothing is asked any more.
    pub(super) fn settle(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Some(seek) = self.seek() else {
            return;
        };
        if !seek.forks.is_empty() || !seek.questions.is_empty() {
            return;
        }
        let (outcome, cause) = seek.worst.unwrap_or((Outcome::NoAnswer, None));
        match seek.then.take() {
            Some(target) if self.hops_left > 0 => {
                self.hops_left -= 1;
                let by = Dialler {
                    account: self.account,
                    user: self.about.from_user,
                    did: None,
                };
                self.ask(Question::Target { by, target }, false, now, out);
            }
            _ => self.not_found(outcome, cause, now, out),
        }
    }

    /// Deadlines of ringing and of questions.
    pub(super) fn seek_tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Some(seek) = self.seek() else {
            return;
        };
        let late = seek.questions.iter().any(|asked| asked.until <= now);
        seek.questions.retain(|asked| asked.until > now);
        let over = seek.until.is_some_and(|until| until <= now);
        if !late && !over {
            return;
        }
        if late {
            self.note(Outcome::Overloaded, None);
        }
        if over {
            let Some(seek) = self.seek() else {
                return;
            };
            seek.until = None;
            seek.questions.retain(|asked| !asked.adds);
            let rang = !seek.forks.is_empty();
            let forks = std::mem::take(&mut seek.forks);
            for fork in forks {
                self.drop_party(fork, hang_up(19), out);
            }
            if rang {
                // Somebody rang to the end: that says more than another's refusal.
                if let Some(seek) = self.seek() {
                    seek.worst = Some((Outcome::NoAnswer, None));
                }
            }
        }
        self.settle(now, out);
    }

    /// Nobody can be reached.
    fn not_found(&mut self, outcome: Outcome, cause: Option<u8>, now: Time, out: &mut Vec<Effect>) {
        let Phase::Seeking(seek) = &self.phase else {
            return;
        };
        match seek.purpose {
            Purpose::Connect | Purpose::Summon { .. } => {
                self.close(End { outcome, cause }, now, out);
            }
            Purpose::Transfer { by, referral, .. } => {
                self.transfer_failed(by, referral, outcome, now, out);
            }
        }
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

    /// Connects the winner with who waited for it.
    pub(super) fn won(&mut self, winner: PartyId, now: Time, out: &mut Vec<Effect>) {
        let Phase::Seeking(seek) = &self.phase else {
            return;
        };
        match (seek.purpose.clone(), seek.anchor) {
            (Purpose::Summon { dial, user, did }, _) => {
                self.summoned(winner, dial, user, did, now, out);
            }
            (Purpose::Connect, Some(anchor)) if self.stage(anchor) == Stage::Up => {
                self.join(anchor, winner, now, out);
            }
            (Purpose::Connect, Some(anchor)) => {
                if let Some(leg) = self.leg(anchor) {
                    out.push(Effect::Answer(anchor, leg, self.leg(winner)));
                }
                let winner = Some(winner);
                self.phase = Phase::Joining { anchor, winner };
            }
            (Purpose::Transfer { by, referral, to }, Some(anchor)) => {
                self.transferred(by, referral, to, anchor, winner, now, out);
            }
            (_, None) => {}
        }
    }

    /// The user who asked for a call picked up: now the destination is dialled.
    fn summoned(
        &mut self,
        user_leg: PartyId,
        dial: String,
        user: Id<User>,
        did: Option<schema::Id<schema::PhoneNumber>>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        self.times.answered = Some(now);
        self.about.from_endpoint = self.party(user_leg).and_then(super::Party::endpoint);
        let seek = Seek::new(Some(user_leg), Purpose::Connect);
        self.phase = Phase::Seeking(Box::new(seek));
        let by = Dialler {
            account: self.account,
            user: Some(user),
            did,
        };
        self.ask(Question::Dialled { by, text: dial }, false, now, out);
    }

    /// The exchange itself answers and sends back what it hears.
    fn answer_by_itself(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Phase::Seeking(seek) = &self.phase else {
            return;
        };
        let (purpose, Some(anchor)) = (seek.purpose.clone(), seek.anchor) else {
            return self.not_found(Outcome::NotOffered, None, now, out);
        };
        if let Purpose::Transfer { by, referral, to } = purpose {
            return self.transferred_to_echo(by, referral, to, anchor, now, out);
        }
        let Some(leg) = self.leg(anchor) else {
            return;
        };
        if self.stage(anchor) == Stage::Up {
            return self.echo(anchor, now, out);
        }
        out.push(Effect::Answer(anchor, leg, None));
        self.phase = Phase::Joining {
            anchor,
            winner: None,
        };
    }

    /// The transferor's leg and REFER while a transfer is under way.
    fn referrer(&self) -> Option<(LegId, u32)> {
        let Phase::Seeking(seek) = &self.phase else {
            return None;
        };
        match seek.purpose {
            Purpose::Transfer { by, referral, .. } => Some((self.leg(by)?, referral)),
            _ => None,
        }
    }
}
