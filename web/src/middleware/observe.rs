//! Outermost: gives every request its id, logs and measures it, and answers when a handler panics.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName, HeaderValue,
        },
    },
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt;
use tracing::Instrument;

use crate::{state::State, v1};

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// An answer made where the request is gone already.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
struct Lost {
    request: String,
    cause: v1::error::Error,
}

impl ResponseError for Lost {
    fn status_code(&self) -> StatusCode {
        self.cause.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = self.cause.error_response();
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(&self.request) {
            headers.insert(REQUEST_ID, value);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let exposed = HeaderValue::from_static("X-Request-Id, Retry-After");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        response
    }
}

/// Wraps a request in a span, a measurement and a net for panics.
pub async fn observe(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = format!("req_{:032x}", rand::random::<u128>());
    let state = request.app_data::<Data<State>>().cloned();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = id,
        http.method = %method,
        http.path = request.path(),
        account.id = tracing::field::Empty,
        call.id = tracing::field::Empty,
    );
    let handled = AssertUnwindSafe(next.call(request)).catch_unwind();
    let outcome = handled.instrument(span.clone()).await;
    let _inside = span.enter();
    let mut response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::warn!(%error, "A request ended outside its handler.");
            return Err(lost(id, v1::error::Error::Internal));
        }
        Err(_) => {
            tracing::error!("A handler panicked.");
            if let Some(state) = &state {
                state
                    .metrics
                    .request("unknown", &method, 500, began.elapsed());
            }
            return Err(lost(id, v1::error::Error::Internal));
        }
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    if let Some(state) = &state {
        let route = response.request().match_pattern();
        let route = route.as_deref().unwrap_or("unmatched");
        state
            .metrics
            .request(route, &method, status, began.elapsed());
    }
    let took = began.elapsed();
    tracing::debug!(
        http.status = status,
        duration_us = took.as_micros(),
        "Request answered."
    );
    Ok(response)
}

fn lost(request: String, cause: v1::error::Error) -> Error {
    Lost { request, cause }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, http::header::CONTENT_TYPE, middleware::from_fn, test, web};

    async fn broken() -> HttpResponse {
        panic!("on purpose");
    }

    #[actix_web::test]
    async fn a_panic_is_answered_like_any_failure() {
        let app = App::new()
            .route("/", web::get().to(broken))
            .wrap(from_fn(observe));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri("/").to_request();
        let Err(error) = test::try_call_service(&app, request).await else {
            panic!("a panic was not noticed");
        };
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            response.headers().get(CONTENT_TYPE).unwrap(),
            "application/json"
        );
        assert!(response.headers().contains_key(REQUEST_ID));
        assert_eq!(
            response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(),
            "*"
        );
    }

    #[actix_web::test]
    async fn every_answer_is_named() {
        let app = App::new().wrap(from_fn(observe));
        let app = test::init_service(app).await;
        let request = test::TestRequest::get().uri("/").to_request();
        let response = test::call_service(&app, request).await;
        let id = response
            .headers()
            .get(REQUEST_ID)
            .unwrap()
            .to_str()
            .unwrap();
        assert!(id.starts_with("req_") && id.len() == 36);
    }
}
