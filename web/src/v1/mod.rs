//! The first dialect: `/v1`. One file a resource, one line each below.

pub mod account_sessions;
pub mod accounts;
pub mod address;
pub mod body;
pub mod calls;
pub mod error;
pub mod events;
pub mod extensions;
pub mod ice_servers;
pub mod ids;
pub mod me;
pub mod openapi;
pub mod operator;
pub mod phone_numbers;
pub mod presence;
pub mod reply;
pub mod ring_groups;
pub mod user_sessions;
pub mod users;
pub mod validate;
pub mod webrtc;
pub mod words;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    middleware::from_fn,
    web::{Data, PathConfig},
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::{
    middleware::{finish::finish, gate::gate, idempotency::idempotency},
    state::State,
};
use error::Error;

/// Registers every resource, behind the gate.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope("/v1")
            .app_data(
                PathConfig::default().error_handler(|_, _| Error::NotFound("Resource").into()),
            )
            .configure(|config| {
                config
                    .service(scope::scope("/accounts").configure(accounts::routes))
                    .service(scope::scope("/users").configure(users::routes))
                    .service(scope::scope("/account_sessions").configure(account_sessions::routes))
                    .service(scope::scope("/presence").configure(presence::routes))
                    .service(scope::scope("/webrtc").configure(ice_servers::routes))
                    .service(scope::scope("/me").configure(me::routes))
                    .service(scope::scope("/user_sessions").configure(user_sessions::routes))
                    .service(scope::scope("/extensions").configure(extensions::routes))
                    .service(scope::scope("/phone-numbers").configure(phone_numbers::routes))
                    .service(scope::scope("/ring_groups").configure(ring_groups::routes))
                    .service(scope::scope("/calls").configure(calls::routes))
                    .service(scope::scope("/operator").configure(operator::routes))
                    .configure(events::routes);
            })
            .wrap(from_fn(idempotency))
            // Around the former, so that a client that hangs up leaves no key half used.
            .wrap(from_fn(finish))
            .wrap(from_fn(gate)),
    );
}

/// What no route took: 405 when the path exists, else 404.
pub async fn unmatched(request: HttpRequest, state: Data<State>) -> HttpResponse {
    let allowed = state.api.allowed(request.path());
    if allowed.is_empty() {
        Error::NotFound("Route").error_response()
    } else {
        Error::MethodNotAllowed(allowed.join(", ")).error_response()
    }
}
