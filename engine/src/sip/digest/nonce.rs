//! Nonces that carry their own proof: time, chance and a MAC. Only those in use take memory.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// How long a nonce may be answered. A phone that registers every minute or hour gets `stale=true` and a
/// new one without asking its user.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// How many used nonces are remembered, 16 bytes of key and as much of counts each. When twice as many
/// were used within a lifetime the older half is forgotten, and its nonces are stale from then on.
pub const MAX_TRACKED_NONCES: usize = 65_536;

/// How far clocks may be apart between nodes that share a key.
const CLOCK_SKEW: u64 = 5_000;

/// Milliseconds since 1970, and chance.
const PLAIN: usize = 16;
/// Bytes of the MAC that are sent.
const MAC: usize = 16;

/// What a nonce is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceState {
    /// Ours, young, and this count was not used before.
    Fresh,
    /// Ours, but too old, or used before with this count: a new one is needed, not a new password.
    Stale,
    /// Not ours.
    Foreign,
}

/// Makes nonces and recognises them. Safe to share between threads.
pub struct Nonces {
    key: hmac::Key,
    random: SystemRandom,
    used: Mutex<Used>,
}

/// The counts that were seen, in two generations of which the older one is dropped when the newer is full.
#[derive(Default)]
struct Used {
    new: HashMap<[u8; PLAIN], Counts>,
    old: HashMap<[u8; PLAIN], Counts>,
    /// Nonces made up to then and unknown here may have been used: they are stale.
    forgotten_until: u64,
}

/// The highest count seen and which of the 64 up to it (bit 0) were.
#[derive(Clone, Copy)]
struct Counts {
    highest: u32,
    seen: u64,
}

impl Nonces {
    /// Makes nonces under a key of at least 32 secret bytes. The same key on other nodes, or after a
    /// restart, recognises them.
    pub fn new(key: &[u8]) -> Nonces {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Nonces {
            key,
            random: SystemRandom::new(),
            used: Mutex::default(),
        }
    }

    /// The same from `start` on: what was used of older nonces is not known, so they are stale.
    pub fn since(self, start: SystemTime) -> Nonces {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.forgotten_until = used.forgotten_until.max(millis(start).saturating_sub(1));
        drop(used);
        self
    }

    /// Makes a nonce.
    pub fn issue(&self, now: SystemTime) -> String {
        let mut bytes = [0u8; PLAIN];
        let (time, chance) = bytes.split_at_mut(8);
        time.copy_from_slice(&millis(now).to_be_bytes());
        // Without chance a nonce is still bound to its millisecond and cannot be forged.
        let _ = self.random.fill(chance);
        let mac = hmac::sign(&self.key, &bytes);
        let sent: Vec<u8> = bytes
            .iter()
            .chain(mac.as_ref().iter().take(MAC))
            .copied()
            .collect();
        URL_SAFE_NO_PAD.encode(sent)
    }

    /// Judges a nonce without noting anything.
    pub fn inspect(&self, nonce: &str, now: SystemTime) -> NonceState {
        match self.open(nonce) {
            Some(plain) if is_young(&plain, now) => NonceState::Fresh,
            Some(_) => NonceState::Stale,
            None => NonceState::Foreign,
        }
    }

