//! Requests of the peer within a dialog (RFC 3261 §12.2.2), except ACK and CANCEL.

use super::{
    Leg, Turn,
    desk::ALLOW,
    door::{Output, Path, ServerTx},
    ending::How,
    state::Phase,
    wire::{self, SDP},
};
use crate::{
    leg::{EndedBy, Refusal},
    sip::{Message, Method, Name, dialog::Dialog},
};

/// Longest wait asked for by a 500, in seconds (RFC 3261 §14.2).
const MAX_RETRY_AFTER: u64 = 10;

impl Leg {
    pub(super) fn requested(
        &mut self,
        tx: ServerTx,
        message: &Message,
        path: Path,
        turn: &mut Turn<'_>,
    ) {
        let Some(dialog) = self.phase.dialog_of(message) else {
            self.reply(tx, message, 481, turn);
            return;
        };
        if dialog.sequence(message).is_err() {
            self.reply(tx, message, 500, turn);
            return;
        }
        // A peer behind a NAT may come from elsewhere now.
        self.desk.facts.path = Some(path);
        let Some(method) = message.method() else {
            return;
        };
        if matches!(self.phase, Phase::Closing(_) | Phase::Cancelling(_)) {
            // BYEs that cross are both answered (§15.1.2); everything else comes too late.
            let status = if *method == Method::Bye { 200 } else { 481 };
            self.reply(tx, message, status, turn);
            return;
        }
        match method {
            Method::Bye => self.bye(tx, message, turn),
            Method::Invite => self.reinvited(tx, message, turn),
            Method::Update => self.updated(tx, message, turn),
            Method::Prack => self.pracked(tx, message, turn),
            Method::Info => self.informed(tx, message, turn),
            Method::Refer => self.referred(tx, message, turn),
            Method::Subscribe => self.subscribed(tx, message, turn),
            Method::Options => self.queried(tx, message, turn),
            // We subscribe to nothing.
            Method::Notify => self.bad_event(tx, message, turn),
            _ => {
                let mut response = self.response(message, 405);
                response.push(Name::Allow, ALLOW);
                turn.out.push(Output::Respond { tx, response });
            }
        }
    }

    /// BYE (RFC 3261 §15.1.2).
    fn bye(&mut self, tx: ServerTx, message: &Message, turn: &mut Turn<'_>) {
        self.reply(tx, message, 200, turn);
        let q850 = wire::q850(message);
        match &mut self.phase {
            Phase::Calling(calling) => {
                // A callee may not end an early dialog by BYE; one that does has left all the same.
                calling
                    .forks
                    .retain(|fork| !fork.dialog.has_request(message));
                if let Ok(dialog) = Dialog::as_server(message, "") {
                    let mut key = dialog.key().clone();
                    key.local_tag = message.to_tag().unwrap_or_default().to_owned();
                    turn.out.push(Output::Unindex(key));
                }
                if calling.forks.is_empty() {
                    self.give_up(
                        Refusal {
                            status: 487,
                            q850,
                            redirects: Vec::new(),
                            retry_after: None,
                        },
                        turn,
                    );
                }
            }
            Phase::Incoming(_) => {
                // §15.1.2: a request that is still pending gets 487.
                let how = How {
                    status: Some(487),
                    peer_q850: q850,
                    ..How::default()
                };
                self.end(EndedBy::Peer, how, turn);
            }
            Phase::Up(_) => {
                self.drop_referrals(turn);
                self.tell_end(EndedBy::Peer, q850, turn);
                self.finish(turn);
            }
            _ => {}
        }
    }

    /// OPTIONS within a dialog (RFC 3261 §11.2).
    fn queried(&mut self, tx: ServerTx, message: &Message, turn: &mut Turn<'_>) {
        let mut response = self.response(message, 200);
        response.push(Name::Allow, ALLOW);
        response.push(Name::Accept, SDP);
        response.push(Name::Supported, super::desk::SUPPORTED);
        turn.out.push(Output::Respond { tx, response });
    }

    /// NOTIFY or SUBSCRIBE of an event that is not ours (RFC 6665 §4.2.1.1).
    pub(super) fn bad_event(&mut self, tx: ServerTx, message: &Message, turn: &mut Turn<'_>) {
        let mut response = self.response(message, 489);
        response.push(Name::AllowEvents, "refer");
        turn.out.push(Output::Respond { tx, response });
    }

    /// 500 or 491 with the time after which the peer may try again (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(super) fn not_now(
        &mut self,
        tx: ServerTx,
        message: &Message,
        status: u16,
        turn: &mut Turn<'_>,
    ) {
        let mut response = self.response(message, status);
        if status == 500 {
            let seconds = self.desk.names.below(MAX_RETRY_AFTER + 1);
            response.push(Name::RetryAfter, seconds.to_string());
        }
        turn.out.push(Output::Respond { tx, response });
    }

    /// A response without more than its status needs.
    pub(super) fn reply(
        &mut self,
        tx: ServerTx,
        message: &Message,
        status: u16,
        turn: &mut Turn<'_>,
    ) {
        let response = self.response(message, status);
        turn.out.push(Output::Respond { tx, response });
    }

    /// A response with our tag.
    pub(super) fn response(&self, message: &Message, status: u16) -> Message {
        self.desk.respond(message, status, self.local_tag())
    }

    /// Our tag, once there is a dialog.
    pub(super) fn local_tag(&self) -> Option<&str> {
        match &self.phase {
            Phase::Locating(_) | Phase::Gone => None,
            Phase::Calling(calling) => calling.invite.from_tag(),
            Phase::Cancelling(cancelling) => cancelling.calling.invite.from_tag(),
            Phase::Incoming(incoming) => Some(incoming.dialog.local_tag()),
            Phase::Up(up) => Some(up.dialog.local_tag()),
            Phase::Closing(closing) => Some(closing.dialog.local_tag()),
        }
    }
}

impl Phase {
    /// The dialog that a request of the peer belongs to.
    fn dialog_of(&mut self, request: &Message) -> Option<&mut Dialog> {
        let forks = match self {
            Phase::Locating(_) | Phase::Gone => return None,
            Phase::Calling(calling) => &mut calling.forks,
            Phase::Cancelling(cancelling) => &mut cancelling.calling.forks,
            Phase::Incoming(incoming) => return own(&mut incoming.dialog, request),
            Phase::Up(up) => return own(&mut up.dialog, request),
            Phase::Closing(closing) => return own(&mut closing.dialog, request),
        };
        forks
            .iter_mut()
            .map(|fork| &mut fork.dialog)
            .find(|dialog| dialog.has_request(request))
    }
}

fn own<'a>(dialog: &'a mut Dialog, request: &Message) -> Option<&'a mut Dialog> {
    dialog.has_request(request).then_some(dialog)
}
