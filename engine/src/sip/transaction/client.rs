//! Non-INVITE client transaction (RFC 3261 §17.1.2).

use super::{Action, Conditions, TimerName, TxFailure, end_after};
use std::time::Duration;

/// States in the RFC's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Sent, nothing heard; holds the interval of timer E.
    Trying(Duration),
    /// A provisional response came.
    Proceeding,
    /// A final response came.
    Completed,
    /// Done.
    Terminated,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The request is to be sent.
    Start,
    /// A response with this status came.
    Response(u16),
    /// A timer fired.
    Timer(TimerName),
    /// The request could not be sent.
    TransportError,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Client {
    state: State,
    cond: Conditions,
}

impl Client {
    /// A machine that waits for [`Input::Start`].
    pub(crate) fn new(cond: Conditions) -> Self {
        Self {
            state: State::Trying(cond.timers.t1),
            cond,
        }
    }

    /// Current state.
    #[cfg(test)]
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Takes one input and says what is to be done.
    pub(crate) fn apply(&mut self, input: Input, out: &mut Vec<Action>) {
        use Action::{Clear, Deliver, Fail, Forget, Retransmit, Set, Transmit};
        use TimerName::{E, F, K};
        let t2 = self.cond.timers.t2;
        self.state = match (self.state, input) {
            // §17.1.2.2: timer E on unreliable transports only, timer F on all.
            (State::Trying(wait), Input::Start) => {
                out.push(Transmit);
                if !self.cond.reliable {
                    out.push(Set(E, wait));
                }
                out.push(Set(F, self.cond.limit()));
                State::Trying(wait)
            }
            // §17.1.2.2: timer E doubles up to T2.
            (State::Trying(wait), Input::Timer(E)) => {
                let wait = wait.saturating_mul(2).min(t2);
                out.extend([Retransmit, Set(E, wait)]);
                State::Trying(wait)
            }
            (State::Trying(_), Input::Response(100..=199)) => {
                out.push(Deliver);
                State::Proceeding
            }
            // §17.1.2.2: once proceeding, timer E is T2.
            (State::Proceeding, Input::Timer(E)) => {
                out.extend([Retransmit, Set(E, t2)]);
                State::Proceeding
            }
            (State::Proceeding, Input::Response(100..=199)) => {
                out.push(Deliver);
                State::Proceeding
            }
            (State::Trying(_) | State::Proceeding, Input::Timer(F)) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
                State::Terminated
            }
            (State::Trying(_) | State::Proceeding, Input::TransportError) => {
                out.extend([Fail(TxFailure::Transport), Forget]);
                State::Terminated
            }
            // §17.1.2.2: timer K absorbs repeated finals.
            (State::Trying(_) | State::Proceeding, Input::Response(200..=699)) => {
                out.extend([Clear(E), Clear(F), Deliver]);
                if end_after(K, self.cond.linger(self.cond.timers.t4), out) {
                    State::Terminated
                } else {
                    State::Completed
                }
            }
            (State::Completed, Input::Timer(K)) => {
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
    use crate::Timers;
    use proptest::prelude::*;

    fn machine(reliable: bool) -> Client {
        Client::new(Conditions {
            timers: Timers::default(),
            reliable,
        })
    }

    fn step(m: &mut Client, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        m.apply(input, &mut out);
        out
    }

    #[test]
    fn intervals_double_up_to_t2_and_stay_there() {
        use Action::{Retransmit, Set};
        let mut m = machine(false);
        step(&mut m, Input::Start);
        for ms in [1000, 2000, 4000, 4000] {
            assert_eq!(
                step(&mut m, Input::Timer(TimerName::E)),
                [Retransmit, Set(TimerName::E, Duration::from_millis(ms))]
            );
        }
        step(&mut m, Input::Response(100));
        assert_eq!(
            step(&mut m, Input::Timer(TimerName::E)),
            [Retransmit, Set(TimerName::E, Duration::from_secs(4))]
        );
        assert_eq!(
            step(&mut m, Input::Timer(TimerName::F)),
            [Action::Fail(TxFailure::Timeout), Action::Forget]
        );
    }

    #[test]
    fn a_final_response_is_delivered_once() {
        let mut m = machine(false);
        step(&mut m, Input::Start);
        assert!(step(&mut m, Input::Response(200)).contains(&Action::Deliver));
        assert_eq!(step(&mut m, Input::Response(200)), []);
        assert_eq!(step(&mut m, Input::Timer(TimerName::K)), [Action::Forget]);
    }

    #[test]
    fn a_stream_ends_it_with_the_final_response() {
        let mut m = machine(true);
        step(&mut m, Input::Start);
        assert!(step(&mut m, Input::Response(401)).ends_with(&[Action::Deliver, Action::Forget]));
    }

    fn any_input() -> impl Strategy<Value = Input> {
        use TimerName::{A, E, F, K};
        prop_oneof![
            Just(Input::Start),
            (100_u16..700).prop_map(Input::Response),
            prop::sample::select(vec![A, E, F, K]).prop_map(Input::Timer),
            Just(Input::TransportError),
        ]
    }

    proptest! {
        #[test]
        fn nothing_follows_the_end(reliable: bool, inputs in prop::collection::vec(any_input(), 0..40)) {
            let mut m = machine(reliable);
            let mut ended = false;
            for input in std::iter::once(Input::Start).chain(inputs) {
                let out = step(&mut m, input);
                prop_assert!(!ended || out.is_empty());
                ended |= out.contains(&Action::Forget);
                prop_assert_eq!(ended, m.state() == State::Terminated);
            }
        }
    }
}
