//! What nobody sends by accident: texts with a NUL, a client that hangs up, a key that reaches too far.

use crate::worlds;
use harness::{Api, Database, Exchange};
use reqwest::Method;
use serde_json::json;
use std::{io::Write as _, net::TcpStream, os::unix::fs::PermissionsExt as _};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_is_refused_and_harms_nobody() {
    for world in worlds().await {
        let api = &world.api;
        let refused = api.post("/v1/users", json!({"name": "a\0b"})).await;
        assert_eq!(refused.code(), "validation_error", "{}", refused.text);
        refused.must_be(400);
        let found = api.get("/v1/users?search=%00").await;
        assert!(found.status.as_u16() < 500, "{}", found.text);
        let found = api.get("/v1/extensions/%00").await;
        found.must_be(404);

        // A name in a digest answer may have one (RFC 3261 §25.1, quoted-pair).
        let phone = world.exchange.phone("nobody", "secret").await;
        let ask = || phone.request("REGISTER", "sip:exchange.test", &phone.aor());
        let challenged = phone.ask(&ask()).await;
        assert_eq!(challenged.status(), Some(401));
        let mut again = ask();
        assert!(phone.answer_challenge(&mut again, &challenged));
        let answer = again.get("Authorization").to_owned();
        let hostile = answer.replace("username=\"nobody\"", "username=\"\\\0\"");
        assert_ne!(hostile, answer);
        again.set("Authorization", hostile);
        assert_eq!(phone.ask(&again).await.status(), Some(403));
        let ready = api.get("/readyz").await;
        ready.must_be(200);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_made_one_user_however_often_it_asks() {
    for world in worlds().await {
        let path = "/v1/users";
        let body = json!({"name": "Alice"}).to_string();
        let base = world.api.base().trim_start_matches("http://").to_owned();
        for _ in 0..5 {
            let mut stream = TcpStream::connect(&base).expect("a connection");
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nDialStack-Account: {}\r\n\
                 Idempotency-Key: hang-up\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                harness::KEY,
                world.account,
                body.len()
            );
            stream.write_all(head.as_bytes()).expect("sent");
        }
        let repeat = async || {
            let ask = world.api.request(Method::POST, path);
            let ask = ask.header("Idempotency-Key", "hang-up");
            world.api.send(ask.json(&json!({"name": "Alice"}))).await
        };
        let mut answer = repeat().await;
        for _ in 0..500 {
            if answer.status.as_u16() != 409 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = repeat().await;
        }
        answer.must_be(201);
        let all = world.api.get(path).await.must_be(200);
        assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_keeps_no_names_when_it_changes_hands() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let number = json!({"phone_number": "+12125550111", "account": world.account});
        let number = platform.post("/v1/operator/phone-numbers", number).await;
        let number = number.id_of(201);
        let path = format!("/v1/phone-numbers/{number}");
        let names = json!({"caller_id_name": "ACME", "caller_id_prefix": "[Acme]"});
        world.api.post(&path, names).await.must_be(200);
        let other = account(&platform).await;
        let stock = format!("/v1/operator/phone-numbers/{number}");
        let moved = json!({"account": other.account()});
        platform.post(&stock, moved).await.must_be(200);
        let seen = other.get(&path).await.must_be(200);
        assert!(!seen.to_string().to_lowercase().contains("acme"), "{seen}");

        let names = json!({"caller_id_prefix": "[Other]"});
        other.post(&path, names).await.must_be(200);
        let gone = format!("/v1/accounts/{}", other.account());
        platform.delete(&gone).await.must_be(204);
        let third = account(&platform).await;
        let moved = json!({"account": third.account()});
        platform.post(&stock, moved).await.must_be(200);
        let seen = third.get(&path).await.must_be(200);
        assert!(!seen.to_string().contains("Other"), "{seen}");
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_file_is_for_the_exchange_alone() {
    let exchange = Exchange::start(Database::Sqlite).await;
    let files = std::fs::read_dir(exchange.data_dir()).expect("the data directory");
    for file in files {
        let file = file.expect("a file");
        let data = file.metadata().expect("its metadata");
        let open = data.permissions().mode() & 0o077;
        assert!(
            data.is_dir() || open == 0,
            "{:?} is open to others",
            file.path()
        );
    }
    exchange.stop().await;
}

async fn account(platform: &Api) -> Api {
    let made = platform
        .post("/v1/accounts", json!({"name": "Other"}))
        .await;
    platform.on(&made.id_of(201))
}
