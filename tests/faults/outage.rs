//! The database goes away under live calls, by ending its connections or by saying nothing more, and
//! comes back.

use crate::kit::{connected, talk};
use harness::{
    Call, Events, Exchange, Person, World,
    database::{self, Database},
    proxy::{Proxy, Road},
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long anything may take that waits for a database which says nothing.
const BOUND: Duration = Duration::from_secs(45);

/// An exchange whose road to PostgreSQL is in our hands; `None`, said aloud, when there is no server.
async fn beyond_a_road() -> Option<(World, Proxy)> {
    let Some(server) = database::server() else {
        eprintln!("the outage of PostgreSQL is left out: STROWGER_TEST_POSTGRES is not set");
        return None;
    };
    let host = database::host(&server);
    let proxy = Proxy::to(&host).await;
    let road = proxy.address().to_string();
    let exchange = Exchange::start_with(Database::Postgres, |config| {
        let url = config.database_url.take().expect("a URL");
        config.database_url = Some(url.replacen(&host, &road, 1));
        // Streams look at the database this often.
        config.http.heartbeat = Duration::from_millis(500);
    });
    Some((World::on(exchange.await).await, proxy))
}

/// Waits until `/readyz` says this.
async fn readiness(world: &World, status: &str) {
    let end = Instant::now() + BOUND;
    loop {
        let ready = world.exchange.api().get("/readyz").await;
        if ready.body["status"] == status {
            assert_eq!(ready.status == 200, status == "ready", "{}", ready.text);
            return;
        }
        assert!(Instant::now() < end, "not {status}: {}", ready.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn go_on(one: &Call, other: &Call) {
    one.forget();
    other.forget();
    talk(one, other).await;
}

/// A new call is refused and told when to try again.
async fn is_turned_away(who: &Person, number: &str) {
    let call = who.phone.calls(number).await;
    let no = call.gets("a refusal", 300..700).await;
    assert_eq!(no.status(), Some(503), "{no}");
    assert!(no.get("Retry-After").parse::<u32>().is_ok(), "{no}");
}

/// The next event of this name, within the bound.
async fn hears_of(events: &mut Events, name: &str) -> Value {
    loop {
        let event = events.next_within(BOUND).await;
        if event.name == name {
            return event.data;
        }
    }
}

async fn an_outage(road: Road) {
    let Some((world, proxy)) = beyond_a_road().await else {
        return;
    };
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let carol = world.person("Carol", "1003").await;
    let dave = world.person("Dave", "1004").await;
    let erin = world.person("Erin", "1005").await;
    let mut events = world.events().await;
    let (ends_within, its_answer) = connected(&alice, &bob).await;
    let (ends_later, later_answer) = connected(&carol, &dave).await;

    proxy.becomes(road);
    readiness(&world, "database").await;
    go_on(&ends_within, &its_answer).await;
    is_turned_away(&erin, "1001").await;
    let refused = erin.phone.tries_to_register(3600).await;
    assert_eq!(refused.status(), Some(503), "{refused}");
    // Both may take as long as the database is given.
    let refused = async {
        let refused = world.api.get("/v1/users").await;
        assert!(refused.header("retry-after").parse::<u32>().is_ok());
        assert!(!refused.code().is_empty());
        refused.must_be(503);
    };
    let ended = async {
        ends_within.hangs_up().await;
        its_answer.is_hung_up().await;
        // Durable in the spool: that is enough to be told.
        hears_of(&mut events, "call.end").await
    };
    let ((), end) = tokio::join!(refused, ended);
    let waiting = "strowger_actors_ledger_waiting";
    world.exchange.metric_becomes(waiting, 1.0).await;
    go_on(&ends_later, &later_answer).await;

    proxy.becomes(Road::Open);
    readiness(&world, "ready").await;
    world.exchange.metric_becomes(waiting, 0.0).await;
    let written = &world.records(1).await[0];
    assert_eq!(written["id"], end["call_id"]);
    assert_eq!(written["status"], "completed");
    go_on(&ends_later, &later_answer).await;
    ends_later.hangs_up().await;
    later_answer.is_hung_up().await;
    hears_of(&mut events, "call.end").await;

    // Everybody is where they were, and ready means that calls are taken.
    let (call, answer) = connected(&erin, &alice).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    erin.phone.registers().await;
    hears_of(&mut events, "call.end").await;
    let records = world.records(3).await;
    assert!(records.iter().all(|record| record["status"] == "completed"));
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_outlive_a_database_that_closes_its_connections() {
    an_outage(Road::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_outlive_a_database_that_says_nothing_more() {
    an_outage(Road::Stalled).await;
}
