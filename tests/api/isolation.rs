//! Two accounts: no operation shows or changes what is the other's.

use crate::{user, worlds};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_another_account_can_be_seen_or_changed() {
    for world in worlds().await {
        let platform = world.exchange.api();
        let (mine, account) = (&world.api, &world.account);
        let alice = user(mine, "Alice").await;
        let endpoint = mine
            .post(&format!("/v1/users/{alice}/endpoints"), json!({}))
            .await
            .id();
        mine.post("/v1/extensions", json!({"number": "100", "target": alice}))
            .await
            .must_be(201);
        let group = mine
            .post("/v1/ring_groups", json!({"name": "All"}))
            .await
            .id();
        let member = mine
            .post(
                &format!("/v1/ring_groups/{group}/members"),
                json!({"extension": alice}),
            )
            .await
            .id();
        let number = json!({"phone_number": "+14155550123", "account": account});
        let number = platform
            .post("/v1/operator/phone-numbers", number)
            .await
            .id();

        let other = platform
            .post("/v1/accounts", json!({"name": "Other"}))
            .await
            .id();
        let theirs = platform.on(&other);
        let bob = user(&theirs, "Bob").await;
        let theirs_group = theirs
            .post("/v1/ring_groups", json!({"name": "Theirs"}))
            .await
            .id();

        let one = [
            format!("/v1/users/{alice}"),
            format!("/v1/users/{alice}/endpoints"),
            format!("/v1/users/{alice}/endpoints/{endpoint}"),
            format!("/v1/users/{bob}/endpoints/{endpoint}"),
            format!("/v1/users/{alice}/presence"),
            "/v1/extensions/100".to_owned(),
            format!("/v1/ring_groups/{group}"),
            format!("/v1/phone-numbers/{number}"),
            format!("/v1/ring_groups/{group}/members/{member}"),
            format!("/v1/ring_groups/{theirs_group}/members/{member}"),
        ];
        for path in &one {
            if !path.contains("/members/") {
                theirs.get(path).await.must_be(404);
            }
            if !path.ends_with("/presence") && !path.contains("/members/") {
                theirs
                    .post(path, json!({"name": "stolen"}))
                    .await
                    .must_be(404);
            }
            let delete = theirs.send(theirs.request(Method::DELETE, path)).await;
            assert!(
                [404, 405].contains(&delete.status.as_u16()),
                "{path}: {}",
                delete.text
            );
        }
        theirs
            .post(
                &format!("/v1/phone-numbers/{number}/route"),
                json!({"routing_target": bob}),
            )
            .await
            .must_be(404);
        theirs
            .post(
                &format!("/v1/ring_groups/{group}/members"),
                json!({"extension": bob}),
            )
            .await
            .must_be(404);
        theirs
            .post("/v1/calls", json!({"user": alice, "dial_string": "100"}))
            .await
            .must_be(404);
        theirs
            .post(
                "/v1/calls",
                json!({"user": bob, "dial_string": "100", "did": number}),
            )
            .await
            .must_be(400);
        for (path, body) in [
            (
                "/v1/extensions".to_owned(),
                json!({"number": "101", "target": alice}),
            ),
            (
                format!("/v1/ring_groups/{theirs_group}/members"),
                json!({"extension": alice}),
            ),
            (
                format!("/v1/ring_groups/{theirs_group}"),
                json!({"timeout_action": "ring_user", "timeout_target": alice}),
            ),
            (
                format!("/v1/users/{bob}"),
                json!({"outbound_caller_id_did_id": number}),
            ),
            (
                format!("/v1/users/{bob}"),
                json!({"config": {"find_me_follow_me": {"steps": [{"targets": [{"type": "user", "id": alice}], "timeout": 5}]}}}),
            ),
            (
                format!("/v1/users/{bob}"),
                json!({"config": {"find_me_follow_me": {"steps": [{"targets": [{"type": "endpoint", "id": endpoint}], "timeout": 5}]}}}),
            ),
            (
                format!("/v1/accounts/{other}"),
                json!({"default_outbound_did_id": number}),
            ),
        ] {
            theirs.post(&path, body).await.must_be(422);
        }
        for path in [
            "/v1/users",
            "/v1/extensions",
            "/v1/ring_groups",
            "/v1/phone-numbers",
            "/v1/calls",
        ] {
            let list = theirs.get(path).await.must_be(200).to_string();
            for id in [&alice, &endpoint, &group, &number] {
                assert!(!list.contains(id.as_str()), "{path} shows {id}");
            }
        }
        let after = theirs
            .get(&format!("/v1/users?starting_after={alice}"))
            .await;
        after.must_be(400);

        let kept = mine.get(&format!("/v1/users/{alice}")).await.must_be(200);
        assert_eq!(kept["name"], "Alice");
        let kept: Value = mine
            .get(&format!("/v1/ring_groups/{group}"))
            .await
            .must_be(200);
        assert_eq!(kept["members"].as_array().map(Vec::len), Some(1));
        theirs
            .post("/v1/extensions", json!({"number": "100", "target": bob}))
            .await
            .must_be(201);
        world.exchange.stop().await;
    }
}
