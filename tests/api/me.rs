//! What a user sees and sets of themselves, by their own token.

use crate::{as_user, blamed, user, worlds};
use serde_json::{Value, json};

fn home() -> Value {
    json!({
        "address_number": "48", "street": "Harbour Street", "unit": "Floor 2", "city": "Portland",
        "state": "me", "postal_code": "04101", "country": "us",
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emergency_addresses_are_saved_checked_and_deleted() {
    for world in worlds().await {
        let alice = as_user(&world, &user(&world.api, "Alice").await).await;
        let bob = as_user(&world, &user(&world.api, "Bob").await).await;
        let path = "/v1/me/emergency-addresses";
        let made = alice.post(path, home()).await.must_be(201);
        assert!(
            made["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("emerg_"))
        );
        assert_eq!(made["registered_ip"], Value::Null);
        assert_eq!(
            (&made["address"]["state"], &made["address"]["country"]),
            (&json!("ME"), &json!("US"))
        );
        assert_eq!(
            made["address"]["formatted_address"],
            "48 Harbour Street, Floor 2, Portland, ME 04101, US"
        );
        let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
        assert_eq!(alice.get(&one).await.must_be(200), made);
        assert_eq!(alice.get(path).await.must_be(200)["data"], json!([made]));
        for (field, wrong, status) in [
            ("state", json!("ZZ"), 422),
            ("state", json!("Maine"), 400),
            ("postal_code", json!("4101"), 422),
            ("country", json!("QQ"), 422),
            ("city", json!(" "), 422),
            ("city", Value::Null, 400),
            ("street", json!(""), 400),
        ] {
            let mut body = home();
            body[field] = wrong.clone();
            let told = alice.post(path, body).await.must_be(status);
            assert_eq!(blamed(&told), [field], "{wrong}: {told}");
        }
        let mut nowhere = home();
        nowhere["address_number"] = json!("");
        let told = alice.post(path, nowhere).await.must_be(422);
        assert_eq!(blamed(&told), ["address_number"]);

        // Bound by a softphone, unbound here.
        let (account, id) = (world.account.parse().expect("an id"), made["id"].as_str());
        let id = id.expect("an id").parse().expect("an id");
        let me = alice.get("/v1/me").await.id().parse().expect("an id");
        let db = world.exchange.running().db();
        let bound = db.bind_emergency_address(account, me, id, "203.0.113.7".to_owned());
        bound.await.expect("a bound address");
        assert_eq!(
            alice.get(&one).await.must_be(200)["registered_ip"],
            "203.0.113.7"
        );
        let network = format!("{one}/registered_ip");
        bob.delete(&network).await.must_be(404);
        alice.delete(&network).await.must_be(204);
        assert_eq!(
            alice.get(&one).await.must_be(200)["registered_ip"],
            Value::Null
        );

        bob.get(&one).await.must_be(404);
        bob.delete(&one).await.must_be(404);
        assert_eq!(bob.get(path).await.must_be(200)["data"], json!([]));
        alice.delete(&one).await.must_be(204);
        alice.get(&one).await.must_be(404);
        alice.delete(&network).await.must_be(404);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_of_one_user_are_bounded() {
    for world in worlds().await {
        let alice = as_user(&world, &user(&world.api, "Alice").await).await;
        for _ in 0..50 {
            alice
                .post("/v1/me/emergency-addresses", home())
                .await
                .must_be(201);
        }
        let more = alice.post("/v1/me/emergency-addresses", home()).await;
        assert_eq!(more.code(), "too_many_addresses");
        more.must_be(409);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_spelling_means_the_same_addresses() {
    for world in worlds().await {
        let alice = as_user(&world, &user(&world.api, "Alice").await).await;
        let (old, new) = ("/v1/me/emergency-address", "/v1/me/emergency-addresses");
        alice.get(old).await.must_be(404);
        let home = json!({
            "street": "111 Wellington Street", "street2": null, "city": "Ottawa", "state": "ON",
            "zip": "k1a0b1", "country": "CA",
        });
        let set = alice.post(old, home.clone()).await.must_be(200);
        assert_eq!(set["zip"], "K1A 0B1");
        assert_eq!(set["validated"], true);
        assert_eq!(alice.get(old).await.must_be(200), set);
        let list = alice.get(new).await.must_be(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        assert_eq!(list["data"][0]["address"]["city"], "Ottawa");
        // Replaced, also by PUT; nothing is kept of a wrong one.
        let put = |body: Value| {
            let request = alice.request(reqwest::Method::PUT, old).json(&body);
            alice.send(request)
        };
        let mut moved = home.clone();
        moved["street"] = json!("113 Wellington Street");
        let set = put(moved).await.must_be(200);
        assert_eq!(set["street"], "113 Wellington Street");
        let mut wrong = home;
        wrong["zip"] = json!("12345");
        let told = put(wrong).await.must_be(422);
        assert_eq!(blamed(&told), ["zip"]);
        assert_eq!(alice.get(old).await.must_be(200), set);
        let list = alice.get(new).await.must_be(200);
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_shows_the_people_of_the_account() {
    for world in worlds().await {
        let alice = user(&world.api, "Alice").await;
        let bob = json!({"email": "bob@example.com"});
        let bob = world.api.post("/v1/users", bob).await.id_of(201);
        // Alice can be dialled by two codes; the older one is hers.
        for number in ["101", "102"] {
            let extension = json!({"number": number, "target": alice});
            world
                .api
                .post("/v1/extensions", extension)
                .await
                .must_be(201);
        }
        let me = as_user(&world, &alice).await;
        let list = me.get("/v1/me/directory").await.must_be(200);
        let wanted = json!([
            {"user": bob, "display_name": "bob", "extension": null},
            {"user": alice, "display_name": "Alice", "extension": "101"},
        ]);
        assert_eq!(list["data"], wanted);
        let first = me.get("/v1/me/directory?limit=1").await.must_be(200);
        let next = first["next_page_url"].as_str().expect("another page");
        let second = me.get(next).await.must_be(200);
        assert_eq!(second["data"], json!([wanted[1]]));
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_seen_from_both_sides() {
    for world in worlds().await {
        let alice = world.person("Alice", "101").await;
        let bob = world.person("Bob", "102").await;
        let carol = world.person("Carol", "103").await;
        let call = alice.phone.calls("102").await;
        let rings = bob.phone.rings().await;
        rings.answers().await;
        call.is_answered().await;
        call.hangs_up().await;
        rings.is_hung_up().await;
        world.records(1).await;
        for (person, direction, seen) in [
            (&alice, "", 1),
            (&alice, "?direction=outbound", 1),
            (&alice, "?direction=inbound", 0),
            (&bob, "", 1),
            (&bob, "?direction=inbound", 1),
            (&bob, "?direction=outbound", 0),
            (&bob, "?to_date=2020-01-01", 0),
            (&bob, "?from_date=2020-01-01", 1),
            (&carol, "", 0),
        ] {
            let me = as_user(&world, &person.user).await;
            let list = me
                .get(&format!("/v1/me/calls{direction}"))
                .await
                .must_be(200);
            let count = list["data"].as_array().map(Vec::len);
            assert_eq!(count, Some(seen), "{direction}: {list}");
        }
        let me = as_user(&world, &bob.user).await;
        me.get("/v1/me/calls?direction=internal").await.must_be(400);
        me.get("/v1/me/calls?limit=0").await.must_be(400);
        world.exchange.stop().await;
    }
}