    /// Judges a nonce and notes that its count was used; `None` is an answer without a count, which
    /// uses the nonce up. To be called only when the rest of the answer is right, or anybody could
    /// use up the nonces of others.
    pub fn redeem(&self, nonce: &str, count: Option<u32>, now: SystemTime) -> NonceState {
        let Some(plain) = self.open(nonce) else {
            return NonceState::Foreign;
        };
        if !is_young(&plain, now) {
            return NonceState::Stale;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        match used.note(plain, count) {
            true => NonceState::Fresh,
            false => NonceState::Stale,
        }
    }

    /// Time and chance of a nonce that is ours.
    fn open(&self, nonce: &str) -> Option<[u8; PLAIN]> {
        let mut sent = [0u8; 64];
        let length = URL_SAFE_NO_PAD.decode_slice(nonce, &mut sent).ok()?;
        let (plain, mac) = sent.get(..length)?.split_first_chunk::<PLAIN>()?;
        let expected = hmac::sign(&self.key, plain);
        let differs = mac
            .iter()
            .zip(expected.as_ref())
            .fold(0u8, |d, (a, b)| d | (a ^ b));
        (mac.len() == MAC && std::hint::black_box(differs) == 0).then_some(*plain)
    }
}

impl Used {
    fn note(&mut self, plain: [u8; PLAIN], count: Option<u32>) -> bool {
        let known = self
            .new
            .get(&plain)
            .or_else(|| self.old.get(&plain))
            .copied();
        let next = match (known, count) {
            (None, _) if made_at(&plain) <= self.forgotten_until => None,
            (None, Some(count)) => (count > 0).then_some(Counts {
                highest: count,
                seen: 1,
            }),
            (None, None) => Some(Counts {
                highest: u32::MAX,
                seen: u64::MAX,
            }),
            (Some(_), None) => None,
            (Some(counts), Some(count)) => counts.with(count),
        };
        let Some(next) = next else { return false };
        if self.new.len() >= MAX_TRACKED_NONCES && !self.new.contains_key(&plain) {
            let dropped = std::mem::replace(&mut self.old, std::mem::take(&mut self.new));
            let latest = dropped.keys().map(made_at).max().unwrap_or(0);
            self.forgotten_until = self.forgotten_until.max(latest);
        }
        self.new.insert(plain, next);
        true
    }
}

impl Counts {
    /// Notes one more count; `None` when it was seen or is too far behind to tell. Counts may come out
    /// of order, since a phone may send two requests at once.
    fn with(self, count: u32) -> Option<Counts> {
        if count > self.highest {
            let seen = self.seen.checked_shl(count - self.highest).unwrap_or(0) | 1;
            return Some(Counts {
                highest: count,
                seen,
            });
        }
        let bit = 1u64.checked_shl(self.highest - count)?;
        (count > 0 && self.seen & bit == 0).then_some(Counts {
            seen: self.seen | bit,
            ..self
        })
    }
}

fn made_at(plain: &[u8; PLAIN]) -> u64 {
    plain
        .first_chunk::<8>()
        .map_or(0, |time| u64::from_be_bytes(*time))
}

fn is_young(plain: &[u8; PLAIN], now: SystemTime) -> bool {
    let (made, now) = (made_at(plain), millis(now));
    made <= now.saturating_add(CLOCK_SKEW)
        && u128::from(now.saturating_sub(made)) < NONCE_LIFETIME.as_millis()
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_700_000_000);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_nonce_lives_its_time_under_its_key() {
        let nonces = Nonces::new(&[7; 32]);
        let nonce = nonces.issue(at(0));
        assert_eq!(nonces.inspect(&nonce, at(299)), NonceState::Fresh);
        assert_eq!(nonces.inspect(&nonce, at(300)), NonceState::Stale);
        assert_eq!(
            Nonces::new(&[7; 32]).inspect(&nonce, at(1)),
            NonceState::Fresh
        );
        assert_eq!(
            Nonces::new(&[8; 32]).inspect(&nonce, at(1)),
            NonceState::Foreign
        );
        assert_ne!(nonces.issue(at(0)), nonce);
        let changed = nonce.replace(
            nonce.get(3..4).unwrap(),
            if nonce.get(3..4) == Some("A") {
                "B"
            } else {
                "A"
            },
        );
        let longer = format!("{nonce}AA");
        for bad in [
            "",
            "x",
            "ÿ",
            changed.as_str(),
            longer.as_str(),
            nonce.get(1..).unwrap(),
            &"A".repeat(500),
        ] {
            assert_eq!(nonces.inspect(bad, at(0)), NonceState::Foreign, "{bad}");
        }
    }

    #[test]
    fn each_count_is_good_once_in_any_near_order() {
        let nonces = Nonces::new(&[7; 32]);
        let nonce = nonces.issue(at(0));
        for (count, expected) in [
            (Some(1), NonceState::Fresh),
            (Some(1), NonceState::Stale),
            (Some(3), NonceState::Fresh),
            (Some(2), NonceState::Fresh),
            (Some(2), NonceState::Stale),
            (Some(0), NonceState::Stale),
            (None, NonceState::Stale),
            (Some(200), NonceState::Fresh),
            (Some(136), NonceState::Stale),
            (Some(137), NonceState::Fresh),
            (Some(u32::MAX), NonceState::Fresh),
        ] {
            assert_eq!(nonces.redeem(&nonce, count, at(1)), expected, "{count:?}");
        }
        let legacy = nonces.issue(at(0));
        assert_eq!(nonces.redeem(&legacy, None, at(1)), NonceState::Fresh);
        assert_eq!(nonces.redeem(&legacy, None, at(1)), NonceState::Stale);
        assert_eq!(nonces.redeem(&legacy, Some(1), at(1)), NonceState::Stale);
    }

    #[test]
    fn a_restart_does_not_let_a_count_be_used_again() {
        let before = Nonces::new(&[7; 32]);
        let nonce = before.issue(at(0));
        assert_eq!(before.redeem(&nonce, Some(1), at(1)), NonceState::Fresh);
        let after = Nonces::new(&[7; 32]).since(at(2));
        assert_eq!(after.redeem(&nonce, Some(1), at(3)), NonceState::Stale);
        let nonce = after.issue(at(2));
        assert_eq!(after.redeem(&nonce, Some(1), at(3)), NonceState::Fresh);
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_stale() {
        let mut used = Used::default();
        let plain = |n: u64| {
            let mut plain = [0u8; PLAIN];
            plain[..8].copy_from_slice(&n.to_be_bytes());
            plain
        };
        let total = 2 * MAX_TRACKED_NONCES as u64 + 1;
        for n in 1..=total {
            assert!(used.note(plain(n), Some(1)));
        }
        assert!(used.new.len() + used.old.len() <= 2 * MAX_TRACKED_NONCES);
        assert!(
            !used.note(plain(1), Some(1)),
            "a forgotten nonce must not be replayed"
        );
        assert!(!used.note(plain(total), Some(1)));
        assert!(used.note(plain(total), Some(2)));
    }
}
