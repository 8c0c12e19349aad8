//! Every frame of `dialstack.webrtc.v1`, as it travels: one JSON object with a `type` each.

use schema::{Account, Id, Time, User};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest `req_id` that is read and said back, in bytes.
pub const LONGEST_REQ_ID: usize = 256;

/// How much is said about a frame that cannot be read, in characters.
const LONGEST_REASON: usize = 200;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum ClientFrame {
    /// Says who it is; the first frame.
    #[serde(rename = "authenticate")]
    Authenticate {
        token: String,
        emergency_address_id: Option<String>,
    },
    /// Goes on with a newer token.
    #[serde(rename = "auth.refresh")]
    Refresh { token: String },
    /// Is anybody there?
    #[serde(rename = "ping")]
    Ping,
    /// Calls.
    #[serde(rename = "call.create")]
    Create { destination: String, sdp: String },
    /// Takes a call; the description follows.
    #[serde(rename = "call.answer")]
    Answer { call_id: String },
    /// The description that answers ours.
    #[serde(rename = "sdp.answer")]
    Description { call_id: String, sdp: String },
    /// Refuses a call.
    #[serde(rename = "call.reject")]
    Reject {
        call_id: String,
        reason: Option<RejectReason>,
    },
    /// Ends a call.
    #[serde(rename = "call.hangup")]
    HangUp { call_id: String },
    /// Holds.
    #[serde(rename = "call.hold")]
    Hold { call_id: String },
    /// Goes on after a hold.
    #[serde(rename = "call.resume")]
    Resume { call_id: String },
    /// The far side is not to hear.
    #[serde(rename = "call.mute")]
    Mute { call_id: String },
    /// The far side hears again.
    #[serde(rename = "call.unmute")]
    Unmute { call_id: String },
    /// Sends the far side elsewhere.
    #[serde(rename = "call.transfer")]
    Transfer {
        call_id: String,
        destination: String,
    },
    /// Sends the far side elsewhere after a word with whoever is there.
    #[serde(rename = "call.transfer.attended")]
    Attended {
        call_id: String,
        #[serde(flatten)]
        step: AttendedStep,
    },
    /// Not needed: descriptions are complete.
    #[serde(rename = "ice.candidate")]
    Candidate {},
    /// Not needed either.
    #[serde(rename = "ice.done")]
    CandidatesDone {},
    /// Watches users, instead of those watched before.
    #[serde(rename = "presence.subscribe")]
    Watch { users: Vec<String> },
}

/// How a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RejectReason {
    /// As busy.
    Busy,
    /// As declined.
    Decline,
}

/// A step of an attended transfer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(crate) enum AttendedStep {
    /// Holds the call and dials somebody.
    Consult { destination: String, sdp: String },
    /// Joins the two.
    Complete,
}

/// A frame that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// Said back in answers and errors.
    pub req_id: Option<String>,
    /// The frame.
    pub frame: ClientFrame,
}

/// A frame that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// As far as it could be read.
    pub req_id: Option<String>,
    /// What is wrong, for the person who wrote the client.
    pub why: String,
}

