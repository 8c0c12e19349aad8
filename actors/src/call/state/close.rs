//! How a call ends: legs are hung up, their figures collected, one record handed on.

use super::{CLOSING, Call, End, PartyId, Phase, Purpose, Stage, hang_up};
use crate::{
    call::{
        Effect, Outcome,
        messages::{Figure, Measured, Record, Whose},
    },
    events::Event,
};
use engine::leg::{EndedBy, LegId, Rejection};
use schema::{
    Time,
    types::{CallDirection, CallStatus},
};

/// Seconds after which a refused caller may try again.
const RETRY_AFTER: &str = "30";
/// The longest number a record holds.
const NUMBER: usize = 20;

impl Call {
    /// A leg is gone.
    pub(super) fn left(
        &mut self,
        id: PartyId,
        by: Option<EndedBy>,
        q850: Option<u8>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        let asked = self.stage(id) == Stage::Asked;
        if !matches!(self.stage(id), Stage::Gone | Stage::Moved(_)) {
            self.lose(id, Stage::Gone, out);
        }
        let end = |outcome| End {
            outcome,
            cause: q850,
        };
        match &mut self.phase {
            Phase::Seeking(seek) if seek.anchor == Some(id) => {
                if let Purpose::Transfer { by, referral, .. } = seek.purpose
                    && let Some(leg) = self.leg(by)
                {
                    out.push(Effect::NotifyReferral(leg, referral, 487));
                }
                self.close(end(Outcome::Abandoned), now, out);
            }
            Phase::Seeking(seek) => {
                let Some(at) = seek.forks.iter().position(|fork| *fork == id) else {
                    return;
                };
                seek.forks.remove(at);
                seek.asking.retain(|(asked, _)| *asked != id);
                match asked {
                    true => self.note(Outcome::NoAnswer, None),
                    false => self.note(of_ending(by), q850),
                }
                self.settle(now, out);
            }
            Phase::Joining { anchor, .. } if *anchor == id => {
                self.close(end(Outcome::Abandoned), now, out);
            }
            Phase::Joining { winner, .. } if *winner == Some(id) => {
                self.close(end(Outcome::NetworkFailure), now, out);
            }
            Phase::Talking(talk) if talk.taking.is_some_and(|(new, _)| new == id) => {
                talk.taking = None;
            }
            Phase::Talking(talk) if talk.a == id || talk.b == id => {
                self.close(end(Outcome::Completed), now, out);
            }
            Phase::Echo(party) if *party == id => self.close(end(Outcome::Completed), now, out),
            Phase::Closing { .. } => self.check_closed(out),
            _ => {}
        }
    }

    /// Somebody was deleted. Legs that only ring stop; the rest of a group rings on.
    pub(super) fn deleted(&mut self, whose: Whose, now: Time, out: &mut Vec<Effect>) {
        let live = self.parties.iter().filter(|party| party.is_live());
        let theirs: Vec<_> = live.filter(|p| p.is(whose)).map(|p| p.id).collect();
        let own = self.is_of(whose);
        if theirs.is_empty() && !own {
            // Theirs rang and stopped before the news came.
            return;
        }
        match &mut self.phase {
            Phase::Seeking(seek) if !own && theirs.iter().all(|id| seek.forks.contains(id)) => {
                seek.forks.retain(|fork| !theirs.contains(fork));
                seek.asking.retain(|(asked, _)| !theirs.contains(asked));
            }
            _ => return self.terminate(Outcome::Deleted, now, out),
        }
        for id in theirs {
            self.drop_party(id, hang_up(Outcome::Deleted.reading().q850), out);
            self.note(Outcome::Deleted, None);
        }
        self.settle(now, out);
    }

    /// Somebody outside the call ends it.
    pub(super) fn terminate(&mut self, outcome: Outcome, now: Time, out: &mut Vec<Effect>) {
        if matches!(
            self.phase,
            Phase::Closing { .. } | Phase::Recording(_) | Phase::Over
        ) {
            return;
        }
        let cause = None;
        self.close(End { outcome, cause }, now, out);
    }

    /// Ends every leg and waits for the figures of those that talked.
    pub(super) fn close(&mut self, end: End, now: Time, out: &mut Vec<Effect>) {
        self.times.ended = Some(now);
        let reading = end.outcome.reading();
        let how = hang_up(end.cause.unwrap_or(reading.q850));
        let until = now.after(CLOSING);
        self.phase = Phase::Closing { end, until };
        let live = self.parties.iter().filter(|party| party.is_live());
        let live: Vec<_> = live
            .map(|party| (party.id, party.stage, party.leg))
            .collect();
        for (id, stage, leg) in live {
            match (stage, leg) {
                (Stage::Offered, Some(leg)) => {
                    out.push(reject(leg, end));
                    self.lose(id, Stage::Gone, out);
                }
                _ => self.drop_party(id, how, out),
            }
        }
        self.check_closed(out);
    }

    /// Goes on to the record when no figures are awaited any more.
    pub(super) fn check_closed(&mut self, out: &mut Vec<Effect>) {
        let Phase::Closing { end, .. } = &self.phase else {
            return;
        };
        let end = *end;
        if self
            .parties
            .iter()
            .all(|party| party.stage != Stage::Leaving)
        {
            self.record(end, out);
        }
    }

