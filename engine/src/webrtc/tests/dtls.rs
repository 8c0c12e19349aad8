//! Handshakes in both roles, over lines that lose and reorder, and with the wrong party.

use super::kit::Remote;
use crate::{
    rtp::srtp::SrtpKeys,
    sdp::{Dtls, Fingerprint, Hash},
    webrtc::dtls::{Crypto, Failure, Handshake},
};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use std::time::{Duration, Instant};

/// A line between a handshake of ours and a peer's. `fate` says of each datagram, by its number, how many
/// copies arrive, and whether it is overtaken by the next.
struct Line<'a> {
    ours: Handshake,
    theirs: &'a mut Remote,
    now: Instant,
    count: usize,
    fate: fn(usize) -> Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Arrives,
    Lost,
    Late,
    Twice,
}

/// What was sent, and whether by us.
type Queue = Vec<(bool, Vec<u8>)>;

impl Line<'_> {
    fn run(&mut self) -> Result<SrtpKeys, Failure> {
        let mut keys = None;
        let mut queue: Queue = Vec::new();
        let mut out = Vec::new();
        if self.theirs.client {
            queue.extend(self.theirs.begin(self.now).into_iter().map(|d| (false, d)));
        } else {
            self.ours.begin(self.now, &mut out)?;
            queue.extend(out.drain(..).map(|d| (true, d.to_vec())));
        }
        for _ in 0..400 {
            let mut next: Queue = Vec::new();
            for (by_us, datagram) in carry(std::mem::take(&mut queue), &mut self.count, self.fate) {
                if by_us {
                    let sent = self.theirs.receive(&datagram, self.now);
                    next.extend(sent.into_iter().map(|d| (false, d)));
                } else {
                    let done = self.ours.receive(&datagram, self.now, &mut out);
                    next.extend(out.drain(..).map(|d| (true, d.to_vec())));
                    if let Some(found) = done.inspect_err(|_| {
                        for (_, alert) in &next {
                            self.theirs.receive(alert, self.now);
                        }
                    })? {
                        keys = Some(found);
                    }
                }
            }
            if let Some(keys) = keys
                && self.theirs.exported.is_some()
            {
                return Ok(keys);
            }
            if next.is_empty() {
                self.now += Duration::from_millis(100);
                self.ours.tick(self.now, &mut out);
                next.extend(out.drain(..).map(|d| (true, d.to_vec())));
                next.extend(self.theirs.tick(self.now).into_iter().map(|d| (false, d)));
            }
            queue = next;
        }
        Err(Failure::Timeout)
    }
}

/// What arrives of what was sent.
fn carry(sent: Queue, count: &mut usize, fate: fn(usize) -> Fate) -> Queue {
    let mut arrives: Queue = Vec::new();
    let mut late: Queue = Vec::new();
    for datagram in sent {
        *count += 1;
        match fate(*count) {
            Fate::Lost => {}
            Fate::Late => late.push(datagram),
            Fate::Arrives => arrives.push(datagram),
            Fate::Twice => arrives.extend([datagram.clone(), datagram]),
        }
    }
    late.reverse();
    arrives.extend(late);
    arrives
}

fn shake(client: bool, fate: fn(usize) -> Fate) -> Result<(), Failure> {
    let now = Instant::now();
    let crypto = Crypto::new().unwrap();
    let mut theirs = Remote::new(client);
    let ours = Handshake::new(&crypto, &theirs.dtls(), now)?;
    let mut line = Line {
        ours,
        theirs: &mut theirs,
        now,
        count: 0,
        fate,
    };
    let keys = line.run()?;
    let exported = theirs.exported.unwrap();
    let (local, remote) = if client { (16, 0) } else { (0, 16) };
    let salt = |key: usize| 32 + key / 16 * 12;
    assert_eq!(keys.local.key(), &exported[local..local + 16]);
    assert_eq!(keys.remote.key(), &exported[remote..remote + 16]);
    assert_eq!(keys.local.salt(), &exported[salt(local)..salt(local) + 12]);
    assert_eq!(
        keys.remote.salt(),
        &exported[salt(remote)..salt(remote) + 12]
    );
    Ok(())
}

