//! A browser hands its call on: asked for by one word, told by one signal when it fails. When it succeeds
//! the call ends, which says so.

use super::{Leg, Signal, state::Phase};
use crate::{
    LegError,
    leg::{
        DialogKey, LegEvent, Party, Referral,
        machine::{TimerName, Turn},
    },
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Time to decide about a transfer, as a phone's REFER has.
const DECISION: Duration = Duration::from_secs(20);

/// Status of a transfer that nobody decided about.
const UNDECIDED: u16 = 503;

/// The transfers of a leg; one at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Transfer {
    /// Number of the last one.
    count: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// None is open.
    #[default]
    Idle,
    /// Nobody has decided yet.
    Asked,
    /// Accepted.
    Active,
    /// The far side is somewhere else; the leg is about to end.
    Done,
}

impl Transfer {
    /// The far side is somewhere else.
    pub fn succeeded(&self) -> bool {
        self.state == State::Done
    }
}

impl Leg {
    /// The browser wants its far side to talk to somebody else.
    pub(super) fn ask_transfer(
        &mut self,
        target: Party,
        replaces: Option<DialogKey>,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        if self.transfer.state != State::Idle || !matches!(self.phase, Phase::Up(_)) {
            return Err(LegError::State);
        }
        self.transfer.count = self.transfer.count.wrapping_add(1);
        self.transfer.state = State::Asked;
        let id = self.transfer.count;
        self.clock
            .set(TimerName::Referral(id), DECISION, turn.now, turn.out);
        turn.tell(LegEvent::Referred(Referral {
            id,
            target,
            replaces,
        }));
        Ok(())
    }

    pub(super) fn accept_transfer(&mut self, id: u32, turn: &mut Turn<'_>) -> Result<(), LegError> {
        self.decide(id, State::Asked, State::Active, turn)
    }

    pub(super) fn refuse_transfer(
        &mut self,
        id: u32,
        status: u16,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        self.decide(id, State::Asked, State::Idle, turn)?;
        self.signal(Signal::TransferFailed(status), turn);
        Ok(())
    }

    /// How an accepted transfer goes.
    pub(super) fn transfer_goes(
        &mut self,
        id: u32,
        status: u16,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        let next = match status {
            0..200 => State::Active,
            200..300 => State::Done,
            _ => State::Idle,
        };
        self.decide(id, State::Active, next, turn)?;
        if next == State::Idle {
            self.signal(Signal::TransferFailed(status), turn);
        }
        Ok(())
    }

    /// Nobody has decided in time.
    pub(super) fn undecided(&mut self, id: u32, turn: &mut Turn<'_>) {
        // Fails when it was decided in the same moment.
        let _ = self.refuse_transfer(id, UNDECIDED, turn);
    }

    fn decide(
        &mut self,
        id: u32,
        from: State,
        to: State,
        turn: &mut Turn<'_>,
    ) -> Result<(), LegError> {
        if self.transfer.count != id || self.transfer.state != from {
            return Err(LegError::State);
        }
        self.transfer.state = to;
        self.clock.cancel(TimerName::Referral(id), turn.out);
        Ok(())
    }
}
