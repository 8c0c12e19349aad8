//! Users, their endpoints and presence.

use crate::{blamed, user, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_created_changed_and_deleted() {
    for world in worlds().await {
        let api = &world.api;
        let made = api
            .post(
                "/v1/users",
                json!({"name": "Alice", "email": "alice@example.com"}),
            )
            .await
            .must_be(201);
        assert_eq!(
            made["config"]["voicemail_notifications"]["attach_audio"],
            true
        );
        assert_eq!(made["do_not_disturb"], false);
        assert!(made.get("extensions").is_none());
        let path = format!("/v1/users/{}", made["id"].as_str().expect("an id"));
        let change = json!({
            "do_not_disturb": true,
            "voicemail_pin": "4321",
            "config": {"voicemail_notifications": {"enabled": true}, "mobile_push_wakeup": true},
        });
        let changed = api.post(&path, change).await.must_be(200);
        assert_eq!(changed["name"], "Alice");
        assert_eq!(changed["do_not_disturb"], true);
        let changed = api.post(&path, json!({"voicemail_pin": null, "name": null, "config": {"voicemail_notifications": {"attach_audio": false}}})).await.must_be(200);
        assert!(changed["voicemail_pin"].is_null() && changed["name"].is_null());
        let mail = &changed["config"]["voicemail_notifications"];
        assert_eq!(
            (&mail["enabled"], &mail["attach_audio"]),
            (&json!(true), &json!(false))
        );
        assert_eq!(changed["config"]["mobile_push_wakeup"], true);
        let presence = api.get(&format!("{path}/presence")).await.must_be(200);
        assert_eq!(presence["object"], "user_presence");
        assert_eq!(
            (&presence["state"], &presence["do_not_disturb"]),
            (&json!("offline"), &json!(true))
        );
        api.delete(&path).await.must_be(204);
        api.get(&path).await.must_be(404);
        api.get(&format!("{path}/presence")).await.must_be(404);
        api.post("/v1/users", json!({})).await.must_be(201);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_belongs_to_one_user() {
    for world in worlds().await {
        let api = &world.api;
        let alice = json!({"email": "alice@example.com"});
        api.post("/v1/users", alice.clone()).await.must_be(201);
        let again = api
            .post("/v1/users", json!({"email": "Alice@Example.com"}))
            .await;
        assert_eq!(again.code(), "email_taken");
        again.must_be(409);
        let bob = user(api, "Bob").await;
        api.post(&format!("/v1/users/{bob}"), alice)
            .await
            .must_be(409);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_finds_parts_in_any_case_and_no_wildcards() {
    for world in worlds().await {
        let api = &world.api;
        for name in ["Alice Smith", "Bob 100%", "Ümit"] {
            user(api, name).await;
        }
        for (search, count) in [
            ("SMI", 1),
            ("%25", 1),
            ("_", 0),
            ("%C3%BC", 1),
            ("", 3),
            ("nobody", 0),
        ] {
            let list = api
                .get(&format!("/v1/users?search={search}"))
                .await
                .must_be(200);
            assert_eq!(
                list["data"].as_array().map(Vec::len),
                Some(count),
                "{search}: {list}"
            );
        }
        api.get(&format!("/v1/users?search={}", "x".repeat(256)))
            .await
            .must_be(400);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn find_me_is_replaced_as_a_whole_and_checked() {
    for world in worlds().await {
        let api = &world.api;
        let (alice, bob) = (user(api, "Alice").await, user(api, "Bob").await);
        let path = format!("/v1/users/{alice}");
        let find_me = |value: serde_json::Value| json!({"config": {"find_me_follow_me": value}});
        let steps = json!([{"targets": [{"type": "user", "id": bob}, {"type": "external", "number": "+14155550123"}], "timeout": 20}]);
        let set =
            find_me(json!({"steps": steps, "fallback": "ring_user", "fallback_target_id": bob}));
        let kept = api.post(&path, set).await.must_be(200);
        let kept = &kept["config"]["find_me_follow_me"];
        assert_eq!(kept["steps"], steps);
        assert_eq!(kept["fallback_target_id"], json!(bob));
        for (value, status) in [
            (json!({"steps": [{"targets": [], "timeout": 20}]}), 400),
            (
                json!({"steps": [{"targets": [{"type": "user"}], "timeout": 20}]}),
                400,
            ),
            (
                json!({"steps": [{"targets": [{"type": "external", "number": "1"}], "timeout": 0}]}),
                400,
            ),
            (json!({"fallback": "voicemail"}), 400),
            (json!({"steps": [], "fallback": "explode"}), 400),
            (
                json!({"steps": [{"targets": [{"type": "user", "id": "user_01h455vb4pex5vsknk084sn02q"}], "timeout": 9}]}),
                422,
            ),
            (
                json!({"steps": [{"targets": [{"type": "endpoint", "id": bob}], "timeout": 9}]}),
                422,
            ),
            (
                json!({"steps": steps, "fallback": "queue", "fallback_target_id": bob}),
                422,
            ),
        ] {
            api.post(&path, find_me(value.clone()))
                .await
                .must_be(status);
        }
        let off = api
            .post(&path, find_me(json!({"steps": []})))
            .await
            .must_be(200);
        assert!(off["config"].get("find_me_follow_me").is_none(), "{off}");
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_shows_its_password_once() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let path = format!("/v1/users/{alice}/endpoints");
        let empty = api.request(reqwest::Method::POST, &path);
        let made = api.send(empty).await.must_be(201);
        let password = made["sip_password"]
            .as_str()
            .expect("a password")
            .to_owned();
        assert!(password.len() >= 16);
        assert!(
            made["sip_username"]
                .as_str()
                .expect("a name")
                .starts_with("alice-")
        );
        assert_eq!(made["sip_domain"], harness::DOMAIN);
        let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
        let found = api.get(&one).await.must_be(200);
        assert!(found.get("sip_password").is_none());
        assert_eq!(
            (&found["user"], &found["user_id"]),
            (&json!(alice), &json!(alice))
        );
        let chosen = api
            .post(
                &path,
                json!({"name": "Desk", "sip_password": "chosen-by-me"}),
            )
            .await
            .must_be(201);
        assert!(chosen.get("sip_password").is_none());
        api.post(
            &one,
            json!({"sip_password": "changed-by-me", "name": "Hall"}),
        )
        .await
        .must_be(200);
        for bad in [
            json!({"sip_password": "short"}),
            json!({"name": ""}),
            json!({"sip_password": null}),
        ] {
            assert_eq!(blamed(&api.post(&one, bad).await.must_be(400)).len(), 1);
        }
        assert_eq!(
            api.get(&path).await.must_be(200)["data"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
        api.delete(&one).await.must_be(204);
        api.get(&one).await.must_be(404);
        let nobody = "/v1/users/user_01h455vb4pex5vsknk084sn02q/endpoints";
        api.get(nobody).await.must_be(404);
        api.post(nobody, json!({})).await.must_be(404);
        world.exchange.stop().await;
    }
}
