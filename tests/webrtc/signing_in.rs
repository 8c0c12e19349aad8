//! Who may speak on the softphone's socket, for how long, and how that ends.

use harness::{
    Api, Database, Exchange, World,
    browser::{PROTOCOL, Socket},
    stories,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

stories!(
    a_token_opens_a_session,
    whoever_cannot_prove_it_is_refused,
    a_token_ends_in_the_middle,
    a_newer_token_goes_on,
    revoked_sessions_end_and_no_others,
    a_user_takes_its_sessions_along,
    an_account_takes_its_sessions_along,
    a_session_too_many_is_refused,
);

async fn open(world: &World) -> Socket {
    Socket::open(world.exchange.running().http()).await
}

/// Sends the first frame.
fn authenticates(socket: &Socket, token: &str) {
    socket.send(json!({ "type": "authenticate", "req_id": "req_a", "token": token }));
}

/// A socket on which this token is good.
async fn signed_in(world: &World, token: &str) -> Socket {
    let socket = open(world).await;
    authenticates(&socket, token);
    socket.take_type("authenticated").await;
    socket
}

/// Waits for a last word with this code, and the close code.
async fn ends(socket: &Socket, code: &str) -> (Value, u16) {
    let fits = |frame: &Value| frame["type"] == "error" && frame["fatal"] == true;
    let last = socket.take("a last word", fits).await;
    assert_eq!(last["code"], code, "{last}");
    (last, socket.is_closed().await)
}

/// Claims that a session goes on.
async fn lives(socket: &Socket) {
    socket.send(json!({ "type": "ping", "req_id": "req_p" }));
    let pong = socket.take_type("pong").await;
    assert_eq!(pong["req_id"], "req_p");
}

async fn token_for(world: &World, user: &str, seconds: u32) -> String {
    let wish = json!({ "user": user, "ttl_seconds": seconds });
    let made = world.exchange.api().post("/v1/user_sessions", wish).await;
    let made = made.must_be(201);
    made["client_secret"].as_str().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handshake_names_the_protocol() {
    let world = World::new(Database::Sqlite).await;
    let http = world.exchange.running().http();
    let tries = |path, protocol, headers| Socket::try_open(http, path, protocol, headers);
    for protocol in [None, Some("sip"), Some("dialstack.webrtc.v2")] {
        let refused = tries("/v1/webrtc", protocol, &[]).await;
        assert_eq!(refused.err(), Some(400), "{protocol:?}");
    }
    // A page of any origin: the token is what counts.
    let origin = ("Origin", "https://elsewhere.example");
    assert!(tries("/v1/webrtc", Some(PROTOCOL), &[origin]).await.is_ok());
    // Who is no WebSocket.
    let api: Api = world.exchange.api();
    let plain = reqwest::get(format!("{}/v1/webrtc", api.base())).await;
    assert_eq!(plain.expect("an answer").status().as_u16(), 400);
    world.exchange.stop().await;
}

async fn a_token_opens_a_session(database: Database) {
    let world = World::new(database).await;
    let user = world.user("Alice", "1001").await;
    let token = world.token(&user).await;
    let socket = open(&world).await;
    authenticates(&socket, &token);
    let answer = socket.take_type("authenticated").await;
    let wanted = json!({ "type": "authenticated", "req_id": "req_a", "user_id": user,
        "account_id": world.account, "reconnected": false });
    assert_eq!(answer, wanted);
    lives(&socket).await;
    // Who it is cannot be said twice, and nothing ends by it.
    authenticates(&socket, &token);
    let error = socket.take_type("error").await;
    assert_eq!(error["code"], "invalid_message");
    lives(&socket).await;
    // Who leaves out the number of the request is answered without one.
    let other = open(&world).await;
    other.send(json!({ "type": "authenticate", "token": token }));
    let answer = other.take_type("authenticated").await;
    assert_eq!(answer.get("req_id"), None);
    world.exchange.stop().await;
}

async fn whoever_cannot_prove_it_is_refused(database: Database) {
    let world = World::new(database).await;
    let user = world.user("Alice", "1001").await;
    let good = world.token(&user).await;
    let forged = format!("{}x", &good[..good.len() - 1]);
    for bad in ["", "nonsense", harness::KEY, "a.b.c", forged.as_str()] {
        let socket = open(&world).await;
        authenticates(&socket, bad);
        let (last, code) = ends(&socket, "auth_failed").await;
        assert_eq!(
            (last["req_id"].as_str(), code),
            (Some("req_a"), 1008),
            "{bad}"
        );
    }
    // Whoever speaks of something else first.
    for first in [
        r#"{"type":"ping","req_id":"req_a"}"#,
        r#"{"type":"auth.refresh","req_id":"req_a","token":"x"}"#,
        r#"{"type":"nonsense","req_id":"req_a"}"#,
    ] {
        let socket = open(&world).await;
        socket.send_text(first);
        let (last, code) = ends(&socket, "auth_failed").await;
        assert_eq!(
            (last["req_id"].as_str(), code),
            (Some("req_a"), 1008),
            "{first}"
        );
    }
    for garbage in [Message::text("{"), Message::binary(vec![1, 2, 3])] {
        let socket = open(&world).await;
        socket.send_message(garbage);
        assert_eq!(ends(&socket, "auth_failed").await.1, 1008);
    }
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_not_waited_for() {
    let shape = |config: &mut web::Config| {
        config.webrtc_sessions.prove = Duration::from_millis(200);
    };
    let exchange = Exchange::start_with(Database::Sqlite, shape).await;
    let world = World::on(exchange).await;
    let silent = open(&world).await;
    assert_eq!(ends(&silent, "auth_failed").await.1, 1008);
    world.exchange.stop().await;
}

async fn a_token_ends_in_the_middle(database: Database) {
    let world = World::new(database).await;
    let user = world.user("Alice", "1001").await;
    let short = token_for(&world, &user, 3).await;
    let socket = signed_in(&world, &short).await;
    // Signs of life do not help.
    lives(&socket).await;
    assert_eq!(ends(&socket, "auth_expired").await.1, 1008);
    let socket = open(&world).await;
    authenticates(&socket, &short);
    ends(&socket, "auth_failed").await;
    world.exchange.stop().await;
}

async fn a_newer_token_goes_on(database: Database) {
    let world = World::new(database).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.user("Bob", "1002").await;
    let short = token_for(&world, &alice, 4).await;
    let socket = signed_in(&world, &short).await;
    let refreshes = |token: &str| {
        socket.send(json!({ "type": "auth.refresh", "req_id": "req_r", "token": token }));
    };
    let of_bob = world.token(&bob).await;
    for bad in ["nonsense", harness::KEY, of_bob.as_str()] {
        refreshes(bad);
        let error = socket.take_type("error").await;
        let wanted = (json!("auth_failed"), json!("req_r"), json!(false));
        let told = (&error["code"], &error["req_id"], &error["fatal"]);
        assert_eq!(told, (&wanted.0, &wanted.1, &wanted.2));
    }
    refreshes(&world.token(&alice).await);
    let answer = socket.take_type("auth.refreshed").await;
    assert_eq!(answer["req_id"], "req_r");
    // Another one with the short token shows when that has ended.
    let other = signed_in(&world, &short).await;
    ends(&other, "auth_expired").await;
    lives(&socket).await;
    world.exchange.stop().await;
}

async fn revoked_sessions_end_and_no_others(database: Database) {
    let world = World::new(database).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.user("Bob", "1002").await;
    let old = world.token(&alice).await;
    let of_bob = signed_in(&world, &world.token(&bob).await).await;
    let first = signed_in(&world, &old).await;
    let second = signed_in(&world, &old).await;
    let path = format!("/v1/users/{alice}/revoke_sessions");
    world
        .exchange
        .api()
        .post(&path, json!({}))
        .await
        .must_be(200);
    for socket in [first, second] {
        assert_eq!(ends(&socket, "session_revoked").await.1, 1008);
    }
    let socket = open(&world).await;
    authenticates(&socket, &old);
    let (last, code) = ends(&socket, "session_revoked").await;
    assert_eq!((last["req_id"].as_str(), code), (Some("req_a"), 1008));
    lives(&of_bob).await;
    lives(&signed_in(&world, &world.token(&alice).await).await).await;
    world.exchange.stop().await;
}

async fn a_user_takes_its_sessions_along(database: Database) {
    let world = World::new(database).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.user("Bob", "1002").await;
    let of_alice = signed_in(&world, &world.token(&alice).await).await;
    let of_bob = signed_in(&world, &world.token(&bob).await).await;
    world
        .api
        .delete(&format!("/v1/users/{alice}"))
        .await
        .must_be(204);
    ends(&of_alice, "session_revoked").await;
    lives(&of_bob).await;
    world.exchange.stop().await;
}

async fn an_account_takes_its_sessions_along(database: Database) {
    let world = World::new(database).await;
    let alice = world.user("Alice", "1001").await;
    let of_alice = signed_in(&world, &world.token(&alice).await).await;
    let path = format!("/v1/accounts/{}", world.account);
    world.exchange.api().delete(&path).await.must_be(204);
    ends(&of_alice, "session_revoked").await;
    world.exchange.stop().await;
}

async fn a_session_too_many_is_refused(database: Database) {
    let world = World::new(database).await;
    let alice = world.user("Alice", "1001").await;
    let bob = world.user("Bob", "1002").await;
    let token = world.token(&alice).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(signed_in(&world, &token).await);
    }
    let socket = open(&world).await;
    authenticates(&socket, &token);
    let (last, code) = ends(&socket, "session_limit").await;
    assert_eq!((last["req_id"].as_str(), code), (Some("req_a"), 1013));
    // Each user has its own.
    lives(&signed_in(&world, &world.token(&bob).await).await).await;
    for socket in &sockets {
        lives(socket).await;
    }
    // One that leaves makes room.
    sockets.pop().expect("a session").close();
    let end = std::time::Instant::now() + harness::SOON;
    loop {
        let socket = open(&world).await;
        authenticates(&socket, &token);
        let answer = socket
            .take("an answer", |frame| frame["req_id"] == "req_a")
            .await;
        if answer["type"] == "authenticated" {
            break;
        }
        assert!(std::time::Instant::now() < end, "no room: {answer}");
    }
    world.exchange.stop().await;
}
