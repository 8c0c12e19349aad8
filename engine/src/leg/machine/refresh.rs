//! Our side of a session timer (RFC 4028): refreshes by UPDATE or re-INVITE, and the end of a session
//! that nobody refreshed.

use super::{
    Leg, Turn,
    desk::Purpose,
    door::{ClientTx, Output, TimerName},
    ending::How,
    session_timer::SessionTimer,
    state::{Acked, Phase, Up},
    wire,
};
use crate::{
    leg::EndedBy,
    sip::{Message, Method, Name},
};
use std::time::Duration;

/// ACKs kept to be repeated.
const MAX_ACKS: usize = 8;
/// Longest wait before a refresh that was refused for now is tried again.
const MAX_RETRY: Duration = Duration::from_secs(32);
/// Wait before a refresh that failed is tried again, when the peer names none.
const RETRY: Duration = Duration::from_secs(10);

impl Leg {
    /// Starts the session timer anew, or stops it.
    pub(super) fn run_session(&mut self, timer: Option<SessionTimer>, turn: &mut Turn<'_>) {
        self.session = timer;
        let clock = &mut self.desk.clock;
        match timer.and_then(SessionTimer::refresh_after) {
            Some(after) => clock.set(TimerName::Refresh, after, turn.now, turn.out),
            None => clock.cancel(TimerName::Refresh, turn.out),
        }
        match timer.map(SessionTimer::expire_after) {
            Some(after) => clock.set(TimerName::Expire, after, turn.now, turn.out),
            None => clock.cancel(TimerName::Expire, turn.out),
        }
    }

    /// Refreshes the session: by UPDATE without offer when the peer takes it, else by a re-INVITE with
    /// the description unchanged (RFC 4028 §7.4).
    pub(super) fn refresh(&mut self, turn: &mut Turn<'_>) {
        let Some(timer) = self.session else {
            return;
        };
        let (min, updates) = (self.desk.settings.min_session, self.desk.facts.peer_updates);
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        let unsettled = up.unacked.is_some() || self.talk.offered() || up.refreshing.is_some();
        if unsettled {
            // RFC 3261 §14.1: not while another INVITE is in progress.
            let clock = &mut self.desk.clock;
            clock.set(TimerName::Glare, RETRY, turn.now, turn.out);
            return;
        }
        let (method, purpose) = if updates {
            (Method::Update, Purpose::Update)
        } else {
            (Method::Invite, Purpose::Reinvite)
        };
        let mut request = self.desk.request(&mut up.dialog, method);
        wire::ask_timer(&mut request, timer.interval, min, true);
        if purpose == Purpose::Reinvite
            && let Some(body) = self.talk.repeat()
        {
            wire::describe(&mut request, body);
        }
        let tx = self.desk.send_in(&up.dialog, request, purpose, turn);
        up.refreshing = Some(tx);
    }

    /// A re-INVITE of ours waits for its final response.
    pub(super) fn reinviting(&self) -> bool {
        let Phase::Up(up) = &self.phase else {
            return false;
        };
        up.refreshing
            .and_then(|tx| self.desk.requests.get(&tx))
            .is_some_and(|sent| sent.purpose == Purpose::Reinvite)
    }

