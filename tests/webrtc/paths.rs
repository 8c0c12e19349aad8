//! What happens to the way between page and exchange in mid-call.

use crate::kit::{
    claims, over, page_and_phone, page_calls_page, page_calls_phone, phone_calls_page, record,
    talk, talk_at, two_pages,
};
use harness::Database;
use serde_json::json;

harness::stories! {
    a_page_that_is_closed_ends_its_calls_at_once,
    a_page_that_vanishes_ends_its_calls_at_once,
    a_page_that_moves_to_another_address_talks_on,
}

async fn a_page_that_is_closed_ends_its_calls_at_once(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    alice.closes_the_page();
    answer.is_hung_up().await;
    alice.socket().is_closed().await;
    drop(call);
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "hangup_cause": null }),
    );
    over(world).await;
}

async fn a_page_that_vanishes_ends_its_calls_at_once(database: Database) {
    let (world, alice, bob) = two_pages(database).await;
    let (call, answer) = page_calls_page(&alice, &bob).await;
    bob.vanishes();
    assert_eq!(call.is_ended().await, "hangup");
    drop(answer);
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_page_that_moves_to_another_address_talks_on(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let alice = alice.behind_nat();
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    let before = call.nat().outside();
    call.nat().moves().await;
    assert_ne!(call.nat().outside(), before);
    talk_at(&call, 370, &answer, 910).await;
    call.nat().moves().await;
    talk_at(&call, 520, &answer, 880).await;
    call.press('4');
    answer.gets_keys("4").await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    let (call, answer) = phone_calls_page(&bob, &alice).await;
    answer.nat().moves().await;
    talk_at(&call, 370, &answer, 910).await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}
