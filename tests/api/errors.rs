//! Failures: one body for all of them, and the headers that go with each.

use crate::{blamed, worlds};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_has_a_body_and_an_id() {
    for world in worlds().await {
        let api = &world.api;
        let post = |text: &str| {
            api.request(Method::POST, "/v1/users")
                .header("Content-Type", "application/json")
                .body(text.to_owned())
        };
        let get = |path: &str| api.request(Method::GET, path);
        let cases = [
            (post("{"), 400, "validation_error"),
            (post("[]"), 400, "validation_error"),
            (post("{\"name\": 5}"), 400, "validation_error"),
            (post("\u{feff}{}"), 400, "validation_error"),
            (post(&"x".repeat(1024 * 1024 + 1)), 413, "payload_too_large"),
            (
                api.request(Method::POST, "/v1/users").body("name=x"),
                415,
                "unsupported_media_type",
            ),
            (get("/v1/users/nonsense"), 404, "not_found"),
            (
                get("/v1/users/rg_01h455vb4pex5vsknk084sn02q"),
                404,
                "not_found",
            ),
            (get("/v1/users/%00"), 404, "not_found"),
            (get("/v1/nothing"), 404, "not_found"),
            (get("/nothing"), 404, "not_found"),
            (
                api.request(Method::PATCH, "/v1/users"),
                405,
                "method_not_allowed",
            ),
            (
                api.request(Method::PUT, "/v1/users"),
                405,
                "method_not_allowed",
            ),
            (
                api.request(Method::DELETE, "/v1/events"),
                405,
                "method_not_allowed",
            ),
        ];
        for (request, status, code) in cases {
            let answer = api.send(request).await;
            assert_eq!(answer.code(), code, "{}", answer.text);
            assert!(answer.header("x-request-id").starts_with("req_"));
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(answer.body["error"].is_string());
            answer.must_be(status);
        }
        let wrong = api.send(post("{\"name\": 5}")).await.must_be(400);
        assert_eq!(blamed(&wrong), ["name"]);
        // An object is no list of its members, and a whole number stays one however it is written.
        for body in ["[\"Sales\"]", "[]"] {
            let request = api.request(Method::POST, "/v1/ring_groups");
            let request = request.header("Content-Type", "application/json");
            let refused = api.send(request.body(body)).await.must_be(400);
            assert_eq!(blamed(&refused), ["body"]);
        }
        // One MiB is not too much.
        let name = "x".repeat(1024 * 1024 - "{\"name\":\"\"}".len());
        let large = api.post("/v1/users", json!({"name": name})).await;
        assert_eq!(blamed(&large.must_be(400)), ["name"]);
        let nested = json!({"config": []});
        let nested = api.post("/v1/accounts", nested).await.must_be(400);
        assert_eq!(blamed(&nested), ["config"]);
        for (seconds, status) in [(json!(20.0), 201), (json!(20.5), 400)] {
            let group = json!({"name": "Sales", "timeout_seconds": seconds});
            api.post("/v1/ring_groups", group).await.must_be(status);
        }
        let patch = api
            .send(api.request(Method::PATCH, "/v1/users/user_x"))
            .await;
        assert_eq!(patch.header("allow"), "DELETE, GET, POST, PUT");
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_of_any_origin_are_let_in() {
    for world in worlds().await {
        let api = &world.api;
        let preflight = api
            .request(Method::OPTIONS, "/v1/users")
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "POST");
        let answer = api.send(preflight).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS"] {
            assert!(
                answer
                    .header("access-control-allow-methods")
                    .contains(method)
            );
        }
        for name in [
            "Authorization",
            "Content-Type",
            "DialStack-Account",
            "Idempotency-Key",
        ] {
            assert!(answer.header("access-control-allow-headers").contains(name));
        }
        answer.must_be(204);
        for path in ["/v1/users", "/v1/nothing", "/healthz"] {
            let answer = api.get(path).await;
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert!(
                answer
                    .header("access-control-expose-headers")
                    .contains("X-Request-Id")
            );
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_asked_for() {
    for world in worlds().await {
        let api = &world.api;
        for key in [
            "",
            "sk_live_wrongwrongwrong1",
            "sk_test_0123456789abcdefghijklmn",
            "nonsense",
        ] {
            let answer = api.with_key(key).get("/v1/users").await;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.must_be(401);
        }
        let none = world.exchange.api().get("/v1/users").await;
        assert_eq!(blamed(&none.must_be(400)), ["DialStack-Account"]);
        for account in ["acct_01h455vb4pex5vsknk084sn02q", "nonsense"] {
            api.on(account).get("/v1/users").await.must_be(404);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_key_is_told_to_wait() {
    let database = harness::Database::Sqlite;
    let exchange = harness::Exchange::start_with(database, |config| {
        config.http.rate_limit = 1;
        config.http.rate_burst = 3;
    });
    let exchange = exchange.await;
    let api = exchange.api();
    let mut last = api.get("/v1/accounts").await;
    for _ in 0..5 {
        last = api.get("/v1/accounts").await;
    }
    assert_eq!(last.code(), "rate_limited");
    assert!(
        last.header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0)
    );
    last.must_be(429);
    api.get("/healthz").await.must_be(200);
    exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_health_figures_and_documents() {
    for world in worlds().await {
        let api = &world.api;
        assert_eq!(
            api.get("/healthz").await.must_be(200),
            json!({"status": "ok"})
        );
        assert_eq!(api.get("/readyz").await.must_be(200)["status"], "ready");
        api.get("/v1/users").await.must_be(200);
        let metrics = api.get("/metrics").await.text;
        for name in [
            "strowger_web_requests_total{class=\"2xx\",method=\"GET\",route=\"/v1/users\"}",
            "strowger_web_database_query_duration_seconds",
            "strowger_web_event_streams",
        ] {
            assert!(metrics.contains(name), "{name}");
        }
        let docs = api.get("/docs").await;
        assert!(docs.text.contains("swagger-ui-bundle.js"));
        assert!(
            !docs.text.contains("https://"),
            "the page fetches from outside"
        );
        world.exchange.stop().await;
    }
}
