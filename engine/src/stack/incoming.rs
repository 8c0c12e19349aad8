//! Requests, from the parser to whoever answers them.

use super::{
    BUSY_RETRY, Stack, register,
    server::{Answerer, Opening},
    stateless::answer_peer,
    turn::Turn,
};
use crate::{
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
enum Verdict {
    /// Nothing is left to do.
    Done,
    /// To be refused with this status, without state.
    Refuse(u16),
    /// A REGISTER with its transaction.
    Register(u64),
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
        self.fix_routes(&mut message);
        let Some(method) = message.method().cloned() else {
            return;
        };
        // Outside dialogs most is answered without looking at any state.
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
            Some(Verdict::Register(id)) => register::arrive(self, index, id, incoming),
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
        if incoming.message.to_tag().is_some() {
            return Verdict::Refuse(481);
        }
        if self.shard.merged.contains_key(&incoming.merged) {
            return Verdict::Refuse(482);
        }
        match incoming.method {
            Method::Invite => Verdict::Refuse(480),
            Method::Register => {
                let id = self.open_server(self.opening(incoming, Answerer::Reply));
                self.stack.metrics.request(&incoming.method, Way::In);
                Verdict::Register(id)
            }
            _ => Verdict::Refuse(405),
        }
    }

    fn opening(&self, incoming: &Incoming, answerer: Answerer) -> Opening {
        let outside = incoming.message.to_tag().is_none();
        Opening {
            method: incoming.method.clone(),
            key: incoming.key,
            merged: outside.then_some(incoming.merged),
            peer: answer_peer(&incoming.via, incoming.flow),
            answerer,
        }
    }

    fn ack(&mut self, incoming: &Incoming) -> Verdict {
        if !self.acknowledge(incoming.key) {
            self.stack.metrics.request(&Method::Ack, Way::In);
        }
        Verdict::Done
    }

    fn cancel(&mut self, incoming: &Incoming) -> Verdict {
        if self.absorb(incoming.key) {
            return Verdict::Done;
        }
        Verdict::Refuse(481)
    }
}
