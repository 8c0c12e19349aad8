//! Calls between extensions.

use harness::{Database, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_talk_and_everybody_hears_of_it() {
    for database in Database::all() {
        let world = World::new(database).await;
        let alice = world.person("Alice", "1001").await;
        let bob = world.person("Bob", "1002").await;
        let mut events = world.events().await;

        let call = alice.phone.calls("1002").await;
        let answer = bob.phone.rings().await;
        call.is_ringing().await;
        answer.answers().await;
        call.is_answered().await;

        call.speak(440);
        answer.speak(660);
        answer.hears(440).await;
        call.hears(660).await;

        call.hangs_up().await;
        answer.is_hung_up().await;

        let mut seen = Vec::new();
        while seen.last().map(String::as_str) != Some("call.end") {
            seen.push(events.next().await.name);
        }
        assert_eq!(
            seen,
            ["call.incoming", "call.ringing", "call.answered", "call.end"]
        );
        let record = &world.records(1).await[0];
        assert_eq!(record["status"], "completed", "{record}");
        assert_eq!(record["direction"], "internal", "{record}");
        assert_eq!(record["from_number"], "1001");
        assert_eq!(record["to_number"], "1002");
        assert_eq!(
            record["quality_metrics"].as_array().map(Vec::len),
            Some(2),
            "{record}"
        );
        world.exchange.stop().await;
    }
}
