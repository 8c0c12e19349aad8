//! The page's media alone, against the harness' own peer: no exchange between them.

use crate::kit::{Shelf, hears};
use harness::{
    Chromium,
    audio::Format,
    browser::{CODECS, Peer},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_and_a_peer_of_the_tests_hear_each_other() {
    if !Chromium::is_here() {
        return;
    }
    let (shelf, chromium) = (Shelf::open().await, Chromium::start(440).await);
    let page = shelf.page(&chromium).await;
    page.evaluate("(async () => { window.line = await Line.open(); })()")
        .await;
    let offer = page.evaluate("line.offer()").await;
    let peer = Peer::open("peer", &CODECS).await;
    let answer = peer.answers(offer.as_str().expect("SDP")).await;
    page.evaluate(&format!("line.accept({})", json!(answer)))
        .await;
    peer.is_connected().await;
    peer.speak(660);
    peer.hears(440).await;
    hears(&page, "line", 660).await;
    assert_eq!(page.evaluate("line.share(440) > 0.1").await, false);
    page.evaluate("line.press('4#')").await;
    peer.gets_keys("4#").await;
    assert_eq!(peer.formats(), [Format::Opus]);
    let stats = page.evaluate("line.stats()").await;
    assert_eq!(stats["state"], "connected", "{stats}");
    assert_eq!(stats["codec"], "audio/opus", "{stats}");
    assert!(stats["received"].as_u64() > Some(10), "{stats}");
    page.closes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_driven_by_mouse_and_keyboard() {
    if !Chromium::is_here() {
        return;
    }
    let chromium = Chromium::start(440).await;
    let page = chromium
        .opens(
            "data:text/html,<input id=number><button id=dial disabled>Dial</button><p id=said></p>\
             <script>number.oninput = () => dial.disabled = !number.value;\
             dial.onclick = () => { said.innerText = 'dialled ' + number.value; };\
             number.onkeydown = e => { if (e.key === 'Enter') dial.click(); };</script>",
        )
        .await;
    page.types("#number", "100").await;
    page.presses("2").await;
    page.clicks("#dial").await;
    assert_eq!(page.text("#said").await, "dialled 1002");
    page.clicks("#number").await;
    page.presses("3").await;
    page.presses("Enter").await;
    assert_eq!(page.text("#said").await, "dialled 10023");
    page.evaluate("console.log('hello', 5)").await;
    page.sees("true").await;
    assert_eq!(page.console(), ["hello 5"]);
}
