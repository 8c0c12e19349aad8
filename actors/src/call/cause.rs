//! The one table of how an outcome reads: final SIP status, word of the record, Q.850 cause, reason.

use engine::leg::Refusal;
use schema::types::CallStatus;
use serde::{Deserialize, Serialize};

/// What became of a call, or of one attempt to reach somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Two parties talked, or an application answered.
    Completed,
    /// The caller gave up before anybody answered.
    Abandoned,
    /// It rang and nobody came.
    NoAnswer,
    /// The callee is busy.
    Busy,
    /// The callee pressed the red key.
    Declined,
    /// The callee does not want to be disturbed.
    DoNotDisturb,
    /// No phone of the callee is registered.
    Unavailable,
    /// The number leads nowhere.
    Unallocated,
    /// The number cannot be a number.
    InvalidNumber,
    /// There is no number to present to the outside.
    NoCallerId,
    /// No trunk is there, or none has a free channel.
    NoTrunk,
    /// Every trunk failed.
    NetworkFailure,
    /// The far side, or a setting here, does not want the call.
    Refused,
    /// The two sides have no codec in common.
    NoCodec,
    /// Redirected or forwarded too often.
    Loop,
    /// The feature behind the target is not offered.
    NotOffered,
    /// The account, the user or the endpoint was deleted.
    Deleted,
    /// Nothing was heard from a leg.
    MediaLost,
    /// The exchange shuts down.
    ShuttingDown,
    /// The exchange cannot promise anything at the moment.
    Overloaded,
    /// A defect here.
    Internal,
}

/// How an [`Outcome`] reads to those outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Final status towards a caller who was not answered yet (RFC 3261 §21).
    pub sip: u16,
    /// Word of the record when nobody answered.
    pub status: CallStatus,
    /// Q.850 cause, in Reason headers and in the record.
    pub q850: u8,
    /// Word for the record's inner `end_reason`.
    pub reason: &'static str,
}

impl Outcome {
    /// Every outcome.
    #[cfg(test)]
    const ALL: [Self; 21] = [
        Self::Completed,
        Self::Abandoned,
        Self::NoAnswer,
        Self::Busy,
        Self::Declined,
        Self::DoNotDisturb,
        Self::Unavailable,
        Self::Unallocated,
        Self::InvalidNumber,
        Self::NoCallerId,
        Self::NoTrunk,
        Self::NetworkFailure,
        Self::Refused,
        Self::NoCodec,
        Self::Loop,
        Self::NotOffered,
        Self::Deleted,
        Self::MediaLost,
        Self::ShuttingDown,
        Self::Overloaded,
        Self::Internal,
    ];

    /// The table.
    pub fn reading(self) -> Reading {
        use CallStatus::{Busy, Completed, Failed, NoAnswer};
        let (sip, status, q850, reason) = match self {
            Self::Completed => (200, Completed, 16, "hang_up"),
            Self::Abandoned => (487, NoAnswer, 16, "abandoned"),
            Self::NoAnswer => (480, NoAnswer, 19, "no_answer"),
            Self::Busy => (486, Busy, 17, "busy"),
            Self::Declined => (603, Busy, 21, "declined"),
            Self::DoNotDisturb => (486, Busy, 17, "do_not_disturb"),
            Self::Unavailable => (480, NoAnswer, 20, "unavailable"),
            Self::Unallocated => (404, Failed, 1, "unallocated"),
            Self::InvalidNumber => (484, Failed, 28, "invalid_number"),
            Self::NoCallerId => (403, Failed, 21, "no_caller_id"),
            Self::NoTrunk => (503, Failed, 34, "no_trunk"),
            Self::NetworkFailure => (502, Failed, 38, "network_failure"),
            Self::Refused => (403, Failed, 21, "refused"),
            Self::NoCodec => (488, Failed, 88, "no_codec"),
            Self::Loop => (482, Failed, 25, "loop"),
            Self::NotOffered => (480, NoAnswer, 20, "not_offered"),
            Self::Deleted => (480, Failed, 31, "deleted"),
            Self::MediaLost => (480, Failed, 102, "media_lost"),
            Self::ShuttingDown => (503, Failed, 41, "shutting_down"),
            Self::Overloaded => (503, Failed, 42, "overloaded"),
            Self::Internal => (500, Failed, 41, "internal"),
        };
        Reading {
            sip,
            status,
            q850,
            reason,
        }
    }

