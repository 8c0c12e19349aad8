//! Pages among phones: groups, clicks, transfers that others make, users that are deleted.

use crate::{
    groups::{GROUP, group},
    kit::{claims, connected, names, over, record, until_end},
};
use harness::{Browser, Call, Database, Person, World, browser};
use serde_json::json;

harness::stories! {
    a_group_rings_pages_and_phones_and_the_page_wins,
    a_click_rings_the_own_page_and_then_the_other,
    a_click_that_the_own_page_rejects_leaves_no_trace,
    a_page_that_must_not_be_disturbed_is_busy,
    a_phone_sends_a_page_on,
    a_phone_announces_a_page_and_hands_it_over,
    a_page_that_is_consulted_gets_the_call,
    a_page_ends_with_its_user,
}

/// An account with Alice on a page at 1001, and phones of Bob at 1002 and Carol at 1003.
async fn page_and_two_phones(database: Database) -> (World, Browser, Person, Person) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    (world, alice, bob, carol)
}

/// A page and a phone hear each other.
async fn talk(page: &browser::Call, phone: &Call) {
    page.peer().speak(440);
    phone.speak(660);
    phone.hears(440).await;
    page.hears(660).await;
}

/// A phone calls a page, which answers; both have heard each other.
async fn phone_calls_page(phone: &Person, page: &Browser) -> (Call, browser::Call) {
    let call = phone.phone.calls(&page.number).await;
    let mut answer = page.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&answer, &call).await;
    (call, answer)
}

async fn a_group_rings_pages_and_phones_and_the_page_wins(database: Database) {
    let (world, alice, bob, carol) = page_and_two_phones(database).await;
    group(&world, &[&alice.user, &bob.user], json!({})).await;
    let mut events = world.events().await;
    let call = carol.phone.calls(GROUP).await;
    let mut winner = alice.rings().await;
    let loser = bob.phone.rings().await;
    call.is_ringing().await;
    winner.answers().await;
    call.is_answered().await;
    let cancel = loser.is_cancelled().await;
    assert!(cancel.get("Reason").contains("cause=200"), "{cancel}");
    talk(&winner, &call).await;
    winner.hangs_up().await;
    call.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen).last(), Some(&"call.end"));
    claims(
        &record(&world).await,
        json!({ "status": "completed", "user_id": carol.user }),
    );
    // The other way round, the page hears no more of it.
    let call = carol.phone.calls(GROUP).await;
    let loser = alice.rings().await;
    bob.phone.rings().await.answers().await;
    call.is_answered().await;
    assert_eq!(loser.is_ended().await, "hangup");
    call.hangs_up().await;
    over(world).await;
}

async fn a_click_rings_the_own_page_and_then_the_other(database: Database) {
    let (world, alice, bob, _) = page_and_two_phones(database).await;
    let click = json!({ "user": alice.user, "dial_string": "1002" });
    world.api.post("/v1/calls", click).await.must_be(202);
    let mut own = alice.rings().await;
    own.answers().await;
    let answer = bob.phone.rings().await;
    assert!(answer.invite().get("From").contains("sip:1001@"));
    own.hears_something_but(660).await;
    answer.answers().await;
    talk(&own, &answer).await;
    answer.hangs_up().await;
    assert_eq!(own.is_ended().await, "hangup");
    claims(
        &record(&world).await,
        json!({ "status": "completed", "user_id": alice.user, "from_number": "1001",
            "to_number": "1002" }),
    );
    over(world).await;
}

async fn a_click_that_the_own_page_rejects_leaves_no_trace(database: Database) {
    let (world, alice, _bob, _) = page_and_two_phones(database).await;
    let click = json!({ "user": alice.user, "dial_string": "1002" });
    world.api.post("/v1/calls", click).await.must_be(202);
    assert_eq!(alice.rings().await.rejects("busy").await, "rejected");
    over(world).await;
}

async fn a_page_that_must_not_be_disturbed_is_busy(database: Database) {
    let (world, alice, bob, _) = page_and_two_phones(database).await;
    let path = format!("/v1/users/{}", alice.user);
    let quiet = json!({ "do_not_disturb": true });
    world.api.post(&path, quiet).await.must_be(200);
    let call = bob.phone.calls("1001").await;
    assert_eq!(call.is_refused().await, 486);
    // It may call all the same.
    let call = alice.calls("1002").await;
    bob.phone.rings().await.refuses(486).await;
    assert_eq!(call.is_ended().await, "busy");
    over(world).await;
}

async fn a_phone_sends_a_page_on(database: Database) {
    let (world, alice, bob, carol) = page_and_two_phones(database).await;
    let (call, page) = phone_calls_page(&bob, &alice).await;
    assert_eq!(call.refers_to("1003").await.status(), Some(202));
    let third = carol.phone.rings().await;
    page.hears_something_but(660).await;
    third.answers().await;
    assert_eq!(call.hears_how_the_transfer_went().await, 200);
    call.is_hung_up().await;
    talk(&page, &third).await;
    page.holds().await;
    page.resumes().await;
    talk(&page, &third).await;
    page.hangs_up().await;
    third.is_hung_up().await;
    over(world).await;
}

async fn a_phone_announces_a_page_and_hands_it_over(database: Database) {
    let (world, alice, bob, carol) = page_and_two_phones(database).await;
    let (call, page) = phone_calls_page(&bob, &alice).await;
    call.holds().await;
    page.is_held("remote").await;
    let (asking, third) = connected(&bob, &carol).await;
    let accepted = call.refers_to_call("1003", &asking).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    assert_eq!(call.hears_how_the_transfer_went().await, 200);
    call.is_hung_up().await;
    asking.is_hung_up().await;
    // Whoever held is gone, so nobody holds any more.
    page.is_resumed().await;
    talk(&page, &third).await;
    third.hangs_up().await;
    assert_eq!(page.is_ended().await, "hangup");
    over(world).await;
}

async fn a_page_that_is_consulted_gets_the_call(database: Database) {
    let (world, alice, bob, carol) = page_and_two_phones(database).await;
    let (call, answer) = connected(&carol, &bob).await;
    answer.holds().await;
    let (asking, page) = phone_calls_page(&bob, &alice).await;
    let accepted = answer.refers_to_call("1001", &asking).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    asking.is_hung_up().await;
    // The page goes on in another call, under the name by which it knows it.
    talk(&page, &call).await;
    page.holds().await;
    page.resumes().await;
    page.hangs_up().await;
    call.is_hung_up().await;
    over(world).await;
}

async fn a_page_ends_with_its_user(database: Database) {
    let (world, alice, bob, _) = page_and_two_phones(database).await;
    let (call, _page) = phone_calls_page(&bob, &alice).await;
    let gone = world.api.delete(&format!("/v1/users/{}", alice.user)).await;
    assert!(gone.status.is_success(), "{}", gone.text);
    call.is_hung_up().await;
    over(world).await;
}
