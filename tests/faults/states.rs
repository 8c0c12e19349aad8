//! Each kind of live thing dies while a call is in each state it can be in. What is told afterwards, by
//! phones, events and records, is what would have been told without.

use crate::stories::{Cast, Gate, STORIES, Stage, Telling};
use actors::Kind;
use futures_util::future::join_all;
use harness::{Database, Event, Events, Phone, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Kills all there are of a kind.
fn strike(world: &World, kind: Kind) {
    let exchange = world.exchange.running().exchange();
    if kind != Kind::Call {
        assert!(exchange.inject_panic(kind, None), "no {kind:?} to kill");
        return;
    }
    for call in exchange.live_call_ids() {
        // One that ends right now is nobody to kill.
        let _ = exchange.inject_panic(kind, Some(call));
    }
}

/// A phone registers again; it may be told to come back.
async fn registers_again(phone: &Phone) {
    for _ in 0..20 {
        let status = phone.tries_to_register(3600).await.status();
        match status {
            Some(200) => return,
            Some(500 | 503) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            other => panic!("REGISTER was answered {other:?}"),
        }
    }
    panic!("no REGISTER is taken any more");
}

/// Tells every story once, with this dying in the middle.
async fn tell_all(world: &World, cast: &Cast, kind: Option<Kind>, zoe: &Phone) {
    let gate = Gate::new(STORIES.len());
    let mut all: Vec<Telling<'_>> = Vec::new();
    for (story, trio) in STORIES.iter().zip(&cast.trios) {
        let stage = Stage {
            world,
            trio,
            carrier: cast.carrier(),
            gate: &gate,
        };
        all.push((story.tell)(stage));
    }
    all.push(Box::pin(async {
        gate.meets().await;
        if let Some(kind) = kind {
            strike(world, kind);
        }
        gate.meets().await;
        registers_again(zoe).await;
    }));
    join_all(all).await;
}

/// What events and records tell of the calls of one round, by who called whom.
async fn what_is_told(world: &World, events: &mut Events) -> BTreeMap<String, Value> {
    let calls: usize = STORIES.iter().map(|story| story.calls).sum();
    let mut told: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut ends = 0;
    while ends < calls {
        let event = events.next().await;
        ends += usize::from(event.name == "call.end");
        let call = event.data["call_id"].as_str().expect("a call").to_owned();
        told.entry(call).or_default().push(event);
    }
    assert_eq!(told.len(), calls);
    let mut out = BTreeMap::new();
    for (call, events) in told {
        let record = world
            .api
            .get(&format!("/v1/calls/{call}"))
            .await
            .must_be(200);
        let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
        let key = format!("{} → {}", record["from_number"], record["to_number"]);
        let known = ["status", "direction", "hangup_cause", "to_label", "user_id"];
        let members = known.map(|name| record[name].clone());
        let legs = record["quality_metrics"].as_array().map_or(0, Vec::len);
        let answered = record["answered_at"].is_string();
        let told =
            json!({ "events": names, "record": members, "legs": legs, "answered": answered });
        assert!(out.insert(key.clone(), told).is_none(), "{key} twice");
    }
    out
}

async fn nothing_is_left(world: &World) {
    for gauge in [
        "strowger_actors_calls_active",
        "strowger_actors_trunk_channels",
        "strowger_actors_ledger_waiting",
        "strowger_engine_rtp_ports_in_use",
        "strowger_engine_legs ",
    ] {
        world.exchange.metric_becomes(gauge, 0.0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_in_whatever_state_the_story_is_the_same() {
    let world = World::new(Database::Sqlite).await;
    let cast = Cast::hire(&world).await;
    let zoe = world.person("Zoe", "9999").await;
    let page = world.browser("Yan", "9998").await;
    let bindings = STORIES.len() * 3 + 1;
    let mut events = world.events().await;

    tell_all(&world, &cast, None, &zoe.phone).await;
    let undisturbed = what_is_told(&world, &mut events).await;
    nothing_is_left(&world).await;
    for kind in Kind::ALL {
        let restarts = format!(
            "strowger_actors_restarts_total{{kind=\"{}\"}}",
            kind.label()
        );
        assert!(world.exchange.metric(&restarts).await < 0.5, "{kind:?}");
        tell_all(&world, &cast, Some(kind), &zoe.phone).await;
        let told = what_is_told(&world, &mut events).await;
        for (key, told) in &told {
            assert_eq!(Some(told), undisturbed.get(key), "{kind:?}, {key}");
        }
        assert_eq!(told.len(), undisturbed.len(), "{kind:?}");
        nothing_is_left(&world).await;
        let died = world.exchange.metric(&restarts).await;
        assert!(died > 0.5, "no {kind:?} died");
    }
    page.socket().send(json!({ "type": "ping" }));
    page.socket().take_type("pong").await;
    let held = "strowger_actors_registrations ";
    world.exchange.metric_becomes(held, bindings as f64).await;
    world.exchange.stop().await;
}
