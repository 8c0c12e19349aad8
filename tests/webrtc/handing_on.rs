//! Calls that a page hands on, step by step, and what goes wrong on the way.

use crate::paper::{OFFER, creates, ends, gets, lives, says};
use harness::{Browser, Database, Person, World, stories};
use serde_json::{Value, json};

stories!(
    a_call_is_handed_on_without_a_word,
    a_transfer_to_nobody_comes_back,
    a_call_is_handed_on_after_a_word,
    a_consultation_that_fails_leaves_the_call_on_hold,
    a_consultation_may_be_given_up,
    the_far_side_may_hold,
    two_calls_at_once_take_turns,
);

async fn three(database: Database) -> (World, Browser, Person, Person) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    (world, alice, bob, carol)
}

/// The page calls the phone, which answers.
async fn connected(alice: &Browser, phone: &Person) -> (String, harness::Call) {
    let call = creates(alice, &phone.number).await.expect("a call");
    let answer = phone.phone.rings().await;
    answer.answers().await;
    gets(alice, "call.answered", &call).await;
    (call, answer)
}

/// Sends a step of an attended transfer with a number of its own.
fn steps(alice: &Browser, call: &str, step: &str, members: Value) -> String {
    let req_id = alice.req_id();
    let mut frame = json!({ "type": "call.transfer.attended", "call_id": call, "step": step,
        "req_id": req_id });
    let all = frame.as_object_mut().expect("an object");
    all.extend(members.as_object().cloned().unwrap_or_default());
    alice.socket().send(frame);
    req_id
}

/// Consults somebody about a call; the name of the consultation, or why there is none.
async fn consults(alice: &Browser, call: &str, destination: &str) -> Result<String, Value> {
    let members = json!({ "destination": destination, "sdp": OFFER });
    let req_id = steps(alice, call, "consult", members);
    let reply = |frame: &Value| frame["req_id"] == req_id;
    let reply = alice.socket().take("a reply", reply).await;
    match reply["type"].as_str() {
        Some("call.trying") => Ok(reply["call_id"].as_str().expect("a name").to_owned()),
        _ => Err(reply),
    }
}

async fn a_call_is_handed_on_without_a_word(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, of_bob) = connected(&alice, &bob).await;
    alice.sends(json!({ "type": "call.transfer", "call_id": call, "destination": "1003" }));
    let of_carol = carol.phone.rings().await;
    of_carol.answers().await;
    ends(&alice, &call, "transferred").await;
    loop {
        let event = events.next().await;
        if event.name == "call.transfer" {
            assert_eq!(event.data["transferred_to"], "1003");
            break;
        }
    }
    of_bob.hangs_up().await;
    of_carol.is_hung_up().await;
    world.exchange.stop().await;
}

async fn a_transfer_to_nobody_comes_back(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, of_bob) = connected(&alice, &bob).await;
    for (destination, refused) in [("7777", false), ("1003", true)] {
        let wish = json!({ "type": "call.transfer", "call_id": call, "destination": destination });
        alice.sends(wish);
        if refused {
            carol.phone.rings().await.refuses(486).await;
        }
        let error = alice.is_told("call_failed").await;
        assert_eq!(
            (&error["call_id"], &error["fatal"]),
            (&json!(call), &json!(false))
        );
    }
    lives(&alice).await;
    of_bob.hangs_up().await;
    ends(&alice, &call, "hangup").await;
    world.exchange.stop().await;
}

async fn a_call_is_handed_on_after_a_word(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, of_bob) = connected(&alice, &bob).await;
    let consult = consults(&alice, &call, "1003")
        .await
        .expect("a consultation");
    assert_eq!(gets(&alice, "call.held", &call).await["held_by"], "local");
    let of_carol = carol.phone.rings().await;
    // Too early.
    let req_id = steps(&alice, &call, "complete", json!({}));
    let error = alice.is_told("invalid_message").await;
    assert_eq!(
        (&error["req_id"], &error["call_id"]),
        (&json!(req_id), &json!(call))
    );
    of_carol.answers().await;
    gets(&alice, "call.answered", &consult).await;
    steps(&alice, &call, "complete", json!({}));
    ends(&alice, &call, "transferred").await;
    ends(&alice, &consult, "transferred").await;
    of_carol.hangs_up().await;
    of_bob.is_hung_up().await;
    lives(&alice).await;
    world.exchange.stop().await;
}

async fn a_consultation_that_fails_leaves_the_call_on_hold(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, of_bob) = connected(&alice, &bob).await;
    // One that never was.
    let error = consults(&alice, &call, " ").await.expect_err("no call");
    assert_eq!(error["code"], "invalid_message", "{error}");
    gets(&alice, "call.held", &call).await;
    // One that is refused.
    let consult = consults(&alice, &call, "1003")
        .await
        .expect("a consultation");
    carol.phone.rings().await.refuses(486).await;
    ends(&alice, &consult, "busy").await;
    steps(&alice, &call, "complete", json!({}));
    alice.is_told("invalid_message").await;
    says(&alice, "call.resume", &call);
    gets(&alice, "call.resumed", &call).await;
    of_bob.hangs_up().await;
    ends(&alice, &call, "hangup").await;
    world.exchange.stop().await;
}

async fn a_consultation_may_be_given_up(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, of_bob) = connected(&alice, &bob).await;
    let consult = consults(&alice, &call, "1003")
        .await
        .expect("a consultation");
    let of_carol = carol.phone.rings().await;
    of_carol.answers().await;
    gets(&alice, "call.answered", &consult).await;
    says(&alice, "call.hangup", &consult);
    of_carol.is_hung_up().await;
    ends(&alice, &consult, "hangup").await;
    says(&alice, "call.resume", &call);
    gets(&alice, "call.resumed", &call).await;
    says(&alice, "call.hangup", &call);
    of_bob.is_hung_up().await;
    ends(&alice, &call, "hangup").await;
    world.exchange.stop().await;
}

async fn the_far_side_may_hold(database: Database) {
    let (world, alice, bob, _) = three(database).await;
    let (call, of_bob) = connected(&alice, &bob).await;
    of_bob.holds().await;
    assert_eq!(gets(&alice, "call.held", &call).await["held_by"], "remote");
    of_bob.resumes().await;
    gets(&alice, "call.resumed", &call).await;
    of_bob.hangs_up().await;
    ends(&alice, &call, "hangup").await;
    world.exchange.stop().await;
}

async fn two_calls_at_once_take_turns(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (first, of_bob) = connected(&alice, &bob).await;
    let second = carol.phone.calls("1001").await;
    let incoming = alice.socket().take_type("call.incoming").await;
    let name = incoming["call_id"].as_str().expect("a name").to_owned();
    // As the client does it: the first is put aside and the second taken, in one breath.
    says(&alice, "call.hold", &first);
    says(&alice, "call.answer", &name);
    let answer = crate::paper::answer();
    alice.sends(json!({ "type": "sdp.answer", "call_id": name, "sdp": answer }));
    second.is_answered().await;
    gets(&alice, "call.held", &first).await;
    gets(&alice, "call.answered", &name).await;
    says(&alice, "call.hold", &name);
    says(&alice, "call.resume", &first);
    gets(&alice, "call.held", &name).await;
    gets(&alice, "call.resumed", &first).await;
    of_bob.hangs_up().await;
    ends(&alice, &first, "hangup").await;
    second.hangs_up().await;
    ends(&alice, &name, "hangup").await;
    world.exchange.stop().await;
}
