//! The events as the document shows them. The facts themselves are printed by `actors`; the tests hold every
//! event they see to these shapes.

use schema::types::CallStatus;
use serde_json::{Map, Value, json};

/// Where the stream is.
pub const PATH: &str = "/v1/events";

/// Members by name: each is there in every such event, unless it is `Maybe`.
type Members = Vec<(&'static str, Member)>;

/// Whether a member is always there, and its schema.
enum Member {
    Always(Value),
    Maybe(Value),
}

use Member::{Always, Maybe};

fn id(what: &str) -> Value {
    json!({"$ref": "#/components/schemas/EntityId", "description": what})
}

fn id_or_null(what: &str) -> Value {
    let id = json!({"$ref": "#/components/schemas/EntityId"});
    json!({"oneOf": [{"type": "null"}, id], "description": what})
}

fn text(what: &str) -> Value {
    json!({"type": "string", "description": what})
}

fn name() -> Value {
    json!({"type": ["string", "null"], "description": "Name of the caller, when known."})
}

fn instant(what: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": what})
}

/// Which way a call goes: there are only two words, and one within the account goes out.
fn direction() -> Value {
    json!({"type": "string", "enum": ["inbound", "outbound"], "description": "Which way it goes."})
}

/// The users at both ends.
fn users() -> Members {
    let from = "User who placed the call, when it was one of the account.";
    let to = "User the call is for or reached, when it is exactly one.";
    vec![
        ("from_user_id", Always(id_or_null(from))),
        ("to_user_id", Always(id_or_null(to))),
    ]
}

/// The same user under both names; absent when there is none.
fn user(same_as: &str) -> Members {
    vec![
        ("user_id", Maybe(id(same_as))),
        ("user", Maybe(id("Same as `user_id`."))),
    ]
}

/// What each event has beside the members that all have.
fn events() -> [(&'static str, &'static str, &'static str, Members); 6] {
    let incoming = [
        vec![("from_name", Always(name()))],
        users(),
        user("Same as `to_user_id`."),
    ];
    let initiated = [users(), user("Same as `from_user_id`.")];
    let ringing = vec![
        ("user_id", Always(id("The user."))),
        ("user", Always(id("Same as `user_id`."))),
        ("from_name", Always(name())),
        ("ringing_at", Always(instant("When."))),
    ];
    let answered = vec![
        ("direction", Always(direction())),
        ("answered_at", Always(instant("When."))),
    ];
    let seconds =
        json!({"type": "integer", "minimum": 0, "description": "Answered time in whole seconds."});
    let status =
        json!({"type": "string", "enum": CallStatus::WORDS, "description": "How it ended."});
    let ended = vec![
        ("direction", Always(direction())),
        ("status", Always(status)),
        ("duration_seconds", Always(seconds)),
        ("ended_at", Always(instant("When."))),
    ];
    let to =
        json!({"type": "string", "maxLength": 32, "description": "Where it went, as dialled."});
    let transferred = vec![("transferred_to", Always(to))];
    let with_users = |own: Members| own.into_iter().chain(users()).collect();
    [
        (
            "call.incoming",
            "CallIncomingEvent",
            "A call reached the account.",
            incoming.into_iter().flatten().collect(),
        ),
        (
            "call.initiated",
            "CallInitiatedEvent",
            "An outbound call starts dialling.",
            initiated.into_iter().flatten().collect(),
        ),
        (
            "call.ringing",
            "CallRingingEvent",
            "A user is going to be rung; once per call and user.",
            ringing,
        ),
        (
            "call.answered",
            "CallAnsweredEvent",
            "A call was answered.",
            with_users(answered),
        ),
        (
            "call.end",
            "CallEndEvent",
            "A call is over and its record is there.",
            with_users(ended),
        ),
        (
            "call.transfer",
            "CallTransferEvent",
            "A call was transferred.",
            transferred,
        ),
    ]
}

/// One event's schema.
fn shape(event: &str, what: &str, own: Members) -> Value {
    let all: Members = vec![
        ("event", Always(json!({"type": "string", "const": event}))),
        ("account_id", Always(id("Prefix `acct`."))),
        ("call_id", Always(id("Prefix `call`."))),
        ("from_number", Always(text("Caller's number or extension."))),
        ("to_number", Always(text("Number called."))),
        ("timestamp", Always(instant("When the event was raised."))),
    ];
    let mut required = Vec::new();
    let mut properties = Map::new();
    for (name, member) in all.into_iter().chain(own) {
        let schema = match member {
            Always(schema) => {
                required.push(name);
                schema
            }
            Maybe(schema) => schema,
        };
        properties.insert(name.to_owned(), schema);
    }
    json!({"type": "object", "description": what, "required": required, "properties": properties})
}

/// The schemas by their names in the document.
pub fn schemas() -> Vec<(&'static str, Value)> {
    let connected = json!({
        "type": "object",
        "description": "The first frame's data.",
        "required": ["message"],
        "properties": {"message": text("A greeting.")},
    });
    let events = events().into_iter();
    let events = events.map(|(event, name, what, own)| (name, shape(event, what, own)));
    std::iter::once(("ConnectedEvent", connected))
        .chain(events)
        .collect()
}

/// Says of the stream's answer which event has which data, and which headers it has.
pub fn complete(answer: &mut Value) {
    let schema = |name: &str| json!(format!("#/components/schemas/{name}"));
    let content = &mut answer["content"]["text/event-stream"];
    content["x-event-schemas"]["connected"] = schema("ConnectedEvent");
    for (event, name, ..) in events() {
        content["x-event-schemas"][event] = schema(name);
    }
    answer["headers"]["Cache-Control"] = json!({"schema": {"type": "string", "const": "no-cache"}});
    answer["headers"]["Connection"] = json!({"schema": {"type": "string", "const": "keep-alive"}});
}
