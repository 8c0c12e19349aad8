//! A user with several pages and phones: all ring, the first to answer wins.

use crate::kit::{claims, names, over, page_and_phone, record, talk, until_end};
use harness::{Database, World, browser::Generation};
use serde_json::json;

harness::stories! {
    every_page_and_phone_of_a_user_rings_and_a_page_wins,
    every_page_and_phone_of_a_user_rings_and_the_phone_wins,
    one_page_that_rejects_does_not_stop_the_others,
    a_page_that_is_closed_while_it_rings_does_not_stop_the_others,
    a_page_comes_back_and_rings_again,
}

async fn every_page_and_phone_of_a_user_rings_and_a_page_wins(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let first = world.page(&bob.user, "1002").await;
    let second = world.page(&bob.user, "1002").await.of(Generation::First);
    let mut events = world.events().await;
    let mut call = alice.calls("1002").await;
    let phone = bob.phone.rings().await;
    let loser = first.rings().await;
    let mut winner = second.rings().await;
    assert_eq!((&loser.id, &winner.id), (&call.id, &call.id));
    winner.answers().await;
    call.is_answered().await;
    assert_eq!(loser.is_ended().await, "hangup");
    let cancel = phone.is_cancelled().await;
    let reason = cancel.get("Reason").to_lowercase();
    assert!(reason.contains("call completed elsewhere"), "{cancel}");
    talk(&call, &winner).await;
    winner.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    let story = ["call.incoming", "call.ringing", "call.answered", "call.end"];
    assert_eq!(names(&until_end(&mut events).await), story);
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn every_page_and_phone_of_a_user_rings_and_the_phone_wins(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let page = world.page(&bob.user, "1002").await;
    let mut call = alice.calls("1002").await;
    let phone = bob.phone.rings().await;
    let loser = page.rings().await;
    phone.answers().await;
    call.is_answered().await;
    assert_eq!(loser.is_ended().await, "hangup");
    talk(&call, &phone).await;
    call.hangs_up().await;
    phone.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn one_page_that_rejects_does_not_stop_the_others(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let page = world.page(&bob.user, "1002").await;
    let mut call = alice.calls("1002").await;
    let phone = bob.phone.rings().await;
    assert_eq!(page.rings().await.rejects("decline").await, "rejected");
    phone.answers().await;
    call.is_answered().await;
    talk(&call, &phone).await;
    call.hangs_up().await;
    phone.is_hung_up().await;
    over(world).await;
}

async fn a_page_that_is_closed_while_it_rings_does_not_stop_the_others(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let page = world.page(&bob.user, "1002").await;
    let mut call = alice.calls("1002").await;
    let phone = bob.phone.rings().await;
    page.rings().await;
    page.vanishes();
    call.is_ringing().await;
    phone.answers().await;
    call.is_answered().await;
    talk(&call, &phone).await;
    call.hangs_up().await;
    phone.is_hung_up().await;
    over(world).await;
}

async fn a_page_comes_back_and_rings_again(database: Database) {
    let world = World::new(database).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    bob.closes_the_page();
    bob.socket().is_closed().await;
    let call = alice.phone.calls("1002").await;
    assert_eq!(call.is_refused().await, 480);
    let bob = world.page(&bob.user, "1002").await;
    let call = alice.phone.calls("1002").await;
    let mut answer = bob.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}
