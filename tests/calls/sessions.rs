//! How long a call may go on without a word: session timers (RFC 4028), and changes that cross.

use crate::kit::{alice_and_bob, claims, over, record, talk, until_end};
use harness::{Call, Database, Exchange, Message, Offer, Person, World};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    too_short_a_session_is_refused_with_what_would_do,
    a_callee_may_want_longer_sessions,
    the_exchange_refreshes_and_a_phone_that_knows_nothing_ends_the_call,
    a_session_that_the_phone_does_not_refresh_ends,
    changes_that_cross_settle,
}

/// What a short session lasts, in seconds: refreshed after four, given up after six.
const SESSION: u64 = 8;

/// An account whose sessions are short.
async fn short_sessions(database: Database) -> (World, Person, Person) {
    let exchange = Exchange::start_with(database, |config| {
        config.times.session = Duration::from_secs(SESSION);
        config.times.min_session = Duration::from_secs(2);
    });
    let world = World::on(exchange.await).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    (world, alice, bob)
}

fn seconds(request: &Message) -> u64 {
    let value = request.get("Session-Expires");
    let number = value.split(';').next().unwrap_or("").trim();
    number.parse().unwrap_or(0)
}

/// A call whose callee takes the session timer with this refresher.
async fn timed(alice: &Person, bob: &Person, refresher: &str, allow: &str) -> (Call, Call) {
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    let invite = answer.invite();
    assert!(invite.get("Supported").contains("timer"), "{invite}");
    assert_eq!(seconds(&invite), SESSION, "{invite}");
    assert_eq!(invite.get("Min-SE"), "2", "{invite}");
    answer
        .answers_with(|response| {
            response.add("Require", "timer").add("Allow", allow).add(
                "Session-Expires",
                format!("{SESSION};refresher={refresher}"),
            );
        })
        .await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}

async fn too_short_a_session_is_refused_with_what_would_do(database: Database) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let uri = format!("sip:1002@{}", harness::DOMAIN);
    let asks = |seconds: &'static str| {
        let phone = alice.phone.clone();
        let uri = uri.clone();
        async move {
            phone
                .calls_with(&uri, Offer::default(), |invite| {
                    invite
                        .add("Supported", "timer")
                        .add("Session-Expires", format!("{seconds};refresher=uac"));
                })
                .await
        }
    };
    let call = asks("30").await;
    let refused = call.gets("422", 422..423).await;
    assert_eq!(refused.get("Min-SE"), "90", "{refused}");
    call.confirms_refusal(&refused).await;
    world.records(0).await;

    let call = asks("90").await;
    let answer = bob.phone.rings().await;
    answer.answers().await;
    let agreed = call.gets("200", 200..201).await;
    assert_eq!(
        agreed.get("Session-Expires"),
        "90;refresher=uac",
        "{agreed}"
    );
    assert!(agreed.get("Require").contains("timer"), "{agreed}");
    call.confirms_late(&agreed).await;
    let mut update = call.in_dialog("UPDATE");
    update
        .add("Supported", "timer")
        .add("Session-Expires", "90;refresher=uac");
    let refreshed = call.asks(&update).await;
    assert_eq!(refreshed.status(), Some(200), "{refreshed}");
    assert_eq!(refreshed.get("Session-Expires"), "90;refresher=uac");
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_callee_may_want_longer_sessions(database: Database) {
    let (world, alice, bob) = short_sessions(database).await;
    let call = alice.phone.calls("1002").await;
    let first = bob.phone.is_called().await;
    first
        .refuses_with(422, |response| {
            response.add("Min-SE", "3600");
        })
        .await;
    let answer = bob.phone.rings().await;
    let invite = answer.invite();
    assert!(
        invite.get("Session-Expires").starts_with("3600"),
        "{invite}"
    );
    assert_eq!(invite.get("Min-SE"), "3600", "{invite}");
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn the_exchange_refreshes_and_a_phone_that_knows_nothing_ends_the_call(database: Database) {
    let (world, alice, bob) = short_sessions(database).await;
    let _alive = alice.phone.answers_by_itself("UPDATE");
    let (call, answer) = timed(&alice, &bob, "uac", "INVITE, ACK, BYE, UPDATE").await;
    let refresh = answer.is_about_to_be_asked("UPDATE").await;
    assert_eq!(seconds(&refresh), SESSION, "{refresh}");
    answer
        .replies(&refresh, 200, |response| {
            response.add("Session-Expires", format!("{SESSION};refresher=uac"));
        })
        .await;
    talk(&call, &answer).await;
    let refresh = answer.is_about_to_be_asked("UPDATE").await;
    answer.replies(&refresh, 481, |_| ()).await;
    call.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_session_that_the_phone_does_not_refresh_ends(database: Database) {
    let (world, alice, bob) = short_sessions(database).await;
    let mut events = world.events().await;
    let _alive = alice.phone.answers_by_itself("UPDATE");
    let (call, answer) = timed(&alice, &bob, "uas", "INVITE, ACK, BYE, UPDATE").await;
    answer.is_hung_up().await;
    call.is_hung_up().await;
    until_end(&mut events).await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn changes_that_cross_settle(database: Database) {
    let (world, alice, bob) = short_sessions(database).await;
    let _alive = alice.phone.answers_by_itself("UPDATE");
    let (call, answer) = timed(&alice, &bob, "uac", "INVITE, ACK, BYE").await;
    // The refresh comes while Bob's own change is on its way: neither gives in.
    let theirs = answer.is_about_to_be_asked("INVITE").await;
    let ours = answer.change("INVITE", &Offer::default());
    answer.sends(&ours).await;
    let refused = answer.gets_answer_to(&ours).await;
    assert_eq!(refused.status(), Some(491), "{refused}");
    answer.replies(&theirs, 491, |_| ()).await;
    answer.is_confirmed(&theirs).await;
    // Bob tries again first, then the exchange does.
    let ours = answer.change("INVITE", &Offer::default());
    assert_eq!(answer.asks_and_confirms(&ours).await.status(), Some(200));
    let theirs = answer.is_about_to_be_asked("INVITE").await;
    answer.agrees(&theirs).await;
    talk(&call, &answer).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}
