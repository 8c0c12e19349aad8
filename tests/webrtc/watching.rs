//! Colleagues on the screen: snapshots, changes, and who cannot be watched.

use harness::{Browser, Database, World, stories};
use serde_json::{Value, json};

stories!(
    a_snapshot_names_who_can_be_watched,
    every_change_is_told,
    a_later_subscription_takes_the_place_of_the_first,
);

async fn subscribes(browser: &Browser, users: &[&str]) -> Value {
    let req_id = browser.req_id();
    let frame = json!({ "type": "presence.subscribe", "req_id": req_id, "users": users });
    browser.socket().send(frame);
    let list = |frame: &Value| frame["type"] == "presence.list" && frame["req_id"] == req_id;
    browser.socket().take("presence.list", list).await
}

/// Waits until a watched user is told to be so.
async fn sees(browser: &Browser, user: &str, member: &str, value: Value) -> Value {
    let fits = |frame: &Value| {
        frame["type"] == "presence.update" && frame["user_id"] == user && frame[member] == value
    };
    let what = format!("{member} {value} of {user}");
    browser.socket().take(&what, fits).await
}

async fn a_snapshot_names_who_can_be_watched(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.user("Carol", "1003").await;
    let platform = world.exchange.api();
    let other = platform.post("/v1/accounts", json!({ "name": "B" }));
    let other = other.await.id_of(201);
    let stranger = platform.on(&other);
    let stranger = stranger
        .post("/v1/users", json!({ "name": "Mallory" }))
        .await;
    let stranger = stranger.id_of(201);
    let nobody = "user_00000000000000000000000000";
    let users = [&bob.user, nobody, &carol, &stranger, &alice.user, "x"];
    let list = subscribes(&alice, &users).await;
    let item = |at: usize, user: &str, name: &str, status: &str| {
        let item = &list["users"][at];
        let told = (&item["user_id"], &item["name"], &item["status"]);
        assert_eq!(told, (&json!(user), &json!(name), &json!(status)), "{list}");
        assert_eq!(item["do_not_disturb"], false);
        assert_eq!(item["status_text"], Value::Null);
        assert!(item["updated_at"].is_string());
    };
    item(0, &bob.user, "Bob", "available");
    item(1, &carol, "Carol", "offline");
    item(2, &alice.user, "Alice", "available");
    assert_eq!(list["users"].as_array().map(Vec::len), Some(3));
    let error = alice.is_told("presence_unavailable").await;
    assert_eq!(error["fatal"], false);
    assert_eq!(error["context"]["users"], json!([nobody, stranger, "x"]));
    world.exchange.stop().await;
}

async fn every_change_is_told(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    let dave = world.user("Dave", "1004").await;
    subscribes(&alice, &[&bob.user, &carol.user, &dave]).await;
    // A phone goes and comes.
    bob.phone.unregisters().await;
    sees(&alice, &bob.user, "status", json!("offline")).await;
    bob.phone.registers().await;
    sees(&alice, &bob.user, "status", json!("available")).await;
    // So does a browser.
    let page = world.page(&dave, "1004").await;
    sees(&alice, &dave, "status", json!("available")).await;
    page.closes_the_page();
    sees(&alice, &dave, "status", json!("offline")).await;
    // Two are on a call, and not any more.
    let call = bob.phone.calls("1003").await;
    let answer = carol.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    sees(&alice, &bob.user, "status", json!("on_call")).await;
    sees(&alice, &carol.user, "status", json!("on_call")).await;
    call.hangs_up().await;
    sees(&alice, &bob.user, "status", json!("available")).await;
    sees(&alice, &carol.user, "status", json!("available")).await;
    // What is set by the API.
    let path = format!("/v1/users/{}", bob.user);
    let wish = json!({ "do_not_disturb": true });
    world.api.post(&path, wish).await.must_be(200);
    let item = sees(&alice, &bob.user, "do_not_disturb", json!(true)).await;
    assert_eq!(item["status"], "available");
    let wish = json!({ "name": "Robert" });
    world.api.post(&path, wish).await.must_be(200);
    sees(&alice, &bob.user, "name", json!("Robert")).await;
    world.exchange.stop().await;
}

async fn a_later_subscription_takes_the_place_of_the_first(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    subscribes(&alice, &[&bob.user]).await;
    subscribes(&alice, &[&carol.user]).await;
    bob.phone.unregisters().await;
    carol.phone.unregisters().await;
    sees(&alice, &carol.user, "status", json!("offline")).await;
    let log = alice.socket().log();
    let of_bob = |frame: &&Value| {
        frame["type"] == "presence.update" && frame["user_id"] == bob.user.as_str()
    };
    assert_eq!(log.iter().filter(of_bob).count(), 0);
    world.exchange.stop().await;
}
