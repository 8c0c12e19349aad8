//! What operators and their machines ask: alive, ready, figures, documentation. No credential needed.

use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER},
    web::Data,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::state::State;

/// Registers these routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(check_health)
        .service(check_readiness)
        .service(read_metrics)
        .service(read_document)
        .service(open_documentation);
}

/// Whether the process lives.
#[derive(Debug, Serialize, ToSchema)]
struct HealthBody {
    /// Always `ok`: a process that answers lives.
    status: &'static str,
}

/// Whether the exchange takes calls and orders.
#[derive(Debug, Serialize, ToSchema)]
struct ReadinessBody {
    /// `ready`, or why not: `starting`, `draining` or `database`.
    status: &'static str,
    /// Whether the database answers.
    database: bool,
    /// Whether every listener is bound.
    listening: bool,
    /// Whether the exchange is on its way out.
    draining: bool,
}

/// Tell whether the process lives.
#[utoipa::path(tag = "operations", responses((status = 200, body = HealthBody)))]
#[get("/healthz")]
async fn check_health() -> HttpResponse {
    HttpResponse::Ok().json(HealthBody { status: "ok" })
}

/// Tell whether the exchange takes calls and orders.
#[utoipa::path(tag = "operations", responses(
    (status = 200, body = ReadinessBody), (status = 503, body = ReadinessBody),
))]
#[get("/readyz")]
async fn check_readiness(state: Data<State>) -> HttpResponse {
    let body = readiness(&state).await;
    let mut response = if body.status == "ready" {
        HttpResponse::Ok()
    } else {
        let mut response = HttpResponse::ServiceUnavailable();
        response.insert_header((RETRY_AFTER, "1"));
        response
    };
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

async fn readiness(state: &State) -> ReadinessBody {
    let health = state.exchange.health().await;
    let draining = health.draining || state.is_draining();
    let status = match (draining, health.listening, health.database) {
        (true, _, _) => "draining",
        (_, false, _) => "starting",
        (_, _, false) => "database",
        _ => "ready",
    };
    ReadinessBody {
        status,
        database: health.database,
        listening: health.listening,
        draining,
    }
}

/// Read the figures, in Prometheus' text format.
#[utoipa::path(tag = "operations", responses((status = 200, body = String, content_type = "text/plain")))]
#[get("/metrics")]
async fn read_metrics(state: Data<State>) -> HttpResponse {
    match state.metrics.print() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "The figures cannot be printed.");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Read this document.
#[utoipa::path(tag = "operations", responses((status = 200, body = serde_json::Value)))]
#[get("/openapi.json")]
async fn read_document(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(state.api.document.clone())
}

/// Open the documentation for people.
#[utoipa::path(tag = "operations", responses((status = 302)))]
#[get("/docs")]
async fn open_documentation() -> HttpResponse {
    HttpResponse::Found()
        .insert_header((LOCATION, "/docs/"))
        .finish()
}
