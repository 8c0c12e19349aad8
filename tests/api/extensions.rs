//! Extensions: by number, to targets of the account.

use crate::{user, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn extensions_lead_to_targets_of_the_account() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let group = api
            .post("/v1/ring_groups", json!({"name": "All"}))
            .await
            .id();
        let made = api
            .post("/v1/extensions", json!({"number": "105", "target": alice}))
            .await
            .must_be(201);
        assert_eq!(made["status"], "active");
        let taken = api
            .post("/v1/extensions", json!({"number": "105", "target": group}))
            .await;
        assert_eq!(taken.code(), "extension_taken");
        taken.must_be(409);
        for target in [
            "user_01h455vb4pex5vsknk084sn02q",
            "nonsense",
            "call_01h455vb4pex5vsknk084sn02q",
            "dp_01h455vb4pex5vsknk084sn02q",
        ] {
            api.post("/v1/extensions", json!({"number": "106", "target": target}))
                .await
                .must_be(422);
        }
        for number in ["", "1 2", "1/2", &"1".repeat(33)] {
            api.post("/v1/extensions", json!({"number": number, "target": alice}))
                .await
                .must_be(400);
        }
        api.post("/v1/extensions", json!({"number": "*12#", "target": alice}))
            .await
            .must_be(201);
        let star = api.get("/v1/extensions/*12%23").await.must_be(200);
        assert_eq!(star["number"], "*12#");
        let renamed = api
            .post(
                "/v1/extensions/105",
                json!({"number": "107", "target": group}),
            )
            .await
            .must_be(200);
        assert_eq!(renamed["target"], json!(group));
        api.get("/v1/extensions/105").await.must_be(404);
        api.post("/v1/extensions/107", json!({"number": "*12#"}))
            .await
            .must_be(409);
        api.post("/v1/extensions/107", json!({"target": "nonsense"}))
            .await
            .must_be(422);
        let list = api
            .get(&format!("/v1/extensions?target={group}"))
            .await
            .must_be(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        let list = api.get("/v1/extensions?target=nonsense").await.must_be(200);
        assert_eq!(list["data"], json!([]));
        let expanded = api
            .get("/v1/ring_groups?expand[]=extensions&expand[]=nonsense")
            .await
            .must_be(200);
        assert_eq!(
            expanded["data"][0]["extensions"]["data"][0]["number"],
            "107"
        );
        let plain = api
            .get("/v1/ring_groups?expand[]=extensions,other")
            .await
            .must_be(200);
        assert!(plain["data"][0].get("extensions").is_none());
        api.delete("/v1/extensions/107").await.must_be(204);
        api.delete("/v1/extensions/107").await.must_be(404);
        api.delete(&format!("/v1/users/{alice}")).await.must_be(204);
        api.get("/v1/extensions/*12%23").await.must_be(404);
        world.exchange.stop().await;
    }
}
