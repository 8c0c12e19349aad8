//! Pages of a real browser call and are called through the exchange, with a tone found at both ends.

use crate::kit::{Desk, Shelf, hears, is_left_out};
use harness::{Baresip, Carrier, Chromium, Database, Exchange, Link, World};
use serde_json::json;

const DID: &str = "+12075550110";
const FAR: &str = "+14155550142";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_calls_a_page_which_holds_and_resumes() {
    if is_left_out(&["chromium"]) {
        return;
    }
    let (world, shelf) = (World::new(Database::Sqlite).await, Shelf::open().await);
    let (one, other) = (Chromium::start(440).await, Chromium::start(660).await);
    let alice = Desk::open(&world, &shelf, &one, "Alice", "1001").await;
    let bob = Desk::open(&world, &shelf, &other, "Bob", "1002").await;
    alice.calls("1002").await;
    bob.rings().await;
    bob.answers().await;
    alice.is("active").await;
    hears(&bob.page, "page.last.line", 440).await;
    hears(&alice.page, "page.last.line", 660).await;

    bob.does("call.hold").await;
    bob.is("held").await;
    alice.is("held").await;
    alice.page.sees("page.last.by === 'remote'").await;
    alice.page.sees("page.last.line.share(660) < 0.1").await;
    bob.does("call.resume").await;
    alice.is("active").await;
    hears(&alice.page, "page.last.line", 660).await;
    hears(&bob.page, "page.last.line", 440).await;

    alice.does("call.hangup").await;
    alice.is("ended").await;
    bob.is("ended").await;
    bob.page.sees("page.last.reason === 'hangup'").await;
    let record = &world.records(1).await[0];
    assert_eq!(record["status"], "completed", "{record}");
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_calls_baresip_and_is_called_by_it() {
    if is_left_out(&["chromium", "baresip"]) {
        return;
    }
    let (world, shelf) = (World::new(Database::Sqlite).await, Shelf::open().await);
    let bob = world.person_over(Link::Udp, "Bob", "1002").await;
    let chromium = Chromium::start(440).await;
    let alice = Desk::open(&world, &shelf, &chromium, "Alice", "1001").await;

    let phone = Baresip::start(&world, &bob, Link::Udp, 660, true);
    let registered = "strowger_actors_registrations ";
    world.exchange.metric_becomes(registered, 1.0).await;
    alice.calls("1002").await;
    alice.is("active").await;
    phone.hears(440).await;
    hears(&alice.page, "page.last.line", 660).await;
    alice.does("call.hangup").await;
    alice.is("ended").await;
    phone.says("session closed").await;
    drop(phone);

    let mut phone = Baresip::start(&world, &bob, Link::Udp, 880, false);
    phone.says("200 OK").await;
    phone.types("/dial 1001\n");
    alice.rings().await;
    alice.answers().await;
    phone.says("Call established").await;
    phone.hears(440).await;
    hears(&alice.page, "page.last.line", 880).await;
    phone.types("b");
    alice.is("ended").await;
    for record in world.records(2).await {
        assert_eq!(record["status"], "completed", "{record}");
    }
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_calls_the_network_and_is_called_from_there() {
    if is_left_out(&["chromium"]) {
        return;
    }
    let exchange = Exchange::start_with(Database::Sqlite, |config| {
        config.webrtc_sessions.emergency_gate = actors::EmergencyGate::Off;
    });
    let (world, shelf) = (World::on(exchange.await).await, Shelf::open().await);
    let carrier = Carrier::open(&world, 75, json!({})).await;
    let chromium = Chromium::start(440).await;
    let alice = Desk::open(&world, &shelf, &chromium, "Alice", "1001").await;
    let members = json!({ "routing_target": alice.user });
    world.number(DID, members).await;

    alice.calls(FAR).await;
    let call = carrier.rings().await;
    call.answers().await;
    alice.is("active").await;
    call.speak(660);
    call.hears(440).await;
    hears(&alice.page, "page.last.line", 660).await;
    alice.page.evaluate("page.last.line.press('5#')").await;
    call.gets_keys("5#").await;
    call.hangs_up().await;
    alice.is("ended").await;

    let call = carrier.calls_as(FAR, Some("John Smith"), DID).await;
    alice.rings().await;
    alice.answers().await;
    call.is_answered().await;
    call.speak(880);
    call.hears(440).await;
    hears(&alice.page, "page.last.line", 880).await;
    // The user closes the tab.
    alice.page.closes().await;
    call.is_hung_up().await;
    world.records(2).await;
    world.exchange.stop().await;
}
