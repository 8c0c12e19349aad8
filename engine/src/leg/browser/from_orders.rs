//! Orders of whoever controls the call, each in the states that allow it.

use super::{
    ClientEnding, Leg, Notice, Signal,
    ending::{BUSY, OVERLOADED, UNAVAILABLE},
    state::{Phase, Up},
};
use crate::{
    LegError,
    leg::{
        EndedBy, LegEvent, Party,
        machine::{Audio, Order, Output, Turn},
    },
    sdp::Agreed,
};
use std::time::Instant;

impl Leg {
    /// Takes an order.
    ///
    /// # Errors
    /// Says why the order cannot be carried out; the leg is as it was.
    pub fn order(
        &mut self,
        order: Order,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) -> Result<(), LegError> {
        if matches!(self.phase, Phase::Gone) {
            return Err(LegError::Gone);
        }
        let turn = &mut Turn { now, audio, out };
        match order {
            Order::Ring => self.ring(turn),
            Order::Progress { like } => self.progress(like.as_ref(), turn),
            Order::Answer { like } => self.answer(like.as_ref(), turn),
            Order::Reject(rejection) => self.reject(rejection, turn),
            Order::HangUp(how) => {
                self.hang_up(how, turn);
                Ok(())
            }
            Order::Abandon(EndedBy::Peer) => {
                self.leave(ClientEnding::HangUp, turn);
                Ok(())
            }
            Order::Abandon(by) => {
                self.end(by, ClientEnding::Failed, turn);
                Ok(())
            }
            Order::AcceptReferral(id) => self.accept_transfer(id, turn),
            Order::RefuseReferral(id, status) => self.refuse_transfer(id, status, turn),
            Order::NotifyReferral(id, status) => self.transfer_goes(id, status, turn),
            Order::SendDigits(digits) => self.press(&digits, turn),
            // A browser agrees on telephone-events, so it has the key already.
            Order::RelayDigit(_) => Ok(()),
            Order::Name(call) => {
                self.named(call, turn);
                Ok(())
            }
            Order::Notice(notice) => self.noticed(notice, turn),
        }
    }

    /// Offers the call to a browser, which rings from now on.
    pub fn begin(
        &mut self,
        to: Party,
        like: Option<&Agreed>,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        let turn = &mut Turn { now, audio, out };
        let offer = match self.open(turn) {
            Ok(()) => self.talk.offer(like),
            Err(_) => None,
        };
        let (Some(sdp), Some(call)) = (offer, self.name.clone()) else {
            return self.never_heard(OVERLOADED, turn);
        };
        let from = self.peer.clone();
        self.signal(
            Signal::Incoming {
                call,
                from,
                to,
                sdp,
            },
            turn,
        );
        turn.tell(LegEvent::Ringing);
    }

    /// The browser was never told, and will not be.
    pub fn unreachable(
        &mut self,
        busy: bool,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) {
        let status = if busy { BUSY } else { UNAVAILABLE };
        self.never_heard(status, &mut Turn { now, audio, out });
    }

    fn ring(&mut self, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let Phase::Calling(calling) = &mut self.phase else {
            return Err(LegError::State);
        };
        if !std::mem::replace(&mut calling.rang, true) {
            self.signal(Signal::Ringing, turn);
        }
        Ok(())
    }

    fn progress(&mut self, like: Option<&Agreed>, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let sdp = self.describe(like, turn)?;
        if let Phase::Calling(calling) = &mut self.phase
            && !std::mem::replace(&mut calling.early, true)
        {
            self.signal(Signal::EarlyMedia(sdp), turn);
        }
        Ok(())
    }

    fn answer(&mut self, like: Option<&Agreed>, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let sdp = self.describe(like, turn)?;
        self.phase = Phase::Up(Up::new(true));
        self.signal(Signal::Answer(sdp), turn);
        self.signal(Signal::Answered, turn);
        // What is signalled arrives: there is nothing to wait for.
        turn.tell(LegEvent::Confirmed);
        Ok(())
    }

    /// Our answer to the browser's offer; the first that is made stands.
    fn describe(&mut self, like: Option<&Agreed>, turn: &mut Turn<'_>) -> Result<String, LegError> {
        if !matches!(self.phase, Phase::Calling(_)) {
            return Err(LegError::State);
        }
        if !self.talk.asked() {
            return self.talk.description().ok_or(LegError::State);
        }
        self.open(turn)?;
        self.talk.answer(like, turn).map_err(|error| {
            tracing::debug!(%error, "a browser's offer leads to no agreement");
            LegError::Codec
        })
    }

    fn press(&mut self, keys: &str, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let Phase::Up(_) = &self.phase else {
            return Err(LegError::State);
        };
        let agreed = self.talk.agreed();
        if agreed.is_some_and(|agreed| !agreed.dtmf.is_empty())
            && let Some(id) = self.talk.id()
        {
            turn.audio.send_digits(id, keys);
        } else {
            tracing::debug!("keys are lost: the browser takes no telephone-events");
        }
        Ok(())
    }

    /// The call has a name: the browser hears it, and how far the call has come meanwhile.
    fn named(&mut self, call: String, turn: &mut Turn<'_>) {
        if self.name.is_some() {
            return;
        }
        self.name = Some(call.clone());
        self.signal(Signal::Trying { call }, turn);
        let sdp = self.talk.description().unwrap_or_default();
        match &self.phase {
            Phase::Calling(calling) => {
                if calling.rang {
                    self.signal(Signal::Ringing, turn);
                }
                if calling.early {
                    self.signal(Signal::EarlyMedia(sdp), turn);
                }
            }
            Phase::Up(up) if up.called_us => {
                self.signal(Signal::Answer(sdp), turn);
                self.signal(Signal::Answered, turn);
                if up.holds || up.peer_holds {
                    let by_peer = !up.holds;
                    self.signal(Signal::Held { by_peer }, turn);
                }
            }
            Phase::Up(_) | Phase::Called(_) | Phase::Gone => {}
        }
    }

    /// What the far side does; while the browser holds itself, that makes no difference to it.
    fn noticed(&mut self, notice: Notice, turn: &mut Turn<'_>) -> Result<(), LegError> {
        let Phase::Up(up) = &mut self.phase else {
            return Err(LegError::State);
        };
        let on = notice == Notice::PeerHeld;
        let changed = std::mem::replace(&mut up.peer_holds, on) != on;
        if changed && !up.holds {
            let signal = match on {
                true => Signal::Held { by_peer: true },
                false => Signal::Resumed,
            };
            self.signal(signal, turn);
        }
        Ok(())
    }
}
