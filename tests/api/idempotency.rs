//! Requests that are repeated with an `Idempotency-Key`.

use crate::{user, worlds};
use harness::{Answer, Api};
use reqwest::Method;
use serde_json::{Value, json};

async fn post(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    api.send(
        api.request(Method::POST, path)
            .header("Idempotency-Key", key)
            .json(body),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_is_answered_as_the_first_time() {
    for mut world in worlds().await {
        let alice = user(&world.api, "Alice").await;
        let path = format!("/v1/users/{alice}/endpoints");
        let first = post(&world.api, &path, "key-1", &json!({})).await;
        let again = post(&world.api, &path, "key-1", &json!({})).await;
        assert_eq!(first.text, again.text);
        let password = first.body["sip_password"]
            .as_str()
            .expect("a password")
            .to_owned();
        world.exchange.restart().await;
        let api = world.exchange.api().on(&world.account);
        let later = post(&api, &path, "key-1", &json!({})).await;
        assert_eq!(later.text, first.text);
        assert_eq!(later.header("content-type"), first.header("content-type"));
        later.must_be(201);
        let list = api.get(&path).await.must_be(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        for file in std::fs::read_dir(world.exchange.data_dir()).expect("the data directory") {
            let path = file.expect("a file").path();
            if path.is_file() {
                let bytes = std::fs::read(path).expect("its bytes");
                let found = bytes
                    .windows(password.len())
                    .any(|part| part == password.as_bytes());
                assert!(!found, "the password can be read from the database");
            }
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stands_for_one_request() {
    for world in worlds().await {
        let api = &world.api;
        post(api, "/v1/users", "key", &json!({"name": "Alice"}))
            .await
            .must_be(201);
        let other = post(api, "/v1/users", "key", &json!({"name": "Bob"})).await;
        assert_eq!(other.code(), "idempotency_key_reused");
        other.must_be(409);
        post(api, "/v1/ring_groups", "key", &json!({"name": "Alice"}))
            .await
            .must_be(201);
        let refused = post(api, "/v1/users", "bad", &json!({"name": 5})).await;
        assert_eq!(
            post(api, "/v1/users", "bad", &json!({"name": 5}))
                .await
                .text,
            refused.text
        );
        for key in ["", &"k".repeat(256)] {
            post(api, "/v1/users", key, &json!({})).await.must_be(400);
        }
        post(api, "/v1/users", &"k".repeat(255), &json!({}))
            .await
            .must_be(201);
        let account = world
            .exchange
            .api()
            .post("/v1/accounts", json!({}))
            .await
            .id();
        post(
            &api.on(&account),
            "/v1/users",
            "key",
            &json!({"name": "Carol"}),
        )
        .await
        .must_be(201);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_one_is_carried_out() {
    for world in worlds().await {
        let api = &world.api;
        let body = json!({"name": "Alice"});
        let all = (0..8).map(|_| post(api, "/v1/users", "same", &body));
        let answers = futures_util::future::join_all(all).await;
        let first = answers.iter().find(|answer| answer.status == 201);
        let first = first.expect("one is carried out");
        for answer in &answers {
            match answer.status.as_u16() {
                201 => assert_eq!(answer.text, first.text),
                _ => assert_eq!(answer.code(), "idempotency_key_in_use", "{}", answer.text),
            }
        }
        let list = api.get("/v1/users").await.must_be(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        world.exchange.stop().await;
    }
}
