//! Browsers of any origin may use the API: no cookies are involved, only bearer tokens.

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_METHOD, HeaderValue,
        },
    },
    middleware::Next,
};

/// What a browser may send.
const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";
/// Headers a browser may send.
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, DialStack-Account, Idempotency-Key, Last-Event-ID";
/// Headers a script may read.
const EXPOSED: &str = "X-Request-Id, Retry-After";
/// How long a browser may remember the answer, in seconds.
const MAX_AGE: &str = "86400";

/// Answers preflight requests and opens every answer to any origin.
pub async fn cors(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        let answer = HttpResponse::NoContent()
            .insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS))
            .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS))
            .insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE))
            .finish();
        request.into_response(answer)
    } else {
        next.call(request).await?
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
    Ok(response)
}
