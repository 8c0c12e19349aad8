//! The OpenAPI document: collected from the handlers, then completed with what every operation shares.

mod complete;

use bytes::Bytes;
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use complete::complete;

/// Methods of an operation, as the document spells them.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Single resources that have no id in their path.
const ALONE: [&str; 2] = ["/v1/me/presence", "/v1/me/emergency-address"];

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
            (route.segments.last() == Some(&Segment::Any) || ALONE.contains(&path))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
