//! What a browser says, each word in the states that allow it.

use super::{
    ClientEnding, LONGEST_DESTINATION, Leg, Signal, Word,
    ending::{BUSY, DECLINED, NOT_ACCEPTABLE},
    state::{Phase, Up},
};
use crate::{
    LegError,
    leg::{
        DialogKey, LegEvent, Party,
        machine::{Audio, Output, Turn},
    },
    sdp::{SdpError, Session},
    sip::Uri,
};
use std::time::Instant;

impl Leg {
    /// Takes a word; `consult` is what another leg says of itself, for [`Word::Complete`].
    ///
    /// # Errors
    /// Says why the word means nothing now; the leg is as it was.
    pub fn said(
        &mut self,
        word: Word,
        consult: Option<(Party, DialogKey)>,
        now: Instant,
        audio: &mut dyn Audio,
        out: &mut Vec<Output>,
    ) -> Result<(), LegError> {
        let turn = &mut Turn { now, audio, out };
        match (word, &mut self.phase) {
            (_, Phase::Gone) => return Err(LegError::Gone),
            (Word::HangUp, _) => self.leave(ClientEnding::HangUp, turn),
            (Word::Mute, _) => self.mute(true, turn),
            (Word::Unmute, _) => self.mute(false, turn),
            (Word::Answer, Phase::Called(called)) if !called.taken => {
                called.taken = true;
                self.take(turn);
            }
            (Word::Description(sdp), Phase::Called(called)) if called.answer.is_none() => {
                match Session::parse(sdp.as_bytes()) {
                    Ok(answer) => {
                        called.answer = Some(answer);
                        self.take(turn);
                    }
                    Err(error) => self.disagree(&error, turn),
                }
            }
            (Word::Reject { busy }, Phase::Called(_)) => {
                let status = if busy { BUSY } else { DECLINED };
                self.refuse(status, ClientEnding::Rejected, turn);
            }
            (Word::Hold, Phase::Up(up)) if !up.holds && !up.peer_holds => {
                up.holds = true;
                turn.tell(LegEvent::Held);
                self.signal(Signal::Held { by_peer: false }, turn);
            }
            (Word::Resume, Phase::Up(up)) if up.holds => {
                up.holds = false;
                let by_peer = up.peer_holds;
                turn.tell(LegEvent::Resumed);
                self.signal(Signal::Resumed, turn);
                if by_peer {
                    self.signal(Signal::Held { by_peer }, turn);
                }
            }
            (Word::Transfer { destination: to }, Phase::Up(_)) => {
                let target = destination(&to, &self.settings.domain)?;
                return self.ask_transfer(target, None, turn);
            }
            (Word::Complete { .. }, Phase::Up(_)) => {
                let (target, dialog) = consult.ok_or(LegError::State)?;
                return self.ask_transfer(target, Some(dialog), turn);
            }
            _ => return Err(LegError::State),
        }
        Ok(())
    }

    /// Answered as soon as the browser has said so and has described itself.
    fn take(&mut self, turn: &mut Turn<'_>) {
        let Phase::Called(called) = &mut self.phase else {
            return;
        };
        if !called.taken {
            return;
        }
        let Some(answer) = called.answer.take() else {
            return;
        };
        if let Err(error) = self.talk.accept(&answer, turn) {
            return self.disagree(&error, turn);
        }
        self.phase = Phase::Up(Up::new(false));
        self.signal(Signal::Answered, turn);
        turn.tell(LegEvent::Answered);
    }

    fn disagree(&mut self, error: &SdpError, turn: &mut Turn<'_>) {
        tracing::debug!(%error, "a browser's answer leads to no agreement");
        self.refuse(NOT_ACCEPTABLE, ClientEnding::Failed, turn);
    }

    fn mute(&mut self, on: bool, turn: &mut Turn<'_>) {
        self.muted = on;
        if let Some(id) = self.talk.id() {
            turn.audio.mute(id, on);
        }
    }
}

/// What a browser dials.
///
/// # Errors
/// [`LegError::Address`] when it is empty, too long, or holds what nobody can type.
pub(crate) fn destination(typed: &str, domain: &str) -> Result<Party, LegError> {
    let typed = typed.trim();
    let odd = typed.chars().any(char::is_control);
    if typed.is_empty() || typed.len() > LONGEST_DESTINATION || odd {
        return Err(LegError::Address);
    }
    let uri = Uri::sip(Some(typed), domain, None).map_err(|_| LegError::Address)?;
    Ok(Party {
        name: None,
        user: typed.to_owned(),
        uri: uri.to_string(),
    })
}
