//! What the stories have in common.

use harness::{Call, Database, Event, Events, Person, World};
use serde_json::Value;

/// An account with Alice at 1001.
pub async fn alice_alone(database: Database) -> (World, Person) {
    let world = World::new(database).await;
    let alice = world.person("Alice", "1001").await;
    (world, alice)
}

/// An account with Alice at 1001 and Bob at 1002.
pub async fn alice_and_bob(database: Database) -> (World, Person, Person) {
    let (world, alice) = alice_alone(database).await;
    let bob = world.person("Bob", "1002").await;
    (world, alice, bob)
}

/// An account with Alice at 1001, Bob at 1002 and Carol at 1003.
pub async fn three(database: Database) -> (World, Person, Person, Person) {
    let (world, alice, bob) = alice_and_bob(database).await;
    let carol = world.person("Carol", "1003").await;
    (world, alice, bob, carol)
}

/// Claims that nothing of any call is left, and stops the exchange.
pub async fn over(world: World) {
    let exchange = &world.exchange;
    exchange
        .metric_becomes("strowger_actors_calls_active", 0.0)
        .await;
    exchange
        .metric_becomes("strowger_engine_rtp_ports_in_use", 0.0)
        .await;
    let channels = "strowger_actors_trunk_channels";
    if exchange.has_metric(channels).await {
        exchange.metric_becomes(channels, 0.0).await;
    }
    world.exchange.stop().await;
}

/// Every event up to and with `call.end`.
pub async fn until_end(events: &mut Events) -> Vec<Event> {
    let mut seen = Vec::new();
    loop {
        let event = events.next().await;
        let last = event.name == "call.end";
        seen.push(event);
        if last {
            return seen;
        }
    }
}

/// Their names.
pub fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

/// Both speak and hear each other.
pub async fn talk(one: &Call, other: &Call) {
    one.speak(440);
    other.speak(660);
    other.hears(440).await;
    one.hears(660).await;
}

/// `caller` dials, `callee` answers, both have heard each other.
pub async fn connected(caller: &Person, callee: &Person) -> (Call, Call) {
    let call = caller.phone.calls(&callee.number).await;
    let answer = callee.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}

/// The one record of the account.
pub async fn record(world: &World) -> Value {
    world.records(1).await.remove(0)
}

/// Claims members of a record.
#[track_caller]
pub fn claims(record: &Value, members: Value) {
    for (name, value) in members.as_object().expect("members") {
        assert_eq!(&record[name], value, "{name} of {record}");
    }
}

/// How many legs a record has figures of.
pub fn legs(record: &Value) -> usize {
    record["quality_metrics"].as_array().map_or(0, Vec::len)
}
