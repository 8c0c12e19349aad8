//! What goes into a leg's machine and what comes out of it.

use crate::{
    leg::{DialogKey, EndedBy, HangUp, Hop, LegEvent, Notice, Rejection, Signal, Transport},
    media::{MediaEvent, MediaId},
    sdp::Agreed,
    sip::Message,
};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};

/// A client transaction, numbered by the leg and unique within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ClientTx(pub u32);

/// A server transaction, numbered by the driver; unique at least within the leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ServerTx(pub u64);

/// How the leg's messages travel, as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Path {
    /// Transport.
    pub transport: Transport,
    /// Our address as the peer can reach it; goes into Contact.
    pub local: SocketAddr,
    /// The peer's address: source of what came, destination of what goes.
    pub remote: SocketAddr,
}

/// Where a request goes: the flow when there is one, else the URI by RFC 3263.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Topmost Route or Request-URI (RFC 3261 §8.1.2).
    pub uri: String,
    /// Goes before the URI: a flow, or the hop the order named.
    pub hop: Option<Hop>,
}

/// Everything a leg can hear, orders apart.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// The path towards the peer is known: the answer to [`Output::Locate`].
    Located(Path),
    /// No path: the name does not resolve, or no listener fits.
    Unreachable,
    /// A request in one of the leg's dialogs; not ACK, not CANCEL.
    Request {
        /// Answered with exactly one final response.
        tx: ServerTx,
        /// The request.
        message: Message,
        /// How it came.
        path: Path,
    },
    /// A CANCEL that matches an INVITE of this leg (RFC 3261 §9.2).
    Cancel {
        /// The CANCEL's own transaction.
        tx: ServerTx,
        /// The INVITE's transaction.
        invite: ServerTx,
        /// The CANCEL.
        message: Message,
    },
    /// The connection that this INVITE came by is gone, and its sender cannot be found by any other way.
    Vanished {
        /// The INVITE's transaction.
        invite: ServerTx,
    },
    /// An ACK to a 2xx; every other ACK belongs to its transaction.
    Ack(Message),
    /// A response; every 2xx to an INVITE, also repeated and forked ones (RFC 6026 §7.2).
    Response {
        /// The request's transaction.
        tx: ClientTx,
        /// The response; a 100 once no other address is left to be tried.
        message: Message,
    },
    /// A client transaction ended without a final response.
    Failed {
        /// The request's transaction.
        tx: ClientTx,
        /// Why.
        why: TxFailure,
    },
    /// A timer set by [`Output::SetTimer`] ran out.
    Timer(TimerName),
    /// News of the leg's audio.
    Media(MediaEvent),
}

/// Why a client transaction ended without a final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TxFailure {
    /// Timer B or F (RFC 3261 §17.1).
    Timeout,
    /// It could not be sent.
    Transport,
}

/// What a leg can be told.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// 180.
    Ring,
    /// 183 with SDP.
    Progress {
        /// What the other leg speaks.
        like: Option<Agreed>,
    },
    /// 200.
    Answer {
        /// What the other leg speaks.
        like: Option<Agreed>,
    },
    /// A final refusal.
    Reject(Rejection),
    /// The end, in any state.
    HangUp(HangUp),
    /// The end for a reason of the engine's own.
    Abandon(EndedBy),
    /// 202 to a REFER.
    AcceptReferral(u32),
    /// A refusal of a REFER.
    RefuseReferral(u32, u16),
    /// NOTIFY about a REFER that was accepted.
    NotifyReferral(u32, u16),
    /// Key presses towards the peer.
    SendDigits(String),
    /// A key that came as telephone-event from the party that this leg is bridged to.
    RelayDigit(char),
    /// How the call is named; for browsers.
    Name(String),
    /// What the far side does; for browsers.
    Notice(Notice),
}

/// What the driver carries out, in order.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    /// Find the path; answered by [`Input::Located`] or [`Input::Unreachable`], at once or later.
    Locate(Target),
    /// Start a client transaction; the driver adds Via. Never ACK or CANCEL.
    Send {
        /// Names the transaction in what follows.
        tx: ClientTx,
        /// The request, without Via.
        request: Message,
        /// Where to.
        target: Target,
    },
    /// Send an ACK to a 2xx, outside any transaction; the driver adds Via with a new branch.
    Ack {
        /// The ACK, without Via.
        message: Message,
        /// Where to.
        target: Target,
    },
    /// Send a CANCEL for this INVITE (RFC 3261 §9.1); a provisional response has come.
    Cancel {
        /// The INVITE.
        invite: ClientTx,
        /// Value of a Reason header (RFC 3326).
        reason: Option<String>,
    },
    /// This INVITE was given up before a provisional response: try no further address for it.
    Settle {
        /// The INVITE.
        invite: ClientTx,
    },
    /// Send a response. For an INVITE, a 2xx may be repeated: the leg retransmits it.
    Respond {
        /// The request's transaction.
        tx: ServerTx,
        /// The response, complete.
        response: Message,
    },
    /// Start a timer, or start it anew.
    SetTimer(TimerName, Duration),
    /// Stop a timer.
    CancelTimer(TimerName),
    /// News for the leg's listener.
    Tell(LegEvent),
    /// News for the leg's browser.
    Signal(Signal),
    /// Requests in this dialog belong to this leg from now on.
    Index(DialogKey),
    /// No longer.
    Unindex(DialogKey),
    /// This stream's events belong to this leg from now on.
    MediaOpened(MediaId),
    /// This stream is closed.
    MediaClosed(MediaId),
    /// The leg can be forgotten, its timers and transactions' user with it.
    Gone,
}

/// The timers of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum TimerName {
    /// Retransmits our 2xx (RFC 3261 §13.3.1.4).
    RepeatAnswer,
    /// Gives up waiting for the ACK.
    AwaitAck,
    /// Retransmits a reliable provisional response (RFC 3262 §3).
    RepeatReliable,
    /// Gives up waiting for the PRACK.
    AwaitPrack,
    /// Repeats the last provisional response (RFC 3261 §13.3.1.1).
    RepeatProgress,
    /// Gives up waiting for the final response to a cancelled INVITE (RFC 3261 §9.1).
    AwaitCancelled,
    /// Sends a session refresh (RFC 4028 §7.2).
    Refresh,
    /// Ends a session that was not refreshed (RFC 4028 §10).
    Expire,
    /// Tries a request again that met a request of the peer's (RFC 3261 §14.1).
    Glare,
    /// Stops to expect further forks of an INVITE that was answered (RFC 3261 §13.2.2.4).
    ForgetForks,
    /// Answers a REFER that nobody decides about, or ends its subscription.
    Referral(u32),
}
