//! Responses of the peer, and requests of ours that got none.

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{ClientTx, TimerName, TxFailure},
    ending::How,
    identity,
    session_timer::SessionTimer,
    state::{Closing, Phase},
    wire,
};
use crate::{
    leg::{EndedBy, LegEvent, Refusal},
    sip::{Contacts, Message, Method, Name, NameAddr, RAck},
};

/// Contacts of a 3xx handed on.
const MAX_REDIRECTS: usize = 10;

impl Leg {
    pub(super) fn responded(&mut self, tx: ClientTx, message: &Message, turn: &mut Turn<'_>) {
        let Some(status) = message.status() else {
            return;
        };
        let Some(purpose) = self.desk.requests.get(&tx).map(|sent| sent.purpose) else {
            if (200..300).contains(&status) {
                self.answered_again(tx, message, turn);
            }
            return;
        };
        if status < 200 {
            if purpose == Purpose::Invite {
                self.progressed(status, message, turn);
            }
            return;
        }
        if matches!(status, 401 | 407) && self.answer_challenge(tx, message, turn) {
            return;
        }
        if purpose == Purpose::Invite {
            self.concluded(tx, status, message, turn);
            return;
        }
        self.desk.requests.remove(&tx);
        match purpose {
            Purpose::Invite | Purpose::Prack | Purpose::StrayBye => {}
            Purpose::Reinvite | Purpose::Update => self.refreshed(tx, purpose, message, turn),
            Purpose::Bye => self.finish(turn),
            Purpose::Info => self.next_key(status < 300, turn),
            Purpose::Notify(referral) => self.notified(referral, status, turn),
        }
    }

    /// No final response came (RFC 3261 §8.1.3.1).
    pub(super) fn failed(&mut self, tx: ClientTx, why: TxFailure, turn: &mut Turn<'_>) {
        let Some(sent) = self.desk.requests.remove(&tx) else {
            return;
        };
        match sent.purpose {
            Purpose::Invite if matches!(self.phase, Phase::Calling(_)) => {
                let status = match why {
                    TxFailure::Timeout => 408,
                    TxFailure::Transport => 503,
                };
                self.refuse(
                    Refusal {
                        status,
                        q850: None,
                        redirects: Vec::new(),
                        retry_after: None,
                    },
                    turn,
                );
            }
            Purpose::Invite | Purpose::Bye => self.finish(turn),
            // §12.2.1.2: nobody is there any more.
            Purpose::Reinvite | Purpose::Update => {
                self.end(EndedBy::Failure, How::default(), turn);
            }
            Purpose::Info => self.next_key(false, turn),
            Purpose::Notify(referral) => self.notified(referral, 408, turn),
            Purpose::Prack | Purpose::StrayBye => {}
        }
    }

    /// A provisional response to the INVITE (RFC 3261 §13.2.2.1).
    fn progressed(&mut self, status: u16, message: &Message, turn: &mut Turn<'_>) {
        let calling = match &mut self.phase {
            Phase::Calling(calling) => calling,
            Phase::Cancelling(_) => {
                self.cancel_now(turn);
                return;
            }
            _ => return,
        };
        calling.provisional = true;
        if status == 100 {
            return;
        }
        if status == 199 {
            calling.drop_fork(message, turn);
            return;
        }
        let at = match message.to_tag() {
            None => None,
            Some(_) => calling.fork_of(message, turn),
        };
        let mut described = false;
        if let Some(fork) = at.and_then(|at| calling.forks.get_mut(at)) {
            let reliable = message.requires("100rel");
            if let Some(rseq) = message.rseq().filter(|_| reliable) {
                // RFC 3262 §4: repetitions and gaps are not acknowledged.
                if fork.rseq.is_some_and(|last| rseq != last.wrapping_add(1)) {
                    return;
                }
                fork.rseq = Some(rseq);
                let mut prack = self.desk.request(&mut fork.dialog, Method::Prack);
                if let Ok(cseq) = message.cseq() {
                    prack.push(Name::RAck, RAck { rseq, cseq }.to_string());
                }
                self.desk.send_in(&fork.dialog, prack, Purpose::Prack, turn);
            }
            if message.header(Name::Allow).is_some() {
                self.desk.facts.peer_updates = message.allows(&Method::Update);
                self.desk.facts.peer_infos = message.allows(&Method::Info);
            }
            if let Ok(Some(answer)) = wire::description(message) {
                described = fork.answered || self.talk.accept(&answer, turn).is_ok();
                if described && !fork.answered {
                    fork.answered = reliable;
                    fork.answer = Some(answer);
                }
            }
        }
        let rings = status == 180 || (status == 183 && !described);
        if rings && !std::mem::replace(&mut calling.rang, true) {
            turn.tell(LegEvent::Ringing);
        }
        if described && !std::mem::replace(&mut calling.early, true) {
            turn.tell(LegEvent::EarlyMedia);
        }
    }