#[test]
fn both_roles_end_with_the_same_keys() {
    for client in [true, false] {
        shake(client, |_| Fate::Arrives).unwrap();
    }
}

/// Two handshakes of ours with each other, over a line of this fate.
fn shake_among_us(fate: fn(usize) -> Fate) -> Option<()> {
    let mut now = Instant::now();
    let crypto = [Crypto::new().unwrap(), Crypto::new().unwrap()];
    let mut ends = [(0, 1, true), (1, 0, false)].map(|(own, other, client): (usize, usize, _)| {
        let dtls = Dtls {
            ufrag: "u".to_owned(),
            pwd: "p".to_owned(),
            fingerprints: vec![crypto[other].fingerprint().clone()],
            client,
        };
        Handshake::new(&crypto[own], &dtls, now).unwrap()
    });
    let mut keys: [Option<SrtpKeys>; 2] = [None, None];
    let (mut out, mut count) = (Vec::new(), 0);
    ends[0].begin(now, &mut out).unwrap();
    let mut queue: Queue = out.drain(..).map(|d| (true, d.to_vec())).collect();
    for _ in 0..400 {
        let mut next: Queue = Vec::new();
        for (by_client, datagram) in carry(std::mem::take(&mut queue), &mut count, fate) {
            let to = usize::from(by_client);
            let done = ends[to].receive(&datagram, now, &mut out).unwrap();
            keys[to] = keys[to].or(done);
            next.extend(out.drain(..).map(|d| (!by_client, d.to_vec())));
        }
        if let [Some(client), Some(server)] = keys {
            assert_eq!(client.local, server.remote);
            assert_eq!(client.remote, server.local);
            return Some(());
        }
        if next.is_empty() {
            now += Duration::from_millis(100);
            for (place, end) in ends.iter_mut().enumerate() {
                end.tick(now, &mut out);
                next.extend(out.drain(..).map(|d| (place == 0, d.to_vec())));
            }
        }
        queue = next;
    }
    None
}

#[test]
fn lost_and_reordered_flights_only_take_longer() {
    // Half of everything, without a rhythm that both could fall into.
    fn coin(n: usize) -> bool {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63 == 0
    }
    let fates: [fn(usize) -> Fate; 6] = [
        |n| if coin(n) { Fate::Lost } else { Fate::Arrives },
        |n| if coin(n + 77) { Fate::Lost } else { Fate::Late },
        |n| {
            if n % 2 == 1 {
                Fate::Late
            } else {
                Fate::Arrives
            }
        },
        |n| if n <= 6 { Fate::Lost } else { Fate::Arrives },
        |n| if n % 4 == 3 { Fate::Lost } else { Fate::Late },
        |_| Fate::Twice,
    ];
    for (place, fate) in fates.into_iter().enumerate() {
        assert!(shake_among_us(fate).is_some(), "fate {place}");
    }
}

#[test]
fn every_single_datagram_may_be_lost() {
    macro_rules! losing {
        ($($n:literal)*) => { [$((|n| if n == $n { Fate::Lost } else { Fate::Arrives }) as fn(usize) -> Fate),*] };
    }
    for client in [true, false] {
        for (place, fate) in losing!(1 2 3 4 5 6 7 8 9 10).into_iter().enumerate() {
            assert_eq!(
                shake(client, fate),
                Ok(()),
                "client {client}, loses {}",
                place + 1
            );
        }
    }
}

