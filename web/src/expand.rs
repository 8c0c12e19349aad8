//! `expand[]`: which related data a caller wants inside the answer.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::{query::Query, v1::error::Error};

/// The values of `expand[]`, one per repetition. A comma-joined value is one unknown value.
#[derive(Debug, Clone, Default)]
pub struct Expand(Vec<String>);

impl Expand {
    /// Whether this relation was asked for; anything unknown is simply never asked about.
    pub fn has(&self, relation: &str) -> bool {
        self.0.iter().any(|wanted| wanted == relation)
    }

    fn of(query: &Query) -> Self {
        Self(query.all("expand[]").map(str::to_owned).collect())
    }
}

impl FromRequest for Expand {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(&Query::parse(request.query_string()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_repeated_values_only() {
        let cases = [
            ("expand[]=did", true),
            ("expand%5B%5D=did", true),
            ("expand[]=call&expand[]=did", true),
            ("expand[]=call,did", false),
            ("expand=did", false),
            ("", false),
        ];
        for (raw, wanted) in cases {
            assert_eq!(Expand::of(&Query::parse(raw)).has("did"), wanted, "{raw}");
        }
    }
}
