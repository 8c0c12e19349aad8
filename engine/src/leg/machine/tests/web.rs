//! Browsers that speak SIP: the same machine with a stream of the gateway's.

use super::rig::Rig;
use crate::leg::machine::Order;

const ANSWER: Order = Order::Answer { like: None };

/// What such a browser offers, in short.
fn offer(direction: &str) -> String {
    let hash = "0A:".repeat(32);
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111 8\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\n\
         a=rtcp-mux\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na={direction}\r\n",
        hash.trim_end_matches(':')
    )
}

#[test]
fn an_offer_for_webrtc_opens_a_stream_of_the_gateway() {
    let mut rig = Rig::incoming("", &offer("sendrecv"));
    assert_eq!(rig.order(ANSWER), ["200 to INVITE with SDP"]);
    let answer = String::from_utf8_lossy(rig.response().body()).into_owned();
    assert!(
        answer.contains("m=audio 3478 UDP/TLS/RTP/SAVPF 111"),
        "{answer}"
    );
    assert!(answer.contains("a=ice-ufrag:ours1"), "{answer}");
    let agreed = rig.audio.configured.pop().unwrap();
    assert_eq!(agreed.dtls.unwrap().ufrag, "abcd");
    rig.acks("");
    // Its hold is a hold like any other, and nothing of the stream changes.
    let held = rig.requests("INVITE", "", &offer("sendonly"));
    assert_eq!(held, ["200 to INVITE with SDP", "Held"]);
    rig.acks("");
    // A restart of ICE is refused, and the session goes on.
    let restart = offer("sendrecv").replace("abcd\r\n", "wxyz\r\n");
    assert_eq!(rig.requests("INVITE", "", &restart), ["488 to INVITE"]);
    let resumed = rig.requests("INVITE", "", &offer("sendrecv"));
    assert_eq!(resumed, ["200 to INVITE with SDP", "Resumed"]);
    assert_eq!(rig.audio.opened, 1);
}

#[test]
fn without_a_gateway_the_offer_is_left_to_be_refused() {
    let mut rig = Rig::incoming("", &offer("sendrecv"));
    rig.audio.no_gateway = true;
    assert!(rig.try_order(ANSWER).is_err());
    assert!(rig.audio.configured.is_empty());
}
