//! An INVITE that several callees hear (RFC 3261 §12.1, §13.2.2.4): early dialogs, the first to
//! answer, and those that answer too late.

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{ClientTx, Output},
    from_peer_response::refusal,
    state::{Acked, Calling, Fork, Phase, Up, Won},
};
use crate::sip::{Message, Method, Name, dialog::Dialog};

/// Early dialogs kept of one INVITE.
const MAX_FORKS: usize = 8;

impl Leg {
    /// Makes the confirmed dialog of a 2xx and drops the other forks. The phase is left to the caller.
    pub(super) fn confirm(
        &mut self,
        tx: ClientTx,
        message: &Message,
        turn: &mut Turn<'_>,
    ) -> Option<(Up, Fork)> {
        // Nothing is told after the end.
        let mut told = false;
        let calling = match &mut self.phase {
            Phase::Calling(calling) => calling,
            Phase::Cancelling(cancelling) => {
                told = true;
                &mut cancelling.calling
            }
            _ => return None,
        };
        let Some(at) = calling.fork_or_new(message, turn) else {
            tracing::debug!("A 2xx makes no dialog");
            match told {
                true => self.finish(turn),
                false => self.refuse(refusal(502, message), turn),
            }
            return None;
        };
        let mut fork = calling.forks.remove(at);
        fork.dialog.confirm(message);
        for other in calling.forks.drain(..) {
            turn.out.push(Output::Unindex(other.dialog.key().clone()));
        }
        self.desk.requests.remove(&tx);
        let up = Up {
            dialog: fork.dialog.clone(),
            confirmed: true,
            won: Some(Won {
                tx,
                invite: calling.invite.clone(),
            }),
            acks: Vec::new(),
            unacked: None,
            refreshing: None,
            asked_longer: false,
        };
        Some((up, fork))
    }

    /// A 2xx after the first: a repetition gets its ACK again, another fork ACK and BYE
    /// (RFC 3261 §13.2.2.4).
    pub(super) fn answered_again(&mut self, tx: ClientTx, message: &Message, turn: &mut Turn<'_>) {
        let (won, acks) = match &mut self.phase {
            Phase::Up(up) => (&up.won, &mut up.acks),
            Phase::Closing(closing) => (&closing.won, &mut closing.acks),
            _ => return,
        };
        let tag = message.to_tag().unwrap_or_default();
        if let Some(acked) = acks.iter().find(|acked| acked.tx == tx && acked.tag == tag) {
            turn.out.push(Output::Ack {
                message: acked.message.clone(),
                target: acked.target.clone(),
            });
            return;
        }
        let Some(won) = won.as_ref().filter(|won| won.tx == tx) else {
            return;
        };
        let Ok(mut stray) = Dialog::as_client(&won.invite, message) else {
            return;
        };
        if acks.len() >= MAX_FORKS {
            return;
        }
        let mut ack = stray.ack(stray.local_cseq());
        for name in [Name::Authorization, Name::ProxyAuthorization] {
            ack.copy(&won.invite, name);
        }
        let target = self.desk.target(&stray);
        turn.out.push(Output::Ack {
            message: ack.clone(),
            target: target.clone(),
        });
        acks.push(Acked {
            tx,
            tag: tag.to_owned(),
            message: ack,
            target,
        });
        let bye = self.desk.request(&mut stray, Method::Bye);
        self.desk.send_in(&stray, bye, Purpose::StrayBye, turn);
    }
}

impl Calling {
    /// The early dialog of a response, made when it is new; none when there are too many.
    pub(super) fn fork_of(&mut self, message: &Message, turn: &mut Turn<'_>) -> Option<usize> {
        if self.forks.len() >= MAX_FORKS && self.position(message).is_none() {
            return None;
        }
        let at = self.fork_or_new(message, turn)?;
        let fork = self.forks.get_mut(at)?;
        fork.dialog.refresh_target(message);
        Some(at)
    }

    fn fork_or_new(&mut self, message: &Message, turn: &mut Turn<'_>) -> Option<usize> {
        if let Some(at) = self.position(message) {
            return Some(at);
        }
        let dialog = Dialog::as_client(&self.invite, message).ok()?;
        turn.out.push(Output::Index(dialog.key().clone()));
        self.forks.push(Fork {
            dialog,
            rseq: None,
            answered: false,
            answer: None,
        });
        Some(self.forks.len() - 1)
    }

    fn position(&self, message: &Message) -> Option<usize> {
        self.forks
            .iter()
            .position(|fork| fork.dialog.has_response(message))
    }

    /// One fork is over while others go on (RFC 6228).
    pub(super) fn drop_fork(&mut self, message: &Message, turn: &mut Turn<'_>) {
        if let Some(at) = self.position(message) {
            let fork = self.forks.remove(at);
            turn.out.push(Output::Unindex(fork.dialog.key().clone()));
        }
    }
}