    /// Hands the record on, or ends at once when there is none: nobody hears of a call that its own
    /// user did not answer.
    pub(super) fn record(&mut self, end: End, out: &mut Vec<Effect>) {
        let leaving: Vec<_> = self
            .parties
            .iter()
            .filter(|party| party.stage == Stage::Leaving)
            .map(|party| party.id)
            .collect();
        for id in leaving {
            self.lose(id, Stage::Gone, out);
        }
        if self.about.by_api && self.times.answered.is_none() {
            self.phase = Phase::Over;
            return out.push(Effect::Finish);
        }
        self.phase = Phase::Recording(end);
        out.push(self.record_effect(end));
    }

    /// Has the ledger note how the call stands.
    pub(super) fn note_standing(&self, now: Time, out: &mut Vec<Effect>) {
        let end = End {
            outcome: Outcome::Internal,
            cause: None,
        };
        let mut record = self.draw_up(end);
        record.ended_at = now;
        out.push(Effect::Note(Box::new(record)));
    }

    /// The record, on its way to the ledger.
    pub(crate) fn record_effect(&self, end: End) -> Effect {
        Effect::Record(Box::new(self.draw_up(end)))
    }

    /// The record.
    fn draw_up(&self, end: End) -> Record {
        let about = &self.about;
        let inbound = about.direction == CallDirection::Inbound;
        let reading = end.outcome.reading();
        let ended_at = self.times.ended.unwrap_or(self.times.started);
        let talked = self.parties.iter().filter(|party| party.talked);
        let quality = talked.filter_map(|party| {
            Some(Measured {
                endpoint: party.endpoint(),
                inside: party.user().is_some(),
                quality: party.quality.clone()?,
            })
        });
        Record {
            id: self.id,
            account: self.account,
            direction: about.direction,
            status: self.status(end),
            user: if inbound {
                about.to_user
            } else {
                about.from_user
            },
            endpoint: if inbound {
                about.to_endpoint
            } else {
                about.from_endpoint
            },
            did: about.did,
            from_number: short(&about.from.number),
            from_label: match inbound {
                true => about.from.name.clone(),
                false => about.from_label.clone(),
            },
            to_number: short(&about.to_number),
            to_label: about.to_label.clone(),
            dialled: short(&about.dialled),
            started_at: self.times.started,
            answered_at: self.times.answered,
            connected_at: self.times.connected,
            ended_at,
            seconds: self.seconds(),
            hangup_cause: match self.times.connected {
                Some(_) => None,
                None => Some(end.cause.unwrap_or(reading.q850)),
            },
            quality: quality.collect(),
            sip_call_id: Some(about.sip_call_id.clone()).filter(|id| !id.is_empty()),
            inbound_trunk: about.inbound_trunk,
            outbound_trunk: about.outbound_trunk,
            end_reason: reading.reason.to_owned(),
        }
    }

    fn status(&self, end: End) -> CallStatus {
        match self.times.answered {
            Some(_) => CallStatus::Completed,
            None => match end.outcome.reading().status {
                // Ended by the far side in the moment of its answer.
                CallStatus::Completed => CallStatus::NoAnswer,
                status => status,
            },
        }
    }

    /// Answer to end in whole seconds.
    fn seconds(&self) -> Option<u32> {
        let talked = self.times.ended?.since(self.times.answered?);
        Some(u32::try_from(talked.as_secs()).unwrap_or(u32::MAX))
    }

    /// The record is durable: only now the end is told.
    pub(super) fn recorded(&mut self, out: &mut Vec<Effect>) {
        let Phase::Recording(end) = self.phase else {
            return;
        };
        let status = self.status(end);
        let direction = self.about.direction;
        let talked = self.times.ended.zip(self.times.answered);
        let talked = talked.map(|(ended, answered)| ended.since(answered));
        self.phase = Phase::Over;
        out.push(Effect::Publish(Event::Ended {
            ends: self.ends(),
            inbound: direction == CallDirection::Inbound,
            status,
            seconds: self.seconds().unwrap_or(0),
            at: self.times.ended.unwrap_or(self.times.started),
        }));
        out.push(Effect::Count(Figure::Ended(direction, status, talked)));
        out.push(Effect::Finish);
    }
}

/// Refuses a caller who was not answered.
fn reject(leg: LegId, end: End) -> Effect {
    let reading = end.outcome.reading();
    let mut headers = Vec::new();
    if reading.sip == 503 {
        headers.push(("Retry-After".to_owned(), RETRY_AFTER.to_owned()));
    }
    Effect::Reject(
        leg,
        Rejection {
            status: reading.sip,
            phrase: None,
            q850: Some(end.cause.unwrap_or(reading.q850)),
            headers,
        },
    )
}

/// What the end of a leg that was not answered says.
fn of_ending(by: Option<EndedBy>) -> Outcome {
    match by {
        Some(EndedBy::Timeout) => Outcome::NoAnswer,
        _ => Outcome::NetworkFailure,
    }
}

fn short(number: &str) -> String {
    number.chars().take(NUMBER).collect()
}