    /// The final response to the INVITE.
    fn concluded(&mut self, tx: ClientTx, status: u16, message: &Message, turn: &mut Turn<'_>) {
        let given_up = matches!(self.phase, Phase::Cancelling(_));
        if status < 300 {
            if given_up {
                // §9.1: the CANCEL came too late; the call is taken and ended.
                self.won_too_late(tx, message, turn);
            } else {
                self.won(tx, message, turn);
            }
            return;
        }
        if !given_up && status == 422 && self.asks_longer(message, turn) {
            return;
        }
        self.desk.requests.remove(&tx);
        if given_up {
            self.finish(turn);
        } else {
            self.refuse(refusal(status, message), turn);
        }
    }

    /// The first 2xx (RFC 3261 §13.2.2.4).
    fn won(&mut self, tx: ClientTx, message: &Message, turn: &mut Turn<'_>) {
        let Some((up, fork)) = self.confirm(tx, message, turn) else {
            return;
        };
        self.phase = Phase::Up(Box::new(up));
        self.desk.facts.peer_updates = message.allows(&Method::Update);
        self.desk.facts.peer_infos = message.allows(&Method::Info);
        let invite = match &self.phase {
            Phase::Up(up) => up.won.as_ref().map(|won| won.invite.clone()),
            _ => None,
        };
        self.acknowledge(tx, message, invite.as_ref(), turn);
        let said = if fork.answered {
            fork.answer
        } else {
            wire::description(message).ok().flatten().or(fork.answer)
        };
        let accepted = said.is_some_and(|answer| self.talk.accept(&answer, turn).is_ok());
        if !accepted {
            // §13.2.2.4: an unusable answer; the dialog is there and must be ended.
            let how = How {
                refusal: Some(refusal(488, message)),
                ..How::default()
            };
            self.end(EndedBy::Failure, how, turn);
            return;
        }
        let after = self.desk.settings.timers.t1 * 64;
        let clock = &mut self.desk.clock;
        clock.set(TimerName::ForgetForks, after, turn.now, turn.out);
        let expires = message.session_expires();
        let timer = SessionTimer::from_answer(
            expires.map(|e| e.seconds),
            expires.and_then(|e| e.refresher),
            self.desk.settings.min_session,
        );
        self.run_session(timer, turn);
        turn.tell(LegEvent::Answered);
        self.talk.tell_hold(turn);
    }

    /// A 2xx to an INVITE that was given up: ACK and BYE.
    fn won_too_late(&mut self, tx: ClientTx, message: &Message, turn: &mut Turn<'_>) {
        self.desk.clock.cancel(TimerName::AwaitCancelled, turn.out);
        let reason = match &self.phase {
            Phase::Cancelling(cancelling) => cancelling.reason.clone(),
            _ => None,
        };
        let Some((up, _)) = self.confirm(tx, message, turn) else {
            return;
        };
        self.phase = Phase::Up(Box::new(up));
        let invite = match &self.phase {
            Phase::Up(up) => up.won.as_ref().map(|won| won.invite.clone()),
            _ => None,
        };
        self.acknowledge(tx, message, invite.as_ref(), turn);
        if let Phase::Up(up) = std::mem::replace(&mut self.phase, Phase::Gone) {
            self.phase = Phase::Closing(Box::new(Closing {
                dialog: up.dialog,
                bye: None,
                unacked: None,
                reason,
                won: up.won,
                acks: up.acks,
            }));
        }
        self.say_bye(turn);
    }

    /// A provisional response to an INVITE that was given up: now the CANCEL may go (RFC 3261 §9.1).
    fn cancel_now(&mut self, turn: &mut Turn<'_>) {
        if let Phase::Cancelling(mut cancelling) = std::mem::replace(&mut self.phase, Phase::Gone) {
            cancelling.calling.provisional = true;
            self.send_cancel(&mut cancelling, turn);
            self.phase = Phase::Cancelling(cancelling);
        }
    }

    /// 422 to the INVITE: again with the interval that is wanted, once (RFC 4028 §7.3).
    fn asks_longer(&mut self, message: &Message, turn: &mut Turn<'_>) -> bool {
        let Phase::Calling(calling) = &self.phase else {
            return false;
        };
        let Some(wanted) = message.min_se().map(|min| min.0) else {
            return false;
        };
        let asked = calling.invite.min_se().map_or(0, |min| min.0);
        let again = asked > self.desk.settings.min_session;
        if again || wanted <= asked {
            return false;
        }
        let interval = self.desk.settings.session_interval.max(wanted);
        self.invite_again(
            |invite| wire::ask_timer(invite, interval, wanted, false),
            turn,
        );
        true
    }
}

/// What a final response other than 2xx says.
pub(super) fn refusal(status: u16, message: &Message) -> Refusal {
    let redirects = match message.contacts() {
        Ok(Contacts::List(mut contacts)) if (300..400).contains(&status) => {
            // RFC 3261 §8.1.3.4: by their q; the order decides between equals.
            contacts.sort_by_key(|contact| std::cmp::Reverse(NameAddr::q(contact)));
            contacts.truncate(MAX_REDIRECTS);
            contacts.iter().map(identity::party).collect()
        }
        _ => Vec::new(),
    };
    Refusal {
        status,
        q850: wire::q850(message),
        redirects,
        retry_after: message.retry_after(),
    }
}
