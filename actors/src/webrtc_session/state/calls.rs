//! The calls of a session, and what the client wants of them.

use super::Open;
use crate::webrtc_session::{
    frames::{AttendedStep, ClientFrame, Code, RejectReason, ServerFrame, Trouble},
    messages::{Effect, Saying, Unsaid},
};
use engine::{
    LegError,
    leg::{LONGEST_DESTINATION, LegId, MOST_LEGS, Word},
};
use schema::Time;

/// A call that was asked for and has no leg yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setup {
    number: u32,
    req_id: Option<String>,
    destination: String,
    sdp: String,
    /// The leg whose far side is to be handed on, when somebody is to be consulted about that.
    parent: Option<LegId>,
    /// Whether it may be dialled is being asked.
    at_gate: bool,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub leg: LegId,
    /// Its name; none until the exchange has raised it.
    pub id: Option<String>,
    /// Of the frame that asked for it.
    pub req_id: Option<String>,
    pub answered_at: Option<Time>,
    /// The client itself holds.
    pub holds: bool,
    /// Early descriptions that wait a moment, and until when.
    pub early: Option<(Time, Vec<String>)>,
    /// The leg on which somebody is consulted about this call.
    pub consult: Option<LegId>,
}

impl Call {
    pub(super) fn new(leg: LegId, id: Option<String>, req_id: Option<String>) -> Self {
        Self {
            leg,
            id,
            req_id,
            answered_at: None,
            holds: false,
            early: None,
            consult: None,
        }
    }
}

impl Open {
    /// A frame about calls.
    pub(super) fn told(
        &mut self,
        req_id: Option<String>,
        frame: ClientFrame,
        draining: bool,
        out: &mut Vec<Effect>,
    ) {
        let told = match frame {
            ClientFrame::Create { destination, sdp } => {
                return self.create(req_id, destination, sdp, None, draining, out);
            }
            ClientFrame::Attended {
                call_id,
                step: AttendedStep::Consult { destination, sdp },
            } => return self.consult(req_id, call_id, destination, sdp, draining, out),
            ClientFrame::Attended {
                call_id,
                step: AttendedStep::Complete,
            } => return self.complete(req_id, &call_id, out),
            ClientFrame::HangUp { call_id } => return self.hang_up(req_id, &call_id, out),
            ClientFrame::Answer { call_id } => (call_id, Word::Answer, "the call is not ringing"),
            ClientFrame::Description { call_id, sdp } => {
                let word = Word::Description(sdp);
                (call_id, word, "no description is expected")
            }
            ClientFrame::Reject { call_id, reason } => {
                let busy = reason == Some(RejectReason::Busy);
                (call_id, Word::Reject { busy }, "the call is not ringing")
            }
            ClientFrame::Hold { call_id } => (call_id, Word::Hold, "call is not active"),
            ClientFrame::Resume { call_id } => (call_id, Word::Resume, "call is not on hold"),
            ClientFrame::Mute { call_id } => (call_id, Word::Mute, "call is not active"),
            ClientFrame::Unmute { call_id } => (call_id, Word::Unmute, "call is not active"),
            ClientFrame::Transfer {
                call_id,
                destination,
            } => {
                let Some(destination) = destination_of(destination) else {
                    return out.push(refusal(req_id, Code::InvalidMessage, UNDIALLABLE));
                };
                let word = Word::Transfer { destination };
                (call_id, word, "call is not active")
            }
            ClientFrame::Candidate {}
            | ClientFrame::CandidatesDone {}
            | ClientFrame::Ping
            | ClientFrame::Watch { .. }
            | ClientFrame::Authenticate { .. }
            | ClientFrame::Refresh { .. } => return,
        };
        let (call_id, word, unfit) = told;
        if let Some(leg) = self.leg_of(&req_id, &call_id, out) {
            out.push(Effect::Say(leg, word, Saying { req_id, unfit }));
        }
    }

