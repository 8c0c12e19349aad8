//! Calls between extensions that somebody answers.

use crate::kit::{
    alice_alone, alice_and_bob, claims, connected, legs, names, over, record, talk, three,
    until_end,
};
use harness::Database;
use serde_json::json;

harness::stories! {
    two_phones_talk_and_everybody_hears_of_it,
    the_called_side_hangs_up,
    every_phone_of_a_user_rings_and_the_first_to_answer_wins,
    a_user_on_a_call_is_rung_for_another_and_talks_to_both_in_turn,
    the_echo_sends_back_what_it_hears,
    a_phone_that_vanished_does_not_keep_a_call,
    a_call_that_goes_on_can_be_read,
}

const ANSWERED: [&str; 4] = ["call.incoming", "call.ringing", "call.answered", "call.end"];

async fn two_phones_talk_and_everybody_hears_of_it(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;

    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    assert!(
        answer
            .invite()
            .get("From")
            .starts_with("\"Alice\" <sip:1001@")
    );
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;

    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ANSWERED);
    let id = &seen[0].data["call_id"];
    for event in &seen {
        claims(
            &event.data,
            json!({ "event": event.name, "account_id": world.account, "call_id": id,
                "from_number": "1001", "to_number": "1002" }),
        );
    }
    let users = json!({ "from_user_id": alice.user, "to_user_id": bob.user });
    for at in [0, 2, 3] {
        claims(&seen[at].data, users.clone());
    }
    claims(&seen[0].data, json!({ "from_name": "Alice" }));
    claims(
        &seen[1].data,
        json!({ "from_name": "Alice", "user_id": bob.user }),
    );
    assert!(seen[1].data["ringing_at"].is_string());
    claims(&seen[2].data, json!({ "direction": "outbound" }));
    claims(
        &seen[3].data,
        json!({ "direction": "outbound", "status": "completed" }),
    );
    assert!(seen[3].data["ended_at"].is_string());

    let record = record(&world).await;
    claims(
        &record,
        json!({ "id": id, "status": "completed", "direction": "internal", "from_number": "1001",
            "to_number": "1002", "from_label": "Alice", "to_label": "Bob", "hangup_cause": null,
            "user_id": alice.user, "did_id": null,
            "duration_seconds": seen[3].data["duration_seconds"] }),
    );
    assert!(record["connected_at"].is_string() && record["answered_at"].is_string());
    assert_eq!(legs(&record), 2, "{record}");
    for leg in record["quality_metrics"].as_array().expect("legs") {
        assert_eq!(leg["leg"], "endpoint", "{record}");
        assert!(leg["mos"].as_f64().is_some_and(|mos| mos > 4.0), "{leg}");
    }
    over(world).await;
}

async fn the_called_side_hangs_up(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    answer.hangs_up().await;
    let bye = call.is_hung_up().await;
    assert!(bye.get("Reason").contains("cause=16"), "{bye}");
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "hangup_cause": null }),
    );
    assert_eq!(legs(&record), 2);
    over(world).await;
}

async fn every_phone_of_a_user_rings_and_the_first_to_answer_wins(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (_, login) = world.endpoint(&bob.user).await;
    let desk = world.exchange.phone(&login.username, &login.password).await;
    desk.registers().await;
    let mut events = world.events().await;

    let call = alice.phone.calls("1002").await;
    let loser = bob.phone.rings().await;
    let winner = desk.rings().await;
    winner.answers().await;
    call.is_answered().await;
    let cancel = loser.is_cancelled().await;
    let reason = cancel.get("Reason").to_lowercase();
    assert!(reason.contains("cause=200"), "{cancel}");
    assert!(reason.contains("call completed elsewhere"), "{cancel}");
    talk(&call, &winner).await;
    call.hangs_up().await;
    winner.is_hung_up().await;

    // One user rings once, on however many phones.
    assert_eq!(names(&until_end(&mut events).await), ANSWERED);
    let record = record(&world).await;
    assert_eq!(legs(&record), 2, "{record}");
    over(world).await;
}

async fn a_user_on_a_call_is_rung_for_another_and_talks_to_both_in_turn(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (first, answer) = connected(&alice, &bob).await;

    let second = carol.phone.calls("1002").await;
    let waiting = bob.phone.rings().await;
    second.is_ringing().await;
    answer.holds().await;
    waiting.answers().await;
    second.is_answered().await;
    second.speak(880);
    waiting.speak(550);
    waiting.hears(880).await;
    second.hears(550).await;
    first.hears_something_but(660).await;

    second.hangs_up().await;
    waiting.is_hung_up().await;
    answer.resumes().await;
    first.hears(660).await;
    answer.hears(440).await;
    first.hangs_up().await;
    answer.is_hung_up().await;
    world.records(2).await;
    over(world).await;
}

async fn the_echo_sends_back_what_it_hears(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let mut events = world.events().await;
    let call = alice.phone.calls("*43").await;
    call.is_answered().await;
    call.speak(523);
    call.hears(523).await;
    call.hangs_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(names(&seen), ["call.incoming", "call.answered", "call.end"]);
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "to_number": "*43", "direction": "internal" }),
    );
    assert_eq!(legs(&record), 1, "{record}");
    over(world).await;
}

async fn a_phone_that_vanished_does_not_keep_a_call(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    // Bob's phone answers nothing any more; Alice's goodbye must not wait for it.
    drop(answer);
    call.hangs_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_call_that_goes_on_can_be_read(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let mut events = world.events().await;
    let (call, answer) = connected(&alice, &bob).await;
    let id = events.next().await.data["call_id"].clone();
    let path = format!("/v1/calls/{}", id.as_str().expect("an id"));
    let live = world.api.get(&path).await.must_be(200);
    claims(
        &live,
        json!({ "id": id, "status": null, "ended_at": null, "duration_seconds": null,
            "direction": "internal", "from_number": "1001", "to_number": "1002" }),
    );
    world.records(0).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "id": id }));
    let ended = world.api.get(&path).await.must_be(200);
    claims(&ended, json!({ "status": "completed" }));
    over(world).await;
}
