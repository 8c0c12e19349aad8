//! INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1).

use super::{Action, Conditions, TimerName, TxFailure, end_after};
use std::time::Duration;

/// States in the RFC's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// No final response yet.
    Proceeding,
    /// A 3xx–6xx was sent; holds the interval of timer G.
    Completed(Duration),
    /// Its ACK came.
    Confirmed,
    /// A 2xx was sent (RFC 6026).
    Accepted,
    /// Done.
    Terminated,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    /// The INVITE came, for the first time or again.
    Invite,
    /// Its user answers with this status.
    Respond(u16),
    /// The ACK came.
    Ack,
    /// A timer fired.
    Timer(TimerName),
    /// A response could not be sent.
    TransportError,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct InviteServer {
    state: State,
    cond: Conditions,
    answered: bool,
}

impl InviteServer {
    /// A machine for an INVITE that just came; the stack sends 100 with [`Input::Respond`].
    pub(crate) fn new(cond: Conditions, out: &mut Vec<Action>) -> Self {
        out.push(Action::Set(TimerName::Unanswered, cond.limit()));
        Self {
            state: State::Proceeding,
            cond,
            answered: false,
        }
    }

    /// Current state.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Takes one input and says what is to be done.
    pub(crate) fn apply(&mut self, input: Input, out: &mut Vec<Action>) {
        use Action::{Clear, Deliver, Fail, Forget, Retransmit, Set, Transmit};
        use TimerName::{G, H, I, L, Unanswered};
        let t1 = self.cond.timers.t1;
        self.state = match (self.state, input) {
            // §17.2.1: a repeated INVITE gets the newest provisional response again.
            (State::Proceeding, Input::Invite) => {
                if self.answered {
                    out.push(Retransmit);
                }
                State::Proceeding
            }
            (State::Proceeding, Input::Respond(100..=199)) => {
                self.answered = true;
                out.push(Transmit);
                State::Proceeding
            }
            // RFC 6026 §7.1: the user repeats the 2xx itself, timer L only absorbs INVITEs.
            (State::Proceeding, Input::Respond(200..=299)) => {
                out.extend([Clear(Unanswered), Transmit, Set(L, self.cond.limit())]);
                State::Accepted
            }
            // §17.2.1: other finals are repeated until the ACK comes, or timer H gives up.
            (State::Proceeding, Input::Respond(300..=699)) => {
                out.extend([Clear(Unanswered), Transmit]);
                if !self.cond.reliable {
                    out.push(Set(G, t1));
                }
                out.push(Set(H, self.cond.limit()));
                State::Completed(t1)
            }
            (State::Proceeding, Input::Timer(Unanswered)) => {
                out.extend([Set(Unanswered, self.cond.limit()), Action::Unanswered]);
                State::Proceeding
            }
            (State::Completed(wait), Input::Invite) => {
                out.push(Retransmit);
                State::Completed(wait)
            }
            // §17.2.1: timer G doubles up to T2.
            (State::Completed(wait), Input::Timer(G)) => {
                let wait = wait.saturating_mul(2).min(self.cond.timers.t2);
                out.extend([Retransmit, Set(G, wait)]);
                State::Completed(wait)
            }
            (State::Completed(_), Input::Timer(H)) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
                State::Terminated
            }
            (State::Completed(_), Input::Ack) => {
                out.extend([Clear(G), Clear(H)]);
                if end_after(I, self.cond.linger(self.cond.timers.t4), out) {
                    State::Terminated
                } else {
                    State::Confirmed
                }
            }
            // §17.2.4: nobody to answer to.
            (State::Completed(_), Input::TransportError) => {
                out.extend([Fail(TxFailure::Transport), Forget]);
                State::Terminated
            }
            (State::Confirmed, Input::Timer(I)) | (State::Accepted, Input::Timer(L)) => {
                out.push(Forget);
                State::Terminated
            }
            // RFC 6026 §7.1: the user's own repetition of the 2xx.
            (State::Accepted, Input::Respond(200..=299)) => {
                out.push(Retransmit);
                State::Accepted
            }
            // RFC 6026 §7.1: an ACK that carries the INVITE's branch belongs to the user.
            (State::Accepted, Input::Ack) => {
                out.push(Deliver);
                State::Accepted
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

    fn machine(reliable: bool) -> InviteServer {
        let cond = Conditions {
            timers: Timers::default(),
            reliable,
        };
        InviteServer::new(cond, &mut Vec::new())
    }

    fn step(m: &mut InviteServer, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        m.apply(input, &mut out);
        out
    }

    const T1: Duration = Duration::from_millis(500);
    const LIMIT: Duration = Duration::from_secs(32);

    #[test]
    fn a_refusal_is_repeated_until_the_ack() {
        use Action::{Clear, Retransmit, Set, Transmit};
        use TimerName::{G, H, I, Unanswered};
        let mut m = machine(false);
        assert_eq!(step(&mut m, Input::Respond(100)), [Transmit]);
        assert_eq!(step(&mut m, Input::Invite), [Retransmit]);
        assert_eq!(
            step(&mut m, Input::Respond(486)),
            [Clear(Unanswered), Transmit, Set(G, T1), Set(H, LIMIT)]
        );
        for ms in [1000, 2000, 4000, 4000] {
            assert_eq!(
                step(&mut m, Input::Timer(G)),
                [Retransmit, Set(G, Duration::from_millis(ms))]
            );
        }
        assert_eq!(
            step(&mut m, Input::Ack),
            [Clear(G), Clear(H), Set(I, Duration::from_secs(5))]
        );
        assert_eq!(step(&mut m, Input::Invite), []);
        assert_eq!(step(&mut m, Input::Ack), []);
        assert_eq!(step(&mut m, Input::Timer(I)), [Action::Forget]);
    }

    #[test]
    fn an_accepted_call_absorbs_invites_and_repeats_for_its_user() {
        let mut m = machine(false);
        step(&mut m, Input::Respond(180));
        step(&mut m, Input::Respond(200));
        assert_eq!(m.state(), State::Accepted);
        assert_eq!(step(&mut m, Input::Invite), []);
        assert_eq!(step(&mut m, Input::Respond(200)), [Action::Retransmit]);
        assert_eq!(step(&mut m, Input::Ack), [Action::Deliver]);
        assert_eq!(step(&mut m, Input::Timer(TimerName::L)), [Action::Forget]);
    }

    #[test]
    fn a_peer_that_never_acknowledges_is_given_up() {
        let mut m = machine(true);
        assert_eq!(
            step(&mut m, Input::Respond(404)),
            [
                Action::Clear(TimerName::Unanswered),
                Action::Transmit,
                Action::Set(TimerName::H, LIMIT)
            ]
        );
        assert_eq!(
            step(&mut m, Input::Timer(TimerName::H)),
            [Action::Fail(TxFailure::Timeout), Action::Forget]
        );
    }

    #[test]
    fn a_second_final_response_is_ignored() {
        let mut m = machine(false);
        step(&mut m, Input::Respond(486));
        assert_eq!(step(&mut m, Input::Respond(200)), []);
        assert_eq!(step(&mut m, Input::Respond(180)), []);
    }

    fn any_input() -> impl Strategy<Value = Input> {
        use TimerName::{G, H, I, L, Unanswered};
        prop_oneof![
            Just(Input::Invite),
            (100_u16..700).prop_map(Input::Respond),
            Just(Input::Ack),
            prop::sample::select(vec![G, H, I, L, Unanswered]).prop_map(Input::Timer),
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

        #[test]
        fn an_answered_one_ends_by_its_timers(reliable: bool, status in 200_u16..700, inputs in prop::collection::vec(any_input(), 0..20)) {
            let mut m = machine(reliable);
            let mut armed = std::collections::HashMap::new();
            let mut clock = Duration::ZERO;
            for input in std::iter::once(Input::Respond(status)).chain(inputs) {
                if matches!(input, Input::Timer(n) if armed.remove(&n).is_none()) { continue; }
                for a in step(&mut m, input) {
                    match a {
                        Action::Set(n, d) => { armed.insert(n, clock + d); }
                        Action::Clear(n) => { armed.remove(&n); }
                        _ => {}
                    }
                }
            }
            for _ in 0..100 {
                if m.state() == State::Terminated { break; }
                let (&name, &at) = armed.iter().min_by_key(|(_, at)| **at).expect("a live machine has a timer");
                armed.remove(&name);
                clock = at;
                for a in step(&mut m, Input::Timer(name)) {
                    if let Action::Set(n, d) = a { armed.insert(n, clock + d); }
                }
            }
            prop_assert_eq!(m.state(), State::Terminated);
        }
    }
}
