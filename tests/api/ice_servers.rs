//! ICE servers: none by default, and time-limited credentials for TURN. `tests/peers` tries them on a coturn.

use crate::{as_user, user, worlds};
use harness::{Database, Exchange, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_configuration_there_are_none() {
    for world in worlds().await {
        let me = as_user(&world, &user(&world.api, "Alice").await).await;
        let answer = me.get("/v1/webrtc/ice-servers").await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.must_be(200)["ice_servers"], json!([]));
        world.api.get("/v1/webrtc/ice-servers").await.must_be(403);
        world.exchange.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_outlive_the_token() {
    for database in Database::all() {
        let exchange = Exchange::start_with(database, |config| {
            let urls = ["stun:stun.example", "turn:turn.example:3478?transport=udp"];
            config.turn.urls = urls.map(str::to_owned).to_vec();
            config.turn.secret = Some("north".to_owned().into());
        });
        let world = World::on(exchange.await).await;
        let alice = user(&world.api, "Alice").await;
        for (life, least) in [(600, 3_600), (604_800, 604_800)] {
            let before = chrono::Utc::now().timestamp();
            let platform = world.exchange.api();
            let made = json!({"user": alice, "ttl_seconds": life});
            let made = platform.post("/v1/user_sessions", made).await.must_be(201);
            let me = platform.with_key(made["client_secret"].as_str().expect("a token"));
            let told = me.get("/v1/webrtc/ice-servers").await.must_be(200);
            let servers = &told["ice_servers"];
            assert_eq!(servers[0], json!({"urls": "stun:stun.example"}));
            assert_eq!(servers[1]["urls"], "turn:turn.example:3478?transport=udp");
            let name = servers[1]["username"].as_str().expect("a name");
            let (until, who) = name.split_once(':').expect("two parts");
            assert_eq!(who, alice);
            let until: i64 = until.parse().expect("seconds");
            assert!(until >= before + least, "{name}");
            let ends = told["expires_at"].as_str().expect("a time");
            let ends: chrono::DateTime<chrono::Utc> = ends.parse().expect("a time");
            assert_eq!(ends.timestamp(), until);
            assert!(
                servers[1]["credential"]
                    .as_str()
                    .is_some_and(|word| !word.is_empty())
            );
        }
        world.exchange.stop().await;
    }
}
