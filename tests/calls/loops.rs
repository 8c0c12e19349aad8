//! Calls that come back to where they were: every chain ends, and nothing of it is left.

use crate::kit::claims;
use harness::{Carrier, Database, Message, World};
use serde_json::json;

const DID: &str = "+12075550110";
const SECOND: &str = "+12075550111";
const CALLER: &str = "+14155550142";

/// Numbers that all ring a group whose members are these very numbers, and a trunk that leads from the
/// exchange to itself. A carrier calls the first of them; the status it gets.
async fn goes_in_circles(world: &World, numbers: &[&str], shape: fn(&mut Message)) -> u16 {
    let group = json!({ "name": "Circle", "timeout_seconds": 30 });
    let group = world.api.post("/v1/ring_groups", group).await.id_of(201);
    let members = format!("/v1/ring_groups/{group}/members");
    for number in numbers {
        world
            .number(number, json!({ "routing_target": group }))
            .await;
    }
    for number in numbers {
        let member = json!({ "phone_number": number });
        world.api.post(&members, member).await.must_be(201);
    }
    let carrier = Carrier::open(world, 41, json!({ "priority": 9 })).await;
    let itself = json!({
        "name": "itself",
        "address": world.exchange.sip().to_string(),
        "inbound_addresses": [world.exchange.sip().ip().to_string()],
        "priority": 1,
    });
    let operator = world.exchange.api();
    operator
        .post("/v1/operator/trunks", itself)
        .await
        .must_be(201);
    let up = "strowger_actors_trunk_up{trunk=\"itself\"}";
    world.exchange.metric_becomes(up, 1.0).await;
    let call = carrier.calls_shaped(CALLER, None, numbers[0], shape).await;
    call.is_refused().await
}

/// Every call of the circle is recorded as failed, and none is left.
async fn all_ended(world: World, calls: usize) {
    for record in world.records(calls).await {
        claims(
            &record,
            json!({ "status": "failed", "hangup_cause": 25, "direction": "inbound" }),
        );
    }
    let channels = "strowger_actors_trunk_channels";
    world.exchange.metric_becomes(channels, 0.0).await;
    let active = "strowger_actors_calls_active";
    world.exchange.metric_becomes(active, 0.0).await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_that_leads_to_itself_is_left_when_the_hops_are_used_up() {
    let world = World::new(Database::Sqlite).await;
    let status = goes_in_circles(&world, &[DID], |invite| {
        invite.set("Max-Forwards", "20");
    })
    .await;
    assert_eq!(status, 482);
    // Each call takes a hop; the one that would come with none left is refused with 483 at the door.
    all_ended(world, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_that_forks_does_not_double_with_each_round() {
    let world = World::new(Database::Sqlite).await;
    let status = goes_in_circles(&world, &[DID, SECOND], |invite| {
        invite.set("Max-Breadth", "8");
    })
    .await;
    assert_eq!(status, 482);
    // Eight branches, then two times four, four times two, eight times one that cannot be shared.
    all_ended(world, 1 + 2 + 4 + 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_diverted_too_often_is_not_taken() {
    let world = World::new(Database::Sqlite).await;
    world.number(DID, json!({})).await;
    let carrier = Carrier::open(&world, 42, json!({})).await;
    let call = carrier
        .calls_shaped(CALLER, None, DID, |invite| {
            for counter in [5, 6] {
                let by = format!("<sip:+12075550199@carrier.test>;counter={counter}");
                invite.add("Diversion", by);
            }
        })
        .await;
    assert_eq!(call.is_refused().await, 482);
    world.exchange.stop().await;
}
