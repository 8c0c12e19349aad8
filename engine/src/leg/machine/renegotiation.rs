//! The peer changes the session: re-INVITE (RFC 3261 §14.2) and UPDATE (RFC 3311 §5.2).

use super::{
    Leg, Turn,
    door::{Output, ServerTx},
    session_timer::{SessionTimer, TooSmall},
    state::Phase,
    wire,
};
use crate::sip::{Message, Method, Name, dialog::Dialog};

impl Leg {
    /// A re-INVITE: hold, resume, another codec, another address, or a mere refresh.
    pub(super) fn reinvited(&mut self, tx: ServerTx, invite: &Message, turn: &mut Turn<'_>) {
        let busy = match &self.phase {
            // §14.2: an INVITE of ours is under way in this dialog.
            Phase::Calling(_) => Some(491),
            // §14.2: the first INVITE has no final response yet.
            Phase::Incoming(_) => Some(500),
            // RFC 5407 §3.1.4: our 2xx, or our own offer, is not settled.
            Phase::Up(up) if up.unacked.is_some() => Some(491),
            Phase::Up(_) if self.talk.offered() || self.reinviting() => Some(491),
            _ => None,
        };
        if let Some(status) = busy {
            self.not_now(tx, invite, status, turn);
            return;
        }
        let Some(timer) = self.judge_timer(tx, invite, turn) else {
            return;
        };
        let body = match wire::description(invite) {
            Ok(Some(offer)) => self.talk.answer_now(offer, turn).map(Some),
            // §14.2: without an offer, the 2xx has one.
            Ok(None) => Ok(self.talk.offer(None)),
            Err(error) => Err(error),
        };
        let body = match body {
            Ok(body) => body,
            Err(error) => {
                self.unacceptable(tx, invite, error.status(), turn);
                return;
            }
        };
        self.learn(invite);
        let mut response = self.response(invite, 200);
        wire::push_timer(&mut response, timer, wire::asked(invite).supported);
        if let Some(body) = body {
            wire::describe(&mut response, body);
        }
        let cseq = invite.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let unacked = self.send_answer(tx, cseq, response, turn);
        if let Phase::Up(up) = &mut self.phase {
            up.unacked = Some(unacked);
        }
        self.run_session(Some(timer), turn);
        self.talk.tell_hold(turn);
    }

    /// UPDATE, also in an early dialog.
    pub(super) fn updated(&mut self, tx: ServerTx, update: &Message, turn: &mut Turn<'_>) {
        let offer = match wire::description(update) {
            Ok(offer) => offer,
            Err(error) => {
                self.unacceptable(tx, update, error.status(), turn);
                return;
            }
        };
        if offer.is_some() && self.talk.asked() {
            // RFC 3311 §5.2: an offer of the peer's is not answered yet.
            self.not_now(tx, update, 500, turn);
            return;
        }
        if offer.is_some() && (self.talk.offered() || self.lacks_offer()) {
            // §5.2: ours is not.
            self.not_now(tx, update, 491, turn);
            return;
        }
        let Some(timer) = self.judge_timer(tx, update, turn) else {
            return;
        };
        let body = match offer.map(|offer| self.talk.answer_now(offer, turn)) {
            None => None,
            Some(Ok(body)) => Some(body),
            Some(Err(error)) => {
                self.unacceptable(tx, update, error.status(), turn);
                return;
            }
        };
        self.learn(update);
        let mut response = self.response(update, 200);
        let confirmed = matches!(self.phase, Phase::Up(_));
        if confirmed {
            wire::push_timer(&mut response, timer, wire::asked(update).supported);
        }
        if let Some(body) = body {
            wire::describe(&mut response, body);
        }
        turn.out.push(Output::Respond { tx, response });
        if confirmed {
            self.run_session(Some(timer), turn);
            self.talk.tell_hold(turn);
        }
    }

    /// The timer that a refresh leads to; none after 422 (RFC 4028 §9).
    fn judge_timer(
        &mut self,
        tx: ServerTx,
        request: &Message,
        turn: &mut Turn<'_>,
    ) -> Option<SessionTimer> {
        let settings = &self.desk.settings;
        let (wanted, smallest) = (settings.session_interval, settings.min_session);
        match SessionTimer::answer(wire::asked(request), self.session, wanted, smallest) {
            Ok(timer) => Some(timer),
            Err(TooSmall(min)) => {
                let mut response = self.response(request, 422);
                response.push(Name::MinSe, min.to_string());
                turn.out.push(Output::Respond { tx, response });
                None
            }
        }
    }

    /// Refuses an offer; the session goes on as it was (RFC 3261 §14.2).
    fn unacceptable(&mut self, tx: ServerTx, request: &Message, status: u16, turn: &mut Turn<'_>) {
        let mut response = self.response(request, status);
        if status == 488 {
            // RFC 3261 §20.43: 305 is "incompatible media format".
            let agent = match self.desk.settings.domain.as_str() {
                "" => "strowger",
                domain => domain,
            };
            let warning = format!("305 {agent} \"Incompatible media format\"");
            response.push(Name::Warning, warning);
        }
        turn.out.push(Output::Respond { tx, response });
    }

    /// Takes the peer's new address and abilities (RFC 3261 §12.2.2).
    fn learn(&mut self, request: &Message) {
        if request.header(Name::Allow).is_some() {
            self.desk.facts.peer_updates = request.allows(&Method::Update);
            self.desk.facts.peer_infos = request.allows(&Method::Info);
        }
        let of = |dialog: &Dialog| dialog.has_request(request);
        let dialog = match &mut self.phase {
            Phase::Up(up) => Some(&mut up.dialog),
            Phase::Incoming(incoming) => Some(&mut incoming.dialog),
            Phase::Calling(calling) => {
                let mut dialogs = calling.forks.iter_mut().map(|fork| &mut fork.dialog);
                dialogs.find(|dialog| of(dialog))
            }
            _ => None,
        };
        if let Some(dialog) = dialog {
            dialog.refresh_target(request);
        }
    }
}
