//! `Idempotency-Key`: a POST that is repeated is answered as the first time, also after a restart.
//!
//! The kept answer may hold a password that is shown once, so its body is sealed in the database.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, to_bytes_limited},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    web::Data,
};
use bytes::Bytes;
use futures_util::FutureExt;
use schema::{Claim, IdempotencyScope, StoredResponse, Time};

use crate::{
    auth::Credential,
    caller::ACCOUNT_HEADER,
    state::State,
    v1::{
        body::read,
        error::{Error as Failure, Result as Outcome},
    },
};

/// The header.
pub const HEADER: &str = "Idempotency-Key";

/// Fewest and most bytes of a key.
const LENGTHS: std::ops::RangeInclusive<usize> = 1..=255;
/// Longest path that a kept answer is filed under.
const PATH: usize = 1024;
/// Largest answer that is kept; none of ours comes near.
const ANSWER: usize = 4 * 1024 * 1024;
/// What bodies are sealed and hashed for.
const PURPOSE: &str = "idempotency";

/// Replays what was answered before, keeps what is answered now.
pub async fn idempotency(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.call(request).await;
    }
    let (state, scope, hash) = match claim_of(&mut request).await {
        Ok(claim) => claim,
        Err(error) => return Ok(request.error_response(error)),
    };
    match state
        .db
        .claim_idempotency_key(scope.clone(), hash, Time::now())
        .await
    {
        Err(error) => return Ok(request.error_response(Failure::from(error))),
        Ok(Claim::Finished(stored)) => {
            let replay = replay(&state, stored);
            return Ok(match replay {
                Ok(answer) => request.into_response(answer),
                Err(error) => request.error_response(error),
            });
        }
        Ok(Claim::Running) => {
            return Ok(request.error_response(Failure::Conflict {
                code: "idempotency_key_in_use",
                message: "A request with this Idempotency-Key is still being carried out",
            }));
        }
        Ok(Claim::OtherBody) => {
            return Ok(request.error_response(Failure::Conflict {
                code: "idempotency_key_reused",
                message: "The Idempotency-Key was used with another body",
            }));
        }
        Ok(Claim::New) => {}
    }
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    match outcome {
        Ok(Ok(response)) if !response.status().is_server_error() => {
            keep(&state, scope, response).await
        }
        Ok(outcome) => {
            release(&state, scope).await;
            outcome
        }
        Err(panic) => {
            release(&state, scope).await;
            std::panic::resume_unwind(panic)
        }
    }
}

/// What the request is filed under, and the fingerprint of its body. The body is read here and put back.
async fn claim_of(
    request: &mut ServiceRequest,
) -> Outcome<(Data<State>, IdempotencyScope, Vec<u8>)> {
    let state = request
        .app_data::<Data<State>>()
        .cloned()
        .ok_or(Failure::Internal)?;
    let credential = request.extensions().get::<Credential>().copied();
    let credential = credential.ok_or(Failure::Unauthorized)?;
    let key = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok());
    let key = key.filter(|key| LENGTHS.contains(&key.len()));
    let key = key.ok_or_else(|| Failure::field(HEADER, "must have 1 to 255 visible characters"))?;
    let path = request.path();
    if path.len() > PATH {
        return Err(Failure::NotFound("Route"));
    }
    // A token says itself for which account it is.
    let account = request.headers().get(ACCOUNT_HEADER);
    let account = account.filter(|_| matches!(credential, Credential::Platform(_)));
    let scope = IdempotencyScope {
        credential: credential.name(),
        account: account.and_then(|value| value.to_str().ok()?.trim().parse().ok()),
        method: request.method().to_string(),
        path: path.to_owned(),
        key: key.to_owned(),
    };
    let query = request.query_string().to_owned();
    let body = read(request.take_payload()).await?;
    let hash = state
        .secrets
        .check_bytes(PURPOSE, &[query.as_bytes(), &body]);
    request.set_payload(Payload::from(body));
    Ok((state, scope, hash.to_vec()))
}

/// The answer of the first time, byte for byte.
fn replay(state: &State, stored: StoredResponse) -> Outcome<HttpResponse> {
    let status = StatusCode::from_u16(stored.status).map_err(|_| Failure::Internal)?;
    let body = state
        .secrets
        .unseal(PURPOSE, &stored.body)
        .map_err(|error| {
            tracing::error!(%error, "A kept answer cannot be opened.");
            Failure::Internal
        })?;
    let mut answer = HttpResponse::build(status);
    if let Some(kind) = stored.content_type {
        answer.insert_header((CONTENT_TYPE, kind));
    }
    Ok(answer.body(body))
}

/// Keeps an answer and gives it back.
async fn keep(
    state: &State,
    scope: IdempotencyScope,
    response: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let body: Bytes = match to_bytes_limited(body, ANSWER).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) => {
            release(state, scope).await;
            return Err(Failure::Internal.into());
        }
    };
    let kind = head.headers().get(CONTENT_TYPE);
    let kind = kind
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    match state.secrets.seal(PURPOSE, &body) {
        Ok(sealed) => {
            let stored = StoredResponse {
                status: head.status().as_u16(),
                content_type: kind,
                body: sealed,
            };
            if let Err(error) = state.db.finish_idempotency_key(scope, stored).await {
                tracing::warn!(%error, "An answer cannot be kept for repetition.");
            }
        }
        Err(error) => tracing::warn!(%error, "An answer cannot be sealed."),
    }
    Ok(ServiceResponse::new(
        request,
        head.set_body(BoxBody::new(body)),
    ))
}

async fn release(state: &State, scope: IdempotencyScope) {
    if let Err(error) = state.db.release_idempotency_key(scope).await {
        tracing::warn!(%error, "A claim cannot be given up; it lapses by itself.");
    }
}
