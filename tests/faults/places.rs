//! The control of a call dies at every single place between two steps and in every decision.

use harness::{Call, Database, Event, World};
use std::collections::BTreeMap;

/// More calls than there are places in the story of one.
const CALLS: usize = 96;
/// Calls at once.
const AT_ONCE: usize = 12;
/// The least number of places that such a story has.
const PLACES: f64 = 20.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_on_wherever_its_control_dies() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let mut events = world.events().await;
    for first in (1..=CALLS).step_by(AT_ONCE) {
        let mut calls: Vec<(usize, Call, Call)> = Vec::new();
        for place in first..first + AT_ONCE {
            world.exchange.running().exchange().doom_next_call(place);
            let call = alice.phone.calls("1002").await;
            let answer = bob.phone.rings().await;
            call.is_ringing().await;
            answer.answers().await;
            call.is_answered().await;
            call.speak(440);
            answer.speak(660);
            calls.push((place, call, answer));
        }
        for (place, call, answer) in &calls {
            eprintln!("the one that dies at place {place} talks");
            answer.hears(440).await;
            call.hears(660).await;
        }
        for (_, call, answer) in &calls {
            call.hangs_up().await;
            answer.is_hung_up().await;
        }
    }
    let mut told: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut ends = 0;
    while ends < CALLS {
        let event = events.next().await;
        ends += usize::from(event.name == "call.end");
        let call = event.data["call_id"].as_str().expect("a call").to_owned();
        told.entry(call).or_default().push(event);
    }
    for (call, events) in &told {
        let names = crate::kit::names(events);
        let usual = ["call.incoming", "call.ringing", "call.answered", "call.end"];
        assert_eq!(names, usual, "{call}");
    }
    for record in world.records(CALLS).await {
        let legs = record["quality_metrics"].as_array().map(Vec::len);
        assert_eq!(
            (record["status"].as_str(), legs),
            (Some("completed"), Some(2))
        );
    }
    for gauge in [
        "strowger_actors_calls_active",
        "strowger_engine_rtp_ports_in_use",
    ] {
        world.exchange.metric_becomes(gauge, 0.0).await;
    }
    let died = "strowger_actors_restarts_total{kind=\"call\"}";
    let died = world.exchange.metric(died).await;
    eprintln!("a call has {died} places at which its control may die");
    // The last ones outlived all places: none was left out.
    assert!(died >= PLACES && died < CALLS as f64, "{died} places");
    world.exchange.stop().await;
}
