//! Click-to-call, and calls that end because somebody was deleted.

use crate::kit::{
    alice_alone, alice_and_bob, claims, connected, names, over, record, talk, until_end,
};
use harness::{Carrier, Database, Events, Exchange, Person, World};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_click_rings_the_own_phone_and_then_the_other,
    a_click_that_its_own_user_ignores_leaves_no_trace,
    a_click_counts_from_the_own_answer,
    a_click_that_its_own_user_does_not_hear_leaves_no_trace,
    a_click_whose_destination_never_answers_counts_all_the_same,
    a_click_may_be_given_up_while_it_rings,
    a_click_that_cannot_be_is_refused_at_once,
    calls_end_with_who_is_deleted,
}

async fn a_click_rings_the_own_phone_and_then_the_other(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;
    let click = json!({ "user": alice.user, "dial_string": "1002" });
    let accepted = world.api.post("/v1/calls", click).await;
    assert_eq!(
        (accepted.status.as_u16(), accepted.text.as_str()),
        (202, "")
    );
    let own = alice.phone.rings().await;
    events.stay_quiet(Duration::from_millis(300)).await;
    own.answers().await;
    claims(
        &events.expect("call.initiated").await,
        json!({ "user_id": alice.user, "from_number": "1001", "to_number": "1002",
            "from_user_id": alice.user, "to_user_id": bob.user }),
    );
    let answer = bob.phone.rings().await;
    assert!(answer.invite().get("From").contains("sip:1001@"));
    claims(
        &events.expect("call.ringing").await,
        json!({ "user_id": bob.user, "from_name": "Alice" }),
    );
    own.hears_something_but(660).await;
    answer.answers().await;
    events.expect("call.answered").await;
    talk(&own, &answer).await;
    own.hangs_up().await;
    answer.is_hung_up().await;
    claims(
        &events.expect("call.end").await,
        json!({ "status": "completed", "direction": "outbound" }),
    );
    claims(
        &record(&world).await,
        json!({ "status": "completed", "direction": "internal", "user_id": alice.user,
            "from_number": "1001", "to_number": "1002", "from_label": "Alice",
            "to_label": "Bob" }),
    );
    over(world).await;
}

async fn a_click_that_its_own_user_ignores_leaves_no_trace(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;
    let click = json!({ "user_id": alice.user, "dial_string": "1002" });
    world.api.post("/v1/calls", click).await.must_be(202);
    alice.phone.rings().await.refuses(486).await;
    events.stay_quiet(Duration::from_millis(300)).await;
    bob.phone.stays_quiet(Duration::from_millis(50)).await;
    world
        .exchange
        .metric_becomes("strowger_actors_calls_active", 0.0)
        .await;
    world.records(0).await;
    over(world).await;
}

async fn a_click_counts_from_the_own_answer(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 42, json!({})).await;
    world.number("+12075550110", json!({})).await;
    let second = world.number("+12075550111", json!({})).await;
    let mut events = world.events().await;
    let click = json!({ "user": alice.user, "dial_string": "(415) 555-0142", "did": second });
    world.api.post("/v1/calls", click).await.must_be(202);
    let own = alice.phone.rings().await;
    own.answers().await;
    let far = carrier.rings().await;
    assert!(far.invite().get("From").contains("+12075550111"));
    far.refuses(486).await;
    own.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ["call.initiated", "call.end"]);
    claims(
        &seen[0].data,
        json!({ "from_number": "+12075550111", "to_number": "+14155550142" }),
    );
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "direction": "outbound", "connected_at": null,
            "hangup_cause": 17, "did_id": second }),
    );
    let time = |name: &str| {
        let text = record[name].as_str().unwrap_or_default();
        chrono::DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{name}: {record}"))
    };
    let talked = time("ended_at") - time("answered_at");
    assert_eq!(record["duration_seconds"], talked.num_seconds(), "{record}");
    over(world).await;
}

/// An account whose phones ring for two seconds, and Alice's request to be connected with Bob.
async fn clicked(database: Database) -> (World, Person, Person, Events) {
    let exchange = Exchange::start_with(database, |config| {
        config.times.user_rings = Duration::from_secs(2);
    });
    let world = World::on(exchange.await).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let events = world.events().await;
    let click = json!({ "user": alice.user, "dial_string": "1002" });
    world.api.post("/v1/calls", click).await.must_be(202);
    (world, alice, bob, events)
}

async fn a_click_that_its_own_user_does_not_hear_leaves_no_trace(database: Database) {
    let (world, alice, bob, mut events) = clicked(database).await;
    alice.phone.rings().await.is_cancelled().await;
    events.stay_quiet(Duration::from_millis(100)).await;
    bob.phone.stays_quiet(Duration::from_millis(50)).await;
    world.records(0).await;
    over(world).await;
}

async fn a_click_whose_destination_never_answers_counts_all_the_same(database: Database) {
    let (world, alice, bob, mut events) = clicked(database).await;
    let own = alice.phone.rings().await;
    own.answers().await;
    let far = bob.phone.rings().await;
    own.hears_something_but(660).await;
    far.is_cancelled().await;
    own.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ["call.initiated", "call.ringing", "call.end"]);
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "connected_at": null, "hangup_cause": 19,
            "to_label": "Bob" }),
    );
    assert!(record["duration_seconds"].as_u64() >= Some(1), "{record}");
    over(world).await;
}

async fn a_click_may_be_given_up_while_it_rings(database: Database) {
    let (world, alice, bob, mut events) = clicked(database).await;
    let own = alice.phone.rings().await;
    own.answers().await;
    let far = bob.phone.rings().await;
    own.hangs_up().await;
    far.is_cancelled().await;
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ["call.initiated", "call.ringing", "call.end"]);
    claims(
        &record(&world).await,
        json!({ "status": "completed", "connected_at": null }),
    );
    over(world).await;
}

async fn a_click_that_cannot_be_is_refused_at_once(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let stranger = "user_01h2xcejqtf2nbrexx3vqjhp41";
    let no = world.api.post(
        "/v1/calls",
        json!({ "user": stranger, "dial_string": "1002" }),
    );
    no.await.must_be(404);
    let no = world.api.post(
        "/v1/calls",
        json!({ "user": alice.user, "dial_string": "1002",
            "find_me_follow_me_key": "nosuch" }),
    );
    no.await.must_be(400);
    alice.phone.stays_quiet(Duration::from_millis(100)).await;
    over(world).await;
}

async fn calls_end_with_who_is_deleted(database: Database) {
    for what in ["user", "endpoint", "account"] {
        let (world, alice, bob) = alice_and_bob(database).await;
        let (call, answer) = connected(&alice, &bob).await;
        let path = match what {
            "user" => format!("/v1/users/{}", bob.user),
            "endpoint" => format!("/v1/users/{}/endpoints/{}", bob.user, bob.endpoint),
            _ => format!("/v1/accounts/{}", world.account),
        };
        let gone = world.api.delete(&path).await;
        assert!(gone.status.is_success(), "{what}: {}", gone.text);
        call.is_hung_up().await;
        answer.is_hung_up().await;
        if what != "account" {
            let record = record(&world).await;
            claims(&record, json!({ "status": "completed" }));
        }
        over(world).await;
    }
}
