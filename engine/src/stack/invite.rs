//! New calls: an INVITE outside any dialog becomes a leg, and the switchboard is told.

use super::{
    BUSY_RETRY, Stack,
    incoming::{Incoming, Verdict},
    legs::Slot,
    server::Answerer,
    turn::Turn,
};
use crate::{
    Arrival,
    leg::{
        Leg, LegId, Rejection,
        machine::{self, Order, ServerTx, invitation},
    },
    metrics::Way,
    sip::{Message, Method},
};

impl Turn<'_> {
    /// Makes a leg of an INVITE, or refuses it without state when there is no time.
    pub(super) fn invite(&mut self, incoming: &Incoming) -> Verdict {
        if self.stack.refusing().is_some() || !self.stack.has_room() {
            return Verdict::Refuse(503);
        }
        let id = self.stack.new_leg(self.index);
        let tx = self.open_server(self.opening(incoming, Answerer::Leg(id.0)));
        self.stack.metrics.request(&Method::Invite, Way::In);
        let trying = Message::response_to(&incoming.message, 100, "", None);
        self.respond(tx, &trying);
        let mut outputs = std::mem::take(&mut self.shard.outputs);
        let arrival = machine::Incoming {
            tx: ServerTx(tx),
            invite: incoming.message.clone(),
            path: incoming.path(),
            group: id.0,
            seed: rand::random(),
        };
        let settings = self.stack.settings.clone();
        match machine::Leg::incoming(settings, arrival, &mut outputs) {
            Ok(leg) => {
                self.adopt(id.0, Slot::new(Leg::Sip(Box::new(leg)), None));
                self.carry_out(id.0, outputs);
                Verdict::Invite(id)
            }
            Err(response) => {
                outputs.clear();
                self.shard.outputs = outputs;
                if let Some(entry) = self.shard.servers.get_mut(tx) {
                    entry.answered_by(Answerer::Nobody);
                }
                self.respond(tx, &response);
                Verdict::Done
            }
        }
    }
}

/// Tells the switchboard; when it has no time the call is refused.
pub(super) fn arrive(stack: &Stack, leg: LegId, incoming: &Incoming) {
    let invitation = invitation(leg, &incoming.message, &incoming.path());
    if stack.arrivals.try_send(Arrival::Invite(invitation)).is_ok() {
        return;
    }
    stack.metrics.shed.inc();
    // It may have been cancelled meanwhile.
    let _ = stack.order(leg, Order::Reject(Rejection::busy(BUSY_RETRY)));
    stack.turn(Stack::shard_of_leg(leg), |turn| turn.forsake(leg.0));
}
