//! What a leg reports.

use super::{DialogKey, Party};
use crate::rtp::Quality;
use serde::{Deserialize, Serialize};

/// News of one leg, in the order they happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LegEvent {
    /// An outgoing leg rings (180, or 183 without SDP).
    Ringing,
    /// An outgoing leg sends audio before it answers (SDP in a provisional response).
    EarlyMedia,
    /// An outgoing leg answered (2xx); the ACK has been sent and audio is set up.
    Answered,
    /// An outgoing leg failed for good. The leg is gone.
    Refused(Refusal),
    /// An incoming leg that was answered is confirmed (ACK, RFC 3261 §13.3.1.4).
    Confirmed,
    /// The peer put us on hold (its direction is sendonly or inactive).
    Held,
    /// The peer took us off hold.
    Resumed,
    /// The peer pressed a key. Reported once, also when it is relayed as telephone-event.
    Digit(Digit),
    /// The peer asks for a transfer (RFC 3515). Answered by `accept_referral` or `refuse_referral`.
    Referred(Referral),
    /// No RTP came for the configured time although it should have. Reported once per silence.
    MediaLost,
    /// The leg ended (BYE, CANCEL before answer, time-out, session timer, our order). The leg is gone.
    Ended(Ending),
}

/// Why an outgoing leg was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Final SIP status; 408 when nobody answered at all, 503 when it could not be sent.
    pub status: u16,
    /// Q.850 cause from a Reason header (RFC 3326), when the peer gave one.
    pub q850: Option<u8>,
    /// Contacts of a 3xx, best first.
    pub redirects: Vec<Party>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u32>,
}

/// A key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digit {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub key: char,
    /// How long it was held, in milliseconds.
    pub duration_ms: u32,
    /// How it came.
    pub source: DigitSource,
}

/// How a key press came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DigitSource {
    /// RFC 4733 telephone-event.
    Rtp,
    /// SIP INFO.
    Info,
}

/// A REFER inside a leg's dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Referral {
    /// Names this REFER among the leg's; goes into `notify_referral`.
    pub id: u32,
    /// Where to.
    pub target: Party,
    /// The dialog to take over, for an attended transfer (RFC 3891).
    pub replaces: Option<DialogKey>,
}

/// How a leg ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// Who ended it.
    pub by: EndedBy,
    /// Q.850 cause from a Reason header, when the peer gave one.
    pub q850: Option<u8>,
    /// The leg's audio figures; `None` when it never had audio.
    pub quality: Option<Quality>,
}

/// Who ended a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndedBy {
    /// The peer: BYE, or CANCEL of an incoming leg.
    Peer,
    /// Our own order.
    Us,
    /// The peer never confirmed, or the session timer ran out (RFC 4028).
    Timeout,
    /// Nobody claimed the leg.
    Orphaned,
    /// The peer cannot be reached any more, or broke the protocol.
    Failure,
}
