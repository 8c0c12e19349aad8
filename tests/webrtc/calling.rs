//! Calls from and to pages: they begin, are answered or not, and end.

use crate::kit::{
    claims, names, over, page_and_phone, page_calls_page, page_calls_phone, phone_calls_page,
    record, sounds_well, talk, two_pages, until_end,
};
use harness::{Database, Events, Exchange, World};
use serde_json::{Value, json};
use std::time::Duration;

harness::stories! {
    a_page_calls_a_phone_and_everybody_hears_of_it,
    a_phone_calls_a_page_and_everybody_hears_of_it,
    two_pages_talk_whoever_hangs_up,
    a_page_hears_what_the_callee_plays_before_it_answers,
    a_page_that_calls_learns_why_nobody_answers,
    a_page_gives_up_before_the_answer,
    a_page_rejects_or_is_busy,
    the_caller_gives_up_while_the_page_rings,
    nobody_comes_to_the_page_in_time,
}

const ANSWERED: [&str; 4] = ["call.incoming", "call.ringing", "call.answered", "call.end"];
const UNANSWERED: [&str; 3] = ["call.incoming", "call.ringing", "call.end"];

async fn a_page_calls_a_phone_and_everybody_hears_of_it(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut events = world.events().await;

    let mut call = alice.calls("1002").await;
    let answer = bob.phone.rings().await;
    let from = answer.invite().get("From").to_owned();
    assert!(from.starts_with("\"Alice\" <sip:1001@"), "{from}");
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    let told = [
        "call.trying",
        "call.ringing",
        "sdp.answer",
        "call.answered",
        "call.ended",
    ];
    assert_eq!(call.frames(), told);

    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ANSWERED);
    for event in &seen {
        let ends = json!({ "call_id": call.id, "from_number": "1001", "to_number": "1002" });
        claims(&event.data, ends);
    }
    for at in [0, 2, 3] {
        let users = json!({ "from_user_id": alice.user, "to_user_id": bob.user });
        claims(&seen[at].data, users);
    }
    let record = record(&world).await;
    let members = json!({ "id": call.id, "status": "completed", "direction": "internal",
        "from_number": "1001", "to_number": "1002", "from_label": "Alice", "to_label": "Bob",
        "hangup_cause": null, "user_id": alice.user });
    claims(&record, members);
    assert!(record["answered_at"].is_string(), "{record}");
    sounds_well(&record, 2);
    over(world).await;
}

async fn a_phone_calls_a_page_and_everybody_hears_of_it(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut events = world.events().await;

    let call = bob.phone.calls("1001").await;
    let mut answer = alice.rings().await;
    let members = json!({ "from": "1002", "from_name": "Bob", "to": "1001" });
    claims(&answer.incoming, members);
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    let told = ["call.incoming", "sdp.offer", "call.answered", "call.ended"];
    assert_eq!(answer.frames(), told);

    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ANSWERED);
    claims(
        &seen[1].data,
        json!({ "call_id": answer.id, "user_id": alice.user }),
    );
    let record = record(&world).await;
    let members = json!({ "id": answer.id, "status": "completed", "direction": "internal",
        "from_number": "1002", "to_number": "1001", "from_label": "Bob", "to_label": "Alice" });
    claims(&record, members);
    sounds_well(&record, 2);
    over(world).await;
}

async fn two_pages_talk_whoever_hangs_up(database: Database) {
    let (world, alice, bob) = two_pages(database).await;
    let (call, answer) = page_calls_page(&alice, &bob).await;
    assert_eq!(call.id, answer.id);
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    let (call, answer) = page_calls_page(&bob, &alice).await;
    answer.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    // A second goodbye is nothing to complain about.
    call.sends("call.hangup", Value::Null);
    answer.sends("call.hangup", Value::Null);
    for record in world.records(2).await {
        claims(&record, json!({ "status": "completed" }));
        sounds_well(&record, 2);
    }
    let (call, answer) = page_calls_page(&alice, &bob).await;
    call.hangs_up().await;
    assert_eq!(answer.is_ended().await, "hangup");
    let complaints = [alice.socket().log(), bob.socket().log()].concat();
    let complaint = complaints.iter().find(|frame| frame["type"] == "error");
    assert!(complaint.is_none(), "{complaint:?}");
    over(world).await;
}

