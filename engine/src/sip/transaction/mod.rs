//! The four transaction machines of RFC 3261 §17 with the corrections of RFC 6026. Each is a state and a
//! pure `apply`: what happened goes in, what is to be done comes out. They neither hold messages nor
//! know sockets or clocks; [`crate::stack`] does both for them.

pub(crate) mod client;
pub(crate) mod invite_client;
pub(crate) mod invite_server;
pub(crate) mod key;
pub(crate) mod server;

use crate::Timers;
use std::time::Duration;

/// Timers of RFC 3261 table 4 and RFC 6026 §7.1, by their letters, and one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TimerName {
    /// INVITE request retransmission.
    A,
    /// INVITE transaction time-out.
    B,
    /// Time without any provisional response once an INVITE is proceeding.
    C,
    /// Wait for retransmitted responses to INVITE.
    D,
    /// Non-INVITE request retransmission.
    E,
    /// Non-INVITE transaction time-out.
    F,
    /// INVITE response retransmission.
    G,
    /// Wait for ACK.
    H,
    /// Wait for retransmitted ACKs.
    I,
    /// Wait for retransmitted non-INVITE requests.
    J,
    /// Wait for retransmitted responses to non-INVITE.
    K,
    /// Wait for retransmitted INVITEs after a 2xx was sent.
    L,
    /// Wait for retransmitted 2xx.
    M,
    /// A server transaction that its user has not answered: looked at every 64·T1.
    Unanswered,
}

/// Why a client transaction got no final response, or a server one no ACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TxFailure {
    /// Timer B, C, F or H fired.
    Timeout,
    /// The message could not be sent.
    Transport,
}

/// What a machine wants done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send the request (client) or the newest response (server).
    Transmit,
    /// Send the same once more.
    Retransmit,
    /// Build the ACK for a final response that is no 2xx and send it (RFC 3261 §17.1.1.3).
    Acknowledge,
    /// Send that ACK once more.
    ReAcknowledge,
    /// Arm a timer; it replaces one of the same name.
    Set(TimerName, Duration),
    /// Disarm a timer.
    Clear(TimerName),
    /// Hand the message to the transaction user.
    Deliver,
    /// Tell the transaction user.
    Fail(TxFailure),
    /// The user of a server transaction has been silent for long: see whether it still exists.
    Unanswered,
    /// Forget the transaction.
    Forget,
}

/// What a machine must know about its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions {
    /// Base timers.
    pub(crate) timers: Timers,
    /// Whether the transport delivers reliably (TCP, TLS).
    pub(crate) reliable: bool,
}

impl Conditions {
    /// 64·T1: timers B, F, H, L, M, and J when unreliable.
    pub(crate) fn limit(&self) -> Duration {
        self.timers.t1.saturating_mul(64)
    }

    /// The wait that is only needed where messages may be repeated: zero on reliable transports.
    fn linger(&self, wait: Duration) -> Duration {
        if self.reliable { Duration::ZERO } else { wait }
    }
}

/// Arms the timer that ends a transaction, or ends it at once when there is nothing to wait for.
fn end_after(name: TimerName, wait: Duration, out: &mut Vec<Action>) -> bool {
    if wait.is_zero() {
        out.push(Action::Forget);
        return true;
    }
    out.push(Action::Set(name, wait));
    false
}
