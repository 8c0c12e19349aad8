//! The server's side: challenges, and the check of what comes back.

use std::time::SystemTime;

use ring::hmac;

use super::{Algorithm, Challenge, Credentials, Ha1, NonceState, Nonces, hash, response};

/// What an answer to a challenge is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The user knows the password and the nonce is good.
    Granted,
    /// The user knows the password, but the nonce is old or used: challenge again with `stale=true`.
    Stale,
    /// Anything else, an unknown user included: challenge again, and count it as a failure.
    Refused,
}

/// Challenges for one realm and checks the answers. Safe to share between threads.
pub struct Gate {
    realm: Box<str>,
    algorithms: Vec<Algorithm>,
    nonces: Nonces,
    stand_in: hmac::Key,
}

impl Gate {
    /// A gate for a realm, offering the algorithms in this order, best first (RFC 8760 §2.4). Phones
    /// that know only MD5 skip what they do not know. `key` is at least 32 secret bytes, kept across
    /// restarts.
    pub fn new(realm: &str, algorithms: &[Algorithm], key: &[u8]) -> Gate {
        // Two uses of one key are kept apart by what is signed under it.
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let derive = |label: &[u8]| hmac::sign(&key, label);
        Gate {
            realm: realm.into(),
            algorithms: algorithms.to_vec(),
            nonces: Nonces::new(derive(b"nonces").as_ref()),
            stand_in: hmac::Key::new(hmac::HMAC_SHA256, derive(b"unknown users").as_ref()),
        }
    }

