//! What every operation of the document shares, added in one pass: who may ask, the common parameters,
//! headers and failures, and what a description of types cannot say.

use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::METHODS;
use crate::auth::components::{Reach, reach};
use crate::v1::{error::ErrorBody, events::shapes as events, ids::EntityId};

/// Failures by status: their name in the document, and what they mean.
const FAILURES: [(&str, &str, &str); 11] = [
    (
        "400",
        "BadRequest",
        "Malformed input, a value out of bounds, or no account header.",
    ),
    (
        "401",
        "Unauthorized",
        "No credential, or one that is unknown, expired or revoked.",
    ),
    (
        "403",
        "Forbidden",
        "The credential is good, but not for this.",
    ),
    (
        "404",
        "NotFound",
        "There is no such resource in this account.",
    ),
    (
        "409",
        "Conflict",
        "A clash with what is stored, or with an earlier request of the same `Idempotency-Key`.",
    ),
    ("413", "TooLarge", "The body is larger than 1 MiB."),
    (
        "415",
        "UnsupportedMedia",
        "The body is not announced as JSON.",
    ),
    (
        "422",
        "Unprocessable",
        "Well formed, but it names something that cannot be used.",
    ),
    (
        "429",
        "TooManyRequests",
        "Too many requests; wait as `Retry-After` says.",
    ),
    (
        "503",
        "Unavailable",
        "Cannot be promised or verified just now; wait as `Retry-After` says.",
    ),
    (
        "default",
        "ServerError",
        "Anything unexpected; 5xx may be tried again.",
    ),
];

/// Failures that any operation below `/v1` may answer with.
const ALWAYS: [&str; 5] = ["400", "401", "403", "429", "default"];

/// One pass over the document: what it is, who may ask, and the shared parameters and errors.
pub fn complete(document: &mut Value) {
    document["info"] = json!({
        "title": "Strowger",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Accounts, users, numbers, calls and events of a telephone exchange.",
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    document["servers"] = json!([{"url": "/"}]);
    document["security"] = json!([{"platformApiKey": []}]);
    // What the shared parameters and errors refer to, whether a handler names it or not.
    let shared = [
        ("Error", serde_json::to_value(ErrorBody::schema())),
        ("EntityId", serde_json::to_value(EntityId::schema())),
    ];
    for (name, schema) in shared {
        document["components"]["schemas"][name] = schema.unwrap_or_default();
    }
    let details = &mut document["components"]["schemas"]["Error"]["properties"]["details"];
    details["additionalProperties"] = json!(true);
    for (name, schema) in events::schemas() {
        document["components"]["schemas"][name] = schema;
    }
    for (name, rules) in rules() {
        let schema = &mut document["components"]["schemas"][name];
        for (word, rule) in rules.as_object().into_iter().flatten() {
            schema[word] = rule.clone();
        }
    }
    for (status, name, description) in FAILURES {
        document["components"]["responses"][name] = failure(status, description);
    }
    document["components"]["securitySchemes"] = json!({
        "platformApiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A platform's secret key, `sk_live_…` or `sk_test_…`.",
        },
        "sessionToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `client_secret` of an account session: one account, and what its components need.",
        },
        "userToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `client_secret` of a user session: one user, and what is theirs.",
        },
    });
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                if path.starts_with("/v1/") {
                    share(path, method, operation);
                } else {
                    operation["security"] = json!([]);
                }
            }
        }
    }
}

/// Who may ask, by where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A platform, above its accounts.
    Platform,
    /// A platform within one account.
    Account,
    /// A user, by their token.
    User,
}