/// Reads a frame.
pub(crate) fn read(text: &str) -> Result<Received, Unreadable> {
    let unreadable = |req_id: &Option<String>, why: &str| Unreadable {
        req_id: req_id.clone(),
        why: why.to_owned(),
    };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Err(unreadable(&None, "the frame is not JSON"));
    };
    let Some(members) = value.as_object() else {
        return Err(unreadable(&None, "the frame is not a JSON object"));
    };
    let req_id = match members.get("req_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if id.len() <= LONGEST_REQ_ID => Some(id.clone()),
        Some(_) => return Err(unreadable(&None, "req_id is not a short string")),
    };
    if !members.get("type").is_some_and(Value::is_string) {
        return Err(unreadable(&req_id, "type is missing"));
    }
    match serde_json::from_value(value) {
        Ok(frame) => Ok(Received { req_id, frame }),
        Err(error) => {
            let why: String = error.to_string().chars().take(LONGEST_REASON).collect();
            Err(unreadable(&req_id, &why))
        }
    }
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub(crate) enum ServerFrame {
    /// It is who it says.
    #[serde(rename = "authenticated")]
    Authenticated {
        #[serde(skip_serializing_if = "Option::is_none")]
        req_id: Option<String>,
        user_id: Id<User>,
        account_id: Id<Account>,
        reconnected: bool,
    },
    /// The newer token holds.
    #[serde(rename = "auth.refreshed")]
    Refreshed { req_id: Option<String> },
    /// Somebody is there.
    #[serde(rename = "pong")]
    Pong { req_id: Option<String> },
    /// Something is wrong.
    #[serde(rename = "error")]
    Error(Trouble),
    /// The call that was asked for has this id.
    #[serde(rename = "call.trying")]
    Trying {
        call_id: String,
        req_id: Option<String>,
    },
    /// It rings.
    #[serde(rename = "call.ringing")]
    Ringing { call_id: String },
    /// Audio before the answer.
    #[serde(rename = "sdp.pranswer")]
    Early { call_id: String, sdp: String },
    /// The final description.
    #[serde(rename = "sdp.answer")]
    Answer { call_id: String, sdp: String },
    /// The two are connected.
    #[serde(rename = "call.answered")]
    Answered { call_id: String, answered_at: Time },
    /// Somebody calls; the offer follows.
    #[serde(rename = "call.incoming")]
    Incoming {
        call_id: String,
        from: String,
        from_name: Option<String>,
        to: String,
    },
    /// The offer.
    #[serde(rename = "sdp.offer")]
    Offer { call_id: String, sdp: String },
    /// On hold.
    #[serde(rename = "call.held")]
    Held { call_id: String, held_by: HeldBy },
    /// Not on hold any more.
    #[serde(rename = "call.resumed")]
    Resumed { call_id: String },
    /// Over.
    #[serde(rename = "call.ended")]
    Ended {
        call_id: String,
        reason: EndReason,
        duration_seconds: Option<u64>,
    },
    /// The emergency address is not of this network.
    #[serde(rename = "network.changed")]
    NetworkChanged {},
    /// How the watched users are.
    #[serde(rename = "presence.list")]
    Presences {
        #[serde(skip_serializing_if = "Option::is_none")]
        req_id: Option<String>,
        users: Vec<PresenceItem>,
    },
    /// One of them changed.
    #[serde(rename = "presence.update")]
    Presence(PresenceItem),
}

/// Who holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeldBy {
    /// The client itself.
    Local,
    /// The far side.
    Remote,
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EndReason {
    /// Somebody hung up, or somebody else answered.
    #[serde(rename = "hangup")]
    HangUp,
    /// Nobody came.
    NoAnswer,
    /// The callee is busy.
    Busy,
    /// It could not be.
    Failed,
    /// It was handed on.
    Transferred,
    /// It was declined.
    Rejected,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Trouble {
    /// What kind.
    pub code: Code,
    /// For people.
    pub message: String,
    /// The frame it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub req_id: Option<String>,
    /// The call it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The socket is closed right after.
    pub fatal: bool,
    /// The users it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Context {
    /// Users.
    pub users: Vec<String>,
}

/// Kinds of errors. `session_replaced` is not among them: a session too many is refused, and none takes
/// the place of another. Nor is `reachability_unavailable`: who is registered is known from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    AuthFailed,
    AuthExpired,
    SessionRevoked,
    SessionLimit,
    IdleTimeout,
    GoingAway,
    SlowConsumer,
    RateLimited,
    InvalidMessage,
    CallFailed,
    CallNotFound,
    EmergencyAddressRequired,
    PresenceUnavailable,
    InternalError,
}

