//! What an ICE-lite agent believes, and where it sends.

use super::kit::{Check, code, path};
use crate::webrtc::{
    ice::{Agent, CONSENT, Credentials, Path, Refusal, Valid, addressee},
    stun::Message,
};
use std::time::{Duration, Instant};

const PWD: &str = "our own password";

struct Bench {
    agent: Agent,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self {
            agent: Agent::new(PWD),
            now: Instant::now(),
        }
    }

    /// The code of the answer and what it was taken for.
    fn hears(&mut self, check: &Check, path: Path) -> (u16, Result<Valid, Refusal>) {
        let datagram = check.build();
        let message = Message::parse(&datagram).unwrap();
        let checked = self.agent.check(&message, path, self.now);
        (code(&checked.answer), checked.outcome)
    }
}

fn check() -> Check {
    Check::to("ours", PWD)
}

#[test]
fn credentials_are_long_and_of_the_letters_of_ice() {
    let one = Credentials::generate();
    assert!(one.ufrag.len() >= 4 && one.pwd.len() >= 22);
    let of_ice = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    assert!(one.ufrag.chars().chain(one.pwd.chars()).all(of_ice));
    assert_ne!(one, Credentials::generate());
}

#[test]
fn the_addressee_stands_before_the_colon() {
    let datagram = check().build();
    assert_eq!(addressee(&Message::parse(&datagram).unwrap()), Some("ours"));
}

#[test]
fn a_check_is_answered_and_its_source_learnt() {
    let mut bench = Bench::new();
    let (code, outcome) = bench.hears(&check(), path(1));
    assert_eq!(code, 0);
    let valid = outcome.unwrap();
    assert!(valid.learnt && !valid.nominated);
    assert!(bench.agent.knows(path(1)) && !bench.agent.knows(path(2)));
    assert_eq!(bench.agent.nominated(), None);
    assert!(!bench.hears(&check(), path(1)).1.unwrap().learnt);
}

#[test]
fn who_does_not_know_the_password_learns_nothing_and_moves_nothing() {
    let mut bench = Bench::new();
    let forged = Check::to("ours", "a guess").nominating();
    assert_eq!(bench.hears(&forged, path(6)), (401, Err(Refusal::Forged)));
    let bare = check().unsigned().nominating();
    assert_eq!(bench.hears(&bare, path(6)), (400, Err(Refusal::Unsigned)));
    assert!(!bench.agent.knows(path(6)));
    assert_eq!(bench.agent.nominated(), None);
    assert!(bench.agent.is_revoked(bench.now));
}

#[test]
fn a_peer_that_takes_itself_for_the_controlled_one_is_told() {
    let mut bench = Bench::new();
    let confused = check().controlled().nominating();
    assert_eq!(bench.hears(&confused, path(1)), (487, Err(Refusal::Role)));
    assert_eq!(bench.agent.nominated(), None);
    assert_eq!(bench.hears(&check().nominating(), path(1)).0, 0);
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let mut bench = Bench::new();
    let strange = check().with(0x7abc, &[0; 4]);
    assert_eq!(
        bench.hears(&strange, path(1)),
        (420, Err(Refusal::Attribute))
    );
}

#[test]
fn the_nominated_pair_is_sent_to() {
    let mut bench = Bench::new();
    let nominated = bench.hears(&check().nominating(), path(1)).1.unwrap();
    assert!(nominated.nominated);
    assert_eq!(bench.agent.nominated(), Some(path(1)));
    let again = bench.hears(&check().nominating(), path(1)).1.unwrap();
    assert!(!again.nominated, "it was so already");
}

#[test]
fn of_pairs_that_are_all_nominated_the_best_wins() {
    let mut bench = Bench::new();
    let low = check().nominating().priority(10);
    let high = check().nominating().priority(20);
    assert!(bench.hears(&low, path(1)).1.unwrap().nominated);
    assert!(bench.hears(&high, path(2)).1.unwrap().nominated);
    for _ in 0..5 {
        assert!(!bench.hears(&low, path(1)).1.unwrap().nominated);
        assert!(!bench.hears(&high, path(2)).1.unwrap().nominated);
    }
    assert_eq!(bench.agent.nominated(), Some(path(2)));
}

#[test]
fn a_peer_whose_network_changed_is_followed_to_a_worse_pair() {
    let mut bench = Bench::new();
    bench
        .hears(&check().nominating().priority(20), path(1))
        .1
        .unwrap();
    let new = check().nominating().priority(10);
    assert!(!bench.hears(&new, path(2)).1.unwrap().nominated);
    assert!(bench.hears(&new, path(2)).1.unwrap().nominated);
    assert_eq!(bench.agent.nominated(), Some(path(2)));
}

#[test]
fn a_peer_that_knows_nothing_of_its_new_address_is_followed_after_three_checks() {
    let mut bench = Bench::new();
    bench
        .hears(&check().nominating().priority(20), path(1))
        .1
        .unwrap();
    let consent = check().priority(20);
    for _ in 0..10 {
        // A spare pair that is asked between is no sign of a change.
        assert!(!bench.hears(&consent, path(2)).1.unwrap().nominated);
        assert!(!bench.hears(&consent, path(2)).1.unwrap().nominated);
        assert!(!bench.hears(&consent, path(1)).1.unwrap().nominated);
    }
    assert!(!bench.hears(&consent, path(2)).1.unwrap().nominated);
    assert!(!bench.hears(&consent, path(2)).1.unwrap().nominated);
    assert!(bench.hears(&consent, path(2)).1.unwrap().nominated);
    assert_eq!(bench.agent.nominated(), Some(path(2)));
}

#[test]
fn only_so_many_paths_are_remembered_and_the_nominated_one_stays() {
    let mut bench = Bench::new();
    bench.hears(&check().nominating(), path(1)).1.unwrap();
    let mut forgotten = Vec::new();
    for port in 2..200 {
        forgotten.extend(bench.hears(&check(), path(port)).1.unwrap().forgotten);
        assert!(bench.agent.paths().len() <= 16);
    }
    assert_eq!(bench.agent.paths().len() + forgotten.len(), 199);
    assert!(bench.agent.knows(path(1)) && bench.agent.knows(path(199)));
}

#[test]
fn consent_lasts_thirty_seconds_from_the_last_check() {
    let mut bench = Bench::new();
    assert!(bench.agent.is_revoked(bench.now), "nobody has asked yet");
    bench.hears(&check(), path(1)).1.unwrap();
    bench.now += CONSENT - Duration::from_millis(1);
    assert!(!bench.agent.is_revoked(bench.now));
    bench.hears(&check(), path(1)).1.unwrap();
    bench.now += CONSENT;
    assert!(bench.agent.is_revoked(bench.now));
}