    /// The same from `start` on: answers to older challenges are stale, since they may be repetitions.
    pub fn since(self, start: SystemTime) -> Gate {
        Gate {
            nonces: self.nonces.since(start),
            ..self
        }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of the challenge headers, one for each algorithm, all with the same nonce.
    pub fn challenges(&self, stale: bool, now: SystemTime) -> Vec<String> {
        let nonce = self.nonces.issue(now);
        let challenge = |algorithm: &Algorithm| Challenge {
            realm: self.realm.clone(),
            nonce: nonce.as_str().into(),
            algorithm: *algorithm,
            opaque: None,
            stale,
            qop_auth: true,
        };
        self.algorithms
            .iter()
            .map(|a| challenge(a).to_string())
            .collect()
    }

    /// Checks an answer. `ha1` is `None` for a user that does not exist; the work is the same then, and
    /// so is the result of a wrong password. A nonce is only used up by a right answer.
    pub fn check(
        &self,
        answer: &Credentials,
        method: &str,
        ha1: Option<&Ha1>,
        now: SystemTime,
    ) -> Grant {
        let stand_in = self.stand_in(&answer.username);
        let secret = ha1.unwrap_or(&stand_in);
        let expected = response(
            answer.algorithm,
            secret.of(answer.algorithm),
            method,
            &answer.uri,
            &answer.nonce,
            answer.qop.as_ref(),
        );
        let knows = hash::same(&expected, &answer.response);
        let offered = self.algorithms.contains(&answer.algorithm) && *answer.realm == *self.realm;
        let state = self.nonces.inspect(&answer.nonce, now);
        if !(knows && offered && ha1.is_some()) {
            return Grant::Refused;
        }
        if state == NonceState::Foreign {
            // RFC 7616 §3.3: the password is right, a new nonce is all that is needed.
            return Grant::Stale;
        }
        match self
            .nonces
            .redeem(&answer.nonce, answer.qop.as_ref().map(|q| q.nc), now)
        {
            NonceState::Fresh => Grant::Granted,
            NonceState::Stale | NonceState::Foreign => Grant::Stale,
        }
    }

    /// Says whether an answer was made for a nonce of ours that is too old. Whoever sends one may be
    /// challenged with `stale=true` before the password is looked up.
    pub fn is_outdated(&self, answer: &Credentials, now: SystemTime) -> bool {
        self.nonces.inspect(&answer.nonce, now) == NonceState::Stale
    }

    /// A hash that nobody knows, in the place of an unknown user's.
    fn stand_in(&self, username: &str) -> Ha1 {
        let secret = hash::hex(hmac::sign(&self.stand_in, username.as_bytes()).as_ref());
        let md5 = secret.get(..32).unwrap_or_default();
        Ha1 {
            md5: md5.into(),
            sha256: secret.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::Client;
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn gate() -> Gate {
        Gate::new(
            "strowger.test",
            &[Algorithm::Sha256, Algorithm::Md5],
            &[1; 32],
        )
    }

    fn answer(challenge: &str, password: &str) -> Credentials {
        let mut client = Client::new("alice", password);
        let header = client
            .answer(challenge, "REGISTER", "sip:strowger.test")
            .unwrap();
        Credentials::parse(&header).unwrap()
    }

    #[test]
    fn both_algorithms_are_offered_and_accepted() {
        let (gate, ha1) = (gate(), Ha1::new("alice", "strowger.test", "secret"));
        let challenges = gate.challenges(false, at(0));
        assert_eq!(challenges.len(), 2);
        assert!(
            challenges[0].contains("algorithm=SHA-256") && challenges[1].contains("algorithm=MD5")
        );
        for challenge in gate
            .challenges(false, at(0))
            .into_iter()
            .chain(gate.challenges(true, at(0)))
        {
            let right = answer(&challenge, "secret");
            let grant = gate.check(&right, "REGISTER", Some(&ha1), at(1));
            // The second algorithm of a pair has the nonce of the first, whose count 1 is used.
            let first = challenge.contains("SHA-256");
            assert_eq!(grant, if first { Grant::Granted } else { Grant::Stale });
        }
    }

    #[test]
    fn everything_wrong_is_refused_alike() {
        let (gate, ha1) = (gate(), Ha1::new("alice", "strowger.test", "secret"));
        let challenge = gate.challenges(false, at(0)).remove(1);
        let right = answer(&challenge, "secret");
        let check = |c: &Credentials, method, ha1| gate.check(c, method, ha1, at(1));
        assert_eq!(
            check(&answer(&challenge, "wrong"), "REGISTER", Some(&ha1)),
            Grant::Refused
        );
        assert_eq!(check(&right, "INVITE", Some(&ha1)), Grant::Refused);
        assert_eq!(check(&right, "REGISTER", None), Grant::Refused);
        let mut other = right.clone();
        other.uri = "sip:else".into();
        assert_eq!(check(&other, "REGISTER", Some(&ha1)), Grant::Refused);
        let mut foreign = Client::new("alice", "secret");
        let made_up = "Digest realm=\"strowger.test\", nonce=\"abc\", qop=\"auth\"";
        let foreign =
            Credentials::parse(&foreign.answer(made_up, "REGISTER", "sip:x").unwrap()).unwrap();
        assert_eq!(check(&foreign, "REGISTER", Some(&ha1)), Grant::Stale);
        assert_eq!(check(&right, "REGISTER", Some(&ha1)), Grant::Granted);
        assert_eq!(
            check(&right, "REGISTER", Some(&ha1)),
            Grant::Stale,
            "a replay"
        );
    }

    #[test]
    fn an_old_nonce_is_stale_only_for_who_knows_the_password() {
        let (gate, ha1) = (gate(), Ha1::new("alice", "strowger.test", "secret"));
        let challenge = gate.challenges(false, at(0)).remove(0);
        let late = at(NONCE_LIFETIME_SECS);
        let right = answer(&challenge, "secret");
        assert_eq!(
            gate.check(&right, "REGISTER", Some(&ha1), late),
            Grant::Stale
        );
        assert_eq!(
            gate.check(&answer(&challenge, "wrong"), "REGISTER", Some(&ha1), late),
            Grant::Refused
        );
        assert!(gate.is_outdated(&right, late) && !gate.is_outdated(&right, at(1)));
    }

    const NONCE_LIFETIME_SECS: u64 = super::super::NONCE_LIFETIME.as_secs();

    #[test]
    fn an_answer_without_qop_is_good_once() {
        let (gate, ha1) = (gate(), Ha1::new("alice", "strowger.test", "secret"));
        let challenge = gate
            .challenges(false, at(0))
            .remove(1)
            .replace(", qop=\"auth\"", "");
        let legacy = answer(&challenge, "secret");
        assert!(legacy.qop.is_none());
        assert_eq!(
            gate.check(&legacy, "REGISTER", Some(&ha1), at(1)),
            Grant::Granted
        );
        assert_eq!(
            gate.check(&legacy, "REGISTER", Some(&ha1), at(2)),
            Grant::Stale
        );
    }

    #[test]
    fn a_client_counts_on_across_its_requests() {
        let (gate, ha1) = (gate(), Ha1::new("alice", "strowger.test", "secret"));
        let challenge = gate.challenges(false, at(0)).remove(0);
        let mut client = Client::new("alice", "secret");
        for n in 1..=300u32 {
            let header = client
                .answer(&challenge, "REGISTER", "sip:strowger.test")
                .unwrap();
            assert!(header.contains(&format!("nc={n:08x}")));
            let answer = Credentials::parse(&header).unwrap();
            assert_eq!(
                gate.check(&answer, "REGISTER", Some(&ha1), at(1)),
                Grant::Granted
            );
        }
    }
}
