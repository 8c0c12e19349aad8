//! Raises the actors of calls, again after a crash, and buries those that cannot be raised.

use super::{
    CallActor, Effect, Opening, Outcome,
    perform::abandon,
    state::{Call, End, Phase, Stage},
};
use crate::{
    events::Event,
    registry::Entry,
    rooms::Rooms,
    supervision::{Child, Verdict},
};
use actix::Actor as _;
use engine::leg::{HangUp, Rejection};
use schema::{Call as CallRow, Id, Time, types::CallDirection};
use std::sync::{Arc, Weak};

/// Begins a call. Its actor runs on the arbiter that the id falls on.
pub(crate) fn begin(rooms: &Arc<Rooms>, opening: Opening) -> Arc<Entry> {
    let entry = Arc::new(Entry::new(Call::open(opening)));
    rooms.registry.insert(entry.clone());
    // The inbox is empty: there is room.
    let _ = entry.memory.push(super::Input::Begin);
    raise(rooms, &entry, false);
    entry
}

fn raise(rooms: &Arc<Rooms>, entry: &Arc<Entry>, again: bool) {
    let lifeline = rooms.nursery.lifeline(entry.id);
    let actor = CallActor::new(entry.clone(), rooms.clone(), lifeline, again);
    let arbiter = rooms.arbiter(&entry.id);
    CallActor::start_in_arbiter(arbiter, |_| actor);
}

/// Acts on crashes of call actors.
pub(crate) struct Midwife {
    /// Gone when the exchange is.
    pub(crate) rooms: Weak<Rooms>,
}

impl Child for Midwife {
    type Key = Id<CallRow>;

    fn crashed(&self, key: &Self::Key, verdict: Verdict) {
        let Some(rooms) = self.rooms.upgrade() else {
            return;
        };
        let Some(entry) = rooms.registry.get(*key) else {
            return;
        };
        match verdict {
            Verdict::Raise => raise(&rooms, &entry, true),
            Verdict::GiveUp => bury(&rooms, &entry),
        }
    }
}

/// Ends a call without its actor: legs hung up, one record, one end. Uses nothing of the machine that
/// may have been the cause, except the printing of its record.
fn bury(rooms: &Arc<Rooms>, entry: &Arc<Entry>) {
    let mut call = (*entry.memory.state()).clone();
    abandon(rooms, rooms.registry.remove(entry.id));
    let reading = Outcome::Internal.reading();
    for party in call.parties.iter().filter(|party| party.is_live()) {
        if let Some(leg) = party.leg {
            let _ = match party.stage {
                Stage::Offered => rooms.endpoint.reject(
                    leg,
                    Rejection {
                        status: reading.sip,
                        phrase: None,
                        q850: Some(reading.q850),
                        headers: Vec::new(),
                    },
                ),
                _ => rooms.endpoint.hang_up(
                    leg,
                    HangUp {
                        q850: Some(reading.q850),
                        ..HangUp::default()
                    },
                ),
            };
        }
        if let Some(trunk) = party.trunk() {
            rooms.trunks.release(trunk);
        }
    }
    for user in call.engaged() {
        rooms.presence.engaged(call.id, user, false);
    }
    if call.phase == Phase::Over || (call.about.by_api && call.times.answered.is_none()) {
        return;
    }
    let ended = *call.times.ended.get_or_insert_with(Time::now);
    let end = match call.phase {
        Phase::Recording(end) | Phase::Closing { end, .. } => end,
        _ => End {
            outcome: Outcome::Internal,
            cause: None,
        },
    };
    let Effect::Record(record) = call.record_effect(end) else {
        return;
    };
    let event = Event::Ended {
        ends: call.ends(),
        inbound: record.direction == CallDirection::Inbound,
        status: record.status,
        seconds: record.seconds.unwrap_or(0),
        at: ended,
    };
    let talked = call.times.answered.map(|answered| ended.since(answered));
    rooms.metrics.ended(record.direction, record.status, talked);
    let (weak, account, id) = (Arc::downgrade(rooms), call.account, call.id);
    let done = Box::new(move || {
        if let Some(rooms) = weak.upgrade() {
            rooms.publish(account, id, &event);
        }
    });
    rooms.ledger.submit(*record, Some(done));
}
