//! Our side of ICE: lite (RFC 8445 §2.5). We answer checks, believe those that know our password, and
//! send where the peer nominates. Pure.

use super::stun::{self, Key, Message, Unknown};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A peer that has not asked for this long does not consent any more (RFC 7675 §5.1).
pub(super) const CONSENT: Duration = Duration::from_secs(30);

/// Addresses of one peer that are remembered; the one that was quiet longest makes room.
const MOST_PATHS: usize = 16;

/// Length of our user fragment: 48 random bits.
const UFRAG_LENGTH: usize = 8;
/// Length of our password: 144 random bits (RFC 8445 §5.3 asks for 128).
const PWD_LENGTH: usize = 24;

/// Where a datagram came in, and from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Path {
    /// Which of our listeners.
    pub listener: usize,
    /// The peer's address.
    pub remote: SocketAddr,
}

/// What we tell the peer in our description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub ufrag: String,
    pub pwd: String,
}

/// Why a check was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It says not who made it.
    Unsigned,
    /// Its integrity is wrong.
    Forged,
    /// It asks for what we do not know.
    Attribute,
    /// Its sender takes itself for the controlled one, which we are.
    Role,
}

/// What a check led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub answer: Vec<u8>,
    pub outcome: Result<Valid, Refusal>,
}

/// A check that was believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Valid {
    /// The path was not known before.
    pub learnt: bool,
    /// A path that made room for it.
    pub forgotten: Option<Path>,
    /// The path is the nominated one from now on, and was not before.
    pub nominated: bool,
}

/// What a nomination weighs for a path that is not the nominated one.
const NOMINATION: u8 = 2;
/// What a mere check weighs.
const CHECK: u8 = 1;
/// What makes such a path the nominated one: two nominations, or three checks.
const ENOUGH: u8 = 3;

/// The state of one stream's ICE.
pub(super) struct Agent {
    key: Key,
    /// Paths that were checked, the latest last.
    paths: Vec<Path>,
    nominated: Option<Nominee>,
    /// Another path that was checked since the nominated one was last, and how much speaks for it.
    rival: Option<(Path, u8)>,
    /// When the last check was believed.
    heard: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Nominee {
    path: Path,
    priority: u32,
}

impl Credentials {
    /// Fresh random ones, of the letters that ICE allows.
    pub fn generate() -> Self {
        Self {
            ufrag: letters(UFRAG_LENGTH),
            pwd: letters(PWD_LENGTH),
        }
    }
}

fn letters(length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = || {
        let place = usize::from(rand::random::<u8>()) % ALPHABET.len();
        ALPHABET.get(place).map(|letter| char::from(*letter))
    };
    std::iter::repeat_with(letter)
        .take(length)
        .flatten()
        .collect()
}

/// Our user fragment as a check names it: what stands before the colon (RFC 8445 §7.3).
pub(super) fn addressee<'a>(request: &Message<'a>) -> Option<&'a str> {
    request.username?.split_once(':').map(|(ours, _)| ours)
}

impl Agent {
    /// An agent that knows nobody.
    pub fn new(pwd: &str) -> Self {
        Self {
            key: Key::new(pwd),
            paths: Vec::new(),
            nominated: None,
            rival: None,
            heard: None,
        }
    }

    /// Judges a check that is addressed to us, and answers it (RFC 8445 §7.3).
    pub fn check(&mut self, request: &Message<'_>, path: Path, now: Instant) -> Checked {
        let transaction = &request.transaction;
        let refused = |why, code, unknown, key| Checked {
            answer: stun::refusal(transaction, code, unknown, key),
            outcome: Err(why),
        };
        let none = Unknown::default();
        if !request.is_signed() {
            return refused(Refusal::Unsigned, 400, none, None);
        }
        if !request.is_authentic(&self.key) {
            return refused(Refusal::Forged, 401, none, None);
        }
        let key = Some(&self.key);
        if !request.unknown.is_empty() {
            return refused(Refusal::Attribute, 420, request.unknown, key);
        }
        if request.controlled && !request.controlling {
            return refused(Refusal::Role, 487, none, key);
        }
        self.heard = Some(now);
        let (learnt, forgotten) = self.learn(path);
        let priority = request.priority.unwrap_or_default();
        let nominated = self.weigh(path, priority, request.use_candidate);
        Checked {
            answer: stun::success(transaction, path.remote, &self.key),
            outcome: Ok(Valid {
                learnt,
                forgotten,
                nominated,
            }),
        }
    }

    /// The path that the peer nominated.
    pub fn nominated(&self) -> Option<Path> {
        self.nominated.map(|nominee| nominee.path)
    }

    /// Whether a check came over this path.
    #[cfg(test)]
    pub fn knows(&self, path: Path) -> bool {
        self.paths.contains(&path)
    }

    /// Whether the peer has not asked for so long that it must not be sent to any more.
    pub fn is_revoked(&self, now: Instant) -> bool {
        self.heard
            .is_none_or(|heard| now.saturating_duration_since(heard) >= CONSENT)
    }

    /// Every path that was checked.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    fn learn(&mut self, path: Path) -> (bool, Option<Path>) {
        if let Some(place) = self.paths.iter().position(|known| *known == path) {
            let known = self.paths.remove(place);
            self.paths.push(known);
            return (false, None);
        }
        let nominated = self.nominated();
        let oldest = self.paths.iter().position(|p| Some(*p) != nominated);
        let full = self.paths.len() >= MOST_PATHS;
        let forgotten = oldest
            .filter(|_| full)
            .map(|place| self.paths.remove(place));
        self.paths.push(path);
        (true, forgotten)
    }

    /// Decides on a path by a check that came over it. A peer may nominate every pair it checks (RFC 5245
    /// §8.1.1.2): the best then wins. One whose network changed nominates a worse pair, and the former no
    /// more. One behind a translator that gave it another address does not even know: it goes on asking
    /// for consent (RFC 7675), which needs no nomination. Either wins by enough checks without one over
    /// the former path in between.
    fn weigh(&mut self, path: Path, priority: u32, nominates: bool) -> bool {
        let nominee = Nominee { path, priority };
        let wins = match self.nominated {
            None => nominates,
            Some(present) if present.path == path => {
                if nominates {
                    self.nominated = Some(nominee);
                }
                self.rival = None;
                return false;
            }
            Some(present) => {
                let before = self.rival.filter(|(rival, _)| *rival == path);
                let more = if nominates { NOMINATION } else { CHECK };
                let weight = before.map_or(0, |(_, weight)| weight) + more;
                self.rival = Some((path, weight));
                weight >= ENOUGH || (nominates && priority > present.priority)
            }
        };
        if wins {
            self.nominated = Some(nominee);
            self.rival = None;
        }
        wins
    }
}
