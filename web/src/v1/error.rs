//! Every way a `/v1` request can fail, and the one JSON shape all of them have on the wire.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use schema::{Constraint, DbError};
use serde::Serialize;
use utoipa::ToSchema;

/// What a handler answers when it cannot do what was asked.
pub type Result<T> = std::result::Result<T, Error>;

/// Fields of the request that are wrong, each with its reason.
pub type Fields = BTreeMap<String, String>;

/// Seconds a client is asked to wait when the database is away.
const UNAVAILABLE_RETRY_SECONDS: u32 = 2;

/// A failed request; each variant knows its HTTP status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the body or a parameter is malformed or out of bounds.
    #[error("{0}")]
    Malformed(String),
    /// 400: these fields are wrong.
    #[error("{}", summary(.0))]
    Invalid(Fields),
    /// 400: `limit`, `page`, `starting_after` or `ending_before` cannot be used.
    #[error("{0}")]
    Pagination(&'static str),
    /// 400 with a code of its own.
    #[error("{message}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// Text for people.
        message: String,
    },
    /// 401: no credential, or one that is unknown, expired or revoked.
    #[error("Invalid credentials")]
    Unauthorized,
    /// 403: the credential is good but not for this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404: no such resource in this account.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// 405, with the methods that would work.
    #[error("Method not allowed; use {0}")]
    MethodNotAllowed(String),
    /// 409: a clash with what is stored.
    #[error("{message}")]
    Conflict {
        /// Stable code.
        code: &'static str,
        /// Text for people.
        message: &'static str,
    },
    /// 413: the body is larger than [`crate::v1::body::BODY_LIMIT`].
    #[error("Request body is larger than 1 MiB")]
    TooLarge,
    /// 415: the body is not announced as JSON.
    #[error("Content-Type must be application/json")]
    UnsupportedMedia,
    /// 422: well formed, but these fields name things that cannot be used.
    #[error("{}", summary(.0))]
    Unusable(Fields),
    /// 429, with the seconds to wait.
    #[error("Too many requests")]
    TooMany(u32),
    /// 503: cannot be promised just now.
    #[error("{0}")]
    Unavailable(&'static str),
    /// 500: the cause is in the log, never in the body.
    #[error("Internal error")]
    Internal,
}

/// The body of every failed request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// Text for people; the wording may change.
    pub error: String,
    /// Stable reason for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub code: Option<&'static str>,
    /// Field names mapped to reasons, or other context.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false, additional_properties)]
    pub details: Option<Fields>,
}

impl Error {
    /// 400 for one field.
    pub fn field(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid(Fields::from([(name.into(), reason.into())]))
    }

    /// 422 for one field.
    pub fn unusable(name: &str, reason: &str) -> Self {
        Self::Unusable(Fields::from([(name.to_owned(), reason.to_owned())]))
    }

    /// The stable code of this failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Invalid(_) => "validation_error",
            Self::Pagination(_) => "invalid_pagination",
            Self::Refused { code, .. } | Self::Conflict { code, .. } => code,
            Self::Unauthorized => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::TooLarge => "payload_too_large",
            Self::UnsupportedMedia => "unsupported_media_type",
            Self::Unusable(_) => "unprocessable",
            Self::TooMany(_) => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Internal => "internal_error",
        }
    }
}

/// One sentence naming the first wrong field.
fn summary(fields: &Fields) -> String {
    match fields.iter().next() {
        Some((name, reason)) if !name.is_empty() => format!("{name}: {reason}"),
        Some((_, reason)) => reason.clone(),
        None => "Invalid request".to_owned(),
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Invalid(_) | Self::Pagination(_) | Self::Refused { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unusable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::Unauthorized => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Self::MethodNotAllowed(allow) => {
                response.insert_header((ALLOW, allow.as_str()));
            }
            Self::TooMany(seconds) => {
                response.insert_header((RETRY_AFTER, seconds.to_string()));
            }
            Self::Unavailable(_) => {
                response.insert_header((RETRY_AFTER, UNAVAILABLE_RETRY_SECONDS.to_string()));
            }
            _ => {}
        }
        let details = match self {
            Self::Invalid(fields) | Self::Unusable(fields) => Some(fields.clone()),
            _ => None,
        };
        response.insert_header((CONTENT_TYPE, "application/json"));
        response.json(ErrorBody {
            error: self.to_string(),
            code: Some(self.code()),
            details,
        })
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::NotFound("Resource"),
            DbError::Conflict { constraint } => Self::taken(constraint),
            DbError::Reference => Self::unusable("body", "names a resource that is not there"),
            DbError::Unavailable(cause) => {
                tracing::warn!(%cause, "The database is not available.");
                Self::Unavailable("The database is not reachable just now")
            }
            DbError::Internal(cause) => {
                tracing::error!(%cause, "A query failed.");
                Self::Internal
            }
        }
    }
}

impl Error {
    /// 409 for something that must be unique.
    fn taken(constraint: Constraint) -> Self {
        let (code, message) = match constraint {
            Constraint::UserEmail => ("email_taken", "The e-mail address is already in use"),
            Constraint::SipUsername => {
                ("sip_username_taken", "The SIP user name is already in use")
            }
            Constraint::ExtensionNumber => {
                ("extension_taken", "The extension number is already in use")
            }
            Constraint::PhoneNumber => ("phone_number_taken", "The phone number already exists"),
            Constraint::RingGroupMember => {
                ("member_exists", "The ring group already has this member")
            }
            Constraint::ApiKey => ("api_key_exists", "The API key already exists"),
            Constraint::Key => ("conflict", "The resource already exists"),
        };
        Self::Conflict { code, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_first_wrong_field() {
        let error = Error::field("name", "is too long");
        assert_eq!(error.to_string(), "name: is too long");
        assert_eq!(error.status_code(), StatusCode::BAD_REQUEST);
        assert_eq!(error.code(), "validation_error");
    }

    #[test]
    fn maps_database_failures() {
        let cases = [
            (DbError::NotFound, StatusCode::NOT_FOUND),
            (DbError::Reference, StatusCode::UNPROCESSABLE_ENTITY),
            (
                DbError::Unavailable(std::sync::Arc::new(std::fmt::Error)),
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            (
                DbError::Conflict {
                    constraint: Constraint::ExtensionNumber,
                },
                StatusCode::CONFLICT,
            ),
        ];
        for (error, status) in cases {
            assert_eq!(Error::from(error).status_code(), status);
        }
    }

    #[test]
    fn says_when_to_come_back() {
        let response = Error::TooMany(3).error_response();
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "3");
        let response = Error::MethodNotAllowed("GET, POST".into()).error_response();
        assert_eq!(response.headers().get(ALLOW).unwrap(), "GET, POST");
    }
}
