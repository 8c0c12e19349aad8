//! What only the operator sees: trunks and the stock of numbers.

use crate::{blamed, worlds};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trunks_keep_their_passwords_to_themselves() {
    for world in worlds().await {
        let api = world.exchange.api();
        let body = json!({"name": "Carrier", "address": "127.0.0.1:1", "username": "acme", "password": "tell-nobody", "inbound_addresses": ["192.0.2.0/24", "::1"], "max_channels": 30, "enabled": false});
        let made = api.post("/v1/operator/trunks", body).await.must_be(201);
        assert!(!made.to_string().contains("tell-nobody"));
        assert_eq!(made["has_password"], true);
        assert_eq!(
            (&made["transport"], &made["register"]),
            (&json!("udp"), &json!(false))
        );
        let path = format!(
            "/v1/operator/trunks/{}",
            made["id"].as_str().expect("an id")
        );
        let changed = api
            .post(
                &path,
                json!({"transport": "tls", "max_channels": null, "codecs": ["PCMU", "opus"]}),
            )
            .await
            .must_be(200);
        assert_eq!(changed["name"], "Carrier");
        assert!(changed["max_channels"].is_null());
        api.post(&path, json!({"register": true, "password": null}))
            .await
            .must_be(400);
        for (body, field) in [
            (json!({"address": "not a host"}), "address"),
            (json!({"transport": "pigeon"}), "transport"),
            (
                json!({"inbound_addresses": ["nowhere"]}),
                "inbound_addresses[0]",
            ),
            (json!({"codecs": ["MP3"]}), "codecs"),
            (json!({"priority": -1}), "priority"),
        ] {
            assert_eq!(blamed(&api.post(&path, body).await.must_be(400)), [field]);
        }
        assert_eq!(
            api.get("/v1/operator/trunks").await.must_be(200)["data"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
        api.delete(&path).await.must_be(204);
        api.get(&path).await.must_be(404);
        let files = std::fs::read_dir(world.exchange.data_dir()).expect("the data directory");
        for file in files {
            let path = file.expect("a file").path();
            if path.is_file() {
                let bytes = std::fs::read(path).expect("its bytes");
                assert!(!bytes.windows(11).any(|part| part == b"tell-nobody"));
            }
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stock_gives_and_takes_numbers() {
    for world in worlds().await {
        let api = world.exchange.api();
        let path = "/v1/operator/phone-numbers";
        let body = json!({"phone_number": "+14155550123", "city": "Austin", "state": "TX"});
        let made = api.post(path, body.clone()).await.must_be(201);
        assert!(made["account"].is_null());
        let again = api.post(path, body).await;
        assert_eq!(again.code(), "phone_number_taken");
        again.must_be(409);
        api.post(path, json!({"phone_number": "555"}))
            .await
            .must_be(400);
        let elsewhere =
            json!({"phone_number": "+14155550124", "account": "acct_01h455vb4pex5vsknk084sn02q"});
        api.post(path, elsewhere).await.must_be(422);
        let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
        let given = api
            .post(&one, json!({"account": world.account}))
            .await
            .must_be(200);
        assert_eq!(
            (&given["account_id"], &given["status"], &given["city"]),
            (&json!(world.account), &json!("active"), &json!("Austin"))
        );
        let taken = api
            .post(&one, json!({"account": null, "city": null}))
            .await
            .must_be(200);
        assert!(taken["account"].is_null() && taken["city"].is_null());
        assert_eq!(taken["state"], "TX");
        api.post(
            &format!("/v1/accounts/{}", world.account),
            json!({"config": {"max_phone_numbers": 0}}),
        )
        .await
        .must_be(200);
        let full = api.post(&one, json!({"account": world.account})).await;
        assert_eq!(full.code(), "phone_number_limit_exceeded");
        full.must_be(409);
        api.delete(&one).await.must_be(204);
        api.get(&one).await.must_be(404);
        world.exchange.stop().await;
    }
}
