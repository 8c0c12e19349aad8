//! The event stream under strain: it is resumed, it falls silent, its reader does, its account goes.

use harness::{Database, Event, Events, Exchange, Phone, World};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

/// The exchange's own interval between two comments.
#[test]
fn a_silent_stream_is_kept_open_every_fifteen_seconds() {
    assert_eq!(web::Config::default().http.heartbeat.as_secs(), 15);
}

/// Which of the injected facts it is.
fn number(event: &Event) -> usize {
    let text = event.data["from_number"].as_str().expect("a number");
    text.parse().expect("digits")
}

async fn world(shape: impl Fn(&mut web::Config)) -> World {
    World::on(Exchange::start_with(Database::Sqlite, shape).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_stream_hears_a_comment() {
    let world = world(|config| config.http.heartbeat = Duration::from_millis(100)).await;
    let request = world.api.request(Method::GET, "/v1/events");
    let mut stream = request.send().await.expect("an answer");
    let mut text = String::new();
    while text.matches(": keepalive\n\n").count() < 3 {
        let chunk = tokio::time::timeout(harness::SOON, stream.chunk()).await;
        let chunk = chunk.expect("a comment in time").expect("a stream");
        text.push_str(&String::from_utf8_lossy(&chunk.expect("more")));
    }
    assert!(text.starts_with("event: connected\n"), "{text}");
    drop(stream);
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_resumed_after_the_last_event_that_was_seen() {
    const FACTS: usize = 1_000;
    let world = world(|_| ()).await;
    let exchange = world.exchange.running().exchange().clone();
    let account: schema::Id<schema::Account> = world.account.parse().expect("an id");
    exchange.inject_facts(account, 0..FACTS, 0);
    let mut all = Events::resume(&world.api, Some("0")).await;
    let mut ids = Vec::new();
    for n in 0..FACTS {
        let event = all.next().await;
        assert_eq!(number(&event), n);
        let id: u64 = event.id.expect("an id").parse().expect("a number");
        ids.push(id);
    }
    assert!(ids.is_sorted());
    for seen in [0, 500, FACTS - 2] {
        let last = ids[seen].to_string();
        let mut rest = Events::resume(&world.api, Some(&last)).await;
        assert_eq!(number(&rest.next().await), seen + 1);
    }
    // What is not known is resumed as well as can be: an id that is too old from the oldest kept event,
    // one that never was, or that makes no sense, from now on.
    let mut late = Events::resume(&world.api, Some(&(ids[0] - 1_000).to_string())).await;
    assert_eq!(number(&late.next().await), 0);
    let ahead = (ids[FACTS - 1] + 1_000_000_000).to_string();
    for unknown in [ahead.as_str(), "nonsense", "-1", ""] {
        let mut events = Events::resume(&world.api, Some(unknown)).await;
        events.stay_quiet(Duration::from_millis(50)).await;
        exchange.inject_facts(account, 7_777..7_778, 0);
        assert_eq!(number(&events.next().await), 7_777, "{unknown}");
    }
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_is_cut_off_and_nobody_waits_for_it() {
    const FACTS: usize = 600;
    const SIZE: usize = 4_000;
    let world = world(|config| config.http.stalled = Duration::from_secs(2)).await;
    let exchange = world.exchange.running().exchange().clone();
    let account: schema::Id<schema::Account> = world.account.parse().expect("an id");
    let open = "strowger_web_event_streams";

    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let http = world.exchange.running().http();
    let mut sleeper = socket.connect(http).await.expect("a connection");
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nHost: exchange\r\nAuthorization: Bearer {}\r\n\
         DialStack-Account: {}\r\n\r\n",
        harness::KEY,
        world.account
    );
    sleeper.write_all(request.as_bytes()).await.expect("sent");
    world.exchange.metric_becomes(open, 1.0).await;
    let mut quick = Events::open(&world.api).await;
    world.exchange.metric_becomes(open, 2.0).await;
    for n in 0..FACTS {
        exchange.inject_facts(account, n..n + 1, SIZE);
        // The quick one takes each before the next is told: it can never be behind.
        assert_eq!(number(&quick.next().await), n);
    }
    world.exchange.metric_becomes(open, 1.0).await;
    exchange.inject_facts(account, FACTS..FACTS + 1, 0);
    assert_eq!(number(&quick.next().await), FACTS);
    // What was on its way is all that the sleeper finds when it wakes up.
    let mut rest = Vec::new();
    let woken = sleeper.read_to_end(&mut rest);
    let woken = tokio::time::timeout(harness::SOON, woken).await;
    assert!(woken.is_ok(), "the connection is still open");
    assert!(rest.len() < FACTS * SIZE, "{} bytes were kept", rest.len());
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_never_hear_of_each_other() {
    let world = world(|_| ()).await;
    let platform = world.exchange.api();
    let other = platform.post("/v1/accounts", json!({})).await.id_of(201);
    let other_api = platform.on(&other);
    let mut mine = world.events().await;
    let mut others = Events::open(&other_api).await;
    let exchange = world.exchange.running().exchange().clone();
    for n in 0..50 {
        for account in [&world.account, &other] {
            exchange.inject_facts(account.parse().expect("an id"), n..n + 1, 0);
        }
    }
    let mut last = String::new();
    for (events, account) in [(&mut mine, &world.account), (&mut others, &other)] {
        for _ in 0..50 {
            let event = events.next().await;
            assert_eq!(event.data["account_id"], account.as_str());
            last = event.id.expect("an id");
        }
        events.stay_quiet(Duration::from_millis(50)).await;
    }
    // Nor with the other's ids.
    let mut resumed = Events::resume(&world.api, Some(&last)).await;
    exchange.inject_facts(other.parse().expect("an id"), 99..100, 0);
    exchange.inject_facts(world.account.parse().expect("an id"), 99..100, 0);
    loop {
        let event = resumed.next().await;
        assert_eq!(event.data["account_id"], world.account.as_str());
        if number(&event) == 99 {
            break;
        }
    }
    world.exchange.stop().await;
}

async fn answered(from: &Phone, to: &Phone) -> (harness::Call, harness::Call) {
    let call = from.calls("1002").await;
    let answer = to.rings().await;
    answer.answers().await;
    call.is_answered().await;
    (call, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_of_a_deleted_account_hears_its_last_call_end() {
    let world = world(|_| ()).await;
    let alice = world.person("Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;
    let mut events = world.events().await;
    let (call, answer) = answered(&alice.phone, &bob.phone).await;
    let path = format!("/v1/accounts/{}", world.account);
    world.exchange.api().delete(&path).await.must_be(204);
    call.is_hung_up().await;
    answer.is_hung_up().await;
    for name in ["call.incoming", "call.ringing", "call.answered", "call.end"] {
        events.expect(name).await;
    }
    events.end().await;
    world.api.get("/v1/events").await.must_be(404);
    world.exchange.stop().await;
}
