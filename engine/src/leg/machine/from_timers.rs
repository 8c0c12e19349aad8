//! Timers that ran out.

use super::{Leg, Turn, door::Output, door::TimerName, ending::How, state::Phase};
use crate::leg::EndedBy;

impl Leg {
    pub(super) fn timer(&mut self, name: TimerName, turn: &mut Turn<'_>) {
        match name {
            TimerName::RepeatAnswer => self.repeat_answer(turn),
            TimerName::AwaitAck => self.miss_ack(turn),
            TimerName::RepeatReliable => self.repeat_reliable(turn),
            TimerName::AwaitPrack => self.miss_prack(turn),
            TimerName::RepeatProgress => self.repeat_progress(turn),
            // RFC 3261 §9.1: no final response after a CANCEL counts as one.
            TimerName::AwaitCancelled => self.finish(turn),
            TimerName::Refresh | TimerName::Glare => self.refresh(turn),
            // RFC 4028 §10.
            TimerName::Expire => self.end(EndedBy::Timeout, How::default(), turn),
            TimerName::ForgetForks => match &mut self.phase {
                Phase::Up(up) => up.won = None,
                Phase::Closing(closing) => closing.won = None,
                _ => {}
            },
            TimerName::Referral(id) => self.referral_timer(id, turn),
        }
    }

    /// Retransmits the 2xx: T1, doubling up to T2 (RFC 3261 §13.3.1.4).
    fn repeat_answer(&mut self, turn: &mut Turn<'_>) {
        let timers = self.desk.settings.timers;
        let unacked = match &mut self.phase {
            Phase::Up(up) => &mut up.unacked,
            Phase::Closing(closing) => &mut closing.unacked,
            _ => return,
        };
        let Some(unacked) = unacked else {
            return;
        };
        unacked.interval = (unacked.interval * 2).min(timers.t2);
        turn.out.push(Output::Respond {
            tx: unacked.tx,
            response: unacked.response.clone(),
        });
        let after = unacked.interval;
        self.desk
            .clock
            .set(TimerName::RepeatAnswer, after, turn.now, turn.out);
    }

    /// No ACK in 64·T1: the session is ended by BYE (RFC 3261 §13.3.1.4, §14.2).
    fn miss_ack(&mut self, turn: &mut Turn<'_>) {
        self.desk.clock.cancel(TimerName::RepeatAnswer, turn.out);
        match &mut self.phase {
            Phase::Up(up) => {
                up.unacked = None;
                self.end(EndedBy::Timeout, How::default(), turn);
            }
            Phase::Closing(closing) => {
                closing.unacked = None;
                self.say_bye(turn);
            }
            _ => {}
        }
    }
}
