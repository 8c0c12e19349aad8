//! Accounts: defaults, merging, clearing, deleting.

use crate::{blamed, user, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_account_has_every_default() {
    for world in worlds().await {
        let api = world.exchange.api();
        let account = api.post("/v1/accounts", json!({})).await.must_be(201);
        let config = &account["config"];
        for (name, value) in [
            ("region", json!("US")),
            ("extension_length", json!(4)),
            ("transcription_enabled", json!(true)),
            ("recording_enabled", json!(true)),
            ("redaction_enabled", json!(false)),
            ("timezone", json!("UTC")),
            ("parking_timeout_seconds", json!(300)),
            ("transcript_retention_days", json!(90)),
        ] {
            assert_eq!(config[name], value, "{name}");
        }
        for absent in [
            "email",
            "name",
            "billing_address",
            "main_location",
            "main_location_id",
            "hold_music_clip",
        ] {
            assert!(account[absent].is_null(), "{absent}");
        }
        assert_eq!(account["tos_status"], "not_required");
        let found = api
            .get(&format!(
                "/v1/accounts/{}",
                account["id"].as_str().expect("an id")
            ))
            .await;
        assert_eq!(found.must_be(200), account);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_changes_only_what_is_sent() {
    for world in worlds().await {
        let api = world.exchange.api();
        let path = format!("/v1/accounts/{}", world.account);
        let address = json!({"street": "Main St", "address_number": "12", "city": "Austin", "state": "TX", "postal_code": "78701", "country": "US"});
        let change = json!({
            "email": "office@lighthouse.example",
            "billing_address": address,
            "config": {"timezone": "America/Chicago", "e911_notification": {"emails": ["a@b.co"]}, "max_phone_numbers": 3},
        });
        let account = api.post(&path, change).await.must_be(200);
        assert_eq!(account["name"], "Acme");
        assert_eq!(account["billing_address"]["city"], "Austin");
        let account = api
            .post(
                &path,
                json!({"config": {"extension_length": 3, "transcript_retention_days": 0}}),
            )
            .await
            .must_be(200);
        assert_eq!(account["config"]["timezone"], "America/Chicago");
        assert_eq!(account["config"]["extension_length"], 3);
        assert_eq!(account["config"]["max_phone_numbers"], 3);
        assert_eq!(account["config"]["transcript_retention_days"], 90);
        assert_eq!(
            account["config"]["e911_notification"]["emails"],
            json!(["a@b.co"])
        );
        let account = api
            .post(&path, json!({"billing_address": null}))
            .await
            .must_be(200);
        assert!(account["billing_address"].is_null());
        assert_eq!(account["email"], "office@lighthouse.example");
        let put = api
            .request(reqwest_method("PUT"), &path)
            .json(&json!({"name": "Beacon"}));
        assert_eq!(api.send(put).await.must_be(200)["name"], "Beacon");
        world.exchange.stop().await;
    }
}

fn reqwest_method(name: &str) -> reqwest::Method {
    name.parse().expect("a method")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_values_are_named() {
    for world in worlds().await {
        let api = world.exchange.api();
        let path = format!("/v1/accounts/{}", world.account);
        for (body, field) in [
            (json!({"email": "nobody"}), "email"),
            (json!({"email": null}), "email"),
            (json!({"phone": "555"}), "phone"),
            (json!({"name": "x".repeat(256)}), "name"),
            (json!({"config": {"region": "XX"}}), "config.region"),
            (
                json!({"config": {"extension_length": 7}}),
                "config.extension_length",
            ),
            (
                json!({"config": {"timezone": "Mars/Base"}}),
                "config.timezone",
            ),
            (
                json!({"config": {"parking_timeout_seconds": 59}}),
                "config.parking_timeout_seconds",
            ),
            (
                json!({"config": {"transcription_enabled": "yes"}}),
                "config.transcription_enabled",
            ),
            (
                json!({"billing_address": {"street": "x"}}),
                "billing_address.city",
            ),
        ] {
            let answer = api.post(&path, body.clone()).await;
            assert_eq!(answer.code(), "validation_error", "{body}");
            assert_eq!(blamed(&answer.must_be(400)), [field], "{body}");
        }
        let both = json!({"address": {"street": "x", "city": "y", "state": "z", "postal_code": "1", "country": "US"}, "billing_address": {"street": "x", "city": "y", "state": "z", "postal_code": "1", "country": "US"}});
        api.post("/v1/accounts", both).await.must_be(400);
        for field in [
            "default_outbound_did_id",
            "hold_music_clip",
            "main_location_id",
        ] {
            let answer = api
                .post(&path, json!({field: "did_01h455vb4pex5vsknk084sn02q"}))
                .await;
            answer.must_be(422);
            api.post(&path, json!({field: null})).await.must_be(200);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_account_is_gone_with_everything() {
    for world in worlds().await {
        let api = world.exchange.api();
        let alice = user(&world.api, "Alice").await;
        let number = json!({"phone_number": "+14155550123", "account": world.account});
        let number = api.post("/v1/operator/phone-numbers", number).await.id();
        let path = format!("/v1/accounts/{}", world.account);
        let answer = api.delete(&path).await;
        assert_eq!(answer.text, "");
        answer.must_be(204);
        api.get(&path).await.must_be(404);
        api.delete(&path).await.must_be(404);
        world
            .api
            .get(&format!("/v1/users/{alice}"))
            .await
            .must_be(404);
        let number = api
            .get(&format!("/v1/operator/phone-numbers/{number}"))
            .await
            .must_be(200);
        assert!(number["account"].is_null());
        world.exchange.stop().await;
    }
}
