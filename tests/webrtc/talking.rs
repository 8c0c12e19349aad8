//! What happens while two talk: hold, mute, keys, a second call.

use crate::kit::{
    Voice, claims, over, page_and_phone, page_calls_page, page_calls_phone, phone_calls_page,
    record, talk, talk_at, two_pages,
};
use harness::{Database, World};
use serde_json::{Value, json};

harness::stories! {
    a_page_holds_a_phone_which_hears_music_meanwhile,
    a_page_holds_a_page,
    a_phone_holds_a_page,
    what_cannot_be_held_or_resumed_is_said_so,
    a_muted_page_is_silent_but_its_keys_are_heard,
    keys_reach_the_other_side_both_ways,
    a_page_has_two_calls_at_once,
    a_page_answers_a_second_call_in_the_breath_that_holds_the_first,
}

async fn a_page_holds_a_phone_which_hears_music_meanwhile(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.holds().await;
    answer.hears_something_but(440).await;
    answer.forget();
    answer.hears_something_but(440).await;
    call.resumes().await;
    talk(&call, &answer).await;
    call.holds().await;
    // Who is held may hang up.
    answer.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_page_holds_a_page(database: Database) {
    let (world, alice, bob) = two_pages(database).await;
    let (call, answer) = page_calls_page(&alice, &bob).await;
    call.holds().await;
    answer.is_held("remote").await;
    answer.hears_something_but(440).await;
    call.resumes().await;
    answer.is_resumed().await;
    talk(&call, &answer).await;
    answer.holds().await;
    call.is_held("remote").await;
    answer.resumes().await;
    call.is_resumed().await;
    talk_at(&call, 350, &answer, 810).await;
    answer.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    over(world).await;
}

async fn a_phone_holds_a_page(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, answer) = phone_calls_page(&bob, &alice).await;
    call.holds().await;
    answer.is_held("remote").await;
    answer.hears_something_but(440).await;
    call.resumes().await;
    answer.is_resumed().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    over(world).await;
}

async fn what_cannot_be_held_or_resumed_is_said_so(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut call = alice.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.sends("call.hold", Value::Null);
    assert_eq!(call.fails().await, "invalid_message");
    answer.answers().await;
    call.is_answered().await;
    call.sends("call.resume", Value::Null);
    assert_eq!(call.fails().await, "invalid_message");
    call.holds().await;
    let req_id = call.sends("call.hold", Value::Null);
    let error = alice.is_told("invalid_message").await;
    assert_eq!(error["req_id"], json!(req_id), "{error}");
    call.resumes().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn a_muted_page_is_silent_but_its_keys_are_heard(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.mutes();
    call.mutes();
    answer.hears_nothing().await;
    call.hears(660).await;
    call.press('3');
    answer.gets_keys("3").await;
    call.unmutes();
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn keys_reach_the_other_side_both_ways(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    for key in "12*#".chars() {
        call.press(key);
    }
    answer.press('7');
    answer.gets_keys("12*#").await;
    call.gets_keys("7").await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;

    let carol = world.browser("Carol", "1003").await;
    let (call, answer) = page_calls_page(&alice, &carol).await;
    call.press('9');
    answer.press('0');
    answer.gets_keys("9").await;
    call.gets_keys("0").await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    over(world).await;
}

async fn a_page_has_two_calls_at_once(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    let (first, bobs) = page_calls_phone(&alice, &bob).await;
    first.holds().await;
    let mut second = alice.calls("1003").await;
    let carols = carol.phone.rings().await;
    carols.answers().await;
    second.is_answered().await;
    talk_at(&second, 520, &carols, 880).await;
    bobs.hears_something_but(440).await;
    second.holds().await;
    first.resumes().await;
    talk(&first, &bobs).await;
    carols.hears_something_but(520).await;
    carols.hangs_up().await;
    assert_eq!(second.is_ended().await, "hangup");
    talk_at(&first, 370, &bobs, 910).await;
    first.hangs_up().await;
    bobs.is_hung_up().await;
    world.records(2).await;
    over(world).await;
}

async fn a_page_answers_a_second_call_in_the_breath_that_holds_the_first(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    let (first, bobs) = page_calls_phone(&alice, &bob).await;
    let carols = carol.phone.calls("1001").await;
    let mut second = alice.rings().await;
    carols.is_ringing().await;
    first.sends("call.hold", Value::Null);
    second.says_yes().await;
    first.is_held("local").await;
    second.gets("call.answered").await;
    carols.is_answered().await;
    talk_at(&second, 520, &carols, 880).await;
    bobs.ear().hears_something_but(440).await;
    first.hangs_up().await;
    bobs.is_hung_up().await;
    second.hangs_up().await;
    carols.is_hung_up().await;
    world.records(2).await;
    over(world).await;
}
