//! A change that was begun is finished, even when the client hangs up in the middle of it.

use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};

/// Runs what changes something on a task of its own, which nobody's hang-up cancels. A panic there is
/// passed on to where panics become answers.
pub async fn finish(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return next.call(request).await;
    }
    let span = tracing::Span::current();
    let task = tracing::Instrument::instrument(async move { next.call(request).await }, span);
    match actix_web::rt::spawn(task).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(crate::v1::error::Error::Internal.into()),
    }
}
