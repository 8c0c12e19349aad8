//! STUN as it comes to the WebRTC port: what is read never passes for authentic without the password, and
//! every answer that we write is readable and signed.
#![no_main]

use engine::webrtc::stun::{Key, Message, is_stun, refusal, success};
use libfuzzer_sys::fuzz_target;
use std::net::SocketAddr;

fuzz_target!(|data: &[u8]| {
    let Ok(message) = Message::parse(data) else {
        return;
    };
    assert!(is_stun(data));
    let key = Key::new("a password that is in no seed");
    assert!(!message.is_authentic(&key), "forged");
    let source: SocketAddr = match message.mapped {
        Some(mapped) => mapped,
        None => ([192, 0, 2, 1], 3478).into(),
    };
    let transaction = &message.transaction;
    for (answer, code) in [
        (success(transaction, source, &key), None),
        (
            refusal(transaction, 420, message.unknown, Some(&key)),
            Some(420),
        ),
        (
            refusal(transaction, 487, message.unknown, Some(&key)),
            Some(487),
        ),
    ] {
        let read = Message::parse(&answer).expect("we read what we write");
        assert!(read.is_authentic(&key));
        assert!(!read.is_request());
        assert_eq!(read.error, code);
        assert_eq!(&read.transaction, transaction);
    }
});
