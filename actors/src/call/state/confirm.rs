//! Somebody outside picked up: a person presses a key, a mailbox does not.

use super::{Call, Party, PartyId, Phase, Stage, hang_up};
use crate::call::{Effect, Outcome};
use engine::leg::Prompt;
use schema::Time;
use std::time::Duration;

/// How long who picked up may take to press a key.
const CONFIRMING: Duration = Duration::from_secs(10);

impl Call {
    /// A dialled leg answered: it wins, or is asked for a key first while the others ring on.
    pub(super) fn picked_up(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        let confirms = self.party(id).is_some_and(Party::must_confirm);
        let leg = self.leg(id);
        let (true, Some(leg), Phase::Seeking(seek)) = (confirms, leg, &mut self.phase) else {
            return self.answered(id, now, out);
        };
        if !seek.forks.contains(&id) {
            return self.answered(id, now, out);
        }
        seek.asking.push((id, now.after(CONFIRMING)));
        self.set_stage(id, Stage::Asked);
        out.push(Effect::Play(leg, Prompt::Attention));
    }

    /// Who was asked for a key and pressed none in time counts as not having answered.
    pub(super) fn confirm_tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        let Some(seek) = self.seek() else {
            return;
        };
        let over: Vec<_> = seek
            .asking
            .extract_if(.., |(_, until)| *until <= now)
            .collect();
        if over.is_empty() {
            return;
        }
        seek.forks
            .retain(|fork| over.iter().all(|(id, _)| id != fork));
        for (id, _) in over {
            self.drop_party(id, hang_up(19), out);
            self.note(Outcome::NoAnswer, None);
        }
        self.settle(now, out);
    }
}
