//! Phone numbers of an account.

use crate::{blamed, user, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_set_up_and_routed() {
    for world in worlds().await {
        let api = &world.api;
        let alice = user(api, "Alice").await;
        let stock = json!({"phone_number": "+14155550123", "account_id": world.account});
        let id = world
            .exchange
            .api()
            .post("/v1/operator/phone-numbers", stock)
            .await
            .id();
        let path = format!("/v1/phone-numbers/{id}");
        let number = api.get(&path).await.must_be(200);
        assert_eq!(number["status"], "active");
        assert_eq!(number["outbound_enabled"], true);
        assert_eq!(number["inbound_routing"], "default");
        assert_eq!(number["directory_listing_type"], "non_registered");
        assert!(number["routing_target"].is_null() && number["expires_at"].is_null());
        let route = format!("{path}/route");
        let routed = api
            .post(&route, json!({"routing_target": alice}))
            .await
            .must_be(200);
        assert_eq!(routed["routing_target"], json!(alice));
        assert_eq!(api.post(&route, json!({})).await.must_be(200), routed);
        let dropped = api
            .post(&route, json!({"inbound_routing": "drop"}))
            .await
            .must_be(200);
        assert!(dropped["routing_target"].is_null());
        let back = api
            .post(&route, json!({"routing_target": alice}))
            .await
            .must_be(200);
        assert_eq!(back["inbound_routing"], "default");
        let cleared = api
            .post(&route, json!({"routing_target": null}))
            .await
            .must_be(200);
        assert!(cleared["routing_target"].is_null());
        api.post(
            &route,
            json!({"routing_target": "user_01h455vb4pex5vsknk084sn02q"}),
        )
        .await
        .must_be(422);
        api.post(&route, json!({"inbound_routing": "sideways"}))
            .await
            .must_be(400);
        for (body, status) in [
            (json!({"expires_at": "2030-01-01T00:00:00Z"}), 400),
            (json!({"status": "released"}), 400),
            (json!({"caller_id_name": "a name that is too long"}), 400),
            (json!({"caller_id_name": "Zoë"}), 400),
            (json!({"directory_listing_type": "listed"}), 400),
            (
                json!({"directory_listing_location": "loc_01h455vb4pex5vsknk084sn02q"}),
                422,
            ),
            (
                json!({"config": {"fax_notifications": {"recipients": [], "delete_documents": true}}}),
                400,
            ),
        ] {
            api.post(&path, body.clone()).await.must_be(status);
        }
        let set = json!({"caller_id_name": "ACME", "caller_id_prefix": "[A]", "expires_at": null, "config": {"fax_notifications": {"recipients": ["a@b.co"]}, "colour": "red"}});
        let set = api.post(&path, set).await.must_be(200);
        assert_eq!(set["caller_id_name"], "ACME");
        assert_eq!(set["config"]["fax_notifications"]["attach_pdf"], true);
        assert_eq!(set["config"]["colour"], "red");
        let off = api
            .post(
                &path,
                json!({"status": "inactive", "config": null, "caller_id_prefix": null}),
            )
            .await
            .must_be(200);
        assert_eq!(off["config"], json!({}));
        api.post(&path, json!({"caller_id_name": "X"}))
            .await
            .must_be(409);
        let listed = api
            .get("/v1/phone-numbers?status=inactive")
            .await
            .must_be(200);
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
        let pending = api
            .get("/v1/phone-numbers?status=pending")
            .await
            .must_be(200);
        assert_eq!(pending["data"], json!([]));
        assert_eq!(
            blamed(&api.get("/v1/phone-numbers?status=lost").await.must_be(400)),
            ["status"]
        );
        world.exchange.stop().await;
    }
}