    /// A final response to our refresh that is no challenge.
    pub(super) fn refreshed(
        &mut self,
        tx: ClientTx,
        purpose: Purpose,
        message: &Message,
        turn: &mut Turn<'_>,
    ) {
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        if up.refreshing == Some(tx) {
            up.refreshing = None;
        }
        let status = message.status().unwrap_or_default();
        if (200..300).contains(&status) {
            up.dialog.refresh_target(message);
            up.asked_longer = false;
            self.take_refresh(tx, purpose, message, turn);
            return;
        }
        self.talk.withdraw();
        match status {
            // §12.2.1.2, RFC 5057 §5.1: the dialog is gone.
            408 | 481 => self.end(EndedBy::Failure, How::default(), turn),
            491 => self.wait_for_glare(turn),
            422 => {
                // RFC 4028 §7.4: again with the interval asked for; who is never content has time.
                let again = std::mem::replace(&mut up.asked_longer, true);
                if let (Some(timer), Some(min)) = (&mut self.session, message.min_se()) {
                    timer.interval = timer.interval.max(min.0);
                }
                let after = if again { RETRY } else { Duration::ZERO };
                self.refresh_in(after, turn);
            }
            405 | 501 if purpose == Purpose::Update => {
                self.desk.facts.peer_updates = false;
                self.refresh_in(Duration::ZERO, turn);
            }
            _ => {
                let after = message.retry_after().map_or(RETRY, |seconds| {
                    Duration::from_secs(seconds.into()).min(MAX_RETRY)
                });
                self.refresh_in(after, turn);
            }
        }
    }

    /// A 2xx to our refresh: ACK, answer, and the timer's new terms (RFC 4028 §7.2).
    fn take_refresh(
        &mut self,
        tx: ClientTx,
        purpose: Purpose,
        message: &Message,
        turn: &mut Turn<'_>,
    ) {
        if purpose == Purpose::Reinvite {
            self.acknowledge(tx, message, None, turn);
            let answer = wire::description(message).ok().flatten();
            let accepted = answer.is_some_and(|answer| self.talk.accept(&answer, turn).is_ok());
            if !accepted {
                self.talk.withdraw();
            }
        }
        let expires = message.session_expires();
        let interval = expires.map(|e| e.seconds);
        let refresher = expires.and_then(|e| e.refresher);
        // A peer that stopped to speak of timers is refreshed all the same (RFC 4028 §7.2).
        let smallest = self.desk.settings.min_session;
        let timer = SessionTimer::from_answer(interval, refresher, smallest).or(self.session);
        self.run_session(timer, turn);
        self.talk.tell_hold(turn);
    }

    /// Sends the ACK to a 2xx and keeps it for repetitions of that 2xx (RFC 3261 §13.2.2.4). The ACK
    /// carries the credentials of its INVITE (§22.1).
    pub(super) fn acknowledge(
        &mut self,
        tx: ClientTx,
        message: &Message,
        invite: Option<&Message>,
        turn: &mut Turn<'_>,
    ) {
        let Phase::Up(up) = &mut self.phase else {
            return;
        };
        let cseq = message.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let mut ack = up.dialog.ack(cseq);
        for name in [Name::Authorization, Name::ProxyAuthorization] {
            if let Some(invite) = invite {
                ack.copy(invite, name);
            }
        }
        self.desk.push_agent(&mut ack);
        let target = self.desk.target(&up.dialog);
        turn.out.push(Output::Ack {
            message: ack.clone(),
            target: target.clone(),
        });
        let tag = up.dialog.remote_tag().to_owned();
        up.remember(Acked {
            tx,
            tag,
            message: ack,
            target,
        });
    }

    /// Both sides changed the session at once: a random while, longer for the owner of the Call-ID
    /// (RFC 3261 §14.1).
    fn wait_for_glare(&mut self, turn: &mut Turn<'_>) {
        let names = &mut self.desk.names;
        let steps = if self.desk.facts.outgoing {
            210 + names.below(191)
        } else {
            names.below(201)
        };
        self.refresh_in(Duration::from_millis(steps * 10), turn);
    }

    fn refresh_in(&mut self, after: Duration, turn: &mut Turn<'_>) {
        if after.is_zero() {
            self.refresh(turn);
        } else {
            let clock = &mut self.desk.clock;
            clock.set(TimerName::Glare, after, turn.now, turn.out);
        }
    }
}

impl Up {
    /// Keeps an ACK, and forgets the oldest of too many.
    pub fn remember(&mut self, acked: Acked) {
        if self.acks.len() >= MAX_ACKS {
            self.acks.remove(0);
        }
        self.acks.push(acked);
    }
}
