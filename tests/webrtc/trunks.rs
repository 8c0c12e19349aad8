//! Pages and the network.

use crate::kit::{claims, names, over, record, sounds_well, talk, talk_at, until_end};
use harness::{
    Carrier, Database, Exchange, Offer, World,
    audio::{Format, PCMU},
};
use serde_json::json;

harness::stories! {
    a_page_calls_outside,
    a_page_is_called_from_outside,
    a_page_sends_a_call_outside,
}

const DID: &str = "+12075550110";
const FAR: &str = "+14155550142";

/// An account whose pages need no emergency address.
async fn ungated(database: Database) -> World {
    let exchange = Exchange::start_with(database, |config| {
        config.webrtc_sessions.emergency_gate = actors::EmergencyGate::Off;
    });
    World::on(exchange.await).await
}

async fn a_page_calls_outside(database: Database) {
    let world = ungated(database).await;
    let alice = world.browser("Alice", "1001").await;
    let carrier = Carrier::open(&world, 72, json!({})).await;
    world.number(DID, json!({})).await;
    let mut events = world.events().await;
    let mut call = alice.calls(FAR).await;
    let answer = carrier.rings().await.with_offer(Offer::only(PCMU));
    let from = answer.invite().get("From").to_owned();
    assert!(from.contains("sip:+12075550110@"), "{from}");
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    assert_eq!(call.formats(), [Format::Pcmu]);
    answer.press('1');
    call.press('2');
    call.gets_keys("1").await;
    answer.gets_keys("2").await;
    answer.hangs_up().await;
    assert_eq!(call.is_ended().await, "hangup");
    let seen = until_end(&mut events).await;
    assert_eq!(
        names(&seen),
        ["call.initiated", "call.answered", "call.end"]
    );
    claims(
        &seen[0].data,
        json!({ "call_id": call.id, "from_user_id": alice.user }),
    );
    let record = record(&world).await;
    let members = json!({ "id": call.id, "status": "completed", "direction": "outbound",
        "to_number": FAR, "user_id": alice.user, "endpoint_id": null });
    claims(&record, members);
    sounds_well(&record, 2);
    over(world).await;
}

async fn a_page_is_called_from_outside(database: Database) {
    let world = ungated(database).await;
    let alice = world.browser("Alice", "1001").await;
    let carrier = Carrier::open(&world, 73, json!({})).await;
    let did = world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let call = carrier.calls_as(FAR, Some("John Smith"), DID).await;
    let mut answer = alice.rings().await;
    claims(
        &answer.incoming,
        json!({ "from": FAR, "from_name": "John Smith" }),
    );
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    let record = record(&world).await;
    let members = json!({ "id": answer.id, "status": "completed", "direction": "inbound",
        "from_number": FAR, "did_id": did, "user_id": alice.user, "endpoint_id": null });
    claims(&record, members);
    sounds_well(&record, 2);
    over(world).await;
}

async fn a_page_sends_a_call_outside(database: Database) {
    let world = ungated(database).await;
    let alice = world.browser("Alice", "1001").await;
    let carrier = Carrier::open(&world, 74, json!({})).await;
    world
        .number(DID, json!({ "routing_target": alice.user }))
        .await;
    let call = carrier.calls_as(FAR, None, DID).await;
    let mut answer = alice.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    answer.transfers("+13125550177");
    let third = carrier.rings().await;
    third.answers().await;
    assert_eq!(answer.is_ended().await, "transferred");
    talk_at(&call, 370, &third, 910).await;
    third.hangs_up().await;
    call.is_hung_up().await;
    over(world).await;
}
