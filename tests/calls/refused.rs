//! Calls between extensions that nobody answers.

use crate::kit::{alice_alone, alice_and_bob, claims, legs, names, over, record, until_end};
use harness::{Database, Exchange, World};
use serde_json::{Value, json};
use std::time::Duration;

harness::stories! {
    the_caller_gives_up,
    the_callee_is_busy_or_declines,
    one_phone_that_declines_does_not_stop_the_others,
    nobody_comes_in_time,
    who_must_not_be_disturbed_is_busy,
    a_user_without_phones_cannot_be_reached,
    a_number_that_leads_nowhere_is_not_found,
    an_answer_that_crosses_the_cancel_leaves_nothing_behind,
}

const UNANSWERED: [&str; 3] = ["call.incoming", "call.ringing", "call.end"];

/// What record and event say of a call that ended like this.
async fn ended(world: &World, events: &mut harness::Events, story: &[&str], members: Value) {
    let seen = until_end(events).await;
    assert_eq!(names(&seen), story);
    let record = record(world).await;
    claims(&record, members);
    claims(
        &record,
        json!({ "duration_seconds": null, "answered_at": null, "connected_at": null }),
    );
    assert_eq!(legs(&record), 0, "{record}");
    let end = &seen.last().expect("an end").data;
    claims(
        end,
        json!({ "status": record["status"], "duration_seconds": 0 }),
    );
}

async fn the_caller_gives_up(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;
    let call = alice.phone.calls("1002").await;
    let ringing = bob.phone.rings().await;
    call.is_ringing().await;
    call.cancels().await;
    let cancel = ringing.is_cancelled().await;
    assert!(!cancel.get("Reason").contains("elsewhere"), "{cancel}");
    assert_eq!(call.is_refused().await, 487);
    let members = json!({ "status": "no-answer", "hangup_cause": 16, "direction": "internal",
        "from_label": "Alice", "to_label": "Bob" });
    ended(&world, &mut events, &UNANSWERED, members).await;
    over(world).await;
}

async fn the_callee_is_busy_or_declines(database: Database) {
    for (status, cause) in [(486, 17), (603, 21), (600, 17)] {
        let (world, alice, bob) = alice_and_bob(database).await;
        let mut events = world.events().await;
        let call = alice.phone.calls("1002").await;
        bob.phone.rings().await.refuses(status).await;
        let told = call.is_refused().await;
        assert!(told == status || (status == 600 && told == 486), "{told}");
        let members = json!({ "status": "busy", "hangup_cause": cause });
        ended(&world, &mut events, &UNANSWERED, members).await;
        over(world).await;
    }
}

async fn one_phone_that_declines_does_not_stop_the_others(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (_, login) = world.endpoint(&bob.user).await;
    let desk = world.exchange.phone(&login.username, &login.password).await;
    desk.registers().await;
    let call = alice.phone.calls("1002").await;
    let other = desk.rings().await;
    bob.phone.rings().await.refuses(603).await;
    call.is_ringing().await;
    other.answers().await;
    call.is_answered().await;
    call.hangs_up().await;
    other.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn nobody_comes_in_time(database: Database) {
    let exchange = Exchange::start_with(database, |config| {
        config.times.user_rings = Duration::from_secs(2);
    });
    let world = World::on(exchange.await).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let mut events = world.events().await;
    let call = alice.phone.calls("1002").await;
    let ringing = bob.phone.rings().await;
    call.is_ringing().await;
    ringing.is_cancelled().await;
    assert_eq!(call.is_refused().await, 480);
    let members = json!({ "status": "no-answer", "hangup_cause": 19 });
    ended(&world, &mut events, &UNANSWERED, members).await;
    over(world).await;
}

async fn who_must_not_be_disturbed_is_busy(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let path = format!("/v1/users/{}", bob.user);
    let quiet = json!({ "do_not_disturb": true });
    world.api.post(&path, quiet).await.must_be(200);
    let mut events = world.events().await;
    let call = alice.phone.calls("1002").await;
    assert_eq!(call.is_refused().await, 486);
    let members = json!({ "status": "busy", "hangup_cause": 17 });
    ended(&world, &mut events, &["call.incoming", "call.end"], members).await;
    bob.phone.stays_quiet(Duration::from_millis(100)).await;

    let loud = json!({ "do_not_disturb": false });
    world.api.post(&path, loud).await.must_be(200);
    let call = alice.phone.calls("1002").await;
    bob.phone.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    over(world).await;
}

async fn a_user_without_phones_cannot_be_reached(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    bob.phone.unregisters().await;
    let mut events = world.events().await;
    let call = alice.phone.calls("1002").await;
    assert_eq!(call.is_refused().await, 480);
    let members = json!({ "status": "no-answer", "hangup_cause": 20 });
    ended(&world, &mut events, &["call.incoming", "call.end"], members).await;
    over(world).await;
}

async fn a_number_that_leads_nowhere_is_not_found(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let mut events = world.events().await;
    let call = alice.phone.calls("1999").await;
    assert_eq!(call.is_refused().await, 404);
    let members = json!({ "status": "failed", "hangup_cause": 1, "to_number": "1999" });
    ended(&world, &mut events, &["call.end"], members).await;
    over(world).await;
}

async fn an_answer_that_crosses_the_cancel_leaves_nothing_behind(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    // Bob answers while the CANCEL is on its way to him: his 200 must be confirmed and ended.
    let (_, ()) = tokio::join!(call.cancels(), answer.answers());
    let last = call.gets("a final response", 200..700).await;
    if last.status() == Some(200) {
        call.confirms_late(&last).await;
        call.hangs_up().await;
    } else {
        assert_eq!(last.status(), Some(487));
    }
    answer.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(&names(&seen)[..2], &UNANSWERED[..2]);
    record(&world).await;
    over(world).await;
}
