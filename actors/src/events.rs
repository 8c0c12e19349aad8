//! The facts tenants hear: one struct an event of the contract, each printed as one line of JSON.

use schema::{Account, Call, Id, Time, User, types::CallStatus};
use serde::Serialize;

/// A fact about a call, as `/v1/events` and webhooks tell it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A call reached the account.
    Incoming {
        /// Both ends.
        ends: Ends,
        /// Name of the caller, when known.
        from_name: Option<String>,
    },
    /// An outbound call starts dialling.
    Initiated {
        /// Both ends.
        ends: Ends,
    },
    /// A user is going to be rung. Once per call and user.
    Ringing {
        /// Both ends.
        ends: Ends,
        /// The user.
        user: Id<User>,
        /// Name of the caller, when known.
        from_name: Option<String>,
    },
    /// Somebody answered.
    Answered {
        /// Both ends.
        ends: Ends,
        /// Inbound, or outbound for all others.
        inbound: bool,
    },
    /// The call is over and its record is durable.
    Ended {
        /// Both ends.
        ends: Ends,
        /// Inbound, or outbound for all others.
        inbound: bool,
        /// Outcome.
        status: CallStatus,
        /// Answered time in whole seconds.
        seconds: u32,
        /// When it ended.
        at: Time,
    },
    /// The call was transferred.
    Transferred {
        /// Both ends, as before the transfer.
        ends: Ends,
        /// Where it went, as dialled.
        to: String,
    },
}

/// Who calls whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// Caller's number or extension.
    pub from_number: String,
    /// Number called.
    pub to_number: String,
    /// User who placed the call, when it was one of the account.
    pub from_user: Option<Id<User>>,
    /// User the call is for, when it is exactly one.
    pub to_user: Option<Id<User>>,
}

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    account_id: Id<Account>,
    call_id: Id<Call>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Id<User>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Id<User>>,
    from_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_name: Option<Option<&'a str>>,
    to_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user_id: Option<Option<Id<User>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_user_id: Option<Option<Id<User>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<CallStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ringing_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_to: Option<&'a str>,
    timestamp: Time,
}

/// The word for a direction: only `inbound` and `outbound` exist in events.
fn direction(inbound: bool) -> &'static str {
    if inbound { "inbound" } else { "outbound" }
}

impl Event {
    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Incoming { .. } => "call.incoming",
            Self::Initiated { .. } => "call.initiated",
            Self::Ringing { .. } => "call.ringing",
            Self::Answered { .. } => "call.answered",
            Self::Ended { .. } => "call.end",
            Self::Transferred { .. } => "call.transfer",
        }
    }

    fn ends(&self) -> &Ends {
        match self {
            Self::Incoming { ends, .. }
            | Self::Initiated { ends }
            | Self::Ringing { ends, .. }
            | Self::Answered { ends, .. }
            | Self::Ended { ends, .. }
            | Self::Transferred { ends, .. } => ends,
        }
    }

    /// The event as one line of JSON.
    pub fn json(&self, account: Id<Account>, call: Id<Call>, now: Time) -> String {
        let ends = self.ends();
        let mut line = Line {
            event: self.name(),
            account_id: account,
            call_id: call,
            user_id: None,
            user: None,
            from_number: &ends.from_number,
            from_name: None,
            to_number: &ends.to_number,
            from_user_id: Some(ends.from_user),
            to_user_id: Some(ends.to_user),
            direction: None,
            status: None,
            duration_seconds: None,
            ringing_at: None,
            answered_at: None,
            ended_at: None,
            transferred_to: None,
            timestamp: now,
        };
        match self {
            Self::Incoming { from_name, .. } => {
                line.user_id = ends.to_user;
                line.from_name = Some(from_name.as_deref());
            }
            Self::Initiated { .. } => line.user_id = ends.from_user,
            Self::Ringing {
                user, from_name, ..
            } => {
                line.user_id = Some(*user);
                line.from_name = Some(from_name.as_deref());
                line.from_user_id = None;
                line.to_user_id = None;
                line.ringing_at = Some(now);
            }
            Self::Answered { inbound, .. } => {
                line.direction = Some(direction(*inbound));
                line.answered_at = Some(now);
            }
            Self::Ended {
                inbound,
                status,
                seconds,
                at,
                ..
            } => {
                line.direction = Some(direction(*inbound));
                line.status = Some(*status);
                line.duration_seconds = Some(*seconds);
                line.ended_at = Some(*at);
            }
            Self::Transferred { to, .. } => {
                line.from_user_id = None;
                line.to_user_id = None;
                line.transferred_to = Some(to);
            }
        }
        line.user = line.user_id;
        // Strings, ids and numbers only: printing cannot fail.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> Ends {
        Ends {
            from_number: "+12075550199".into(),
            to_number: "+12075550110".into(),
            from_user: None,
            to_user: Some(Id::new()),
        }
    }

    fn members(event: &Event) -> (serde_json::Value, Vec<String>) {
        let json = event.json(Id::new(), Id::new(), Time::now());
        assert!(!json.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        (value, names)
    }

    #[test]
    fn incoming_names_the_user_three_times_and_keeps_nulls() {
        let event = Event::Incoming {
            ends: ends(),
            from_name: None,
        };
        let (value, names) = members(&event);
        assert_eq!(value["user"], value["to_user_id"]);
        assert_eq!(value["user_id"], value["to_user_id"]);
        assert!(value["from_name"].is_null() && value["from_user_id"].is_null());
        assert!(names.contains(&"timestamp".to_owned()));
        assert!(names.contains(&"from_name".to_owned()));
    }

    #[test]
    fn ringing_has_the_fields_of_the_contract() {
        let event = Event::Ringing {
            ends: ends(),
            user: Id::new(),
            from_name: Some("Noor".into()),
        };
        let (_, names) = members(&event);
        let wanted = [
            "account_id",
            "call_id",
            "event",
            "from_name",
            "from_number",
            "ringing_at",
            "timestamp",
            "to_number",
            "user",
            "user_id",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn the_end_says_how_and_how_long() {
        let event = Event::Ended {
            ends: ends(),
            inbound: false,
            status: CallStatus::NoAnswer,
            seconds: 0,
            at: Time::now(),
        };
        let (value, _) = members(&event);
        assert_eq!(value["direction"], "outbound");
        assert_eq!(value["status"], "no-answer");
        assert_eq!(value["duration_seconds"], 0);
        assert!(value["from_user_id"].is_null());
    }

    #[test]
    fn a_transfer_says_where_to() {
        let event = Event::Transferred {
            ends: ends(),
            to: "204".into(),
        };
        let (value, names) = members(&event);
        assert_eq!(value["transferred_to"], "204");
        assert!(!names.contains(&"user_id".to_owned()));
    }
}
