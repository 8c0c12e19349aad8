//! Too much, too fast, too silent, too slow: whoever overdoes it is told or cut off, and nobody else notices.

use harness::{Browser, Database, Exchange, World, browser::Socket};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

async fn world(shape: impl Fn(&mut web::Config)) -> World {
    World::on(Exchange::start_with(Database::Sqlite, shape).await).await
}

async fn lives(browser: &Browser) {
    let req_id = browser.req_id();
    browser
        .socket()
        .send(json!({ "type": "ping", "req_id": req_id }));
    let pong = |frame: &Value| frame["type"] == "pong" && frame["req_id"] == req_id;
    browser.socket().take("a pong", pong).await;
}

async fn last_word(socket: &Socket) -> (Value, u16) {
    let fits = |frame: &Value| frame["type"] == "error" && frame["fatal"] == true;
    let last = socket.take("a last word", fits).await;
    (last["code"].clone(), socket.is_closed().await)
}

/// Waits until the API says so of a user.
async fn becomes(world: &World, user: &str, state: &str) {
    let end = Instant::now() + harness::SOON * 2;
    loop {
        let path = format!("/v1/users/{user}/presence");
        let presence = world.api.get(&path).await.must_be(200);
        if presence["state"] == state {
            return;
        }
        assert!(Instant::now() < end, "not {state}: {presence}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_may_be_large_and_not_larger() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    let sized = |size: usize| {
        let frame = r#"{"type":"ping","pad":""}"#;
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(size - frame.len())))
    };
    alice.socket().send_text(&sized(64 * 1024));
    alice.socket().take_type("pong").await;
    alice.socket().send_text(&sized(64 * 1024 + 1));
    let told = last_word(alice.socket()).await;
    assert_eq!(told, (json!("invalid_message"), 1009));
    lives(&bob).await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_without_end_is_not_read_to_its_end() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    alice.socket().send_text(&"x".repeat(3 << 20));
    // What is under way when the socket closes may be lost with it; the session is over in any case.
    becomes(&world, &alice.user, "offline").await;
    lives(&bob).await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_frames_are_refused_one_by_one() {
    let world = world(|config| {
        config.webrtc_sessions.frames_a_second = 1;
        config.webrtc_sessions.frames_at_once = 10;
    })
    .await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    for number in 0..40 {
        let frame = json!({ "type": "ping", "req_id": format!("n{number}") });
        alice.socket().send(frame);
    }
    let error = alice.is_told("rate_limited").await;
    assert_eq!(error["fatal"], false);
    assert!(
        error["req_id"]
            .as_str()
            .is_some_and(|id| id.starts_with('n'))
    );
    let last = |frame: &Value| frame["req_id"] == "n39";
    alice.socket().take("an answer to the last", last).await;
    let log = alice.socket().log();
    let pongs = log.iter().filter(|frame| frame["type"] == "pong").count();
    // What is left of ten after signing in, and one for each second that it took.
    assert!((5..30).contains(&pongs), "{pongs} of 40");
    lives(&bob).await;
    // Later it may speak again.
    let end = Instant::now() + harness::SOON;
    loop {
        let req_id = alice.req_id();
        alice
            .socket()
            .send(json!({ "type": "ping", "req_id": req_id }));
        let answer = |frame: &Value| frame["req_id"] == req_id;
        let answer = alice.socket().take("an answer", answer).await;
        if answer["type"] == "pong" {
            break;
        }
        assert!(Instant::now() < end, "still {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_no_sign_of_life_is_gone() {
    let world = world(|config| {
        config.webrtc_sessions.ping = Duration::from_millis(200);
        config.webrtc_sessions.pong = Duration::from_secs(2);
    })
    .await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    // It hangs: pings are not answered any more.
    alice.socket().goes_deaf();
    becomes(&world, &alice.user, "offline").await;
    lives(&bob).await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_read_is_cut_off() {
    let world = world(|config| {
        config.webrtc_sessions.frames_a_second = 0;
        config.webrtc_sessions.queue = 32;
    })
    .await;
    let alice = world.browser("Alice", "1001").await;
    let bob = world.browser("Bob", "1002").await;
    alice.socket().goes_deaf();
    // Each is answered with a frame as large as itself.
    let call = "x".repeat(60_000);
    let frame = Message::text(json!({ "type": "call.hangup", "call_id": call }).to_string());
    for _ in 0..400 {
        alice.socket().send_message(frame.clone());
    }
    becomes(&world, &alice.user, "offline").await;
    lives(&bob).await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_sent_away_when_the_exchange_stops() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.browser("Alice", "1001").await;
    let silent = Socket::open(world.exchange.running().http()).await;
    let (told, unknown, ()) = tokio::join!(
        last_word(alice.socket()),
        last_word(&silent),
        world.exchange.stop()
    );
    assert_eq!(told, (json!("going_away"), 1001));
    assert_eq!(unknown, (json!("going_away"), 1001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_survives_the_death_of_its_actor() {
    let world = World::new(Database::Sqlite).await;
    let alice = world.browser("Alice", "1001").await;
    let exchange = world.exchange.running().exchange();
    let restarts = "strowger_actors_restarts_total{kind=\"webrtc_session\"}";
    for times in 1..=3 {
        assert!(exchange.inject_panic(actors::Kind::WebrtcSession, None));
        world
            .exchange
            .metric_becomes(restarts, f64::from(times))
            .await;
        lives(&alice).await;
    }
    let presence = format!("/v1/users/{}/presence", alice.user);
    let presence = world.api.get(&presence).await.must_be(200);
    assert_eq!(presence["state"], "available");
    // One that dies too often is given up, and the client may come back.
    for times in 4..=6 {
        let end = Instant::now() + harness::SOON;
        while !exchange.inject_panic(actors::Kind::WebrtcSession, None) {
            assert!(Instant::now() < end, "nobody to kill");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world
            .exchange
            .metric_becomes(restarts, f64::from(times))
            .await;
    }
    let told = last_word(alice.socket()).await;
    assert_eq!(told, (json!("internal_error"), 1011));
    lives(&world.page(&alice.user, &alice.number).await).await;
    world.exchange.stop().await;
}
