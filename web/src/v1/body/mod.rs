//! The JSON body of a request: read within bounds, decoded with the failing field named, then checked.

mod strict;

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest, dev::Payload, http::header::CONTENT_TYPE, web::BytesMut,
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use strict::Strict;

use crate::v1::error::{Error, Fields};

/// How JSON writes a NUL.
const NUL: &[u8] = br"\u0000";

/// Largest request body, in bytes (1 MiB).
pub const BODY_LIMIT: usize = 1024 * 1024;

/// Longest time a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A decoded and checked body.
pub struct Body<T>(pub T);

/// What a body requires beyond its types: lengths, formats, combinations.
pub trait Check {
    /// Notes every field that is wrong.
    fn check(&self, faults: &mut Fields);
}

impl<T: DeserializeOwned + Check + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read(payload).await?;
            if !json && !bytes.is_empty() {
                return Err(Error::UnsupportedMedia);
            }
            decode(&bytes).map(Self)
        })
    }
}

/// A body that may be left out, as if it were `{}`.
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Check + 'static> FromRequest for OptionalBody<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(request);
        let payload = payload.take();
        Box::pin(async move {
            let bytes = read(payload).await?;
            if bytes.is_empty() {
                return decode(b"{}").map(Self);
            }
            if !json {
                return Err(Error::UnsupportedMedia);
            }
            decode(&bytes).map(Self)
        })
    }
}

/// Whether the request announces JSON (`application/json` or `application/*+json`, any parameters).
fn is_json(request: &HttpRequest) -> bool {
    let Some(value) = request.headers().get(CONTENT_TYPE) else {
        return false;
    };
    let essence = value.to_str().unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a whole body of at most [`BODY_LIMIT`] bytes.
pub async fn read(mut payload: Payload) -> Result<Bytes, Error> {
    let gather = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Error::Malformed("The body was cut short".to_owned()))?;
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(Error::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(BODY_TIME, gather)
        .await
        .unwrap_or_else(|_| {
            Err(Error::Malformed(
                "The body did not arrive in time".to_owned(),
            ))
        })
}

/// Decodes and checks one JSON document.
pub fn decode<T: DeserializeOwned + Check>(bytes: &[u8]) -> Result<T, Error> {
    // No text of a phone system has a NUL, and not every database could keep it.
    if bytes.windows(NUL.len()).any(|part| part == NUL) {
        return Err(Error::Malformed(
            "The body must not contain NUL characters".to_owned(),
        ));
    }
    let document: Value = serde_json::from_slice(bytes)
        .map_err(|cause| Error::Malformed(format!("Invalid JSON: {cause}")))?;
    let value: T = serde_path_to_error::deserialize(Strict(document)).map_err(|error| {
        let (name, reason) = blame(&error.path().to_string(), &error.inner().to_string());
        Error::field(name, reason)
    })?;
    let mut faults = Fields::new();
    value.check(&mut faults);
    if faults.is_empty() {
        Ok(value)
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Finds the field a message is about: a missing one is named by the message, not by the path.
fn blame(path: &str, message: &str) -> (String, String) {
    let prefix = if path == "." { "" } else { path };
    match message.strip_prefix("missing field `") {
        Some(rest) => {
            let field = rest.trim_end_matches('`');
            let name = if prefix.is_empty() {
                field.to_owned()
            } else {
                format!("{prefix}.{field}")
            };
            (name, "is required".to_owned())
        }
        None if prefix.is_empty() => ("body".to_owned(), message.to_owned()),
        None => (prefix.to_owned(), message.to_owned()),
    }
}

/// For members that may be absent but not null: `#[serde(default, deserialize_with = "given")]`.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Probe {
        number: String,
        #[serde(default, deserialize_with = "given")]
        name: Option<String>,
    }

    impl Check for Probe {
        fn check(&self, faults: &mut Fields) {
            if self.number.is_empty() {
                faults.insert("number".into(), "must not be empty".into());
            }
        }
    }

    fn faults(json: &str) -> Fields {
        match decode::<Probe>(json.as_bytes()) {
            Err(Error::Invalid(fields)) => fields,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        assert_eq!(faults("{}")["number"], "is required");
        assert!(faults(r#"{"number":7}"#)["number"].contains("invalid type"));
        assert!(faults(r#"{"number":"1","name":null}"#)["name"].contains("null"));
        assert_eq!(faults(r#"{"number":""}"#)["number"], "must not be empty");
        assert!(faults("[]").contains_key("body"));
        assert!(faults(r#"["7"]"#).contains_key("body"));
    }

    #[test]
    fn refuses_what_is_not_one_document() {
        for text in ["", "{", "{}x", "{\"number\":\"1\"} {}", "\u{0}"] {
            assert!(
                matches!(
                    decode::<Probe>(text.as_bytes()),
                    Err(Error::Malformed(_) | Error::Invalid(_))
                ),
                "{text:?}"
            );
        }
        let probe: Probe = decode(br#"{"number":"1","unknown":true}"#).unwrap();
        assert_eq!((probe.number.as_str(), probe.name), ("1", None));
    }
}
