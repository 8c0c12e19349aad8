//! The control of a session dies at every single place between two steps and in every decision.

use crate::paper::{creates, ends, gets, says};
use harness::{Database, World};
use serde_json::json;

/// More sessions than there are places in the story of one.
const SESSIONS: usize = 200;
/// The least number of places that such a story has.
const PLACES: f64 = 60.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_wherever_its_control_dies() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    for place in 1..=SESSIONS {
        eprintln!("dying at place {place}");
        world.exchange.running().exchange().doom_next_session(place);
        let page = world.page(&alice, "1001").await;
        let users = json!([bob.user]);
        let watch = json!({ "type": "presence.subscribe", "req_id": "w", "users": users });
        page.socket().send(watch);
        page.socket().take_type("presence.list").await;
        let call = creates(&page, "1002").await.expect("a call");
        let answer = bob.phone.rings().await;
        gets(&page, "call.ringing", &call).await;
        answer.answers().await;
        gets(&page, "call.answered", &call).await;
        says(&page, "call.hold", &call);
        gets(&page, "call.held", &call).await;
        says(&page, "call.resume", &call);
        gets(&page, "call.resumed", &call).await;
        answer.hangs_up().await;
        ends(&page, &call, "hangup").await;
        let log = page.socket().log();
        assert!(log.iter().all(|frame| frame["type"] != "error"), "{log:?}");
    }
    let died = "strowger_actors_restarts_total{kind=\"webrtc_session\"}";
    let died = world.exchange.metric(died).await;
    eprintln!("a session has {died} places at which its control may die");
    // The last ones outlived all places: none was left out.
    assert!(died >= PLACES && died < SESSIONS as f64, "{died} places");
    world
        .exchange
        .metric_becomes("strowger_actors_webrtc_sessions", 0.0)
        .await;
    world.exchange.stop().await;
}