#[test]
fn a_certificate_that_was_not_named_gets_no_keys() {
    for client in [true, false] {
        let now = Instant::now();
        let crypto = Crypto::new().unwrap();
        let mut theirs = Remote::new(client);
        let mut dtls = theirs.dtls();
        dtls.fingerprints[0].bytes[31] ^= 1;
        dtls.fingerprints.push(Fingerprint {
            hash: Hash::Sha512,
            bytes: vec![0; 64],
        });
        let ours = Handshake::new(&crypto, &dtls, now).unwrap();
        let mut line = Line {
            ours,
            theirs: &mut theirs,
            now,
            count: 0,
            fate: |_| Fate::Arrives,
        };
        assert_eq!(line.run(), Err(Failure::Fingerprint), "client {client}");
        assert!(theirs.failed, "it is told");
    }
}

#[test]
fn one_right_fingerprint_of_several_is_enough() {
    let now = Instant::now();
    let crypto = Crypto::new().unwrap();
    let mut theirs = Remote::new(true);
    let mut dtls = theirs.dtls();
    dtls.fingerprints.insert(
        0,
        Fingerprint {
            hash: Hash::Sha384,
            bytes: vec![1; 48],
        },
    );
    let ours = Handshake::new(&crypto, &dtls, now).unwrap();
    let mut line = Line {
        ours,
        theirs: &mut theirs,
        now,
        count: 0,
        fate: |_| Fate::Arrives,
    };
    assert!(line.run().is_ok());
}

#[test]
fn a_peer_without_a_profile_of_ours_is_refused() {
    for (client, profiles) in [
        (true, vec![]),
        (true, vec![SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm]),
    ] {
        let now = Instant::now();
        let crypto = Crypto::new().unwrap();
        let mut theirs = Remote::offering(client, profiles);
        let ours = Handshake::new(&crypto, &theirs.dtls(), now).unwrap();
        let mut line = Line {
            ours,
            theirs: &mut theirs,
            now,
            count: 0,
            fate: |_| Fate::Arrives,
        };
        assert_eq!(line.run(), Err(Failure::Profile), "client {client}");
    }
}

#[test]
fn hostile_datagrams_end_at_a_limit_and_never_in_keys() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let now = Instant::now();
    let crypto = Crypto::new().unwrap();
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut theirs = Remote::new(true);
        let mut ours = Handshake::new(&crypto, &theirs.dtls(), now).unwrap();
        let hello = theirs.begin(now).remove(0);
        let mut out = Vec::new();
        for _ in 0..400 {
            let mut datagram = hello.clone();
            for _ in 0..random.random_range(0..6) {
                let place = random.random_range(0..datagram.len());
                datagram[place] = random.random();
            }
            datagram.truncate(random.random_range(1..=datagram.len()));
            match ours.receive(&datagram, now, &mut out) {
                Ok(keys) => assert!(keys.is_none()),
                Err(_) => break,
            }
            out.clear();
        }
    }
}

#[test]
fn a_flood_of_empty_fragments_is_no_work_for_long() {
    let now = Instant::now();
    let crypto = Crypto::new().unwrap();
    let theirs = Remote::new(true);
    let mut ours = Handshake::new(&crypto, &theirs.dtls(), now).unwrap();
    let mut out = Vec::new();
    // Fragments of one message of no length at ever higher offsets (RFC 6347 §4.2.3); the first one, which
    // would join them all, comes last.
    let mut offset = 40_000_u32;
    for number in 0_u64.. {
        let mut fragments = Vec::new();
        while fragments.len() < 1_900 && offset > 0 {
            offset -= 1;
            let [_, a, b, c] = offset.to_be_bytes();
            fragments.extend([1, 0, 0, 0, 0, 0, a, b, c, 0, 0, 1]);
        }
        let mut datagram = vec![22, 254, 253, 0, 0];
        datagram.extend(&number.to_be_bytes()[2..]);
        datagram.extend(u16::try_from(fragments.len()).unwrap().to_be_bytes());
        datagram.extend(fragments);
        match ours.receive(&datagram, now, &mut out) {
            Ok(keys) => assert!(keys.is_none()),
            Err(_) => return assert!(number < 20, "{number} datagrams were taken"),
        }
        assert!(offset > 0, "all of it was taken");
    }
}
