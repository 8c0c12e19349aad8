//! Two parties talk: joining them, hold with music, the echo, silence that lasts too long.

use super::{Call, End, Fetching, PartyId, Phase, Stage, Talk};
use crate::{
    call::{Effect, Outcome},
    events::Event,
};
use engine::{
    LegError,
    leg::{Digit, DigitSource, LegId, Notice, Prompt},
};
use schema::{Time, types::CallDirection};

impl Call {
    /// What became of an order to answer.
    pub(super) fn accepted(
        &mut self,
        id: PartyId,
        result: Result<(), LegError>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        // An order that is repeated after a crash finds the leg answered.
        let result = match result {
            Err(LegError::State) => Ok(()),
            other => other,
        };
        match (&self.phase, result) {
            (Phase::Joining { anchor, winner }, result) if *anchor == id => {
                let winner = *winner;
                match result {
                    Ok(()) => {
                        self.set_stage(id, Stage::Up);
                        match winner {
                            Some(winner) => self.join(id, winner, now, out),
                            None => self.echo(id, now, out),
                        }
                    }
                    Err(why) => self.not_accepted(id, why, now, out),
                }
            }
            (Phase::Talking(talk), result) if talk.taking.is_some_and(|(by, _)| by == id) => {
                self.took_over(id, result, now, out);
            }
            (Phase::Seeking(seek), Ok(())) if seek.forks.contains(&id) => {
                self.answered(id, now, out);
            }
            (Phase::Seeking(_), Err(_)) => self.left(id, None, None, now, out),
            _ => {}
        }
    }

    /// The caller cannot be answered after all.
    fn not_accepted(&mut self, id: PartyId, why: LegError, now: Time, out: &mut Vec<Effect>) {
        let outcome = match why {
            LegError::Codec => Outcome::NoCodec,
            LegError::Loop => Outcome::Loop,
            LegError::Ports | LegError::Limit => Outcome::Overloaded,
            LegError::Gone | LegError::State | LegError::Address => Outcome::Abandoned,
        };
        if outcome == Outcome::Abandoned {
            self.lose(id, Stage::Gone, out);
        }
        let cause = None;
        self.close(End { outcome, cause }, now, out);
    }

    /// Joins two parties.
    pub(super) fn join(&mut self, a: PartyId, b: PartyId, now: Time, out: &mut Vec<Effect>) {
        self.phase = Phase::Talking(Talk {
            a,
            b,
            fetching: None,
            taking: None,
        });
        self.audio(out);
        if self.times.connected.is_some() {
            return;
        }
        self.times.connected = Some(now);
        self.times.answered.get_or_insert(now);
        if let Some(winner) = self.party(b) {
            let (user, endpoint) = (winner.user(), winner.endpoint());
            self.about.to_user = user.or(self.about.to_user);
            self.about.to_endpoint = endpoint;
        }
        self.tell_answered(out);
        self.note_standing(now, out);
    }

    /// `call.answered`.
    fn tell_answered(&self, out: &mut Vec<Effect>) {
        out.push(Effect::Publish(Event::Answered {
            ends: self.ends(),
            inbound: self.about.direction == CallDirection::Inbound,
        }));
    }

    /// Sends a party its own audio back.
    pub(super) fn echo(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        self.phase = Phase::Echo(id);
        if let Some(leg) = self.leg(id) {
            out.push(Effect::Echo(leg));
            self.tell_held(id, leg, false, out);
        }
        self.alerted(now, out);
        if self.times.connected.is_none() {
            self.times.connected = Some(now);
            self.times.answered.get_or_insert(now);
            self.tell_answered(out);
            self.note_standing(now, out);
        }
    }

    /// What the two parties hear, by who is on hold.
    pub(super) fn audio(&mut self, out: &mut Vec<Effect>) {
        let Phase::Talking(Talk {
            a: first,
            b: second,
            ..
        }) = self.phase
        else {
            return;
        };
        let (Some(a), Some(b)) = (self.leg(first), self.leg(second)) else {
            return;
        };
        let holds = |id| self.party(id).is_some_and(|party| party.holds);
        let (first_holds, second_holds) = (holds(first), holds(second));
        match (first_holds, second_holds) {
            (false, false) => out.push(Effect::Bridge(a, b)),
            (true, false) => out.extend([Effect::Quiet(a), Effect::Play(b, Prompt::Music)]),
            (false, true) => out.extend([Effect::Quiet(b), Effect::Play(a, Prompt::Music)]),
            (true, true) => out.extend([Effect::Quiet(a), Effect::Quiet(b)]),
        }
        self.tell_held(first, a, second_holds, out);
        self.tell_held(second, b, first_holds, out);
    }

    /// Lets a party know that the other one holds, or does so no more.
    fn tell_held(&mut self, id: PartyId, leg: LegId, held: bool, out: &mut Vec<Effect>) {
        if let Some(party) = self.party_mut(id)
            && std::mem::replace(&mut party.waits, held) != held
        {
            let notice = match held {
                true => Notice::PeerHeld,
                false => Notice::PeerResumed,
            };
            out.push(Effect::Notice(leg, notice));
        }
    }

    /// A party pressed hold, or released it.
    pub(super) fn holds(&mut self, id: PartyId, on: bool, out: &mut Vec<Effect>) {
        let Some(party) = self.party_mut(id) else {
            return;
        };
        if std::mem::replace(&mut party.holds, on) == on {
            return;
        }
        if let Phase::Talking(talk) = &self.phase
            && (talk.a == id || talk.b == id)
        {
            self.audio(out);
        }
    }

    /// A key that came by INFO goes on to the other side; one that came by RTP is there already, unless
    /// the other side takes no such packets.
    pub(super) fn pressed(&self, id: PartyId, digit: Digit, out: &mut Vec<Effect>) {
        let Phase::Talking(talk) = &self.phase else {
            return;
        };
        let Some(leg) = talk.other(id).and_then(|other| self.leg(other)) else {
            return;
        };
        out.push(match digit.source {
            DigitSource::Info => Effect::Press(leg, digit.key),
            DigitSource::Rtp => Effect::Relay(leg, digit.key),
        });
    }

    /// Nothing is heard from a party: it is gone without having said so.
    pub(super) fn media_lost(&mut self, id: PartyId, now: Time, out: &mut Vec<Effect>) {
        let talks = match &self.phase {
            Phase::Talking(talk) => talk.a == id || talk.b == id,
            Phase::Echo(party) => *party == id,
            _ => false,
        };
        if talks {
            let end = End {
                outcome: Outcome::MediaLost,
                cause: None,
            };
            self.close(end, now, out);
        }
    }
}

impl Talk {
    /// The other of the two.
    pub(super) fn other(&self, id: PartyId) -> Option<PartyId> {
        match id {
            _ if id == self.a => Some(self.b),
            _ if id == self.b => Some(self.a),
            _ => None,
        }
    }

    /// Two that begin to talk, while another leg is still to be asked for.
    pub(super) fn with(a: PartyId, b: PartyId, fetching: Option<Fetching>) -> Self {
        Self {
            a,
            b,
            fetching,
            taking: None,
        }
    }
}
