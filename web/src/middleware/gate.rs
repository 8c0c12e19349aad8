//! The gate before `/v1`: no credential, no entry; and a token enters where it is listed (`auth/components.rs`).

use actix_web::{
    Error, HttpMessage,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{
    auth::{self, components::permit},
    state::State,
    v1,
};

/// Finds out who asks, counts the request, and leaves the credential where extractors look for it.
pub async fn gate(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Ok(request.error_response(v1::error::Error::Internal));
    };
    let credential = match auth::authenticate(&state, request.headers()).await {
        Ok(credential) => credential,
        Err(error) => return Ok(request.error_response(error)),
    };
    if let Err(seconds) = state.rate.take(&credential) {
        return Ok(request.error_response(v1::error::Error::TooMany(seconds)));
    }
    // A path that nobody serves is answered with 404 or 405, whoever asks.
    if let Some(route) = request.match_pattern()
        && let Err(error) = permit(&credential, request.method(), &route)
    {
        return Ok(request.error_response(error));
    }
    request.extensions_mut().insert(credential);
    next.call(request).await
}
