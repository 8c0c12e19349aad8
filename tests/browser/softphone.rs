//! The softphone page, used as a person does: by clicks and keys, two of them on the phone with each other.

use harness::{Chromium, Database, World, chromium::Page};
use serde_json::json;

/// The page of a new user, who has this extension and no other phone.
async fn sits_down(world: &World, chromium: &Chromium, name: &str, number: &str) -> Page {
    let user = world.api.post("/v1/users", json!({ "name": name })).await;
    let user = user.id_of(201);
    let extension = json!({ "number": number, "target": user });
    let made = world.api.post("/v1/extensions", extension).await;
    made.must_be(201);
    let api = world.exchange.api();
    let made = api.post("/v1/user_sessions", json!({ "user": user })).await;
    let made = made.must_be(201);
    let token = made["client_secret"].as_str().expect("a token");
    let url = format!("{}/softphone#token={token}", api.base());
    let page = chromium.opens(&url).await;
    shows(&page, "#connection[data-state='ready']").await;
    page.sees(&format!("me.innerText === '{name}'")).await;
    let address = page.evaluate("location.href").await;
    assert_eq!(address, url.split('#').next().expect("a page"));
    page
}

/// Waits until there is such an element, and it can be seen.
async fn shows(page: &Page, selector: &str) {
    let element = format!("document.querySelector({})", json!(selector));
    let seen = format!("(e => Boolean(e) && e.getClientRects().length > 0)({element})");
    page.sees(&seen).await;
}

/// Waits until a call is in this state, and says so in these words.
async fn call_is(page: &Page, state: &str, words: &str) {
    let cards = format!("[...document.querySelectorAll(\".call[data-state='{state}'] .state\")]");
    let said = format!("{cards}.some(e => e.innerText === {})", json!(words));
    page.sees(&said).await;
}

/// Clicks the button of a call that does this now.
async fn does(page: &Page, deed: &str) {
    page.clicks(&format!(
        ".call:not([data-state='ended']) [data-do='{deed}']:not([hidden])"
    ))
    .await;
}

/// Waits until the other side is heard: its meter moves.
async fn hears(page: &Page) {
    page.is_looked_at().await;
    let level =
        "Number(document.querySelectorAll('.call .meter')[1].style.getPropertyValue('--level'))";
    page.sees(&format!("{level} > 0.2")).await;
}

/// Waits until the newest line of the log is of this kind, with this person.
async fn remembers(page: &Page, kind: &str, who: &str) {
    let first = "document.querySelector('#log-list li')";
    page.sees(&format!(
        "(e => e && e.dataset.kind === '{kind}' && e.querySelector('.name').innerText === '{who}')({first})"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_are_on_the_phone_with_each_other() {
    if !Chromium::is_here() {
        return;
    }
    let (world, chromium) = (
        World::new(Database::Sqlite).await,
        Chromium::start(440).await,
    );
    let alice = sits_down(&world, &chromium, "Alice", "1001").await;
    let bob = sits_down(&world, &chromium, "Bob", "1002").await;
    // Who came later sees who is there, and with which number.
    let said = "document.querySelector('#people-list .detail')?.innerText";
    bob.sees(&format!("{said} === '1001 · Available'")).await;

    for key in ["1", "0", "0", "2"] {
        alice.clicks(&format!("[data-key='{key}']")).await;
    }
    alice.clicks("#dial").await;
    call_is(&alice, "ringing", "Ringing…").await;
    call_is(&bob, "ringing", "Incoming call").await;
    assert_eq!(bob.text(".call .who").await, "Alice");
    does(&bob, "answer").await;
    call_is(&alice, "active", "Connected").await;
    call_is(&bob, "active", "Connected").await;
    hears(&alice).await;
    hears(&bob).await;

    does(&alice, "hold").await;
    call_is(&alice, "held", "On hold").await;
    call_is(&bob, "held", "They put you on hold").await;
    does(&alice, "resume").await;
    call_is(&alice, "active", "Connected").await;
    call_is(&bob, "active", "Connected").await;
    hears(&bob).await;

    does(&alice, "mute").await;
    shows(&alice, "[data-do='mute'][aria-pressed='true']").await;
    does(&alice, "mute").await;
    shows(&alice, "[data-do='mute'][aria-pressed='false']").await;
    alice.clicks("[data-key='5']").await;
    alice.presses("#").await;
    assert_eq!(alice.text(".call .keys").await, "Keys sent: 5#");

    does(&bob, "hangup").await;
    call_is(&alice, "ended", "Call ended").await;
    call_is(&bob, "ended", "Call ended").await;
    remembers(&alice, "outgoing", "Bob").await;
    remembers(&bob, "incoming", "Alice").await;
    assert_eq!(world.records(1).await[0]["status"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_and_a_deskphone_are_on_the_phone_with_each_other() {
    if !Chromium::is_here() {
        return;
    }
    let (world, chromium) = (
        World::new(Database::Sqlite).await,
        Chromium::start(440).await,
    );
    let alice = sits_down(&world, &chromium, "Alice", "1001").await;
    let bob = world.person("Bob", "1002").await;

    // The person of the page says no, then the phone does.
    let call = bob.phone.calls("1001").await;
    does(&alice, "reject").await;
    assert_eq!(call.is_refused().await, 603);
    call_is(&alice, "ended", "Declined").await;

    alice.types("#number", "1002").await;
    alice.presses("Enter").await;
    let call = bob.phone.rings().await;
    call_is(&alice, "ringing", "Ringing…").await;
    call.answers().await;
    call_is(&alice, "active", "Connected").await;
    call.speak(660);
    call.hears(440).await;
    hears(&alice).await;
    // Whoever closes the page has hung up.
    alice.closes().await;
    call.is_hung_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_calls_outside_says_first_where_help_is_to_be_sent() {
    if !Chromium::is_here() {
        return;
    }
    let (world, chromium) = (
        World::new(Database::Sqlite).await,
        Chromium::start(440).await,
    );
    let alice = sits_down(&world, &chromium, "Alice", "1001").await;
    alice.types("#number", "+1 (212) 555-0123").await;
    alice.presses("Enter").await;
    shows(&alice, "dialog[open] [name='street']").await;
    for (field, text) in [
        ("address_number", "48"),
        ("street", "Harbour Street"),
        ("city", "Portland"),
        ("state", "ME"),
        ("postal_code", "04101"),
    ] {
        alice.types(&format!("[name='{field}']"), text).await;
    }
    alice.clicks("dialog [type='submit']").await;
    alice.sees("!document.querySelector('dialog[open]')").await;
    // With the address the call is let out; the user has no number to show there.
    call_is(&alice, "ended", "Declined").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_without_a_good_link_says_so() {
    if !Chromium::is_here() {
        return;
    }
    let (world, chromium) = (
        World::new(Database::Sqlite).await,
        Chromium::start(440).await,
    );
    let base = world.exchange.api().base().to_owned();
    let page = chromium.opens(&format!("{base}/softphone")).await;
    page.types("#token", "no link").await;
    page.clicks("#token-form button").await;
    let error = page.text("#token-error").await;
    assert_eq!(error, "That is neither a link nor a token.");
    // Something that looks like a token, and is none of ours: {"sub":"user_x","exp":9999999999}.
    let token = "e30.eyJzdWIiOiJ1c2VyX3giLCJleHAiOjk5OTk5OTk5OTl9.e30";
    let page = chromium
        .opens(&format!("{base}/softphone#token={token}"))
        .await;
    let words = "This link is not valid. Ask for a new one.";
    page.sees(&format!("document.body.innerText.includes('{words}')"))
        .await;
    shows(&page, "#token-form").await;
}
