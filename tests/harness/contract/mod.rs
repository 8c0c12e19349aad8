//! Every answer that a test sees is held to what is written about it: to the document that the exchange
//! serves (`tests/data/openapi.json`, which `tests/contract` holds to the served one) and to the facts of
//! the contract (`tests/data/contract.json`). What the served document says of an answer is all there may be
//! in it; the contract may be exceeded.

mod schema;

use std::sync::LazyLock;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use schema::Checker;

/// `Connection: keep-alive` is what HTTP/1.1 means when nothing is said (RFC 9112 §9.3), so it is not sent.
const IMPLIED: &str = "Connection";

/// What is served.
static SERVED: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/openapi.json")).expect("the kept document")
});

/// What is promised, as JSON Schema.
static CONTRACT: LazyLock<Value> = LazyLock::new(|| {
    let kept = serde_json::from_str(include_str!("../../data/contract.json"));
    standard(&kept.expect("the facts of the contract"))
});

/// Turns the plain form of the contract's facts into JSON Schema.
fn standard(value: &Value) -> Value {
    let members = match value {
        Value::Array(items) => return items.iter().map(standard).collect(),
        Value::Object(members) => members,
        other => return other.clone(),
    };
    if let Some(name) = value["shape"].as_str() {
        return json!({"$ref": format!("#/shapes/{name}")});
    }
    let null = value["types"]
        .as_array()
        .is_some_and(|types| types.contains(&json!("null")));
    let mut out = serde_json::Map::new();
    for (name, member) in members {
        match (name.as_str(), member) {
            ("types", member) if member.is_array() => {
                // A choice of shapes says itself what is fitting.
                if !members.contains_key("any") {
                    out.insert("type".to_owned(), member.clone());
                }
            }
            ("any", Value::Array(choices)) => {
                let mut choices: Vec<Value> = choices.iter().map(standard).collect();
                if null {
                    choices.push(json!({"type": "null"}));
                }
                out.insert("anyOf".to_owned(), Value::Array(choices));
            }
            ("enum", Value::Array(words)) => {
                let mut words = words.clone();
                if null {
                    words.push(Value::Null);
                }
                out.insert("enum".to_owned(), Value::Array(words));
            }
            ("rules", Value::Object(rules)) => out.extend(rules.clone()),
            _ => {
                out.insert(name.clone(), standard(member));
            }
        }
    }
    Value::Object(out)
}

/// A request and its answer.
pub struct Exchanged<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path, without the query.
    pub path: &'a str,
    /// Body that was sent.
    pub sent: Option<&'a [u8]>,
    /// Status that came back.
    pub status: u16,
    /// Headers that came back.
    pub headers: &'a HeaderMap,
    /// Body that came back; `None` when it is a stream.
    pub text: Option<&'a str>,
}

/// Claims that an answer is as documented and as the contract says.
#[track_caller]
pub fn hold(seen: &Exchanged<'_>) {
    if !seen.path.starts_with("/v1") || *seen.method == Method::OPTIONS {
        return;
    }
    let mut faults = Vec::new();
    every(seen, &mut faults);
    let method = seen.method.as_str().to_lowercase();
    // An update may be sent as PUT.
    let single = |path: &str| {
        path.ends_with('}') || ["/v1/me/presence", "/v1/me/emergency-address"].contains(&path)
    };
    let updated = || served("post", seen.path).filter(|(path, _)| single(path));
    let found = served(&method, seen.path);
    let method = if found.is_none() { "post" } else { &method };
    match found.or_else(|| updated().filter(|_| seen.method == Method::PUT)) {
        Some((path, operation)) => {
            documented(seen, operation, &mut faults);
            let name = format!("{} {path}", method.to_uppercase());
            promised(seen, &CONTRACT["operations"][name], &mut faults);
        }
        None if matches!(seen.status, 404 | 405 | 401 | 429) => {
            let error = &SERVED["components"]["schemas"]["Error"];
            fits(&SERVED, false, error, &body(seen), &mut faults);
        }
        None => faults.push("there is no such operation".to_owned()),
    }
    assert!(
        faults.is_empty(),
        "{} {} answered {}:\n{}\n{}",
        seen.method,
        seen.path,
        seen.status,
        faults.join("\n"),
        seen.text.unwrap_or_default(),
    );
}

