//! PUT on a single resource is read as POST there, as older clients expect. PUT anywhere else is a 405.

use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web::Data,
};

use crate::state::State;

/// Rewrites the method before the request is routed.
pub async fn put_alias(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::PUT
        && request
            .app_data::<Data<State>>()
            .is_some_and(|state| state.api.updates_by_post(request.path()))
    {
        request.head_mut().method = Method::POST;
    }
    next.call(request).await
}
