//! Phones in a browser that speak SIP over WebSocket: to everybody else they are phones like any other.
//! Their audio is plain RTP here; that of real browsers is tried with real browsers.

use crate::kit::{claims, names, over, record, talk, until_end};
use harness::{Database, Exchange, Link, Person, World, sip::ws};
use serde_json::json;
use std::time::Duration;

harness::stories! {
    a_browser_phone_calls_and_is_called,
    a_closed_page_is_called_no_more,
    a_page_closed_before_the_answer_ends_the_ringing,
    a_restart_leaves_no_socket_behind,
    a_browser_phone_cancels_refuses_and_is_cancelled,
}

/// Alice in a browser at 1001, registered, and Bob on a desk phone at 1002.
async fn browser_and_desk(world: &World) -> (Person, Person) {
    let alice = world.person_over(Link::Ws, "Alice", "1001").await;
    alice.phone.registers().await;
    let bob = world.person("Bob", "1002").await;
    (alice, bob)
}

async fn world(database: Database) -> World {
    // Without a gateway such a phone is offered what any phone is.
    let plain = |config: &mut web::Config| config.webrtc.udp = None;
    World::on(Exchange::start_with(database, plain).await).await
}

async fn a_browser_phone_calls_and_is_called(database: Database) {
    let world = world(database).await;
    let (alice, bob) = browser_and_desk(&world).await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    // It holds with a re-INVITE and hears of the other's hold likewise.
    call.holds().await;
    call.resumes().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    claims(&record(&world).await, json!({ "status": "completed" }));

    let mut events = world.events().await;
    let call = bob.phone.calls("1001").await;
    let answer = alice.phone.rings().await;
    let invite = answer.invite();
    // What it is told to call back is reached by a WebSocket too, and its own name is the target.
    assert!(
        invite.uri_in("Contact").ends_with(";transport=ws"),
        "{invite}"
    );
    assert!(invite.get("Via").starts_with("SIP/2.0/WS "), "{invite}");
    assert_eq!(invite.uri(), alice.phone.contact());
    call.is_ringing().await;
    answer.answers().await;
    call.is_answered().await;
    talk(&call, &answer).await;
    answer.hangs_up().await;
    call.is_hung_up().await;
    let seen = until_end(&mut events).await;
    let usual = ["call.incoming", "call.ringing", "call.answered", "call.end"];
    assert_eq!(names(&seen), usual);
    over(world).await;
}

async fn a_browser_phone_cancels_refuses_and_is_cancelled(database: Database) {
    let world = world(database).await;
    let (alice, bob) = browser_and_desk(&world).await;
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    call.cancels().await;
    answer.is_cancelled().await;
    assert_eq!(call.is_refused().await, 487);
    let call = bob.phone.calls("1001").await;
    alice.phone.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    let call = bob.phone.calls("1001").await;
    let answer = alice.phone.rings().await;
    call.is_ringing().await;
    call.cancels().await;
    answer.is_cancelled().await;
    over(world).await;
}

async fn a_closed_page_is_called_no_more(database: Database) {
    let world = world(database).await;
    let (alice, bob) = browser_and_desk(&world).await;
    let bindings = "strowger_actors_registrations ";
    world.exchange.metric_becomes(bindings, 2.0).await;
    alice.phone.vanishes();
    // At once, long before the registration would lapse.
    world.exchange.metric_becomes(bindings, 1.0).await;
    let call = bob.phone.calls("1001").await;
    assert_eq!(call.is_refused().await, 480);
    over(world).await;
}

async fn a_page_closed_before_the_answer_ends_the_ringing(database: Database) {
    let world = world(database).await;
    let (alice, bob) = browser_and_desk(&world).await;
    // The one who calls.
    let call = alice.phone.calls("1002").await;
    let answer = bob.phone.rings().await;
    call.is_ringing().await;
    alice.phone.vanishes();
    answer.is_cancelled().await;
    claims(&record(&world).await, json!({ "status": "no-answer" }));
    // The one who is called.
    let again = world.another(Link::Ws, &alice).await;
    again.registers().await;
    let call = bob.phone.calls("1001").await;
    again.rings().await;
    call.is_ringing().await;
    again.vanishes();
    assert_eq!(call.is_refused().await, 480);
    over(world).await;
}

