//! Frames that are no frames, and frames about what is not there. None of them ends anything.

use harness::{Database, World, stories};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

stories!(
    what_cannot_be_read_is_answered_and_the_session_goes_on,
    calls_of_others_are_not_found,
);

async fn what_cannot_be_read_is_answered_and_the_session_goes_on(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    let socket = alice.socket();
    let table = [
        ("", None),
        ("nonsense", None),
        ("7", None),
        ("[]", None),
        (r#"{"req_id":"r1"}"#, Some("r1")),
        (r#"{"type":"call.dance","req_id":"r2"}"#, Some("r2")),
        (
            r#"{"type":"call.restored","req_id":"r3","call_id":"x"}"#,
            Some("r3"),
        ),
        (
            r#"{"type":"call.create","req_id":"r4","destination":"1002"}"#,
            Some("r4"),
        ),
        (
            r#"{"type":"call.create","req_id":"r5","destination":"","sdp":"x"}"#,
            Some("r5"),
        ),
        (r#"{"type":"call.hold","req_id":"r6"}"#, Some("r6")),
        (r#"{"type":"call.hold"}"#, None),
        (
            r#"{"type":"presence.subscribe","req_id":"r7","users":[]}"#,
            Some("r7"),
        ),
        (
            r#"{"type":"presence.subscribe","req_id":"r8","users":"all"}"#,
            Some("r8"),
        ),
        (
            r#"{"type":"sdp.offer","req_id":"r9","call_id":"x","sdp":"x"}"#,
            Some("r9"),
        ),
        (r#"{"type":"ping","req_id":["r"]}"#, None),
    ];
    for (frame, req_id) in table {
        socket.send_text(frame);
        let error = alice.is_told("invalid_message").await;
        assert_eq!(error["req_id"].as_str(), req_id, "{frame}: {error}");
        assert_eq!(error["fatal"], false, "{frame}: {error}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    socket.send_message(Message::binary(vec![0, 1, 2]));
    alice.is_told("invalid_message").await;
    socket.send_text(&format!(r#"{{"type":"{}"}}"#, "x".repeat(60_000)));
    let error = alice.is_told("invalid_message").await;
    assert!(error.to_string().len() < 1_000, "it is not said back whole");
    // Candidates come before their call has a name, and are not missed.
    for kind in ["ice.candidate", "ice.done"] {
        socket.send(
            json!({ "type": kind, "call_id": "req_later", "candidate": "candidate:1",
            "sdp_mid": null, "sdp_m_line_index": null }),
        );
    }
    socket.send(json!({ "type": "ping" }));
    assert_eq!(socket.take_type("pong").await["req_id"], Value::Null);
    let last = socket.log().pop().expect("a frame");
    assert_eq!(last["type"], "pong", "candidates are not answered");
    world.exchange.stop().await;
}

async fn calls_of_others_are_not_found(database: Database) {
    let world = World::new(database).await;
    let alice = world.browser("Alice", "1001").await;
    for call in ["call_00000000000000000000000000", "nonsense", ""] {
        for (kind, more) in [
            ("call.answer", json!({})),
            ("sdp.answer", json!({ "sdp": "v=0" })),
            ("call.reject", json!({ "reason": "busy" })),
            ("call.hangup", json!({})),
            ("call.hold", json!({})),
            ("call.resume", json!({})),
            ("call.mute", json!({})),
            ("call.unmute", json!({})),
            ("call.transfer", json!({ "destination": "1002" })),
            (
                "call.transfer.attended",
                json!({ "step": "consult", "destination": "1002", "sdp": "v=0" }),
            ),
            ("call.transfer.attended", json!({ "step": "complete" })),
        ] {
            // Clients of the first generation give their wishes no number.
            for req_id in [None, Some("req_n")] {
                let mut frame = json!({ "type": kind, "call_id": call });
                let members = frame.as_object_mut().expect("an object");
                members.extend(more.as_object().cloned().unwrap_or_default());
                if let Some(req_id) = req_id {
                    members.insert("req_id".to_owned(), json!(req_id));
                }
                alice.socket().send(frame);
                let error = alice.is_told("call_not_found").await;
                assert_eq!(error["call_id"], call, "{kind}");
                assert_eq!(error["req_id"].as_str(), req_id, "{kind}");
                assert_eq!(error["fatal"], false, "{kind}");
            }
        }
    }
    world.exchange.stop().await;
}
