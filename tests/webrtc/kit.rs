//! What the stories have in common.

use harness::{
    Browser, Call, Database, Event, Events, Person, World,
    audio::Ear,
    browser::{self, Generation},
};
use serde_json::Value;

/// Whoever speaks and hears in a call, on a phone or on a page.
pub trait Voice {
    /// Speaks a tone, in Hz.
    fn speak(&self, hz: u16);
    /// What it hears with.
    fn ear(&self) -> &Ear;
}

impl Voice for Call {
    fn speak(&self, hz: u16) {
        (**self).speak(hz);
    }
    fn ear(&self) -> &Ear {
        self
    }
}

impl Voice for browser::Call {
    fn speak(&self, hz: u16) {
        self.peer().speak(hz);
    }
    fn ear(&self) -> &Ear {
        self
    }
}

/// Both speak and hear each other.
pub async fn talk(one: &impl Voice, other: &impl Voice) {
    talk_at(one, 440, other, 660).await;
}

/// Both speak and hear each other at these tones.
pub async fn talk_at(one: &impl Voice, first: u16, other: &impl Voice, second: u16) {
    one.speak(first);
    other.speak(second);
    other.ear().hears(first).await;
    one.ear().hears(second).await;
}

/// An account where Alice is on a page at 1001 and Bob has a phone at 1002.
pub async fn page_and_phone(database: Database) -> (World, Browser, Person) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    (world, alice, bob)
}

/// An account where Alice at 1001 and Bob at 1002 are on pages; Bob's is of the first generation.
pub async fn two_pages(database: Database) -> (World, Browser, Browser) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await.of(Generation::First);
    (world, alice, bob)
}

/// A page calls a phone, which answers; both have heard each other.
pub async fn page_calls_phone(page: &Browser, phone: &Person) -> (browser::Call, Call) {
    let mut call = page.calls(&phone.number).await;
    let answer = phone.phone.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}

/// A phone calls a page, which answers; both have heard each other.
pub async fn phone_calls_page(phone: &Person, page: &Browser) -> (Call, browser::Call) {
    let call = phone.phone.calls(&page.number).await;
    let mut answer = page.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}

/// A page calls another, which answers; both have heard each other.
pub async fn page_calls_page(one: &Browser, other: &Browser) -> (browser::Call, browser::Call) {
    let mut call = one.calls(&other.number).await;
    let mut answer = other.rings().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    (call, answer)
}

/// Claims that nothing of any call is left, and stops the exchange.
pub async fn over(world: World) {
    let exchange = &world.exchange;
    for gauge in [
        "strowger_actors_calls_active",
        "strowger_engine_rtp_ports_in_use",
        "strowger_actors_trunk_channels",
    ] {
        if exchange.has_metric(gauge).await {
            exchange.metric_becomes(gauge, 0.0).await;
        }
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

/// Claims that a record has this many legs' figures, all of them good.
#[track_caller]
pub fn sounds_well(record: &Value, count: usize) {
    let legs = record["quality_metrics"].as_array().expect("figures");
    assert_eq!(legs.len(), count, "{record}");
    for leg in legs {
        assert!(leg["mos"].as_f64().is_some_and(|mos| mos > 3.9), "{record}");
    }
}
