//! The states of a leg. Each holds what exists in it and nothing else.

use super::{
    door::{ClientTx, ServerTx, Target},
    identity::Plan,
    session_timer::SessionTimer,
};
use crate::{
    sdp::Session,
    sip::{Message, dialog::Dialog},
};
use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, time::Duration};

/// Where a leg is in its life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Outgoing; the way to the peer is being looked up.
    Locating(Box<Plan>),
    /// Outgoing; the INVITE waits for its final response.
    Calling(Box<Calling>),
    /// Outgoing and given up; the INVITE still waits for its final response.
    Cancelling(Box<Cancelling>),
    /// Incoming; the INVITE waits for our final response.
    Incoming(Box<Incoming>),
    /// A 2xx was sent or received.
    Up(Box<Up>),
    /// The BYE waits for its response, or may not be sent yet.
    Closing(Box<Closing>),
    /// Over.
    Gone,
}

/// An outgoing INVITE without a final response.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Calling {
    /// Its transaction.
    pub tx: ClientTx,
    /// The request as sent last.
    #[serde(with = "super::text::message")]
    pub invite: Message,
    /// Where it was sent.
    pub target: Target,
    /// A provisional response came: a CANCEL may be sent (RFC 3261 §9.1).
    pub provisional: bool,
    /// `Ringing` was told.
    pub rang: bool,
    /// `EarlyMedia` was told.
    pub early: bool,
    /// The early dialogs, one a fork (RFC 3261 §12.1).
    pub forks: Vec<Fork>,
}

/// One early dialog of an outgoing INVITE.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fork {
    /// The dialog.
    pub dialog: Dialog,
    /// RSeq of the last reliable provisional response (RFC 3262 §4).
    pub rseq: Option<u32>,
    /// It answered our offer reliably; what a 2xx says about media is a repetition.
    pub answered: bool,
    /// What it said about media last, to be taken up again when it wins over other forks.
    #[serde(with = "super::text::session")]
    pub answer: Option<Session>,
}

/// An outgoing INVITE that was given up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cancelling {
    /// The INVITE.
    pub calling: Calling,
    /// Value of the CANCEL's Reason.
    pub reason: Option<String>,
    /// The CANCEL was sent.
    pub sent: bool,
}

/// An incoming INVITE that we have not answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incoming {
    /// Its transaction.
    pub tx: ServerTx,
    /// The request.
    #[serde(with = "super::text::message")]
    pub invite: Message,
    /// The dialog, early from our first response on.
    pub dialog: Dialog,
    /// The session timer decided on, for the 2xx.
    pub timer: SessionTimer,
    /// Reliable provisional responses.
    pub reliable: Reliable,
    /// Status sent last, 0 for none.
    pub sent: u16,
    /// Our description went out in a reliable response already, so the 2xx has none.
    pub described: bool,
    /// The answer waits for a PRACK (RFC 3262 §3).
    pub answering: bool,
}

/// The server's side of RFC 3262.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reliable {
    /// `100rel` is in Supported or Require.
    pub able: bool,
    /// `100rel` is in Require.
    pub required: bool,
    /// The next RSeq.
    pub next: u32,
    /// Sent and not acknowledged.
    pub unacked: Option<Unpracked>,
    /// Waiting for the one before: status and body.
    pub queue: VecDeque<(u16, Option<String>)>,
}

/// A reliable provisional response that waits for its PRACK.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Unpracked {
    /// Its RSeq.
    pub rseq: u32,
    /// It carries a description, so the 2xx must wait.
    pub described: bool,
    /// The response, for retransmission.
    #[serde(with = "super::text::message")]
    pub response: Message,
    /// Time to the next retransmission.
    pub interval: Duration,
}

/// An answered leg.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Up {
    /// The dialog.
    pub dialog: Dialog,
    /// The ACK was sent or received.
    pub confirmed: bool,
    /// The INVITE that was answered, while another fork may answer it too.
    pub won: Option<Won>,
    /// ACKs we sent, to be repeated when their 2xx is.
    pub acks: Vec<Acked>,
    /// Our 2xx that waits for its ACK.
    pub unacked: Option<Unacked>,
    /// Our re-INVITE or UPDATE under way, at most one.
    pub refreshing: Option<ClientTx>,
    /// It was refused as too short, and asked for again at once.
    #[serde(default)]
    pub asked_longer: bool,
}

/// An INVITE of ours that was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Won {
    /// Its transaction.
    pub tx: ClientTx,
    /// The request.
    #[serde(with = "super::text::message")]
    pub invite: Message,
}

/// An ACK that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Acked {
    /// The INVITE's transaction.
    pub tx: ClientTx,
    /// Tag of the one who answered.
    pub tag: String,
    /// The ACK.
    #[serde(with = "super::text::message")]
    pub message: Message,
    /// Where it was sent.
    pub target: Target,
}

/// A 2xx of ours that waits for its ACK (RFC 3261 §13.3.1.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Unacked {
    /// The INVITE's transaction.
    pub tx: ServerTx,
    /// The INVITE's CSeq number.
    pub cseq: u32,
    /// The response, for retransmission.
    #[serde(with = "super::text::message")]
    pub response: Message,
    /// Time to the next retransmission.
    pub interval: Duration,
}

/// A leg whose end has been told and whose dialog has not ended yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Closing {
    /// The dialog.
    pub dialog: Dialog,
    /// Our BYE; none while it must wait for the ACK (RFC 3261 §15).
    pub bye: Option<ClientTx>,
    /// What it waits for.
    pub unacked: Option<Unacked>,
    /// Value of the BYE's Reason.
    pub reason: Option<String>,
    /// The INVITE that was answered, while another fork may answer it too.
    pub won: Option<Won>,
    /// ACKs we sent, to be repeated when their 2xx is.
    pub acks: Vec<Acked>,
}
