//! Ring groups and their members.

use crate::{blamed, user, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_have_defaults_and_a_fitting_end() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let made = api
            .post("/v1/ring_groups", json!({"name": "Sales"}))
            .await
            .must_be(201);
        assert_eq!(made["timeout_seconds"], 20);
        assert_eq!(made["members"], json!([]));
        assert!(made["timeout_action"].is_null() && made["timeout_target"].is_null());
        let path = format!("/v1/ring_groups/{}", made["id"].as_str().expect("an id"));
        for (body, status) in [
            (json!({"timeout_seconds": 4}), 400),
            (json!({"timeout_seconds": 301}), 400),
            (json!({"name": ""}), 400),
            (
                json!({"timeout_action": "dance", "timeout_target": alice}),
                400,
            ),
            (
                json!({"timeout_action": "queue", "timeout_target": alice}),
                422,
            ),
            (json!({"timeout_action": "ring_user"}), 422),
            (
                json!({"timeout_action": "ring_user", "timeout_target": "user_01h455vb4pex5vsknk084sn02q"}),
                422,
            ),
        ] {
            api.post(&path, body.clone()).await.must_be(status);
        }
        let set = json!({"timeout_action": "ring_user", "timeout_target": alice, "timeout_seconds": 5, "ignore_forwarding": true});
        let set = api.post(&path, set).await.must_be(200);
        assert_eq!(set["timeout_target"], json!(alice));
        let set = api
            .post(&path, json!({"timeout_action": "voicemail"}))
            .await
            .must_be(200);
        assert_eq!(
            (&set["timeout_action"], &set["ignore_forwarding"]),
            (&json!("voicemail"), &json!(true))
        );
        let cleared = api
            .post(&path, json!({"timeout_action": null}))
            .await
            .must_be(200);
        assert!(cleared["timeout_action"].is_null() && cleared["timeout_target"].is_null());
        let half = api
            .post(
                "/v1/ring_groups",
                json!({"name": "x", "timeout_action": "ring_user"}),
            )
            .await;
        assert_eq!(blamed(&half.must_be(400)), ["timeout_target"]);
        let none = api.post("/v1/ring_groups", json!({})).await;
        assert_eq!(blamed(&none.must_be(400)), ["name"]);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_are_added_once_and_never_in_a_circle() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let outer = api
            .post("/v1/ring_groups", json!({"name": "Outer"}))
            .await
            .id();
        let inner = api
            .post("/v1/ring_groups", json!({"name": "Inner"}))
            .await
            .id();
        let members = format!("/v1/ring_groups/{outer}/members");
        let member = api
            .post(&members, json!({"extension": alice}))
            .await
            .must_be(201);
        assert!(member["phone_number"].is_null());
        assert_eq!(member["ring_group_id"], json!(outer));
        api.post(&members, json!({"extension": alice}))
            .await
            .must_be(409);
        api.post(&members, json!({"phone_number": "+14155550123"}))
            .await
            .must_be(201);
        api.post(&members, json!({"phone_number": "+14155550123"}))
            .await
            .must_be(409);
        api.post(&members, json!({})).await.must_be(400);
        api.post(&members, json!({"extension": alice, "phone_number": "1"}))
            .await
            .must_be(400);
        api.post(&members, json!({"phone_number": ""}))
            .await
            .must_be(400);
        api.post(
            &members,
            json!({"extension": "user_01h455vb4pex5vsknk084sn02q"}),
        )
        .await
        .must_be(422);
        api.post(&members, json!({"extension": outer}))
            .await
            .must_be(422);
        api.post(&members, json!({"extension": inner}))
            .await
            .must_be(201);
        let back = format!("/v1/ring_groups/{inner}/members");
        api.post(&back, json!({"extension": outer}))
            .await
            .must_be(422);
        let group = api
            .get(&format!("/v1/ring_groups/{outer}"))
            .await
            .must_be(200);
        assert_eq!(group["members"].as_array().map(Vec::len), Some(3));
        assert_eq!(group["members"][0]["extension"], json!(alice));
        let one = format!("{members}/{}", member["id"].as_str().expect("an id"));
        api.delete(&one).await.must_be(204);
        api.delete(&one).await.must_be(404);
        api.post("/v1/extensions", json!({"number": "200", "target": outer}))
            .await
            .must_be(201);
        let used = api.delete(&format!("/v1/ring_groups/{outer}")).await;
        assert_eq!(used.code(), "ring_group_in_use");
        used.must_be(409);
        api.delete("/v1/extensions/200").await.must_be(204);
        api.delete(&format!("/v1/ring_groups/{outer}"))
            .await
            .must_be(204);
        world.exchange.stop().await;
    }
}
