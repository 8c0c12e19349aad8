//! A page sends calls on.

use crate::kit::{
    claims, names, over, page_calls_phone, phone_calls_page, record, talk, talk_at, until_end,
};
use harness::{Browser, Database, Person, World};
use serde_json::{Value, json};

harness::stories! {
    a_page_sends_a_phone_on_to_a_phone,
    a_page_sends_a_phone_on_to_a_page,
    a_transfer_that_fails_leaves_the_call_as_it_was,
    a_page_announces_a_call_and_hands_it_over,
    a_page_hands_over_a_call_that_it_made,
    a_transfer_cannot_be_completed_before_the_answer,
    a_page_asks_and_comes_back_to_the_first,
    whoever_is_consulted_may_not_be_there,
}

/// Alice on a page at 1001; Bob and Carol with phones at 1002 and 1003.
async fn three(database: Database) -> (World, Browser, Person, Person) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    (world, alice, bob, carol)
}

async fn a_page_sends_a_phone_on_to_a_phone(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, answer) = phone_calls_page(&bob, &alice).await;
    answer.transfers("1003");
    let third = carol.phone.rings().await;
    call.hears_something_but(660).await;
    third.answers().await;
    assert_eq!(answer.is_ended().await, "transferred");
    talk_at(&call, 370, &third, 910).await;
    call.hangs_up().await;
    third.is_hung_up().await;
    let seen = until_end(&mut events).await;
    let story = [
        "call.incoming",
        "call.ringing",
        "call.answered",
        "call.ringing",
        "call.transfer",
        "call.end",
    ];
    assert_eq!(names(&seen), story);
    let members = json!({ "from_number": "1002", "to_number": "1001", "transferred_to": "1003" });
    claims(&seen[4].data, members);
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_page_sends_a_phone_on_to_a_page(database: Database) {
    let (world, alice, bob, _) = three(database).await;
    let dora = world.browser("Dora", "1004").await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.holds().await;
    call.transfers("1004");
    let mut third = dora.rings().await;
    third.answers().await;
    assert_eq!(call.is_ended().await, "transferred");
    talk_at(&answer, 370, &third, 910).await;
    third.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn a_transfer_that_fails_leaves_the_call_as_it_was(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.transfers("1003");
    carol.phone.rings().await.refuses(486).await;
    assert_eq!(call.fails().await, "call_failed");
    talk(&call, &answer).await;
    call.transfers("1999");
    assert_eq!(call.fails().await, "call_failed");
    talk_at(&call, 370, &answer, 910).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_page_announces_a_call_and_hands_it_over(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, answer) = phone_calls_page(&bob, &alice).await;
    let mut asking = answer.consults("1003").await;
    call.hears_something_but(660).await;
    let third = carol.phone.rings().await;
    third.answers().await;
    asking.is_answered().await;
    talk_at(&asking, 520, &third, 880).await;
    answer.completes();
    assert_eq!(answer.is_ended().await, "transferred");
    assert_eq!(asking.is_ended().await, "transferred");
    talk_at(&call, 370, &third, 910).await;
    call.hangs_up().await;
    third.is_hung_up().await;
    let mut seen = until_end(&mut events).await;
    seen.extend(until_end(&mut events).await);
    let transfers = seen.iter().filter(|event| event.name == "call.transfer");
    assert_eq!(transfers.count(), 1, "{:?}", names(&seen));
    for record in world.records(2).await {
        claims(&record, json!({ "status": "completed" }));
    }
    over(world).await;
}

async fn a_page_hands_over_a_call_that_it_made(database: Database) {
    let (world, alice, bob, _) = three(database).await;
    let dora = world.browser("Dora", "1004").await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    let mut asking = call.consults("1004").await;
    let mut third = dora.rings().await;
    third.answers().await;
    asking.is_answered().await;
    talk_at(&asking, 520, &third, 880).await;
    call.completes();
    assert_eq!(call.is_ended().await, "transferred");
    assert_eq!(asking.is_ended().await, "transferred");
    talk_at(&answer, 370, &third, 910).await;
    answer.hangs_up().await;
    assert_eq!(third.is_ended().await, "hangup");
    world.records(2).await;
    over(world).await;
}

async fn a_transfer_cannot_be_completed_before_the_answer(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.completes();
    assert_eq!(call.fails().await, "invalid_message");
    let mut asking = call.consults("1003").await;
    let third = carol.phone.rings().await;
    asking.is_ringing().await;
    call.completes();
    assert_eq!(call.fails().await, "invalid_message");
    third.answers().await;
    asking.is_answered().await;
    call.completes();
    assert_eq!(call.is_ended().await, "transferred");
    assert_eq!(asking.is_ended().await, "transferred");
    talk_at(&answer, 370, &third, 910).await;
    third.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn a_page_asks_and_comes_back_to_the_first(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    let mut asking = call.consults("1003").await;
    let third = carol.phone.rings().await;
    third.answers().await;
    asking.is_answered().await;
    talk_at(&asking, 520, &third, 880).await;
    asking.hangs_up().await;
    third.is_hung_up().await;
    call.resumes().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    world.records(2).await;
    over(world).await;
}

async fn whoever_is_consulted_may_not_be_there(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    let asking = call.consults("1003").await;
    carol.phone.rings().await.refuses(486).await;
    assert_eq!(asking.is_ended().await, "busy");
    // The first is still held; the page takes it back.
    call.sends("call.resume", Value::Null);
    call.is_resumed().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}
