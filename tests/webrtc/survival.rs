//! Calls of a page while something else happens: to its session, its user, its actor, the exchange.

use crate::paper::{answer, creates, ends, gets, lives, says};
use actors::Kind;
use harness::{Browser, Database, Person, World, browser::Generation, stories};
use serde_json::{Value, json};

stories!(
    a_call_on_paper_in_the_order_of_the_protocol,
    every_page_of_a_user_rings_and_the_first_wins,
    a_call_of_another_session_cannot_be_touched,
    a_hang_up_may_be_repeated,
    the_end_of_the_socket_is_the_end_of_the_call,
    the_end_of_the_session_is_the_end_of_the_call,
    the_death_of_the_actor_is_not_the_end_of_the_call,
    a_call_may_be_ended_before_the_exchange_goes,
    no_more_calls_than_may_be,
);

async fn page_and_phone(database: Database) -> (World, Browser, Person) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    (world, alice, bob)
}

/// The page calls the phone, which answers.
async fn connected(alice: &Browser, bob: &Person) -> (String, harness::Call) {
    let call = creates(alice, &bob.number).await.expect("a call");
    let answer = bob.phone.rings().await;
    gets(alice, "call.ringing", &call).await;
    answer.answers().await;
    gets(alice, "call.answered", &call).await;
    (call, answer)
}

/// The types of the frames about a call, in order.
fn story(browser: &Browser, call: &str) -> Vec<String> {
    let log = browser.socket().log();
    let own = log.iter().filter(|frame| frame["call_id"] == call);
    let types = own.map(|frame| frame["type"].as_str().unwrap_or("").to_owned());
    types.collect()
}

async fn a_call_on_paper_in_the_order_of_the_protocol(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    for alice in [alice.clone(), alice.clone().of(Generation::First)] {
        let (call, phone) = connected(&alice, &bob).await;
        assert!(call.starts_with("call_"), "{call}");
        // The name is that of the API.
        let path = format!("/v1/calls/{call}");
        world.api.get(&path).await.must_be(200);
        for mute in ["call.mute", "call.mute", "call.unmute"] {
            says(&alice, mute, &call);
        }
        says(&alice, "call.resume", &call);
        let error = alice.is_told("invalid_message").await;
        assert_eq!(error["call_id"], call.as_str(), "{error}");
        says(&alice, "call.hold", &call);
        assert_eq!(gets(&alice, "call.held", &call).await["held_by"], "local");
        says(&alice, "call.hold", &call);
        alice.is_told("invalid_message").await;
        says(&alice, "call.resume", &call);
        gets(&alice, "call.resumed", &call).await;
        says(&alice, "call.hangup", &call);
        phone.is_hung_up().await;
        let ended = ends(&alice, &call, "hangup").await;
        assert!(ended["duration_seconds"].is_u64(), "{ended}");
        let story = story(&alice, &call);
        let calls = story.iter().filter(|kind| *kind != "error");
        let wanted = [
            "call.trying",
            "call.ringing",
            "sdp.answer",
            "call.answered",
            "call.held",
            "call.resumed",
            "call.ended",
        ];
        assert!(calls.eq(wanted.iter()), "{story:?}");
    }
    let records = world.records(2).await;
    for record in records {
        assert_eq!(record["direction"], "internal");
        assert_eq!(record["status"], "completed");
        assert_eq!(record["user_id"], alice.user.as_str());
        assert_eq!(record["endpoint_id"], Value::Null, "{record}");
    }
    world.exchange.stop().await;
}

async fn every_page_of_a_user_rings_and_the_first_wins(database: Database) {
    let (world, first, bob) = page_and_phone(database).await;
    let second = world.page(&first.user, &first.number).await;
    let call = bob.phone.calls(&first.number).await;
    let mut names = Vec::new();
    for page in [&first, &second] {
        let incoming = page.socket().take_type("call.incoming").await;
        assert_eq!(
            (&incoming["from"], &incoming["to"]),
            (&json!("1002"), &json!("1001"))
        );
        assert_eq!(incoming["from_name"], "Bob");
        names.push(incoming["call_id"].as_str().expect("a name").to_owned());
        gets(page, "sdp.offer", &names[0]).await;
    }
    assert_eq!(names[0], names[1]);
    let name = &names[0];
    says(&first, "call.answer", name);
    first.sends(json!({ "type": "sdp.answer", "call_id": name, "sdp": answer() }));
    call.is_answered().await;
    gets(&first, "call.answered", name).await;
    ends(&second, name, "hangup").await;
    call.hangs_up().await;
    ends(&first, name, "hangup").await;
    // Refused by the only one that is left.
    second.closes_the_page();
    let call = bob.phone.calls(&first.number).await;
    let incoming = first.socket().take_type("call.incoming").await;
    let name = incoming["call_id"].as_str().expect("a name");
    first.sends(json!({ "type": "call.reject", "call_id": name, "reason": "busy" }));
    ends(&first, name, "rejected").await;
    assert_eq!(call.is_refused().await, 486);
    world.exchange.stop().await;
}

