//! JsSIP and SIP.js as published, in pages of their own: they register over a WebSocket with a password,
//! call a desk phone and are called by it, and both sides hear each other.

use crate::kit::{Shelf, hears};
use harness::{Chromium, Database, Link, Person, World, chromium::Page, exchange::DOMAIN};
use serde_json::json;
use std::{fs, path::Path};

/// What `npm run build` makes of `phones/`.
fn bundle() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/phones/dist/phones.js");
    harness::is_built(&path, "npm ci && npm run build in tests/browser/phones")
        .then(|| fs::read_to_string(path).expect("a script"))
}

/// A page with a registered phone of this make, and its person.
async fn phone(world: &World, page: &Page, make: &str, script: &str) -> Person {
    let alice = world.person_over(Link::Ws, "Alice", "1001").await;
    page.evaluate(script).await;
    let url = format!("ws://{}/sip", world.exchange.running().http());
    let login = &alice.login;
    page.evaluate(&format!(
        "window.phone = new phones.{make}({}, {}, {}, {}), true",
        json!(url),
        json!(login.username),
        json!(login.password),
        json!(DOMAIN)
    ))
    .await;
    page.sees("phone.state === 'registered'").await;
    alice
}

async fn story(make: &str) {
    let Some(script) = bundle().filter(|_| Chromium::is_here()) else {
        return;
    };
    let world = World::new(Database::Sqlite).await;
    let (shelf, chromium) = (Shelf::open().await, Chromium::start(440).await);
    let page = shelf.page(&chromium).await;
    let bob = world.person("Bob", "1002").await;
    phone(&world, &page, make, &script).await;

    // It calls.
    page.evaluate("phone.dial('1002'), true").await;
    let answer = bob.phone.rings().await;
    page.sees("phone.call === 'ringing'").await;
    answer.answers().await;
    page.sees("phone.call === 'active'").await;
    answer.speak(660);
    answer.hears(440).await;
    hears(&page, "phone", 660).await;
    // It holds: the other hears music meanwhile, and each other again afterwards.
    page.evaluate("phone.hold(), true").await;
    page.sees("phone.call === 'held by local'").await;
    answer.hears_something_but(440).await;
    page.evaluate("phone.resume(), true").await;
    page.sees("phone.call === 'active'").await;
    answer.hears(440).await;
    hears(&page, "phone", 660).await;
    page.evaluate("phone.press('4#'), true").await;
    answer.gets_keys("4#").await;
    answer.hangs_up().await;
    page.sees("phone.call === 'ended'").await;

    // It is called.
    let call = bob.phone.calls("1001").await;
    call.is_ringing().await;
    page.sees("['begun', 'ringing'].includes(phone.call)").await;
    page.evaluate("phone.answer(), true").await;
    call.is_answered().await;
    page.sees("phone.call === 'active'").await;
    call.speak(660);
    call.hears(440).await;
    hears(&page, "phone", 660).await;
    page.evaluate("phone.hangUp(), true").await;
    call.is_hung_up().await;

    // Both give up before the answer.
    let call = bob.phone.calls("1001").await;
    call.is_ringing().await;
    page.sees("['begun', 'ringing'].includes(phone.call)").await;
    call.cancels().await;
    assert_eq!(call.is_refused().await, 487);
    page.sees("/^ended|^failed/.test(phone.call)").await;
    page.evaluate("phone.dial('1002'), true").await;
    let answer = bob.phone.rings().await;
    page.sees("phone.call === 'ringing'").await;
    page.evaluate("phone.hangUp(), true").await;
    answer.is_cancelled().await;

    // The page is closed, and nobody is called there any more.
    page.closes().await;
    let registered = "strowger_actors_registrations ";
    world.exchange.metric_becomes(registered, 1.0).await;
    let call = bob.phone.calls("1001").await;
    assert_eq!(call.is_refused().await, 480);
    world
        .exchange
        .metric_becomes("strowger_actors_calls_active", 0.0)
        .await;
    world.exchange.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jssip_is_a_phone_like_any_other() {
    story("JsSipPhone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sip_js_is_a_phone_like_any_other() {
    story("SipJsPhone").await;
}