    /// The leg behind a call's name. Whoever names a call that is not theirs is told so.
    fn leg_of(
        &self,
        req_id: &Option<String>,
        call_id: &str,
        out: &mut Vec<Effect>,
    ) -> Option<LegId> {
        let found = self.named(call_id).map(|call| call.leg);
        if found.is_none() {
            let trouble = match self.ended.iter().any(|ended| ended == call_id) {
                true => Trouble::new(Code::InvalidMessage, "the call has ended"),
                false => Trouble::new(Code::CallNotFound, "there is no such call"),
            };
            let trouble = trouble.answers(req_id.clone()).about(call_id);
            out.push(Effect::Send(ServerFrame::Error(trouble)));
        }
        found
    }

    pub(super) fn named(&self, call_id: &str) -> Option<&Call> {
        let mut calls = self.calls.iter();
        calls.find(|call| call.id.as_deref() == Some(call_id))
    }

    pub(super) fn call_mut(&mut self, leg: LegId) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.leg == leg)
    }

    /// Repeating it is no mistake.
    fn hang_up(&mut self, req_id: Option<String>, call_id: &str, out: &mut Vec<Effect>) {
        if self.ended.iter().any(|ended| ended == call_id) && self.named(call_id).is_none() {
            return;
        }
        if let Some(leg) = self.leg_of(&req_id, call_id, out) {
            out.push(Effect::Say(leg, Word::HangUp, Saying::default()));
        }
    }

    // Calling

    fn create(
        &mut self,
        req_id: Option<String>,
        destination: String,
        sdp: String,
        parent: Option<LegId>,
        draining: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(destination) = destination_of(destination) else {
            return out.push(refusal(req_id, Code::InvalidMessage, UNDIALLABLE));
        };
        if draining {
            let why = "no new calls are taken: the exchange is shutting down";
            return out.push(refusal(req_id, Code::CallFailed, why));
        }
        if self.calls.len() + self.setups.len() >= MOST_LEGS {
            return out.push(refusal(req_id, Code::RateLimited, "too many calls at once"));
        }
        self.last_setup = self.last_setup.wrapping_add(1);
        let number = self.last_setup;
        out.push(match self.placed {
            true => Effect::Dial(number, destination.clone(), sdp.clone()),
            false => Effect::Gate(number, destination.clone()),
        });
        self.setups.push(Setup {
            number,
            req_id,
            destination,
            sdp,
            parent,
            at_gate: !self.placed,
        });
    }

    /// Whether who has no emergency address here may dial this.
    pub(super) fn gated(&mut self, number: u32, may: bool, out: &mut Vec<Effect>) {
        let Some(at) = self.setups.iter().position(|setup| setup.number == number) else {
            return;
        };
        let setup = &mut self.setups[at];
        if !setup.at_gate {
            return;
        }
        setup.at_gate = false;
        if may {
            let (destination, sdp) = (setup.destination.clone(), setup.sdp.clone());
            return out.push(Effect::Dial(number, destination, sdp));
        }
        let setup = self.setups.remove(at);
        let why = "confirm where you are before you call numbers outside";
        out.push(refusal(setup.req_id, Code::EmergencyAddressRequired, why));
    }

    /// The engine has taken the call, or not.
    pub(super) fn dialled(
        &mut self,
        number: u32,
        result: Result<LegId, LegError>,
        out: &mut Vec<Effect>,
    ) {
        let found = self.setups.iter().position(|setup| setup.number == number);
        let setup = found.map(|at| self.setups.remove(at));
        match (setup, result) {
            (Some(setup), Ok(leg)) => {
                self.calls.push(Call::new(leg, None, setup.req_id));
                if let Some(parent) = setup.parent
                    && let Some(parent) = self.call_mut(parent)
                {
                    parent.consult = Some(leg);
                }
            }
            (Some(setup), Err(why)) => {
                let (code, why) = match why {
                    LegError::Limit | LegError::Ports => {
                        (Code::RateLimited, "no further call can be taken")
                    }
                    LegError::Codec => (Code::CallFailed, "the description cannot be used"),
                    _ => (Code::CallFailed, "the call cannot be placed"),
                };
                out.push(refusal(setup.req_id, code, why));
            }
            // Nobody waits for it any more.
            (None, Ok(leg)) => out.push(Effect::Say(leg, Word::HangUp, Saying::default())),
            (None, Err(_)) => {}
        }
    }

    // Handing on

    fn consult(
        &mut self,
        req_id: Option<String>,
        call_id: String,
        destination: String,
        sdp: String,
        draining: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(leg) = self.leg_of(&req_id, &call_id, out) else {
            return;
        };
        let Some(call) = self.call_mut(leg) else {
            return;
        };
        if call.answered_at.is_none() {
            let trouble = Trouble::new(Code::InvalidMessage, "call is not active");
            let trouble = trouble.answers(req_id).about(call_id);
            return out.push(Effect::Send(ServerFrame::Error(trouble)));
        }
        if !call.holds {
            out.push(Effect::Say(leg, Word::Hold, Saying::default()));
        }
        self.create(req_id, destination, sdp, Some(leg), draining, out);
    }

    fn complete(&mut self, req_id: Option<String>, call_id: &str, out: &mut Vec<Effect>) {
        let Some(leg) = self.leg_of(&req_id, call_id, out) else {
            return;
        };
        let consult = self.named(call_id).and_then(|call| call.consult);
        let answered = |consult: &LegId| {
            let mut calls = self.calls.iter();
            calls.any(|call| call.leg == *consult && call.answered_at.is_some())
        };
        match consult.filter(answered) {
            Some(consult) => {
                let unfit = "the calls cannot be joined";
                let saying = Saying { req_id, unfit };
                out.push(Effect::Say(leg, Word::Complete { consult }, saying));
            }
            None => {
                let why = "nobody has answered the consultation";
                let trouble = Trouble::new(Code::InvalidMessage, why);
                let trouble = trouble.answers(req_id).about(call_id);
                out.push(Effect::Send(ServerFrame::Error(trouble)));
            }
        }
    }

    /// A word that could not be said.
    pub(super) fn unsaid(&mut self, unsaid: Unsaid, out: &mut Vec<Effect>) {
        let Unsaid {
            leg,
            req_id,
            unfit,
            why,
        } = unsaid;
        if unfit.is_empty() {
            return;
        }
        let Some(call_id) = self.call_mut(leg).and_then(|call| call.id.clone()) else {
            return;
        };
        let trouble = match why {
            LegError::State => Trouble::new(Code::InvalidMessage, unfit),
            LegError::Codec => Trouble::new(Code::CallFailed, "the description cannot be used"),
            _ => Trouble::new(Code::CallFailed, "that failed"),
        };
        let trouble = trouble.answers(req_id).about(call_id);
        out.push(Effect::Send(ServerFrame::Error(trouble)));
    }

    /// Repeats the questions whose answers may have been lost. Whether the engine took a call is not known:
    /// the client may try again, and a leg that nobody knows is hung up when it speaks.
    pub(super) fn raised(&mut self, out: &mut Vec<Effect>) {
        let setups = std::mem::take(&mut self.setups);
        for setup in setups {
            if setup.at_gate {
                out.push(Effect::Gate(setup.number, setup.destination.clone()));
                self.setups.push(setup);
            } else {
                let why = "the call may be tried again";
                out.push(refusal(setup.req_id, Code::InternalError, why));
            }
        }
        self.watching.raised(out);
    }
}

/// What is said about a destination that nobody can dial.
const UNDIALLABLE: &str = "destination must be a number or an extension";

/// What is dialled, without what people leave around it.
fn destination_of(text: String) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= LONGEST_DESTINATION;
    let plain = !text.contains(char::is_control);
    (fits && plain).then(|| text.to_owned())
}

pub(super) fn refusal(req_id: Option<String>, code: Code, why: &str) -> Effect {
    Effect::Send(ServerFrame::Error(Trouble::new(code, why).answers(req_id)))
}
