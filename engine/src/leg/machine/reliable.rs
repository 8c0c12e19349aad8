//! Reliable provisional responses, the server's side (RFC 3262 §3), and PRACK.

use super::{
    Leg, Turn,
    door::{Output, ServerTx, TimerName},
    ending::How,
    state::{Phase, Reliable, Unpracked},
    wire,
};
use crate::{
    leg::EndedBy,
    sip::{Message, Method, Name},
};

/// Provisional responses that may wait for the one before.
const MAX_QUEUE: usize = 8;

/// Whether the next provisional response goes out reliably: when the caller can, unless it would be
/// the one that must carry an offer and the caller does not insist.
pub(super) fn is_sent_reliably(reliable: &Reliable, lacks_offer: bool) -> bool {
    reliable.able && (reliable.required || !lacks_offer) && reliable.queue.len() < MAX_QUEUE
}

impl Reliable {
    /// A description waits for its PRACK, so that the 2xx must wait too (RFC 3262 §3).
    pub fn holds_answer(&self) -> bool {
        self.unacked
            .as_ref()
            .is_some_and(|waiting| waiting.described)
            || self.queue.iter().any(|(_, body)| body.is_some())
    }
}

impl Leg {
    /// Sends the next reliable response when none is unacknowledged.
    pub(super) fn send_reliable(&mut self, turn: &mut Turn<'_>) {
        let Phase::Incoming(incoming) = &mut self.phase else {
            return;
        };
        let reliable = &mut incoming.reliable;
        if reliable.unacked.is_some() {
            return;
        }
        let Some((status, body)) = reliable.queue.pop_front() else {
            return;
        };
        let rseq = reliable.next;
        reliable.next = reliable.next.wrapping_add(1).max(1);
        let tag = incoming.dialog.local_tag();
        let mut response = self.desk.respond(&incoming.invite, status, Some(tag));
        response.push(Name::Require, "100rel");
        response.push(Name::RSeq, rseq.to_string());
        let described = body.is_some();
        if let Some(body) = body {
            wire::describe(&mut response, body);
        }
        let timers = self.desk.settings.timers;
        reliable.unacked = Some(Unpracked {
            rseq,
            described,
            response: response.clone(),
            interval: timers.t1,
        });
        let clock = &mut self.desk.clock;
        clock.set(TimerName::RepeatReliable, timers.t1, turn.now, turn.out);
        clock.set(TimerName::AwaitPrack, timers.t1 * 64, turn.now, turn.out);
        turn.out.push(Output::Respond {
            tx: incoming.tx,
            response,
        });
    }

    /// Retransmits with doubled interval (RFC 3262 §3).
    pub(super) fn repeat_reliable(&mut self, turn: &mut Turn<'_>) {
        let Phase::Incoming(incoming) = &mut self.phase else {
            return;
        };
        let Some(waiting) = &mut incoming.reliable.unacked else {
            return;
        };
        waiting.interval *= 2;
        turn.out.push(Output::Respond {
            tx: incoming.tx,
            response: waiting.response.clone(),
        });
        let after = waiting.interval;
        self.desk
            .clock
            .set(TimerName::RepeatReliable, after, turn.now, turn.out);
    }

    /// No PRACK in 64·T1: the INVITE is refused (RFC 3262 §3).
    pub(super) fn miss_prack(&mut self, turn: &mut Turn<'_>) {
        let how = How {
            status: Some(504),
            ..How::default()
        };
        self.end(EndedBy::Timeout, how, turn);
    }

    /// PRACK (RFC 3262 §3), possibly with an answer or a new offer (§5).
    pub(super) fn pracked(&mut self, tx: ServerTx, prack: &Message, turn: &mut Turn<'_>) {
        let Phase::Incoming(incoming) = &mut self.phase else {
            // Our 2xx has overtaken it, which is fine.
            self.reply(tx, prack, 200, turn);
            return;
        };
        let rack = prack.rack().ok().filter(|rack| {
            rack.cseq.method == Method::Invite && incoming.invite.cseq().as_ref() == Ok(&rack.cseq)
        });
        let waiting = &mut incoming.reliable.unacked;
        if !matches!((&rack, &waiting), (Some(rack), Some(waiting)) if rack.rseq == waiting.rseq) {
            self.reply(tx, prack, 481, turn);
            return;
        }
        *waiting = None;
        self.desk.clock.cancel(TimerName::RepeatReliable, turn.out);
        self.desk.clock.cancel(TimerName::AwaitPrack, turn.out);
        let offered = self.talk.offered();
        let body = match wire::description(prack) {
            Err(error) => Err(error),
            Ok(Some(answer)) if offered => self.talk.accept(&answer, turn).map(|()| None),
            Ok(Some(offer)) if !self.talk.asked() => self.talk.answer_now(offer, turn).map(Some),
            Ok(_) => Ok(None),
        };
        match body {
            Ok(body) => {
                let mut response = self.response(prack, 200);
                if let Some(body) = body {
                    wire::describe(&mut response, body);
                }
                turn.out.push(Output::Respond { tx, response });
            }
            Err(error) => self.reply(tx, prack, error.status(), turn),
        }
        if offered && self.talk.offered() {
            // The offer in our response was not answered: there is no session to be had.
            let how = How {
                status: Some(488),
                ..How::default()
            };
            self.end(EndedBy::Failure, how, turn);
            return;
        }
        self.send_reliable(turn);
        self.answer_now_allowed(turn);
    }

    /// Sends the 200 that waited for the PRACK.
    fn answer_now_allowed(&mut self, turn: &mut Turn<'_>) {
        if let Phase::Incoming(incoming) = &self.phase
            && incoming.answering
            && !incoming.reliable.holds_answer()
        {
            self.accept_call(None, turn);
        }
    }
}