async fn a_call_of_another_session_cannot_be_touched(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, phone) = connected(&alice, &bob).await;
    // Not even another page of the same user may.
    let page = world.page(&alice.user, &alice.number).await;
    let mallory = world.browser("Mallory", "1003").await;
    for other in [&page, &mallory] {
        for kind in ["call.hangup", "call.hold", "call.answer", "call.mute"] {
            says(other, kind, &call);
            let error = other.is_told("call_not_found").await;
            assert_eq!(error["call_id"], call.as_str());
        }
    }
    lives(&alice).await;
    let trying = ["call.trying", "call.ringing", "sdp.answer", "call.answered"];
    assert_eq!(story(&alice, &call), trying);
    says(&alice, "call.hangup", &call);
    phone.is_hung_up().await;
    world.exchange.stop().await;
}

async fn a_hang_up_may_be_repeated(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, phone) = connected(&alice, &bob).await;
    for _ in 0..3 {
        says(&alice, "call.hangup", &call);
    }
    phone.is_hung_up().await;
    ends(&alice, &call, "hangup").await;
    says(&alice, "call.hangup", &call);
    lives(&alice).await;
    let log = alice.socket().log();
    assert!(log.iter().all(|frame| frame["type"] != "error"), "{log:?}");
    assert_eq!(
        story(&alice, &call)
            .iter()
            .filter(|kind| *kind == "call.ended")
            .count(),
        1
    );
    world.exchange.stop().await;
}

async fn the_end_of_the_socket_is_the_end_of_the_call(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    for goes in [Browser::closes_the_page, Browser::vanishes] {
        let page = world.page(&alice.user, &alice.number).await;
        let (_, talking) = connected(&page, &bob).await;
        goes(&page);
        talking.is_hung_up().await;
        // One that rings.
        let page = world.page(&alice.user, &alice.number).await;
        creates(&page, "1002").await.expect("a call");
        let ringing = bob.phone.rings().await;
        goes(&page);
        ringing.is_cancelled().await;
    }
    lives(&alice).await;
    world.exchange.stop().await;
}

async fn the_end_of_the_session_is_the_end_of_the_call(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (_, talking) = connected(&alice, &bob).await;
    let path = format!("/v1/users/{}/revoke_sessions", alice.user);
    world
        .exchange
        .api()
        .post(&path, json!({}))
        .await
        .must_be(200);
    alice.is_told("session_revoked").await;
    talking.is_hung_up().await;
    let record = world.records(1).await.remove(0);
    assert_eq!(record["status"], "completed");
    world.exchange.stop().await;
}

async fn the_death_of_the_actor_is_not_the_end_of_the_call(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let exchange = world.exchange.running().exchange();
    let restarts = "strowger_actors_restarts_total{kind=\"webrtc_session\"}";
    let call = creates(&alice, "1002").await.expect("a call");
    let answer = bob.phone.rings().await;
    gets(&alice, "call.ringing", &call).await;
    assert!(exchange.inject_panic(Kind::WebrtcSession, None));
    world.exchange.metric_becomes(restarts, 1.0).await;
    answer.answers().await;
    gets(&alice, "call.answered", &call).await;
    assert!(exchange.inject_panic(Kind::WebrtcSession, None));
    world.exchange.metric_becomes(restarts, 2.0).await;
    says(&alice, "call.hold", &call);
    gets(&alice, "call.held", &call).await;
    says(&alice, "call.hangup", &call);
    answer.is_hung_up().await;
    ends(&alice, &call, "hangup").await;
    world.exchange.stop().await;
}

async fn a_call_may_be_ended_before_the_exchange_goes(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let (call, phone) = connected(&alice, &bob).await;
    let idle = world.page(&alice.user, &alice.number).await;
    let story = async {
        // Whoever has no call goes at once.
        idle.is_told("going_away").await;
        let error = creates(&alice, "1002").await.expect_err("no new call");
        assert_eq!(error["code"], "call_failed");
        says(&alice, "call.hangup", &call);
        phone.is_hung_up().await;
        ends(&alice, &call, "hangup").await;
        alice.is_told("going_away").await;
        assert_eq!(alice.socket().is_closed().await, 1001);
    };
    tokio::join!(story, world.exchange.drain(harness::SOON * 3));
}

async fn no_more_calls_than_may_be(database: Database) {
    let (world, alice, bob) = page_and_phone(database).await;
    let mut calls = Vec::new();
    let mut refused = 0;
    for _ in 0..18 {
        match creates(&alice, "1002").await {
            Ok(call) => calls.push(call),
            Err(error) => {
                assert_eq!(error["code"], "rate_limited", "{error}");
                refused += 1;
            }
        }
    }
    assert_eq!((calls.len(), refused), (16, 2));
    for call in &calls {
        says(&alice, "call.hangup", call);
        ends(&alice, call, "hangup").await;
    }
    drop(bob);
    world.exchange.stop().await;
}
