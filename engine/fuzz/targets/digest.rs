//! Digest: challenges and answers print as what they are, nothing made up is granted, and a client's
//! answer to any challenge is readable.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use engine::sip::digest::{
    Algorithm, Challenge, Client, Credentials, Gate, Grant, Ha1, NonceState, Nonces,
};
use libfuzzer_sys::fuzz_target;

const KEY: [u8; 32] = [7; 32];

static GATE: LazyLock<Gate> =
    LazyLock::new(|| Gate::new("r", &[Algorithm::Sha256, Algorithm::Md5], &KEY));
static HA1: LazyLock<Ha1> = LazyLock::new(|| Ha1::new("alice", "r", "secret"));
static NONCES: LazyLock<Nonces> = LazyLock::new(|| Nonces::new(&KEY));

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if text.contains(['\r', '\n']) {
        return;
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    assert_eq!(NONCES.inspect(text, now), NonceState::Foreign);
    assert_eq!(NONCES.redeem(text, Some(1), now), NonceState::Foreign);
    if let Ok(answer) = Credentials::parse(text) {
        assert!(
            Credentials::parse(&answer.to_string()) == Ok(answer.clone()),
            "{answer}"
        );
        for known in [Some(&*HA1), None] {
            assert_eq!(GATE.check(&answer, "REGISTER", known, now), Grant::Refused);
        }
        let _ = GATE.is_outdated(&answer, now);
    }
    if let Ok(challenge) = Challenge::parse(text) {
        let printed = challenge.to_string();
        assert_eq!(
            Challenge::parse(&printed),
            Ok(challenge.clone()),
            "{printed}"
        );
        let answer = Client::new("al\"ice", "secret").answer(text, "REGISTER", "sip:a@b");
        let answer = Credentials::parse(&answer.expect("an answer")).expect("one that can be read");
        assert_eq!((&*answer.username, &*answer.uri), ("al\"ice", "sip:a@b"));
        assert_eq!(
            (answer.realm, answer.nonce),
            (challenge.realm, challenge.nonce)
        );
    }
});
