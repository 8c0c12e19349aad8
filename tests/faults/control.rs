//! The control of calls is killed under load.

use actors::Kind;
use harness::{Call, Database, Phone, World};
use std::time::Duration;

/// Calls at once.
const CALLS: usize = 50;
/// What a listener may miss when the control of his call dies.
const GAP: Duration = Duration::from_millis(100);

async fn connect(alice: &Phone, bob: &Phone) -> (Call, Call) {
    let call = alice.calls("1002").await;
    let answer = bob.rings().await;
    answer.answers().await;
    call.is_answered().await;
    call.speak(440);
    answer.speak(660);
    (call, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audio_goes_on_when_the_control_of_every_call_is_killed() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let mut calls = Vec::new();
    for _ in 0..CALLS {
        calls.push(connect(&alice.phone, &bob.phone).await);
    }
    for (call, answer) in &calls {
        answer.hears(440).await;
        call.hears(660).await;
        call.take_longest_gap();
        answer.take_longest_gap();
    }

    let exchange = world.exchange.running().exchange();
    let live = exchange.live_call_ids();
    assert_eq!(live.len(), CALLS);
    for call in &live {
        assert!(
            exchange.inject_panic(Kind::Call, Some(*call)),
            "{call} could not be killed"
        );
    }
    let killed = "strowger_actors_restarts_total{kind=\"call\"}";
    world.exchange.metric_becomes(killed, CALLS as f64).await;

    let mut longest = Duration::ZERO;
    for (call, answer) in &calls {
        answer.hears(440).await;
        call.hears(660).await;
        longest = longest
            .max(call.take_longest_gap())
            .max(answer.take_longest_gap());
    }
    assert!(longest < GAP, "the longest gap was {longest:?}");
    eprintln!("longest gap with {CALLS} calls killed: {longest:?}");

    for (call, answer) in calls {
        call.hangs_up().await;
        answer.is_hung_up().await;
    }
    for record in world.records(CALLS).await {
        assert_eq!(record["status"], "completed", "{record}");
        assert_eq!(
            record["quality_metrics"].as_array().map(Vec::len),
            Some(2),
            "{record}"
        );
    }
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ringing_call_is_answered_by_its_second_control() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    let exchange = world.exchange.running().exchange();
    for id in exchange.live_call_ids() {
        assert!(exchange.inject_panic(Kind::Call, Some(id)));
    }
    answer.answers().await;
    call.is_answered().await;
    call.speak(440);
    answer.hears(440).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    assert_eq!(world.records(1).await[0]["status"], "completed");
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bindings_and_records_survive_a_restart() {
    for database in Database::all() {
        let mut world = World::new(database).await;
        let alice = world.person("Alice", "1001").await;
        let bob = world.person("Bob", "1002").await;
        let (call, answer) = connect(&alice.phone, &bob.phone).await;
        answer.hears(440).await;
        call.hangs_up().await;
        answer.is_hung_up().await;
        let before = world.records(1).await;
        world.exchange.restart().await;
        world.api = world.exchange.api().on(&world.account);
        assert_eq!(world.records(1).await, before);
        assert!(
            world
                .exchange
                .metric("strowger_actors_registrations ")
                .await
                >= 2.0
        );
        world.exchange.stop().await;
    }
}
