//! The OpenAPI document: collected from the handlers, then completed with what every operation shares.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, openapi::OpenApi};

use super::{error::ErrorBody, ids::EntityId};

/// Methods of an operation, as the document spells them.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

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

/// The served document, and the paths in it.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// The document as JSON.
    pub document: Bytes,
    routes: Vec<Route>,
}

#[derive(Debug, Clone)]
struct Route {
    segments: Vec<Segment>,
    methods: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Any,
}

impl Api {
    /// Completes what was collected.
    pub fn new(collected: &OpenApi) -> Self {
        let mut document = serde_json::to_value(collected).unwrap_or_default();
        complete(&mut document);
        let empty = Map::new();
        let paths = document["paths"].as_object().unwrap_or(&empty);
        let routes = paths.iter().map(|(path, item)| Route::new(path, item));
        Self {
            routes: routes.collect(),
            document: document.to_string().into(),
        }
    }

    /// The methods that a path would answer to, upper case; none when there is no such path.
    pub fn allowed(&self, path: &str) -> Vec<String> {
        let mut methods: Vec<String> = self
            .matching(path)
            .flat_map(|route| route.methods.iter().cloned())
            .collect();
        if self.updates_by_post(path) {
            methods.push("PUT".to_owned());
        }
        methods.sort();
        methods.dedup();
        methods
    }

    /// Whether a path is a single resource that POST updates.
    pub fn updates_by_post(&self, path: &str) -> bool {
        self.matching(path).any(|route| {
            route.segments.last() == Some(&Segment::Any)
                && route.methods.iter().any(|method| method == "POST")
        })
    }

    fn matching<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Route> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        self.routes.iter().filter(move |route| {
            route.segments.len() == parts.len()
                && route
                    .segments
                    .iter()
                    .zip(&parts)
                    .all(|(segment, part)| match segment {
                        Segment::Fixed(text) => text == part,
                        Segment::Any => !part.is_empty(),
                    })
        })
    }
}

impl Route {
    fn new(path: &str, item: &Value) -> Self {
        let segment = |part: &str| match part.starts_with('{') {
            true => Segment::Any,
            false => Segment::Fixed(part.to_owned()),
        };
        let methods = METHODS.iter().filter(|method| item.get(**method).is_some());
        Self {
            segments: path.split('/').skip(1).map(segment).collect(),
            methods: methods.map(|method| method.to_ascii_uppercase()).collect(),
        }
    }
}

/// One pass over the document: what it is, who may ask, and the shared parameters and errors.
fn complete(document: &mut Value) {
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
    for (status, name, description) in FAILURES {
        document["components"]["responses"][name] = failure(status, description);
    }
    document["components"]["securitySchemes"] = json!({
        "platformApiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A platform's secret key, `sk_live_…` or `sk_test_…`.",
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

/// What an operation below `/v1` has because of where it is and how it is called.
fn share(path: &str, method: &str, operation: &mut Value) {
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        if !path.starts_with("/v1/accounts") && !path.starts_with("/v1/operator") {
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
    if path.contains('{') {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> Api {
        let item = json!({"get": {}, "post": {}});
        Api {
            document: Bytes::new(),
            routes: vec![
                Route::new("/v1/users", &item),
                Route::new("/v1/users/{user_id}", &item),
                Route::new("/v1/users/{user_id}/endpoints", &item),
            ],
        }
    }

    #[test]
    fn knows_what_a_path_allows() {
        let api = api();
        assert_eq!(api.allowed("/v1/users"), ["GET", "POST"]);
        assert_eq!(api.allowed("/v1/users/user_1"), ["GET", "POST", "PUT"]);
        for path in ["/v1/users/", "/v1/user", "/", "", "/v1/users/a/b"] {
            assert!(api.allowed(path).is_empty(), "{path}");
        }
    }

    #[test]
    fn only_single_resources_take_put() {
        let api = api();
        assert!(api.updates_by_post("/v1/users/user_1"));
        assert!(!api.updates_by_post("/v1/users"));
        assert!(!api.updates_by_post("/v1/users/user_1/endpoints"));
    }
}
