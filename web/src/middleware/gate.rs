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
    // By the path that the router goes by: `match_pattern` of the request would read the raw one, in which
    // `%75` is not yet `u`. A token goes nowhere that is not listed, the platform may look for nothing.
    let path = request.match_info().as_str();
    let permitted = match request.resource_map().match_pattern(path) {
        Some(route) => permit(&credential, request.method(), &route),
        None if matches!(credential, auth::Credential::Platform(_)) => Ok(()),
        None => Err(v1::error::Error::NotFound("Route")),
    };
    if let Err(error) = permitted {
        return Ok(request.error_response(error));
    }
    request.extensions_mut().insert(credential);
    next.call(request).await
}
