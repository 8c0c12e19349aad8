//! Presence: what users say, what the exchange sees, and that phones keep quiet when they shall.

use crate::{as_user, user, worlds};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_says_how_they_are() {
    for world in worlds().await {
        let id = user(&world.api, "Alice").await;
        let (me, path) = (as_user(&world, &id).await, "/v1/me/presence");
        let before = me.get(path).await.must_be(200);
        assert_eq!(
            (&before["status"], &before["status_text"]),
            (&json!("offline"), &Value::Null)
        );
        let away = json!({"status": "away", "status_text": "Back at two"});
        let set = me.post(path, away).await.must_be(200);
        assert_eq!(
            (&set["status"], &set["status_text"]),
            (&json!("away"), &json!("Back at two"))
        );
        assert_eq!(set["user_id"], json!(id));
        assert_eq!(me.get(path).await.must_be(200), set);
        // The text stays until it is cleared; PUT does the same as POST.
        let put = me
            .request(reqwest::Method::PUT, path)
            .json(&json!({"status": "dnd"}));
        let set = me.send(put).await.must_be(200);
        assert_eq!(
            (&set["status"], &set["status_text"]),
            (&json!("dnd"), &json!("Back at two"))
        );
        let seen = world.api.get(&format!("/v1/users/{id}")).await.must_be(200);
        assert_eq!(seen["do_not_disturb"], true);
        let clear = json!({"status": "available", "status_text": null});
        let set = me.post(path, clear).await.must_be(200);
        assert_eq!(
            (&set["status"], &set["status_text"]),
            (&json!("offline"), &Value::Null)
        );
        let seen = world.api.get(&format!("/v1/users/{id}")).await.must_be(200);
        assert_eq!(seen["do_not_disturb"], false);
        for wrong in [
            json!({"status": "on_call"}),
            json!({"status": "offline"}),
            json!({}),
            json!({"status": "away", "status_text": "x".repeat(101)}),
        ] {
            me.post(path, wrong).await.must_be(400);
        }
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_no_calls_hears_none() {
    for world in worlds().await {
        let alice = world.person("Alice", "101").await;
        let bob = world.person("Bob", "102").await;
        let me = as_user(&world, &bob.user).await;
        let seen = me.get("/v1/me/presence").await.must_be(200);
        assert_eq!(seen["status"], "available");
        me.post("/v1/me/presence", json!({"status": "dnd"}))
            .await
            .must_be(200);
        let call = alice.phone.calls("102").await;
        assert_eq!(call.is_refused().await, 486);
        bob.phone
            .stays_quiet(std::time::Duration::from_millis(200))
            .await;
        // Away is only said.
        me.post("/v1/me/presence", json!({"status": "away"}))
            .await
            .must_be(200);
        let call = alice.phone.calls("102").await;
        let rings = bob.phone.rings().await;
        rings.answers().await;
        call.is_answered().await;
        let seen = me.get("/v1/me/presence").await.must_be(200);
        assert_eq!(seen["status"], "on_call");
        call.hangs_up().await;
        rings.is_hung_up().await;
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_are_read_at_once_in_order() {
    for world in worlds().await {
        let api = &world.api;
        let alice = world.person("Alice", "101").await;
        let bob = user(api, "Bob").await;
        let asked = format!(
            "/v1/presence?user[]={bob}&user%5B%5D={}&user[]={bob}&park_slot[]=7&park_slot[]=2",
            alice.user
        );
        let list = api.get(&asked).await.must_be(200);
        let data = list["data"].as_array().expect("items");
        let of = |item: &Value| (item["user"].clone(), item["state"].clone());
        assert_eq!(of(&data[0]), (json!(bob), json!("offline")));
        assert_eq!(of(&data[1]), (json!(alice.user), json!("available")));
        assert_eq!(of(&data[2]), of(&data[0]));
        assert_eq!(
            data[3],
            json!({"object": "park_slot", "slot": 7, "parked_call": null})
        );
        assert_eq!(data[4]["slot"], 2);
        assert_eq!(data.len(), 5);
        assert_eq!(
            (&list["next_page_url"], &list["url"]),
            (&Value::Null, &json!("/v1/presence"))
        );

        let none = api.get("/v1/presence?park_slot[]=all").await.must_be(200);
        assert_eq!(none["data"], json!([]));
        api.get("/v1/presence?park_slot[]=all&park_slot[]=1")
            .await
            .must_be(400);
        api.get("/v1/presence?park_slot[]=x").await.must_be(400);
        let unknown = format!("/v1/presence?user[]={bob}&user[]=user_01h455vb4pex5vsknk084sn02q");
        api.get(&unknown).await.must_be(404);
        api.get("/v1/presence?user[]=nobody").await.must_be(404);
        let many = vec![format!("user[]={bob}"); 100].join("&");
        let most = api.get(&format!("/v1/presence?{many}")).await.must_be(200);
        assert_eq!(most["data"].as_array().map(Vec::len), Some(100));
        api.get(&format!("/v1/presence?{many}&user[]={bob}"))
            .await
            .must_be(400);

        let other = world
            .exchange
            .api()
            .post("/v1/accounts", json!({"name": "Other"}))
            .await
            .id();
        let theirs = user(&world.exchange.api().on(&other), "Carol").await;
        api.get(&format!("/v1/presence?user[]={theirs}"))
            .await
            .must_be(404);
        world.exchange.stop().await;
    }
}