async fn a_restart_leaves_no_socket_behind(database: Database) {
    let mut world = world(database).await;
    let (alice, bob) = browser_and_desk(&world).await;
    let ringing = bob.phone.calls("1001").await;
    alice.phone.rings().await.refuses(480).await;
    assert_eq!(ringing.is_refused().await, 480);
    world.exchange.restart().await;
    alice.phone.agent().is_closed().await;
    world
        .exchange
        .metric_becomes("strowger_actors_registrations ", 1.0)
        .await;
    world.exchange.stop().await;
}

/// Opens `/sip` with this subprotocol; the status when it is refused.
async fn shakes_hands(world: &World, protocol: Option<&str>) -> u16 {
    let http = world.exchange.running().http();
    ws::open(http, protocol, |_| ()).await.err().unwrap_or(101)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_subprotocol_is_asked_for() {
    let world = world(Database::Sqlite).await;
    assert_eq!(shakes_hands(&world, None).await, 400);
    assert_eq!(shakes_hands(&world, Some("chat")).await, 400);
    assert_eq!(shakes_hands(&world, Some("chat, sip")).await, 101);
    let plain = world.exchange.api().get("/sip").await;
    assert_eq!(plain.status, 400);
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_takes_the_door_away() {
    let off = Exchange::start_with(Database::Sqlite, |config| config.sip.ws = false);
    let world = World::on(off.await).await;
    assert_eq!(shakes_hands(&world, Some("sip")).await, 404);
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keep_alives_are_answered_and_nonsense_is_survived() {
    let world = world(Database::Sqlite).await;
    let (alice, bob) = browser_and_desk(&world).await;
    let (agent, http) = (alice.phone.agent(), world.exchange.running().http());
    agent.send_raw(b"\r\n\r\n", http).await;
    agent.is_ponged().await;
    agent.send_raw(b"not SIP at all", http).await;
    agent
        .send_raw(b"INVITE sip:x SIP/2.0\r\nVia: SIP/2.0/WS x\r\n\r\n", http)
        .await;
    let call = bob.phone.calls("1001").await;
    alice.phone.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    // More than a message may have ends the socket, and only that.
    agent.send_raw(&vec![b'x'; 70_000], http).await;
    agent.is_closed().await;
    let call = bob.phone.calls("1001").await;
    assert_eq!(call.is_refused().await, 480);
    over(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outbound_registrations_keep_their_names() {
    let world = world(Database::Sqlite).await;
    let alice = world.person_over(Link::Ws, "Alice", "1001").await;
    let contact = format!(
        "<{}>;+sip.instance=\"<urn:uuid:6f7b2c9e-0d5b-4e73-8b5f-5e0a2b1d7c44>\";reg-id=1;expires=600",
        alice.phone.contact()
    );
    let domain = format!("sip:{}", alice.phone.domain());
    let mut register = alice.phone.request("REGISTER", &domain, &alice.phone.aor());
    register
        .set("Contact", contact)
        .add("Supported", "path, gruu, outbound");
    let response = alice.phone.ask_with_login(register.clone()).await;
    assert_eq!(response.status(), Some(200), "{response}");
    let bound = response.get("Contact").to_owned();
    assert!(
        bound.contains("reg-id=1") && bound.contains("+sip.instance"),
        "{bound}"
    );
    // The page is loaded anew: the same instance, another socket, and still one phone.
    let again = world.another(Link::Ws, &alice).await;
    let mut register = again.request("REGISTER", &domain, &again.aor());
    register
        .set(
            "Contact",
            bound.replace(alice.phone.agent().host(), again.agent().host()),
        )
        .add("Supported", "path, gruu, outbound");
    let response = again.ask_with_login(register).await;
    assert_eq!(response.status(), Some(200), "{response}");
    alice.phone.vanishes();
    let sockets = "strowger_engine_sip_connections{transport=\"ws\"}";
    world.exchange.metric_becomes(sockets, 1.0).await;
    let bob = world.person("Bob", "1002").await;
    let call = bob.phone.calls("1001").await;
    again.rings().await.refuses(486).await;
    assert_eq!(call.is_refused().await, 486);
    alice.phone.stays_quiet(Duration::from_millis(1)).await;
    over(world).await;
}
