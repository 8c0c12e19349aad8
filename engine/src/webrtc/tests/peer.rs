//! One peer from its first check to its last: what it needs before it gets a line, and what takes the line
//! away.

use super::kit::{Check, Remote, path};
use crate::{
    media::MediaId,
    webrtc::{
        dtls::{Crypto, Failure},
        ice::{Path, Refusal},
        peer::{Loss, Output, Peer},
        stun::Message,
    },
};
use std::time::{Duration, Instant};

const PWD: &str = "our own password";

struct Bench {
    crypto: Crypto,
    peer: Peer,
    remote: Remote,
    now: Instant,
}

#[derive(Debug, PartialEq)]
enum Told {
    Joined(u16, bool),
    Lost(Loss),
}

impl Bench {
    fn new(client: bool) -> Self {
        Self {
            crypto: Crypto::new().unwrap(),
            peer: Peer::new(MediaId(1), PWD),
            remote: Remote::new(client),
            now: Instant::now(),
        }
    }

    fn agrees(&mut self) -> Vec<Told> {
        let mut out = Vec::new();
        let dtls = self.remote.dtls();
        self.peer.configure(&self.crypto, &dtls, self.now, &mut out);
        self.passes(out)
    }

    fn checks(&mut self, check: &Check, path: Path) -> Result<Vec<Told>, Refusal> {
        let datagram = check.build();
        let message = Message::parse(&datagram).unwrap();
        let mut out = Vec::new();
        self.peer.check(&message, path, self.now, &mut out)?;
        Ok(self.passes(out))
    }

    fn nominates(&mut self, path: Path) -> Vec<Told> {
        self.checks(&Check::to("ours", PWD).nominating(), path)
            .unwrap()
    }

    fn says(&mut self, path: Path, datagrams: Vec<Vec<u8>>) -> Vec<Told> {
        let mut told = Vec::new();
        for datagram in datagrams {
            let mut out = Vec::new();
            self.peer.datagram(path, &datagram, self.now, &mut out);
            told.extend(self.passes(out));
        }
        told
    }

    fn later(&mut self, time: Duration) -> Vec<Told> {
        self.now += time;
        let mut out = Vec::new();
        self.peer.tick(self.now, &mut out);
        self.passes(out)
    }

    /// Carries DTLS to the remote and back until nobody says anything more.
    fn passes(&mut self, out: Vec<Output>) -> Vec<Told> {
        let mut told = Vec::new();
        for output in out {
            match output {
                Output::Send(path, bytes) if bytes[0] > 3 => {
                    let answers = self.remote.receive(&bytes, self.now);
                    told.extend(self.says(path, answers));
                }
                Output::Send(..) => {}
                Output::Join { path, again, .. } => {
                    told.push(Told::Joined(path.remote.port(), again));
                }
                Output::Lost(why) => told.push(Told::Lost(why)),
            }
        }
        told
    }
}

#[test]
fn a_peer_joins_once_it_was_checked_agreed_and_shaken() {
    for client in [true, false] {
        let mut bench = Bench::new(client);
        assert_eq!(bench.agrees(), []);
        let mut told = bench.nominates(path(1));
        let hello = bench.remote.begin(bench.now);
        told.extend(bench.says(path(1), if client { hello } else { Vec::new() }));
        assert_eq!(told, [Told::Joined(1, false)], "client {client}");
    }
}

#[test]
fn a_peer_that_is_quicker_than_its_answer_joins_with_it() {
    let mut bench = Bench::new(true);
    bench.nominates(path(1));
    let hello = bench.remote.begin(bench.now);
    let copies = vec![hello[0].clone(); 20];
    assert_eq!(bench.says(path(1), copies), []);
    assert!(!bench.peer.is_joined());
    assert_eq!(bench.agrees(), [Told::Joined(1, false)]);
}

#[test]
fn a_wrong_fingerprint_loses_the_peer_for_good() {
    let mut bench = Bench::new(true);
    let mut dtls = bench.remote.dtls();
    dtls.fingerprints[0].bytes[0] ^= 1;
    let mut out = Vec::new();
    bench
        .peer
        .configure(&bench.crypto, &dtls, bench.now, &mut out);
    bench.nominates(path(1));
    let hello = bench.remote.begin(bench.now);
    let told = bench.says(path(1), hello);
    assert_eq!(told, [Told::Lost(Loss::Handshake(Failure::Fingerprint))]);
    assert!(!bench.peer.is_joined());
    assert_eq!(bench.agrees(), []);
}

#[test]
fn a_new_address_takes_the_line_with_it() {
    let mut bench = Bench::new(false);
    bench.agrees();
    assert_eq!(bench.nominates(path(1)), [Told::Joined(1, false)]);
    assert_eq!(bench.nominates(path(1)), []);
    assert_eq!(bench.nominates(path(2)), [], "it may be a mere check");
    assert_eq!(bench.nominates(path(2)), [Told::Joined(2, true)]);
}

#[test]
fn a_forged_nomination_moves_nothing() {
    let mut bench = Bench::new(false);
    bench.agrees();
    bench.nominates(path(1));
    let forged = Check::to("ours", "guess").nominating().priority(u32::MAX);
    for _ in 0..5 {
        assert_eq!(bench.checks(&forged, path(6)), Err(Refusal::Forged));
    }
    assert_eq!(bench.peer.agent.nominated(), Some(path(1)));
}

#[test]
fn a_peer_that_never_comes_is_given_up() {
    let mut bench = Bench::new(true);
    assert_eq!(
        bench.later(Duration::from_secs(600)),
        [],
        "it may ring for long"
    );
    bench.agrees();
    assert_eq!(bench.later(Duration::from_secs(29)), []);
    let told = bench.later(Duration::from_secs(1));
    assert_eq!(told, [Told::Lost(Loss::Handshake(Failure::Timeout))]);
    assert_eq!(bench.later(Duration::from_secs(60)), [], "said once");
}

#[test]
fn a_peer_that_stops_asking_is_given_up() {
    let mut bench = Bench::new(false);
    bench.agrees();
    bench.nominates(path(1));
    for _ in 0..20 {
        assert_eq!(bench.later(Duration::from_secs(5)), []);
        assert_eq!(bench.nominates(path(1)), []);
    }
    assert_eq!(bench.later(Duration::from_secs(29)), []);
    assert_eq!(
        bench.later(Duration::from_secs(1)),
        [Told::Lost(Loss::Consent)]
    );
}