impl Asks {
    fn of(path: &str) -> Self {
        let under = |place: &str| {
            let rest = path.strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let platform = [
            "/v1/accounts",
            "/v1/operator",
            "/v1/account_sessions",
            "/v1/user_sessions",
            "/v1/users/{user_id}/revoke_sessions",
        ];
        if platform.into_iter().any(under) {
            Self::Platform
        } else if under("/v1/me") || under("/v1/webrtc") {
            Self::User
        } else {
            Self::Account
        }
    }
}

/// Which credentials an operation takes.
fn security(path: &str, method: &str) -> Value {
    match reach(&method.to_ascii_uppercase(), path) {
        Some(Reach::User) => json!([{"userToken": []}]),
        Some(Reach::Any | Reach::Components(_)) => {
            json!([{"platformApiKey": []}, {"sessionToken": []}])
        }
        None => json!([{"platformApiKey": []}]),
    }
}

/// What an operation below `/v1` has because of where it is and how it is called.
fn share(path: &str, method: &str, operation: &mut Value) {
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    let asks = Asks::of(path);
    operation["security"] = security(path, method);
    let in_account = asks == Asks::Account;
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        if in_account {
            parameters.push(json!({
                "name": "DialStack-Account",
                "in": "header",
                "required": false,
                "description": "The account to act on; needed with a platform key.",
                "schema": {"$ref": "#/components/schemas/EntityId"},
            }));
        }
        if method == "post" {
            parameters.push(json!({
                "name": "Idempotency-Key",
                "in": "header",
                "required": false,
                "description": "Repeating a request with the same key within 24 hours gives the first answer again.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }));
        }
    }
    // A body that may be left out is still never null.
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json/schema")
        && let Some(choices) = body["oneOf"].as_array()
        && let Some(real) = choices.iter().find(|choice| choice["type"] != "null")
    {
        *body = real.clone();
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    let mut failures = ALWAYS.to_vec();
    // The account itself may not be there.
    if in_account || path.contains('{') {
        failures.push("404");
    }
    if method == "post" {
        failures.extend(["409", "413", "415"]);
    }
    failures.extend(
        FAILURES
            .map(|(status, ..)| status)
            .iter()
            .filter(|status| responses.contains_key(**status)),
    );
    for (status, name, _) in FAILURES {
        if failures.contains(&status) {
            let shared = json!({"$ref": format!("#/components/responses/{name}")});
            responses.insert(status.to_owned(), shared);
        }
    }
    if path == events::PATH {
        events::complete(&mut responses["200"]);
    }
    for (status, response) in responses.iter_mut() {
        if status.starts_with('2') {
            response["headers"]["X-Request-Id"] = request_id();
        }
    }
}

/// The header that every answer has.
fn request_id() -> Value {
    json!({"description": "Names this request.", "schema": {"type": "string"}})
}

/// A failure, as operations refer to it.
fn failure(status: &str, description: &str) -> Value {
    let mut response = json!({
        "description": description,
        "headers": {"X-Request-Id": request_id()},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    });
    if matches!(status, "429" | "503") {
        response["headers"]["Retry-After"] = json!({
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 0},
        });
    }
    response
}

/// What bodies require of their members together, by the name of their schema. The checks themselves are
/// beside the bodies; nothing in a type's description can say this.
fn rules() -> [(&'static str, Value); 6] {
    [
        (
            "IceServerUrls",
            json!({"oneOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]}),
        ),
        // Members that this version does not know are kept.
        ("DIDConfig", json!({"additionalProperties": true})),
        (
            "CallCreate",
            json!({"anyOf": [{"required": ["user_id"]}, {"required": ["user"]}]}),
        ),
        (
            "FindMeFollowMeTarget",
            json!({
                "if": {"properties": {"type": {"const": "external"}}, "required": ["type"]},
                "then": {"required": ["number"]},
                "else": {"required": ["id"]},
            }),
        ),
        (
            "RingGroupCreate",
            json!({"dependentRequired": {
                "timeout_action": ["timeout_target"],
                "timeout_target": ["timeout_action"],
            }}),
        ),
        (
            "RingGroupMemberCreate",
            json!({"oneOf": [{"required": ["extension"]}, {"required": ["phone_number"]}]}),
        ),
    ]
}
