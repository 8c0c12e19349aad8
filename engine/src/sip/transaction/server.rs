//! Non-INVITE server transaction (RFC 3261 §17.2.2).

use super::{Action, Conditions, TimerName, TxFailure, end_after};

/// States in the RFC's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not answered at all.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// A final response was sent.
    Completed,
    /// Done.
    Terminated,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The request came again.
    Request,
    /// Its user answers with this status.
    Respond(u16),
    /// A timer fired.
    Timer(TimerName),
    /// A response could not be sent.
    TransportError,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Server {
    state: State,
    cond: Conditions,
}

impl Server {
    /// A machine for a request that just came. One that its user never answers ends after 64·T1, when
    /// the client has given up too.
    pub(crate) fn new(cond: Conditions, out: &mut Vec<Action>) -> Self {
        out.push(Action::Set(TimerName::Unanswered, cond.limit()));
        Self {
            state: State::Trying,
            cond,
        }
    }

    /// Current state.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Takes one input and says what is to be done.
    pub(crate) fn apply(&mut self, input: Input, out: &mut Vec<Action>) {
        use Action::{Clear, Fail, Forget, Retransmit, Transmit};
        use TimerName::{J, Unanswered};
        self.state = match (self.state, input) {
            // §17.2.2: nothing to repeat while trying.
            (State::Trying, Input::Request) => State::Trying,
            (State::Trying | State::Proceeding, Input::Respond(100..=199)) => {
                out.push(Transmit);
                State::Proceeding
            }
            (State::Trying | State::Proceeding, Input::Respond(200..=699)) => {
                out.extend([Clear(Unanswered), Transmit]);
                if end_after(J, self.cond.linger(self.cond.limit()), out) {
                    State::Terminated
                } else {
                    State::Completed
                }
            }
            (State::Trying | State::Proceeding, Input::Timer(Unanswered)) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
                State::Terminated
            }
            (state @ (State::Proceeding | State::Completed), Input::Request) => {
                out.push(Retransmit);
                state
            }
            // §17.2.2: nobody to answer to.
            (State::Proceeding | State::Completed, Input::TransportError) => {
                out.extend([Fail(TxFailure::Transport), Forget]);
                State::Terminated
            }
            (State::Completed, Input::Timer(J)) => {
                out.push(Forget);
                State::Terminated
            }
            (state, _) => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timers, sip::transaction::Action};
    use proptest::prelude::*;
    use std::time::Duration;

    fn machine(reliable: bool) -> Server {
        let cond = Conditions {
            timers: Timers::default(),
            reliable,
        };
        Server::new(cond, &mut Vec::new())
    }

    fn step(m: &mut Server, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        m.apply(input, &mut out);
        out
    }

    #[test]
    fn a_repeated_request_gets_the_same_answer_for_32_seconds() {
        let mut m = machine(false);
        assert_eq!(step(&mut m, Input::Request), []);
        assert_eq!(
            step(&mut m, Input::Respond(200)),
            [
                Action::Clear(TimerName::Unanswered),
                Action::Transmit,
                Action::Set(TimerName::J, Duration::from_secs(32))
            ]
        );
        assert_eq!(step(&mut m, Input::Request), [Action::Retransmit]);
        assert_eq!(step(&mut m, Input::Respond(500)), []);
        assert_eq!(step(&mut m, Input::Timer(TimerName::J)), [Action::Forget]);
    }

    #[test]
    fn a_stream_ends_it_with_the_answer() {
        let mut m = machine(true);
        assert!(step(&mut m, Input::Respond(200)).ends_with(&[Action::Transmit, Action::Forget]));
        assert_eq!(m.state(), State::Terminated);
    }

    #[test]
    fn one_that_is_never_answered_ends_too() {
        let mut m = machine(false);
        assert_eq!(
            step(&mut m, Input::Timer(TimerName::Unanswered)),
            [Action::Fail(TxFailure::Timeout), Action::Forget]
        );
    }

    fn any_input() -> impl Strategy<Value = Input> {
        use TimerName::{E, J, Unanswered};
        prop_oneof![
            Just(Input::Request),
            (100_u16..700).prop_map(Input::Respond),
            prop::sample::select(vec![E, J, Unanswered]).prop_map(Input::Timer),
            Just(Input::TransportError),
        ]
    }

    proptest! {
        #[test]
        fn nothing_follows_the_end(reliable: bool, inputs in prop::collection::vec(any_input(), 0..40)) {
            let mut m = machine(reliable);
            let mut ended = false;
            for input in inputs {
                let out = step(&mut m, input);
                prop_assert!(!ended || out.is_empty());
                ended |= out.contains(&Action::Forget);
                prop_assert_eq!(ended, m.state() == State::Terminated);
            }
        }
    }
}
