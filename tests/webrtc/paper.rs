//! Calls on paper: the frames of a page whose media nobody needs.

use harness::Browser;
use serde_json::{Value, json};

/// An offer as Chrome writes it, shortened.
pub const OFFER: &str = "v=0\r\n\
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n\
s=-\r\n\
t=0 0\r\n\
a=group:BUNDLE 0\r\n\
a=msid-semantic: WMS s\r\n\
m=audio 50000 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126\r\n\
c=IN IP4 127.0.0.1\r\n\
a=rtcp:9 IN IP4 0.0.0.0\r\n\
a=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host generation 0\r\n\
a=ice-ufrag:aBcD\r\n\
a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n\
a=ice-options:trickle\r\n\
a=fingerprint:sha-256 11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00\r\n\
a=setup:actpass\r\n\
a=mid:0\r\n\
a=sendrecv\r\n\
a=msid:s t\r\n\
a=rtcp-mux\r\n\
a=rtpmap:111 opus/48000/2\r\n\
a=fmtp:111 minptime=10;useinbandfec=1\r\n\
a=rtpmap:9 G722/8000\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:110 telephone-event/48000\r\n\
a=rtpmap:126 telephone-event/8000\r\n";

/// An answer to an offer of the exchange.
pub fn answer() -> String {
    OFFER.replace("actpass", "active")
}

/// Asks for a call; its name, or why there is none.
pub async fn creates(browser: &Browser, destination: &str) -> Result<String, Value> {
    let req_id = browser.req_id();
    let frame = json!({ "type": "call.create", "req_id": req_id, "destination": destination,
        "sdp": OFFER });
    browser.socket().send(frame);
    let fits = |frame: &Value| frame["req_id"] == req_id;
    let reply = browser.socket().take("a reply", fits).await;
    match reply["type"].as_str() {
        Some("call.trying") => Ok(reply["call_id"].as_str().expect("a name").to_owned()),
        _ => Err(reply),
    }
}

/// Says something about a call, as this generation of the client does.
pub fn says(browser: &Browser, kind: &str, call: &str) {
    browser.sends(json!({ "type": kind, "call_id": call }));
}

/// Waits for a frame about a call.
pub async fn gets(browser: &Browser, kind: &str, call: &str) -> Value {
    let fits = |frame: &Value| frame["type"] == kind && frame["call_id"] == call;
    browser.socket().take(kind, fits).await
}

/// Waits for the end of a call with this reason.
pub async fn ends(browser: &Browser, call: &str, reason: &str) -> Value {
    let ended = gets(browser, "call.ended", call).await;
    assert_eq!(ended["reason"], reason, "{ended}");
    ended
}

/// Claims that a session goes on.
pub async fn lives(browser: &Browser) {
    let req_id = browser.req_id();
    let frame = json!({ "type": "ping", "req_id": req_id });
    browser.socket().send(frame);
    let pong = |frame: &Value| frame["type"] == "pong" && frame["req_id"] == req_id;
    browser.socket().take("a pong", pong).await;
}
