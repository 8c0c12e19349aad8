//! Transfers.

use crate::kit::{alice_alone, claims, connected, names, over, record, three, until_end};
use harness::{Call, Carrier, Database, Offer};
use serde_json::json;

harness::stories! {
    a_call_is_sent_on,
    a_call_that_cannot_be_sent_on_comes_back,
    a_call_is_sent_outside,
    a_call_is_announced_and_then_handed_over,
    a_phone_takes_the_place_of_another,
}

async fn join(one: &Call, other: &Call) {
    one.speak(370);
    other.speak(910);
    other.hears(370).await;
    one.hears(910).await;
}

async fn a_call_is_sent_on(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, answer) = connected(&alice, &bob).await;

    let accepted = answer.refers_to("1003").await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    let third = carol.phone.rings().await;
    call.hears_something_but(660).await;
    third.answers().await;
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    join(&call, &third).await;
    call.hangs_up().await;
    third.is_hung_up().await;

    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        [
            "call.incoming",
            "call.ringing",
            "call.answered",
            "call.ringing",
            "call.transfer",
            "call.end"
        ]
    );
    claims(&seen[3].data, json!({ "user_id": carol.user }));
    claims(
        &seen[4].data,
        json!({ "from_number": "1001", "to_number": "1002", "transferred_to": "1003" }),
    );
    let record = record(&world).await;
    claims(
        &record,
        json!({ "status": "completed", "to_number": "1002" }),
    );
    assert_eq!(crate::kit::legs(&record), 3, "{record}");
    over(world).await;
}

async fn a_call_that_cannot_be_sent_on_comes_back(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let (call, answer) = connected(&alice, &bob).await;
    assert_eq!(call.refers_to("1003").await.status(), Some(202));
    carol.phone.rings().await.refuses(486).await;
    assert_eq!(call.hears_how_the_transfer_went().await, 486);
    join(&call, &answer).await;
    assert_eq!(call.refers_to("1999").await.status(), Some(202));
    assert_eq!(call.hears_how_the_transfer_went().await, 404);
    join(&answer, &call).await;
    call.hangs_up().await;
    answer.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));
    over(world).await;
}

async fn a_call_is_sent_outside(database: Database) {
    let (world, alice) = alice_alone(database).await;
    let carrier = Carrier::open(&world, 32, json!({})).await;
    let members = json!({ "routing_target": alice.user });
    world.number("+12075550110", members).await;
    let call = carrier.calls_as("+14155550142", None, "+12075550110").await;
    let answer = alice.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    join(&call, &answer).await;
    // The network may not send calls about.
    assert_eq!(call.refers_to("1001").await.status(), Some(403));
    assert_eq!(answer.refers_to("+13125550177").await.status(), Some(202));
    let third = carrier.rings().await;
    third.answers().await;
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    join(&call, &third).await;
    third.hangs_up().await;
    call.is_hung_up().await;
    claims(
        &record(&world).await,
        json!({ "status": "completed", "direction": "inbound" }),
    );
    over(world).await;
}

async fn a_call_is_announced_and_then_handed_over(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, answer) = connected(&alice, &bob).await;
    answer.holds().await;
    let (asking, third) = connected(&bob, &carol).await;
    let accepted = answer.refers_to_call("1003", &asking).await;
    assert_eq!(accepted.status(), Some(202), "{accepted}");
    assert_eq!(answer.hears_how_the_transfer_went().await, 200);
    answer.is_hung_up().await;
    asking.is_hung_up().await;
    join(&call, &third).await;
    call.hangs_up().await;
    third.is_hung_up().await;
    let mut seen = until_end(&mut events).await;
    seen.extend(until_end(&mut events).await);
    let transfers = seen.iter().filter(|event| event.name == "call.transfer");
    let transfers: Vec<_> = transfers.collect();
    assert_eq!(transfers.len(), 1, "{:?}", names(&seen));
    claims(
        &transfers[0].data,
        json!({ "from_number": "1001", "to_number": "1002", "transferred_to": "1003" }),
    );
    for record in world.records(2).await {
        claims(
            &record,
            json!({ "status": "completed", "hangup_cause": null }),
        );
        assert!(crate::kit::legs(&record) >= 2, "{record}");
    }
    over(world).await;
}

async fn a_phone_takes_the_place_of_another(database: Database) {
    let (world, alice, bob, carol) = three(database).await;
    let mut events = world.events().await;
    let (call, answer) = connected(&alice, &bob).await;
    let replaces = answer.replaces();
    let uri = format!("sip:1001@{}", harness::DOMAIN);
    let third = carol
        .phone
        .calls_with(&uri, Offer::default(), |invite| {
            invite.add("Replaces", replaces.clone());
        })
        .await;
    third.is_answered().await;
    answer.is_hung_up().await;
    join(&call, &third).await;
    third.hangs_up().await;
    call.is_hung_up().await;
    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        [
            "call.incoming",
            "call.ringing",
            "call.answered",
            "call.transfer",
            "call.end"
        ]
    );
    claims(&seen[3].data, json!({ "transferred_to": "1003" }));
    let nothing = carol
        .phone
        .calls_with(&uri, Offer::default(), |invite| {
            invite.add("Replaces", "nosuch;to-tag=a;from-tag=b");
        })
        .await;
    assert_eq!(nothing.is_refused().await, 481);
    world.records(1).await;
    over(world).await;
}
