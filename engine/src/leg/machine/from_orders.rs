//! Orders, each in the states that allow it.

use super::{Leg, Turn, door::Order, ending::How, state::Phase, wire};
use crate::{
    LegError,
    leg::{EndedBy, HangUp, Rejection},
    sip::Reason,
};

impl Leg {
    pub(super) fn obey(&mut self, order: Order, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let told = matches!(
            self.phase,
            Phase::Gone | Phase::Closing(_) | Phase::Cancelling(_)
        );
        if told {
            return Err(LegError::Gone);
        }
        match order {
            Order::Ring => self.ring(turn),
            Order::Progress { like } => self.progress(like.as_ref(), turn),
            Order::Answer { like } => self.answer(like.as_ref(), turn),
            Order::Reject(rejection) => self.reject(rejection, turn),
            Order::HangUp(how) => {
                self.hang_up(&how, turn);
                Ok(())
            }
            Order::Abandon(by) => {
                let how = How {
                    status: Some(503),
                    ..How::default()
                };
                self.end(by, how, turn);
                Ok(())
            }
            Order::AcceptReferral(id) => self.accept_referral(id, turn),
            Order::RefuseReferral(id, status) => self.refuse_referral(id, status, turn),
            Order::NotifyReferral(id, status) => self.notify_referral(id, status, turn),
            Order::SendDigits(digits) => self.press(&digits, turn),
            Order::RelayDigit(key) => self.relay_key(key, turn),
            // A phone has its own name for the call, and hears the music.
            Order::Name(call) => {
                tracing::trace!(call, "a phone need not know the call's name");
                Ok(())
            }
            Order::Notice(notice) => {
                tracing::trace!(?notice, "a phone hears it for itself");
                Ok(())
            }
        }
    }

    /// A refusal of an incoming call (RFC 3261 §13.3.1.3).
    fn reject(&mut self, rejection: Rejection, turn: &mut Turn<'_>) -> Result<(), LegError> {
        if !matches!(self.phase, Phase::Incoming(_)) || !(300..700).contains(&rejection.status) {
            return Err(LegError::State);
        }
        let reason = rejection
            .q850
            .map(|cause| Reason::q850(cause.into(), "").to_string());
        let how = How {
            status: Some(rejection.status),
            phrase: rejection.phrase,
            headers: rejection.headers,
            reason,
            ..How::default()
        };
        self.end(EndedBy::Us, how, turn);
        Ok(())
    }

    fn hang_up(&mut self, how: &HangUp, turn: &mut Turn<'_>) {
        let how = How {
            status: how.status.filter(|status| (300..700).contains(status)),
            reason: wire::reason(how),
            ..How::default()
        };
        self.end(EndedBy::Us, how, turn);
    }
}
