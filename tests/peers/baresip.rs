//! Two baresip phones, one on UDP and one on TCP, each with a tone of its own.

use crate::is_here;
use harness::{Baresip, Database, Link, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baresip_on_udp_talks_with_baresip_on_tcp() {
    if !is_here("baresip") {
        return;
    }
    let world = World::new(Database::Sqlite).await;
    let alice = world.person_over(Link::Udp, "Alice", "1001").await;
    let bob = world.person_over(Link::Tcp, "Bob", "1002").await;
    let mut caller = Baresip::start(&world, &alice, Link::Udp, 440, false);
    let callee = Baresip::start(&world, &bob, Link::Tcp, 660, true);
    world
        .exchange
        .metric_becomes("strowger_actors_registrations ", 2.0)
        .await;

    caller.types("/dial 1002\n");
    caller.says("Call established").await;
    callee.says("Call established").await;
    caller.hears(660).await;
    callee.hears(440).await;
    caller.types("b");
    let record = &world.records(1).await[0];

    assert_eq!(record["status"], "completed", "{record}");
    let legs = record["quality_metrics"].as_array().unwrap();
    assert_eq!(legs.len(), 2, "{record}");
    assert!(
        legs.iter().all(|leg| leg["mos"].as_f64() > Some(4.0)),
        "{record}"
    );
    drop((caller, callee));
    world.exchange.stop().await;
}