/// A user as others see them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PresenceItem {
    /// Who.
    pub user_id: Id<User>,
    /// Their name.
    pub name: Option<String>,
    /// `available`, `on_call` or `offline`.
    pub status: &'static str,
    /// They do not want to be disturbed.
    pub do_not_disturb: bool,
    /// What they say of themselves.
    pub status_text: Option<String>,
    /// Since when.
    pub updated_at: Time,
}

impl PresenceItem {
    /// Whether there is nothing to tell anybody who knows the other.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let at = other.updated_at;
        let updated = |item: &Self| Self {
            updated_at: at,
            ..item.clone()
        };
        updated(self) == updated(other)
    }
}

impl Trouble {
    /// One that leaves the socket open.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            req_id: None,
            call_id: None,
            fatal: false,
            context: None,
        }
    }

    /// Answers this frame.
    pub(crate) fn answers(mut self, req_id: Option<String>) -> Self {
        self.req_id = req_id;
        self
    }

    /// Is about this call.
    pub(crate) fn about(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = Some(call_id.into());
        self
    }

    /// Is about these users.
    pub(crate) fn of(mut self, users: Vec<String>) -> Self {
        self.context = Some(Context { users });
        self
    }
}

impl ServerFrame {
    /// As text. Strings, ids and numbers only: printing cannot fail.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_of_both_generations_write() {
        let old = read(r#"{"type":"call.hold","call_id":"call_1"}"#).unwrap();
        let new = read(r#"{"type":"call.hold","call_id":"call_1","req_id":"r"}"#).unwrap();
        assert_eq!(old.frame, new.frame);
        assert_eq!((old.req_id, new.req_id.as_deref()), (None, Some("r")));
        for text in [
            r#"{"type":"ping"}"#,
            r#"{"type":"ping","req_id":null,"more":1}"#,
            r#"{"type":"authenticate","req_id":"r","token":"t"}"#,
            r#"{"type":"authenticate","req_id":"r","token":"t","emergency_address_id":null}"#,
            r#"{"type":"call.reject","call_id":"c"}"#,
            r#"{"type":"call.reject","call_id":"c","reason":"decline"}"#,
            r#"{"type":"call.transfer.attended","call_id":"c","step":"complete"}"#,
            r#"{"type":"call.transfer.attended","call_id":"c","step":"consult","destination":"1","sdp":"s"}"#,
            r#"{"type":"ice.candidate","call_id":"c","candidate":"x","sdp_mid":null,"sdp_m_line_index":null}"#,
            r#"{"type":"ice.done","call_id":"c"}"#,
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn says_what_is_wrong_and_to_what() {
        let table = [
            ("", None),
            ("[]", None),
            ("{}", None),
            (r#"{"req_id":"r"}"#, Some("r")),
            (r#"{"type":7,"req_id":"r"}"#, Some("r")),
            (r#"{"type":"ping","req_id":7}"#, None),
            (r#"{"type":"call.dance","req_id":"r"}"#, Some("r")),
            (
                r#"{"type":"sdp.offer","req_id":"r","call_id":"c","sdp":"s"}"#,
                Some("r"),
            ),
            (
                r#"{"type":"call.create","req_id":"r","destination":"1"}"#,
                Some("r"),
            ),
            (
                r#"{"type":"call.hold","req_id":"r","call_id":1}"#,
                Some("r"),
            ),
            (
                r#"{"type":"call.reject","req_id":"r","call_id":"c","reason":"rude"}"#,
                Some("r"),
            ),
            (
                r#"{"type":"call.transfer.attended","req_id":"r","call_id":"c","step":"jump"}"#,
                Some("r"),
            ),
        ];
        for (text, req_id) in table {
            let unreadable = read(text).unwrap_err();
            assert_eq!(unreadable.req_id.as_deref(), req_id, "{text}");
            assert!(!unreadable.why.is_empty());
        }
        let long = format!(r#"{{"type":"ping","req_id":"{}"}}"#, "x".repeat(300));
        assert!(read(&long).is_err());
    }
}
