//! Keys and modes of a platform, and what a restart keeps.

use crate::worlds;
use harness::{Database, Exchange};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_and_test_keys_reach_accounts_of_their_own() {
    for world in worlds().await {
        let live = world.exchange.api();
        let db = world.exchange.running().db();
        let (key, text) = web::keys::create(db, Some("tests".to_owned()), false)
            .await
            .expect("a key");
        assert!(text.starts_with("sk_test_"));
        let test = live.with_key(&text);
        let sandbox = test.post("/v1/accounts", json!({})).await.id();
        test.get(&format!("/v1/accounts/{sandbox}"))
            .await
            .must_be(200);
        live.get(&format!("/v1/accounts/{sandbox}"))
            .await
            .must_be(404);
        live.on(&sandbox).get("/v1/users").await.must_be(404);
        test.get(&format!("/v1/accounts/{}", world.account))
            .await
            .must_be(404);
        let number = |number: &str| json!({"phone_number": number, "account": sandbox});
        let real = test
            .post("/v1/operator/phone-numbers", number("+14158675309"))
            .await;
        assert_eq!(real.code(), "invalid_sandbox_phone_number");
        real.must_be(400);
        test.post("/v1/operator/phone-numbers", number("+12075550142"))
            .await
            .must_be(201);
        web::keys::revoke(db, key.id).await.expect("it is revoked");
        let end = std::time::Instant::now() + harness::SOON;
        while test.get("/v1/accounts").await.status != 401 {
            assert!(std::time::Instant::now() < end, "a revoked key still works");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_key_is_made_once() {
    let mut exchange = Exchange::start_with(Database::Sqlite, |config| config.api_key = None).await;
    let key = exchange
        .running()
        .first_key()
        .expect("a first key")
        .to_owned();
    let api = exchange.api().with_key(&key);
    let account = api.post("/v1/accounts", json!({"name": "Acme"})).await.id();
    exchange.restart().await;
    assert_eq!(exchange.running().first_key(), None);
    let api = exchange.api().with_key(&key);
    assert_eq!(
        api.get(&format!("/v1/accounts/{account}"))
            .await
            .must_be(200)["name"],
        "Acme"
    );
    exchange.stop().await;
}
