//! Requests, from the parser to whoever answers them.

use super::{
    BUSY_RETRY, Stack, invite, register,
    server::{Answerer, Opening},
    stateless::answer_peer,
    turn::Turn,
};
use crate::{
    leg::{
        LegId,
        machine::{Input, Path, ServerTx},
    },
    metrics::Way,
    sip::{Message, Method, Refusal, Via, check_request, transaction::key::Key, transport::Flow},
};

/// What is known of a request before its shard is locked.
pub(super) struct Incoming {
    pub(super) message: Message,
    pub(super) method: Method,
    pub(super) via: Via,
    pub(super) flow: Flow,
    pub(super) key: Key,
    pub(super) merged: Key,
}

/// What a turn has decided about a request, to be done after the lock is gone.
pub(super) enum Verdict {
    /// Nothing is left to do.
    Done,
    /// To be refused with this status, without state.
    Refuse(u16),
    /// A REGISTER with its transaction.
    Register(u64),
    /// A new call.
    Invite(LegId),
}

impl Stack {
    /// Handles a request.
    pub(super) fn request(&self, mut message: Message, flow: Flow) {
        let Ok(via) = message.via_top() else {
            // Nobody to answer to.
            self.metrics.parse_errors.inc();
            return;
        };
        message.note_source(flow.remote);
        match check_request(&message) {
            Ok(()) => {}
            Err(Refusal::Ignore(why)) => {
                tracing::debug!(remote = %flow.remote, why, "A request is ignored");
                return;
            }
            Err(Refusal::Answer(rejection)) => {
                return self.refuse(&message, &via, flow, &rejection);
            }
        }
        self.fix_routes(&mut message, flow.transport);
        let Some(method) = message.method().cloned() else {
            return;
        };
        // Outside dialogs most is answered without looking at any state. A new call is refused here
        // when there is no time for it; one that has been taken is not affected by its repetitions.
        if message.to_tag().is_none() {
            if method == Method::Options {
                return self.answer_options(&message, &via, flow);
            }
            if method != Method::Cancel
                && let Some(rejection) = self.own_answer(&message)
            {
                return self.refuse(&message, &via, flow, &rejection);
            }
        }
        let (Ok(key), Ok(merged)) = (
            self.keys.server(&message, &via, &method),
            self.keys.merged(&message, &method),
        ) else {
            return;
        };
        let Ok(index) = message.call_id().map(|id| self.shard_of(id)) else {
            return;
        };
        let incoming = Incoming {
            message,
            method,
            via,
            flow,
            key,
            merged,
        };
        let verdict = self.turn(index, |turn| turn.request(&incoming));
        match verdict {
            None | Some(Verdict::Done) => {}
            Some(Verdict::Refuse(503)) => {
                let seconds = self.refusing().unwrap_or(BUSY_RETRY);
                self.shed(&incoming.message, &incoming.via, flow, seconds);
            }
            Some(Verdict::Refuse(status)) => {
                self.refuse_with(&incoming.message, &incoming.via, flow, status);
            }
            Some(Verdict::Register(id)) => register::arrive(self, index, id, &incoming),
            Some(Verdict::Invite(leg)) => invite::arrive(self, leg, &incoming),
        }
    }
}

impl Turn<'_> {
    fn request(&mut self, incoming: &Incoming) -> Verdict {
        match incoming.method {
            Method::Ack => return self.ack(incoming),
            Method::Cancel => return self.cancel(incoming),
            _ => {}
        }
        if self.absorb(incoming.key) {
            return Verdict::Done;
        }
        // Some phones leave the To tag of the last answer in their REGISTER; it means nothing there.
        let register = incoming.method == Method::Register;
        if let Some(to_tag) = incoming.message.to_tag().filter(|_| !register) {
            return match self.leg_in(&incoming.message, to_tag) {
                Some(leg) => self.inside(incoming, leg),
                None => Verdict::Refuse(481),
            };
        }
        if self.shard.merged.contains_key(&incoming.merged) {
            return Verdict::Refuse(482);
        }
        match incoming.method {
            Method::Invite => self.invite(incoming),
            Method::Register => {
                let id = self.open_server(self.opening(incoming, Answerer::Reply));
                self.stack.metrics.request(&incoming.method, Way::In);
                Verdict::Register(id)
            }
            _ => Verdict::Refuse(405),
        }
    }

    /// The leg whose dialog a request belongs to (RFC 3261 §12.2.2): its To tag is ours.
    fn leg_in(&self, message: &Message, to_tag: &str) -> Option<u64> {
        let call_id = message.call_id().ok()?;
        let from_tag = message.from_tag().unwrap_or_default();
        let key = self.stack.keys.dialog(call_id, to_tag, from_tag);
        self.shard.dialogs.get(&key).copied()
    }

    /// A request in a dialog.
    fn inside(&mut self, incoming: &Incoming, leg: u64) -> Verdict {
        self.stack.metrics.request(&incoming.method, Way::In);
        let tx = self.open_server(self.opening(incoming, Answerer::Leg(leg)));
        let input = Input::Request {
            tx: ServerTx(tx),
            message: incoming.message.clone(),
            path: incoming.path(),
        };
        self.input(leg, input);
        Verdict::Done
    }

    pub(super) fn opening(&self, incoming: &Incoming, answerer: Answerer) -> Opening {
        let outside = incoming.message.to_tag().is_none();
        Opening {
            method: incoming.method.clone(),
            key: incoming.key,
            merged: outside.then_some(incoming.merged),
            peer: answer_peer(&incoming.via, incoming.flow),
            answerer,
        }
    }

    /// An ACK: to a refusal it ends there, to a 2xx it goes to the leg, and none is ever answered.
    fn ack(&mut self, incoming: &Incoming) -> Verdict {
        self.stack.metrics.request(&Method::Ack, Way::In);
        if self.acknowledge(incoming.key) {
            return Verdict::Done;
        }
        let message = &incoming.message;
        let leg = message.to_tag().and_then(|tag| self.leg_in(message, tag));
        if let Some(leg) = leg {
            self.input(leg, Input::Ack(message.clone()));
        }
        Verdict::Done
    }

    /// A CANCEL: its INVITE is the transaction with the same key but for the method (§9.2).
    fn cancel(&mut self, incoming: &Incoming) -> Verdict {
        if self.absorb(incoming.key) {
            return Verdict::Done;
        }
        let (keys, message) = (&self.stack.keys, &incoming.message);
        let invite = keys.server(message, &incoming.via, &Method::Invite).ok();
        let invite = invite.and_then(|key| self.shard.server_index.get(&key).copied());
        let Some(invite) = invite else {
            return Verdict::Refuse(481);
        };
        let leg = match self.shard.servers.get_mut(invite).map(|e| e.answerer()) {
            Some(Answerer::Leg(leg)) if self.shard.legs.contains_key(&leg) => leg,
            // It has been answered: the CANCEL is fine and has no effect.
            _ => return Verdict::Refuse(200),
        };
        self.stack.metrics.request(&Method::Cancel, Way::In);
        let tx = self.open_server(self.opening(incoming, Answerer::Leg(leg)));
        let input = Input::Cancel {
            tx: ServerTx(tx),
            invite: ServerTx(invite),
            message: message.clone(),
        };
        self.input(leg, input);
        Verdict::Done
    }
}

impl Incoming {
    /// How it came, as legs see it.
    pub(super) fn path(&self) -> Path {
        Path {
            transport: self.flow.transport,
            local: self.flow.local,
            remote: self.flow.remote,
        }
    }
}