    /// Which outcome stands for the whole when several attempts failed: the higher one.
    pub fn weight(self) -> u8 {
        match self {
            Self::Busy | Self::Declined => 6,
            Self::DoNotDisturb => 5,
            Self::NoAnswer => 4,
            Self::Unavailable => 3,
            Self::NoCallerId | Self::Loop => 2,
            _ => 1,
        }
    }

    /// The one of the two that says more about the callee.
    pub fn or(self, other: Self) -> Self {
        if other.weight() > self.weight() {
            other
        } else {
            self
        }
    }
}

/// What a refusal of a dialled leg means (RFC 3398 §8.2.6.1, from SIP towards Q.850).
pub fn of_refusal(refusal: &Refusal) -> Outcome {
    match refusal.status {
        404 | 410 | 604 => Outcome::Unallocated,
        484 | 416 => Outcome::InvalidNumber,
        486 | 600 => Outcome::Busy,
        603 => Outcome::Declined,
        // Nobody answered at all, or the phone said it gave up ringing.
        408 | 487 => Outcome::NoAnswer,
        480 if refusal.q850 == Some(19) => Outcome::NoAnswer,
        480 if refusal.q850 == Some(17) => Outcome::Busy,
        480 | 430 => Outcome::Unavailable,
        482 | 483 => Outcome::Loop,
        488 | 606 => Outcome::NoCodec,
        401 | 402 | 403 | 407 | 433 | 405 | 607 => Outcome::Refused,
        500..=599 => Outcome::NetworkFailure,
        _ => Outcome::Refused,
    }
}

/// Whether another trunk may succeed where this answer came from: 5xx, 408 and time-outs.
pub fn tries_another_trunk(refusal: &Refusal) -> bool {
    refusal.status == 408 || (500..=599).contains(&refusal.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16) -> Refusal {
        Refusal {
            status,
            q850: None,
            redirects: Vec::new(),
            retry_after: None,
        }
    }

    #[test]
    fn every_row_is_sane() {
        for outcome in Outcome::ALL {
            let row = outcome.reading();
            assert!((200..700).contains(&row.sip), "{outcome:?}");
            assert!((1..=127).contains(&row.q850), "{outcome:?}");
            assert_eq!(
                row.status == CallStatus::Completed,
                outcome == Outcome::Completed
            );
        }
    }

    #[test]
    fn answers_of_phones_read_as_people_mean_them() {
        let table = [
            (486, Outcome::Busy, CallStatus::Busy),
            (603, Outcome::Declined, CallStatus::Busy),
            (480, Outcome::Unavailable, CallStatus::NoAnswer),
            (408, Outcome::NoAnswer, CallStatus::NoAnswer),
            (404, Outcome::Unallocated, CallStatus::Failed),
            (488, Outcome::NoCodec, CallStatus::Failed),
            (503, Outcome::NetworkFailure, CallStatus::Failed),
            (699, Outcome::Refused, CallStatus::Failed),
        ];
        for (status, outcome, word) in table {
            assert_eq!(of_refusal(&refusal(status)), outcome, "{status}");
            assert_eq!(outcome.reading().status, word, "{status}");
        }
    }

    #[test]
    fn the_word_of_a_busy_phone_outweighs_an_absent_one() {
        assert_eq!(Outcome::Unavailable.or(Outcome::Busy), Outcome::Busy);
        assert_eq!(Outcome::Busy.or(Outcome::Unavailable), Outcome::Busy);
        assert_eq!(Outcome::Declined.or(Outcome::Busy), Outcome::Declined);
    }

    #[test]
    fn only_network_trouble_tries_the_next_trunk() {
        for status in [408, 500, 502, 503, 504, 580] {
            assert!(tries_another_trunk(&refusal(status)), "{status}");
        }
        for status in [403, 404, 480, 486, 487, 600, 603] {
            assert!(!tries_another_trunk(&refusal(status)), "{status}");
        }
    }
}
