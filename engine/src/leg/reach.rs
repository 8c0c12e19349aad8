//! How far and how wide a call may still travel: what ends the calls that come back to where they were.

use serde::{Deserialize, Serialize};

/// Hops of a request that has taken none (RFC 3261 §8.1.1.6), and the most that are passed on.
pub const MOST_HOPS: u8 = 70;
/// Branches of a request that has none yet (RFC 5393 §5.3.3), and the most that are passed on.
pub const MOST_BRANCHES: u8 = 60;

/// What is left to a call. An exchange that sends a call on takes the hop itself, or two exchanges (or one
/// whose trunk leads back to it) would pass it to each other for ever; and one that sends it to many at
/// once gives each a part of the branches, or the number of calls would double with each round
/// (RFC 5393 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// `Max-Forwards`.
    pub hops: u8,
    /// `Max-Breadth` (RFC 5393 §5.3).
    pub branches: u8,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            hops: MOST_HOPS,
            branches: MOST_BRANCHES,
        }
    }
}

impl Reach {
    /// What is left one hop on; `None` when there is no hop left to take.
    #[must_use]
    pub fn onward(self) -> Option<Self> {
        let hops = self.hops.checked_sub(1)?;
        Some(Self { hops, ..self })
    }

    /// The part of each of `many`; `None` when there are more of them than branches.
    #[must_use]
    pub fn among(self, many: usize) -> Option<Self> {
        let many = u8::try_from(many.max(1)).ok()?;
        let branches = self.branches / many;
        (branches > 0).then_some(Self { branches, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_are_counted_and_branches_shared() {
        let whole = Reach::default();
        assert_eq!(whole.onward().unwrap().hops, MOST_HOPS - 1);
        assert_eq!(whole.among(0), Some(whole));
        assert_eq!(whole.among(7).unwrap().branches, 8);
        assert_eq!(whole.among(usize::from(MOST_BRANCHES) + 1), None);
        assert_eq!(whole.among(1_000), None);
        let last = Reach { hops: 0, ..whole };
        assert_eq!(last.onward(), None);
    }
}
