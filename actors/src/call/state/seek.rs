//! Looking for somebody: proposals, questions, time-outs, and what follows when somebody is found.

use super::{ASKING, Asked, Call, End, Heard, PartyId, Phase, Purpose, Seek, Stage, hang_up};
use crate::{
    call::{Effect, Outcome, messages::Figure},
    events::Event,
    target::{Answer, Dialler, Lead, Proposal, Question, Route, Shown},
};
use engine::leg::{LegId, Prompt};
use schema::{Id, PhoneNumber, Time, User};
use std::time::Duration;

impl Call {
    pub(super) fn seek(&mut self) -> Option<&mut Seek> {
        match &mut self.phase {
            Phase::Seeking(seek) => Some(seek),
            _ => None,
        }
    }

    /// Whether the waiting party has been answered already.
    pub(super) fn anchor_is_up(&self) -> Option<(PartyId, LegId)> {
        let Phase::Seeking(seek) = &self.phase else {
            return None;
        };
        let anchor = seek.anchor?;
        (self.stage(anchor) == Stage::Up).then_some(())?;
        Some((anchor, self.leg(anchor)?))
    }

    pub(super) fn anchor_leg(&self) -> Option<LegId> {
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
    fn propose(&mut self, proposal: Proposal, shown: Shown, now: Time, out: &mut Vec<Effect>) {
        let until = now.after(Duration::from_secs(u64::from(proposal.seconds)));
        let users = proposal.users();
        let outside = proposal.outside();
        let otherwise = proposal.otherwise;
        let Some(seek) = self.seek() else {
            return;
        };
        let summons = matches!(seek.purpose, Purpose::Summon { .. });
        seek.then = proposal.then.or(seek.then);
        seek.outside = seek.outside.saturating_add(outside);
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

    /// Somebody who was answered already, or whose early audio has ended, must not hear nothing while
    /// others ring.
    fn comfort(&mut self, out: &mut Vec<Effect>) {
        let up = self.anchor_is_up().is_some();
        let silenced = self.is_silenced();
        let Some(leg) = self.anchor_leg() else {
            return;
        };
        let Some(seek) = self.seek() else {
            return;
        };
        let hears_nothing = silenced || (up && seek.heard == Heard::Nothing);
        if seek.forks.is_empty() || !hears_nothing {
            return;
        }
        let transfer = matches!(seek.purpose, Purpose::Transfer { .. });
        let (heard, prompt) = match (transfer, silenced) {
            // Hears music already.
            (true, false) => return,
            (true, true) => (Heard::Nothing, Prompt::Music),
            (false, _) => (Heard::Ringing, Prompt::Ringback),
        };
        seek.heard = heard;
        out.push(Effect::Play(leg, prompt));
    }

    /// Whether the anchor was given a far side to hear that is gone.
    fn is_silenced(&self) -> bool {
        let Phase::Seeking(seek) = &self.phase else {
            return false;
        };
        let speaks = |fork: &PartyId| self.stage(*fork) == Stage::Early;
        seek.heard == Heard::Early && !seek.forks.iter().any(speaks)
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
            seek.outside = 0;
        }
        let connects = matches!(seek.purpose, Purpose::Connect);
        let lead = answer.unwrap_or_else(|why| Lead::nowhere(&self.about.dialled, why));
        if connects && self.about.by_api && !self.announced {
            self.announced = true;
            self.describe_for_api(&lead, now, out);
        }
        self.follow(lead, now, out);
    }

    /// The destination of click-to-call is known: only now the call is told of.
    fn describe_for_api(&mut self, lead: &Lead, now: Time, out: &mut Vec<Effect>) {
        self.describe(lead);
        self.note_standing(now, out);
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
        self.confirm_tick(now, out);
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
            seek.asking.clear();
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
        did: Option<Id<PhoneNumber>>,
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
    pub(super) fn referrer(&self) -> Option<(LegId, u32)> {
        let Phase::Seeking(seek) = &self.phase else {
            return None;
        };
        match seek.purpose {
            Purpose::Transfer { by, referral, .. } => Some((self.leg(by)?, referral)),
            _ => None,
        }
    }
}
