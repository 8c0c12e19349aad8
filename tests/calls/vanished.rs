//! Parties that go away without a word.

use crate::kit::{claims, connected, names, over, record, talk, until_end};
use harness::{Database, Exchange, Person, World};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_phone_pulled_out_of_the_wall_does_not_keep_a_call,
    a_phone_that_is_gone_is_not_waited_for,
    a_party_that_is_not_heard_any_more_ends_the_call,
    a_party_on_hold_may_be_silent,
}

/// An account on an exchange that is quick to notice.
async fn quick(database: Database) -> (World, Person, Person) {
    let exchange = Exchange::start_with(database, |config| {
        config.times.sip_t1 = Duration::from_millis(40);
        config.times.media_silence = Duration::from_secs(2);
    });
    let world = World::on(exchange.await).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    (world, alice, bob)
}

async fn a_phone_pulled_out_of_the_wall_does_not_keep_a_call(database: Database) {
    let (world, alice, bob) = quick(database).await;
    let mut events = world.events().await;
    let (call, answer) = connected(&alice, &bob).await;
    bob.phone.vanishes();
    drop(answer);
    // Nobody says anything: the silence does.
    call.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(seen.last().expect("an end").data["status"], "completed");
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_phone_that_is_gone_is_not_waited_for(database: Database) {
    let (world, alice, bob) = quick(database).await;
    let mut events = world.events().await;
    bob.phone.vanishes();
    let call = alice.phone.calls("1002").await;
    assert_eq!(call.is_refused().await, 480);
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ["call.incoming", "call.ringing", "call.end"]);
    claims(&record(&world).await, json!({ "status": "no-answer" }));
    over(world).await;
}

async fn a_party_that_is_not_heard_any_more_ends_the_call(database: Database) {
    let (world, alice, bob) = quick(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    answer.mute(true);
    call.is_hung_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_party_on_hold_may_be_silent(database: Database) {
    let (world, alice, bob) = quick(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    call.holds().await;
    call.mute(true);
    // Longer than the silence that would end it, told by the music: 50 packets a second.
    let before = answer.packets();
    let mut last = before;
    while last < before + 150 {
        answer.forget();
        answer.hears_something_but(440).await;
        last = answer.packets();
    }
    call.mute(false);
    call.resumes().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}