/// Claims that the data of an event is as documented and as the contract says.
#[track_caller]
pub fn hold_event(name: &str, data: &Value) {
    let mut faults = Vec::new();
    let stream = &SERVED["paths"]["/v1/events"]["get"]["responses"]["200"]["content"];
    let documented = &stream["text/event-stream"]["x-event-schemas"][name];
    for (root, open, schema) in [
        (&*SERVED, false, &json!({"$ref": documented})),
        (&*CONTRACT, true, &CONTRACT["events"][name]),
    ] {
        if schema.is_null() || schema["$ref"].is_null() && !open {
            faults.push("there is no such event".to_owned());
        } else {
            fits(root, open, schema, data, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{name}:\n{}\n{data}", faults.join("\n"));
}

fn fits(root: &Value, open: bool, schema: &Value, value: &Value, faults: &mut Vec<String>) {
    // The schema may be ours for the moment, so its references are looked up from a checker of its own.
    let mut checker = Checker {
        root,
        open,
        faults: Vec::new(),
    };
    checker.check(schema, value, "");
    faults.extend(checker.faults);
}

fn body(seen: &Exchanged<'_>) -> Value {
    serde_json::from_str(seen.text.unwrap_or_default()).unwrap_or(Value::Null)
}

/// The documented operation that took the request; fixed segments before variable ones.
fn served(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let segments: Vec<&str> = path.split('/').collect();
    let paths = SERVED["paths"].as_object()?.iter();
    let fitting = paths.filter_map(|(pattern, item)| {
        let parts: Vec<&str> = pattern.split('/').collect();
        let same = parts.len() == segments.len()
            && parts.iter().zip(&segments).all(|(part, segment)| {
                part == segment || part.starts_with('{') && !segment.is_empty()
            });
        let operation = item.get(method).filter(|_| same)?;
        Some((pattern.matches('{').count(), pattern.as_str(), operation))
    });
    let best = fitting.min_by_key(|(variable, ..)| *variable)?;
    Some((best.1, best.2))
}

/// What every answer has.
fn every(seen: &Exchanged<'_>, faults: &mut Vec<String>) {
    let header = |name: &str| seen.headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-request-id").is_none_or(str::is_empty) {
        faults.push("X-Request-Id is missing".to_owned());
    }
    if header("access-control-allow-origin") != Some("*") {
        faults.push("browsers are not let in".to_owned());
    }
    let seconds = header("retry-after").map(str::parse::<u32>);
    if matches!(seen.status, 429 | 503) && !matches!(seconds, Some(Ok(_))) {
        faults.push("Retry-After is not a number of seconds".to_owned());
    }
    for (status, name) in [(401, "www-authenticate"), (405, "allow")] {
        if seen.status == status && header(name).is_none_or(str::is_empty) {
            faults.push(format!("{name} is missing"));
        }
    }
}

/// Holds an answer to the served document.
fn documented(seen: &Exchanged<'_>, operation: &'static Value, faults: &mut Vec<String>) {
    let responses = &operation["responses"];
    let mut response = &responses[seen.status.to_string()];
    if response.is_null() {
        if seen.status < 500 {
            faults.push("the status is not documented".to_owned());
            return;
        }
        response = &responses["default"];
    }
    let response = Checker {
        root: &SERVED,
        open: false,
        faults: Vec::new(),
    }
    .resolve(response);
    headers(seen, &SERVED, &response["headers"], faults);
    let content = &response["content"];
    answer(seen, &SERVED, false, content, faults);
    // What was accepted is what the document allows.
    let wanted = &operation["requestBody"]["content"]["application/json"]["schema"];
    if (200..300).contains(&seen.status)
        && !wanted.is_null()
        && let Some(sent) = seen.sent
        && let Ok(sent) = serde_json::from_slice(sent)
    {
        let mut found = Vec::new();
        fits(&SERVED, true, wanted, &sent, &mut found);
        faults.extend(
            found
                .iter()
                .map(|fault| format!("accepted although {fault}")),
        );
    }
}

/// Holds an answer to the contract.
fn promised(seen: &Exchanged<'_>, operation: &'static Value, faults: &mut Vec<String>) {
    if operation.is_null() {
        return;
    }
    let status = seen.status.to_string();
    let responses = &operation["responses"];
    let content = responses.get(&status).unwrap_or(&responses["default"]);
    answer(seen, &CONTRACT, true, content, faults);
    for wanted in [
        &CONTRACT["headers"]["every"],
        &CONTRACT["headers"][&status],
        &operation["headers"][&status],
    ] {
        headers(seen, &CONTRACT, wanted, faults);
    }
}

/// Holds the body to its schema; without content there is no body.
fn answer(
    seen: &Exchanged<'_>,
    root: &Value,
    open: bool,
    content: &Value,
    faults: &mut Vec<String>,
) {
    let kind = seen
        .headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    let Some(content) = content.as_object().filter(|content| !content.is_empty()) else {
        if seen.text.is_some_and(|text| !text.is_empty()) {
            faults.push("there is a body".to_owned());
        }
        return;
    };
    let Some(schema) = kind.and_then(|kind| content.get(kind)) else {
        faults.push(format!("the body is {kind:?}"));
        return;
    };
    if kind == Some("application/json") && *seen.method != Method::HEAD {
        let schema = schema.get("schema").filter(|_| !open).unwrap_or(schema);
        fits(root, open, schema, &body(seen), faults);
    }
}

/// Holds headers to what is said about them: `{name: {schema}}`, or `{name: schema}` in the contract.
fn headers(seen: &Exchanged<'_>, root: &Value, wanted: &Value, faults: &mut Vec<String>) {
    for (name, wanted) in wanted.as_object().into_iter().flatten() {
        if name == IMPLIED {
            continue;
        }
        let schema = wanted.get("schema").unwrap_or(wanted);
        let Some(text) = seen.headers.get(name).and_then(|value| value.to_str().ok()) else {
            faults.push(format!("{name} is missing"));
            continue;
        };
        let number = schema["type"] == "integer" || schema["type"] == json!(["integer"]);
        let value = match text.parse::<i64>() {
            Ok(value) if number => json!(value),
            _ => json!(text),
        };
        fits(root, true, schema, &value, faults);
    }
}
