//! A call as the API shows it while it is going on, or until its record is in the database.

use super::{
    messages::Record,
    state::{Call, Phase},
};
use schema::{
    Account, Call as CallRow, Endpoint, Id, PhoneNumber, Time, User,
    types::{CallDirection, CallStatus},
};

/// A call that is not in the database yet. What is not decided yet is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveCall {
    /// Its id.
    pub id: Id<CallRow>,
    /// Whose it is.
    pub account: Id<Account>,
    /// From where to where.
    pub direction: CallDirection,
    /// Outcome; `None` while live.
    pub status: Option<CallStatus>,
    /// User on the call, as far as known.
    pub user: Option<Id<User>>,
    /// Endpoint that handles it, as far as known.
    pub endpoint: Option<Id<Endpoint>>,
    /// Number of the account that is involved.
    pub did: Option<Id<PhoneNumber>>,
    /// Caller, at most 20 characters.
    pub from_number: String,
    /// Caller's name.
    pub from_label: Option<String>,
    /// Destination; `None` while an inbound call is live.
    pub to_number: Option<String>,
    /// Destination's name.
    pub to_label: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// First answer.
    pub answered_at: Option<Time>,
    /// Answer of a person.
    pub connected_at: Option<Time>,
    /// End; `None` while live.
    pub ended_at: Option<Time>,
    /// Answer to end in whole seconds; `None` while live.
    pub duration_seconds: Option<u32>,
    /// Q.850 cause of a destination that could not be connected.
    pub hangup_cause: Option<u8>,
}

impl LiveCall {
    /// The view of a live call; `None` while only its own user's phones ring (nobody hears of it), and
    /// from its `call.end` on.
    pub(crate) fn of(call: &Call) -> Option<Self> {
        let about = &call.about;
        if call.phase == Phase::Over || (about.by_api && call.times.answered.is_none()) {
            return None;
        }
        let inbound = about.direction == CallDirection::Inbound;
        let short = |number: &str| -> String { number.chars().take(20).collect() };
        Some(Self {
            id: call.id,
            account: call.account,
            direction: about.direction,
            status: None,
            user: if inbound {
                about.to_user
            } else {
                about.from_user
            },
            endpoint: if inbound {
                about.to_endpoint
            } else {
                about.from_endpoint
            },
            did: about.did,
            from_number: short(&about.from.number),
            from_label: match inbound {
                true => about.from.name.clone(),
                false => about.from_label.clone(),
            },
            to_number: (!inbound).then(|| short(&about.to_number)),
            to_label: about.to_label.clone(),
            started_at: call.times.started,
            answered_at: call.times.answered,
            connected_at: call.times.connected,
            ended_at: None,
            duration_seconds: None,
            hangup_cause: None,
        })
    }
}

impl From<&Record> for LiveCall {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            account: record.account,
            direction: record.direction,
            status: Some(record.status),
            user: record.user,
            endpoint: record.endpoint,
            did: record.did,
            from_number: record.from_number.clone(),
            from_label: record.from_label.clone(),
            to_number: Some(record.to_number.clone()),
            to_label: record.to_label.clone(),
            started_at: record.started_at,
            answered_at: record.answered_at,
            connected_at: record.connected_at,
            ended_at: Some(record.ended_at),
            duration_seconds: record.seconds,
            hangup_cause: record.hangup_cause,
        }
    }
}
