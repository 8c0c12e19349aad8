//! What only the operator sees: carriers and the stock of numbers. Platform keys only, no account header.

mod phone_numbers;
mod trunk_body;
mod trunks;

use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(scope::scope("/trunks").configure(trunks::routes))
        .service(scope::scope("/phone-numbers").configure(phone_numbers::routes));
}
