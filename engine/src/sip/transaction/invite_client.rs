//! INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2).

use super::{Action, Conditions, TimerName, TxFailure, end_after};
use std::time::Duration;

/// Timer D for unreliable transports (RFC 3261 §17.1.1.2: at least 32 s).
const TIMER_D: Duration = Duration::from_secs(32);

/// Longest silence of a proceeding INVITE. A proxy waits more than 3 minutes (RFC 3261 §16.6 item 11);
/// we are as patient, and every provisional response starts it anew.
const TIMER_C: Duration = Duration::from_secs(200);

/// States in the RFC's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Sent, nothing heard; holds the interval of timer A.
    Calling(Duration),
    /// A provisional response came.
    Proceeding,
    /// A 3xx–6xx came.
    Completed,
    /// A 2xx came (RFC 6026).
    Accepted,
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
    /// The user sent a CANCEL for it.
    Cancelled,
    /// A timer fired.
    Timer(TimerName),
    /// The request or the ACK could not be sent.
    TransportError,
    /// The only way to and from the peer is gone for good: a WebSocket that it had opened.
    Vanished,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct InviteClient {
    state: State,
    cond: Conditions,
}

impl InviteClient {
    /// A machine that waits for [`Input::Start`].
    pub(crate) fn new(cond: Conditions) -> Self {
        Self {
            state: State::Calling(cond.timers.t1),
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
        use Action::{
            Acknowledge, Clear, Deliver, Fail, Forget, ReAcknowledge, Retransmit, Set, Transmit,
        };
        use TimerName::{A, B, C, D, M};
        self.state = match (self.state, input) {
            // §17.1.1.2: timer A on unreliable transports only, timer B on all.
            (State::Calling(wait), Input::Start) => {
                out.push(Transmit);
                if !self.cond.reliable {
                    out.push(Set(A, wait));
                }
                out.push(Set(B, self.cond.limit()));
                State::Calling(wait)
            }
            // §17.1.1.2: timer A doubles without a ceiling.
            (State::Calling(wait), Input::Timer(A)) => {
                let wait = wait.saturating_mul(2);
                out.extend([Retransmit, Set(A, wait)]);
                State::Calling(wait)
            }
            // §17.1.1.2: no answer at all.
            (State::Calling(_), Input::Timer(B)) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
                State::Terminated
            }
            // §17.1.1.2: a provisional response stops retransmission.
            (State::Calling(_), Input::Response(100..=199)) => {
                out.extend([Clear(A), Clear(B), Set(C, TIMER_C), Deliver]);
                State::Proceeding
            }
            (State::Proceeding, Input::Response(100..=199)) => {
                out.extend([Set(C, TIMER_C), Deliver]);
                State::Proceeding
            }
            // §9.1: a cancelled request gets 64·T1 to come to an end.
            (State::Proceeding, Input::Cancelled) => {
                out.extend([Clear(C), Set(B, self.cond.limit())]);
                State::Proceeding
            }
            (State::Proceeding, Input::Timer(B | C)) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
                State::Terminated
            }
            // RFC 6026 §7.2: a 2xx leads to Accepted, where more 2xx of forks may follow.
            (State::Calling(_) | State::Proceeding, Input::Response(200..=299)) => {
                out.extend([
                    Clear(A),
                    Clear(B),
                    Clear(C),
                    Set(M, self.cond.limit()),
                    Deliver,
                ]);
                State::Accepted
            }
            // §17.1.1.2: other finals are acknowledged here, hop by hop.
            (State::Calling(_) | State::Proceeding, Input::Response(300..=699)) => {
                out.extend([Clear(A), Clear(B), Clear(C), Deliver, Acknowledge]);
                if end_after(D, self.cond.linger(TIMER_D), out) {
                    State::Terminated
                } else {
                    State::Completed
                }
            }
            // §17.1.1.2: the same final again means that the ACK was lost.
            (State::Completed, Input::Response(300..=699)) => {
                out.push(ReAcknowledge);
                State::Completed
            }
            (State::Completed, Input::Timer(D)) | (State::Accepted, Input::Timer(M)) => {
                out.push(Forget);
                State::Terminated
            }
            // RFC 6026 §7.2: every 2xx goes up, for the user has to send its ACK again.
            (State::Accepted, Input::Response(200..=299)) => {
                out.push(Deliver);
                State::Accepted
            }
            // §17.1.4: cannot be sent. Once proceeding, the peer is known to have the request.
            (State::Calling(_), Input::TransportError) | (State::Calling(_), Input::Vanished) => {
                out.extend([Fail(TxFailure::Transport), Forget]);
                State::Terminated
            }
            // Who rang and is gone for good will not answer, and need not be waited for.
            (State::Proceeding, Input::Vanished) => {
                out.extend([Fail(TxFailure::Timeout), Forget]);
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

    fn machine(reliable: bool) -> InviteClient {
        InviteClient::new(Conditions {
            timers: Timers::default(),
            reliable,
        })
    }

    fn step(m: &mut InviteClient, input: Input) -> Vec<Action> {
        let mut out = Vec::new();
        m.apply(input, &mut out);
        out
    }

    const T1: Duration = Duration::from_millis(500);
    const LIMIT: Duration = Duration::from_secs(32);

    #[test]
    fn a_peer_that_has_vanished_is_not_waited_for() {
        for (ringing, why) in [(false, TxFailure::Transport), (true, TxFailure::Timeout)] {
            let mut m = machine(true);
            step(&mut m, Input::Start);
            if ringing {
                step(&mut m, Input::Response(180));
                step(&mut m, Input::TransportError);
                assert_eq!(m.state(), State::Proceeding);
            }
            let out = step(&mut m, Input::Vanished);
            assert_eq!(out, [Action::Fail(why), Action::Forget]);
            assert_eq!(m.state(), State::Terminated);
        }
    }

    #[test]
    fn an_unanswered_invite_is_repeated_and_given_up() {
        use Action::{Fail, Forget, Retransmit, Set, Transmit};
        use TimerName::{A, B};
        let mut m = machine(false);
        assert_eq!(
            step(&mut m, Input::Start),
            [Transmit, Set(A, T1), Set(B, LIMIT)]
        );
        for n in 1..7 {
            assert_eq!(
                step(&mut m, Input::Timer(A)),
                [Retransmit, Set(A, T1 * 2_u32.pow(n))]
            );
        }
        assert_eq!(
            step(&mut m, Input::Timer(B)),
            [Fail(TxFailure::Timeout), Forget]
        );
    }

    #[test]
    fn a_refusal_is_acknowledged_each_time() {
        let mut m = machine(false);
        step(&mut m, Input::Start);
        step(&mut m, Input::Response(180));
        assert_eq!(m.state(), State::Proceeding);
        let out = step(&mut m, Input::Response(486));
        assert!(out.contains(&Action::Acknowledge) && out.contains(&Action::Deliver));
        assert_eq!(
            step(&mut m, Input::Response(486)),
            [Action::ReAcknowledge],
            "a repeated final is not delivered again"
        );
        assert_eq!(step(&mut m, Input::Timer(TimerName::D)), [Action::Forget]);
    }

    #[test]
    fn every_2xx_is_handed_up_until_timer_m() {
        let mut m = machine(false);
        step(&mut m, Input::Start);
        assert!(step(&mut m, Input::Response(200)).contains(&Action::Deliver));
        assert_eq!(step(&mut m, Input::Response(200)), [Action::Deliver]);
        assert_eq!(step(&mut m, Input::Response(486)), []);
        assert_eq!(step(&mut m, Input::Timer(TimerName::M)), [Action::Forget]);
    }

    #[test]
    fn a_reliable_transport_needs_neither_a_nor_d() {
        let mut m = machine(true);
        assert_eq!(
            step(&mut m, Input::Start),
            [Action::Transmit, Action::Set(TimerName::B, LIMIT)]
        );
        assert!(
            step(&mut m, Input::Response(404)).ends_with(&[Action::Acknowledge, Action::Forget])
        );
        assert_eq!(m.state(), State::Terminated);
    }

    #[test]
    fn a_cancelled_call_that_never_ends_is_given_up() {
        let mut m = machine(false);
        step(&mut m, Input::Start);
        step(&mut m, Input::Response(183));
        assert_eq!(
            step(&mut m, Input::Cancelled),
            [
                Action::Clear(TimerName::C),
                Action::Set(TimerName::B, LIMIT)
            ]
        );
        assert!(step(&mut m, Input::Timer(TimerName::B)).contains(&Action::Forget));
    }

    pub(in crate::sip::transaction) fn any_input() -> impl Strategy<Value = Input> {
        use TimerName::{A, B, C, D, K, M};
        prop_oneof![
            Just(Input::Start),
            (100_u16..700).prop_map(Input::Response),
            Just(Input::Cancelled),
            prop::sample::select(vec![A, B, C, D, K, M]).prop_map(Input::Timer),
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

        #[test]
        fn timers_alone_bring_it_to_an_end(reliable: bool, inputs in prop::collection::vec(any_input(), 0..20)) {
            let mut m = machine(reliable);
            let mut armed = std::collections::HashMap::new();
            let mut clock = Duration::ZERO;
            let note = |armed: &mut std::collections::HashMap<TimerName, Duration>, clock: Duration, out: &[Action]| {
                for a in out {
                    match a {
                        Action::Set(n, d) => { armed.insert(*n, clock + *d); }
                        Action::Clear(n) => { armed.remove(n); }
                        _ => {}
                    }
                }
            };
            for input in std::iter::once(Input::Start).chain(inputs) {
                if matches!(input, Input::Timer(n) if !armed.contains_key(&n)) { continue; }
                if let Input::Timer(n) = input { clock = clock.max(armed.remove(&n).unwrap_or_default()); }
                let out = step(&mut m, input);
                note(&mut armed, clock, &out);
            }
            for _ in 0..200 {
                if m.state() == State::Terminated { break; }
                let (&name, &at) = armed.iter().min_by_key(|(_, at)| **at).expect("a live machine has a timer");
                armed.remove(&name);
                clock = clock.max(at);
                let out = step(&mut m, Input::Timer(name));
                note(&mut armed, clock, &out);
            }
            prop_assert_eq!(m.state(), State::Terminated);
            prop_assert!(clock <= Duration::from_secs(300));
        }
    }
}