async fn a_page_hears_what_the_callee_plays_before_it_answers(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut call = alice.calls("1002").await;
    let answer = bob.phone.is_called().await;
    answer.plays_early().await;
    answer.speak(770);
    call.gets_early_media().await;
    call.hears(770).await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    over(world).await;
}

/// What record and event say of a call that was not answered.
async fn unanswered(world: &World, events: &mut Events, story: &[&str], members: Value) {
    let seen = until_end(events).await;
    assert_eq!(names(&seen), story);
    let record = record(world).await;
    claims(&record, members);
    claims(
        &record,
        json!({ "duration_seconds": null, "answered_at": null }),
    );
}

async fn a_page_that_calls_learns_why_nobody_answers(database: Database) {
    for (status, reason) in [
        (486, "busy"),
        (603, "rejected"),
        (480, "no-answer"),
        (500, "failed"),
    ] {
        let (world, alice, bob) = page_and_phone(database).await;
        let mut events = world.events().await;
        let call = alice.calls("1002").await;
        bob.phone.rings().await.refuses(status).await;
        assert_eq!(call.is_ended().await, reason, "{status}");
        assert_eq!(names(&until_end(&mut events).await), UNANSWERED);
        claims(
            &record(&world).await,
            json!({ "answered_at": null, "to_label": "Bob" }),
        );
        over(world).await;
    }
}

async fn a_page_gives_up_before_the_answer(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut events = world.events().await;
    let call = alice.calls("1002").await;
    let ringing = bob.phone.rings().await;
    call.is_ringing().await;
    call.hangs_up().await;
    ringing.is_cancelled().await;
    let members = json!({ "status": "no-answer", "hangup_cause": 16 });
    unanswered(&world, &mut events, &UNANSWERED, members).await;
    over(world).await;
}

async fn a_page_rejects_or_is_busy(database: Database) {
    for (reason, status, cause) in [("busy", 486, 17), ("decline", 603, 21)] {
        let (world, alice, bob) = page_and_phone(database).await;
        let mut events = world.events().await;
        let call = bob.phone.calls("1001").await;
        assert_eq!(alice.rings().await.rejects(reason).await, "rejected");
        assert_eq!(call.is_refused().await, status);
        let members = json!({ "status": "busy", "hangup_cause": cause });
        unanswered(&world, &mut events, &UNANSWERED, members).await;
        over(world).await;
    }
}

async fn the_caller_gives_up_while_the_page_rings(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut events = world.events().await;
    let call = bob.phone.calls("1001").await;
    let ringing = alice.rings().await;
    call.is_ringing().await;
    call.cancels().await;
    assert_eq!(call.is_refused().await, 487);
    assert_eq!(ringing.is_ended().await, "hangup");
    let members = json!({ "status": "no-answer", "hangup_cause": 16 });
    unanswered(&world, &mut events, &UNANSWERED, members).await;
    // The page can be called again, and call.
    let (call, answer) = phone_calls_page(&bob, &alice).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    let (call, answer) = page_calls_phone(&alice, &bob).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    over(world).await;
}

async fn nobody_comes_to_the_page_in_time(database: Database) {
    let exchange = Exchange::start_with(database, |config| {
        config.times.user_rings = Duration::from_secs(2);
    });
    let world = World::on(exchange.await).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    let mut events = world.events().await;
    let call = alice.calls("1002").await;
    let ringing = bob.rings().await;
    assert_eq!(ringing.is_ended().await, "no-answer");
    assert_eq!(call.is_ended().await, "no-answer");
    let members = json!({ "status": "no-answer", "hangup_cause": 19 });
    unanswered(&world, &mut events, &UNANSWERED, members).await;
    over(world).await;
}
