//! The end of a browser's leg: told once to the browser and once to whoever controls the call.

use super::{ClientEnding, Leg, Signal, state::Phase};
use crate::{
    LegError,
    leg::{
        EndedBy, Ending, HangUp, LegEvent, Refusal, Rejection,
        machine::{Output, Turn},
    },
    rtp::Quality,
};

/// Status of a browser that is engaged with this very call, or with too many.
pub(super) const BUSY: u16 = 486;
/// Status of a browser that cannot be called or is gone: only this branch of the call ends.
pub(super) const UNAVAILABLE: u16 = 480;
/// Status of a browser that did not want the call.
pub(super) const DECLINED: u16 = 603;
/// Status of a call for which there is no stream.
pub(super) const OVERLOADED: u16 = 503;
/// Status of a browser whose description leads to no agreement.
pub(super) const NOT_ACCEPTABLE: u16 = 488;
/// Status of a call that was ended without one.
const TERMINATED: u16 = 487;

impl Leg {
    /// A refusal of the browser's call.
    pub(super) fn reject(&mut self, how: Rejection, turn: &mut Turn<'_>) -> Result<(), LegError> {
        if !matches!(self.phase, Phase::Calling(_)) || !(300..700).contains(&how.status) {
            return Err(LegError::State);
        }
        let signal = match &self.name {
            Some(_) => Signal::Ended(match how.q850 {
                Some(19) => ClientEnding::NoAnswer,
                _ => ClientEnding::of_status(how.status),
            }),
            None => Signal::Refused {
                status: how.status,
                phrase: how.phrase,
            },
        };
        self.over(Some(signal), |quality| ended(EndedBy::Us, quality), turn);
        Ok(())
    }

    /// The order to end the leg, in any state.
    pub(super) fn hang_up(&mut self, how: HangUp, turn: &mut Turn<'_>) {
        let reason = match (&self.phase, how.q850) {
            _ if how.transferred || self.transfer.succeeded() => ClientEnding::Transferred,
            (Phase::Calling(_), _) if how.status.is_some() => {
                ClientEnding::of_status(how.status.unwrap_or(TERMINATED))
            }
            // Q.850 §2.2.7: causes from 32 on tell of a lack or a defect.
            (Phase::Up(_), Some(cause)) if cause >= 32 => ClientEnding::Failed,
            (Phase::Calling(_) | Phase::Called(_), Some(18 | 19)) => ClientEnding::NoAnswer,
            (Phase::Calling(_), Some(17)) => ClientEnding::Busy,
            (Phase::Calling(_), Some(21)) => ClientEnding::Rejected,
            (Phase::Calling(_) | Phase::Called(_), Some(cause)) if cause >= 32 => {
                ClientEnding::Failed
            }
            _ => ClientEnding::HangUp,
        };
        self.end(EndedBy::Us, reason, turn);
    }

    /// The browser ends the call, or is gone. While it rings, others may go on ringing.
    pub(super) fn leave(&mut self, reason: ClientEnding, turn: &mut Turn<'_>) {
        match &self.phase {
            Phase::Called(_) => self.refuse(UNAVAILABLE, reason, turn),
            _ => self.end(EndedBy::Peer, reason, turn),
        }
    }

    /// The browser does not take the call it is offered.
    pub(super) fn refuse(&mut self, status: u16, reason: ClientEnding, turn: &mut Turn<'_>) {
        let signal = Signal::Ended(reason);
        self.over(Some(signal), |_| refused(status), turn);
    }

    /// The browser has heard nothing of the call, and will not.
    pub(super) fn never_heard(&mut self, status: u16, turn: &mut Turn<'_>) {
        self.over(None, |_| refused(status), turn);
    }

    /// Ends the leg.
    pub(super) fn end(&mut self, by: EndedBy, reason: ClientEnding, turn: &mut Turn<'_>) {
        let signal = match &self.name {
            Some(_) => Signal::Ended(reason),
            None => Signal::Refused {
                status: match reason {
                    ClientEnding::Failed => OVERLOADED,
                    _ => TERMINATED,
                },
                phrase: None,
            },
        };
        self.over(Some(signal), |quality| ended(by, quality), turn);
    }

    fn over(
        &mut self,
        signal: Option<Signal>,
        event: impl FnOnce(Option<Quality>) -> LegEvent,
        turn: &mut Turn<'_>,
    ) {
        if matches!(self.phase, Phase::Gone) {
            return;
        }
        self.phase = Phase::Gone;
        let quality = self.talk.close(turn);
        turn.out.extend(signal.map(Output::Signal));
        turn.tell(event(quality));
        turn.out.push(Output::Unindex(self.dialog.clone()));
        self.clock.clear(turn.out);
        turn.out.push(Output::Gone);
    }
}

fn ended(by: EndedBy, quality: Option<Quality>) -> LegEvent {
    LegEvent::Ended(Ending {
        by,
        q850: None,
        quality,
    })
}

fn refused(status: u16) -> LegEvent {
    LegEvent::Refused(Refusal {
        status,
        q850: None,
        redirects: Vec::new(),
        retry_after: None,
    })
}
