//! What legs tell, and how the client hears it: in the order and the words of the protocol.

use super::{
    ENDED, Open,
    calls::{Call, refusal},
};
use crate::webrtc_session::{
    frames::{Code, EndReason, HeldBy, ServerFrame, Trouble},
    messages::{Effect, Saying},
};
use engine::leg::{ClientEnding, LegId, Signal, Word};
use schema::Time;
use std::time::Duration;

/// How long an early description waits for the final one that may follow at once: a client that gets both
/// in one burst may apply them in the wrong order.
const EARLY_WAITS: Duration = Duration::from_millis(100);

impl Open {
    /// A leg has something to tell.
    pub(super) fn signalled(
        &mut self,
        leg: LegId,
        signal: Signal,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        if let Signal::Incoming {
            call,
            from,
            to,
            sdp,
        } = signal
        {
            self.calls.push(Call::new(leg, Some(call.clone()), None));
            // It may ring again after it ended here.
            self.ended.retain(|ended| *ended != call);
            out.push(Effect::Send(ServerFrame::Incoming {
                call_id: call.clone(),
                from: from.user,
                from_name: from.name,
                to: to.user,
            }));
            return out.push(Effect::Send(ServerFrame::Offer { call_id: call, sdp }));
        }
        let Some(at) = self.calls.iter().position(|call| call.leg == leg) else {
            if !matches!(signal, Signal::Ended(_) | Signal::Refused { .. }) {
                out.push(Effect::Say(leg, Word::HangUp, Saying::default()));
            }
            return;
        };
        match signal {
            Signal::Refused { status, phrase } => {
                let call = self.forget(at);
                let (code, why) = match status {
                    503 => (Code::CallFailed, "no new calls are taken at the moment"),
                    _ => (Code::CallFailed, "the call is refused"),
                };
                let why = phrase.as_deref().unwrap_or(why);
                out.push(refusal(call.req_id, code, why));
            }
            Signal::Ended(why) => self.over(at, why, now, out),
            signal => self.calls[at].hears(signal, now, out),
        }
    }

    fn forget(&mut self, at: usize) -> Call {
        let call = self.calls.remove(at);
        for other in &mut self.calls {
            if other.consult == Some(call.leg) {
                other.consult = None;
            }
        }
        call
    }

    fn over(&mut self, at: usize, why: ClientEnding, now: Time, out: &mut Vec<Effect>) {
        let call = self.forget(at);
        let Some(call_id) = call.id else {
            return out.push(refusal(call.req_id, Code::CallFailed, "the call failed"));
        };
        let duration_seconds = call
            .answered_at
            .map(|answered| now.since(answered).as_secs());
        if self.ended.len() >= ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back(call_id.clone());
        out.push(Effect::Send(ServerFrame::Ended {
            call_id,
            reason: reason(why),
            duration_seconds,
        }));
    }

    /// Early descriptions that have waited long enough.
    pub(super) fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        for call in &mut self.calls {
            if call.early.as_ref().is_some_and(|(due, _)| *due <= now)
                && let (Some((_, all)), Some(call_id)) = (call.early.take(), &call.id)
            {
                out.extend(all.into_iter().map(|sdp| {
                    let call_id = call_id.clone();
                    Effect::Send(ServerFrame::Early { call_id, sdp })
                }));
            }
        }
    }

    /// When something has to be done next.
    pub(super) fn deadline(&self) -> Time {
        let early = self.calls.iter().filter_map(|call| call.early.as_ref());
        let first = early.map(|(due, _)| *due).min();
        first.map_or(self.expires_at, |due| due.min(self.expires_at))
    }
}

impl Call {
    fn hears(&mut self, signal: Signal, now: Time, out: &mut Vec<Effect>) {
        if let Signal::Trying { call } = signal {
            self.id = Some(call.clone());
            return out.push(Effect::Send(ServerFrame::Trying {
                call_id: call,
                req_id: self.req_id.take(),
            }));
        }
        let Some(call_id) = self.id.clone() else {
            return;
        };
        out.push(Effect::Send(match signal {
            Signal::Ringing => ServerFrame::Ringing { call_id },
            Signal::EarlyMedia(sdp) => {
                let waits = || (now.after(EARLY_WAITS), Vec::new());
                self.early.get_or_insert_with(waits).1.push(sdp);
                return;
            }
            Signal::Answer(sdp) => {
                self.early = None;
                ServerFrame::Answer { call_id, sdp }
            }
            Signal::Answered => {
                self.answered_at = Some(now);
                ServerFrame::Answered {
                    call_id,
                    answered_at: now,
                }
            }
            Signal::Held { by_peer } => {
                self.holds |= !by_peer;
                let held_by = match by_peer {
                    true => HeldBy::Remote,
                    false => HeldBy::Local,
                };
                ServerFrame::Held { call_id, held_by }
            }
            Signal::Resumed => {
                self.holds = false;
                ServerFrame::Resumed { call_id }
            }
            Signal::TransferFailed(status) => {
                let why = format!("the transfer failed ({status})");
                ServerFrame::Error(Trouble::new(Code::CallFailed, why).about(call_id))
            }
            Signal::Trying { .. }
            | Signal::Incoming { .. }
            | Signal::Refused { .. }
            | Signal::Ended(_) => return,
        }));
    }
}

fn reason(why: ClientEnding) -> EndReason {
    match why {
        ClientEnding::HangUp => EndReason::HangUp,
        ClientEnding::NoAnswer => EndReason::NoAnswer,
        ClientEnding::Busy => EndReason::Busy,
        ClientEnding::Failed => EndReason::Failed,
        ClientEnding::Transferred => EndReason::Transferred,
        ClientEnding::Rejected => EndReason::Rejected,
    }
}
