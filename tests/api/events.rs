//! The event stream: its framing, its limits, and when it is closed.

use crate::worlds;
use harness::{Database, Events, Exchange, SOON};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_begins_at_once_and_ends_with_its_account() {
    for world in worlds().await {
        let open = world
            .api
            .request(Method::GET, "/v1/events")
            .send()
            .await
            .expect("an answer");
        assert_eq!(open.headers()["content-type"], "text/event-stream");
        assert_eq!(open.headers()["cache-control"], "no-cache");
        drop(open);
        let mut events = Events::open(&world.api).await;
        world
            .exchange
            .metric_becomes("strowger_web_event_streams", 1.0)
            .await;
        let platform = world.exchange.api();
        platform
            .delete(&format!("/v1/accounts/{}", world.account))
            .await
            .must_be(204);
        events.end().await;
        world
            .exchange
            .metric_becomes("strowger_web_event_streams", 0.0)
            .await;
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_has_only_so_many_streams() {
    let exchange = Exchange::start_with(Database::Sqlite, |config| config.http.streams = 2).await;
    let account = exchange.api().post("/v1/accounts", json!({})).await.id();
    let api = exchange.api().on(&account);
    let first = Events::open(&api).await;
    let _second = Events::open(&api).await;
    let third = api.get("/v1/events").await;
    assert!(third.header("retry-after").parse::<u32>().is_ok());
    third.must_be(429);
    drop(first);
    let end = std::time::Instant::now() + SOON;
    loop {
        let again = api
            .request(Method::GET, "/v1/events")
            .send()
            .await
            .expect("an answer");
        if again.status() == 200 {
            break;
        }
        assert!(
            std::time::Instant::now() < end,
            "a closed stream still counts"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    exchange.stop().await;
}
