//! The order in which trunks are tried.

use rand::Rng;
use schema::{Id, Trunk};

/// A trunk that could take a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub id: Id<Trunk>,
    /// It does not answer probes.
    pub down: bool,
    /// Lower ones first.
    pub priority: i32,
    /// Share among those of one priority; nothing below 0.
    pub weight: i32,
}

/// Those that answer before those that do not, by priority, then drawn by weight (as RFC 2782 does;
/// a weight of 0 leaves a small chance).
pub(super) fn order(mut offers: Vec<Offer>, rng: &mut impl Rng) -> Vec<Id<Trunk>> {
    offers.sort_by_key(|offer| (offer.down, offer.priority, offer.id));
    let mut order = Vec::with_capacity(offers.len());
    while let Some(first) = offers.first() {
        let rank = (first.down, first.priority);
        let equals = offers
            .iter()
            .take_while(|offer| (offer.down, offer.priority) == rank);
        let weights: Vec<u64> = equals
            .map(|offer| 1 + 100 * u64::try_from(offer.weight).unwrap_or(0))
            .collect();
        let mut draw = rng.random_range(0..weights.iter().sum::<u64>());
        let mut at = 0;
        for weight in weights {
            if draw < weight {
                break;
            }
            draw -= weight;
            at += 1;
        }
        order.push(offers.remove(at).id);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    fn offer(down: bool, priority: i32, weight: i32) -> Offer {
        Offer {
            id: Id::new(),
            down,
            priority,
            weight,
        }
    }

    #[test]
    fn priority_decides_and_a_dead_one_comes_last() {
        let (dead, second, first) = (offer(true, 0, 9), offer(false, 2, 9), offer(false, 1, 0));
        let offers = vec![dead.clone(), second.clone(), first.clone()];
        let order = order(offers, &mut StdRng::seed_from_u64(1));
        assert_eq!(order, [first.id, second.id, dead.id]);
    }

    #[test]
    fn weights_share_the_calls() {
        let (heavy, light) = (offer(false, 1, 3), offer(false, 1, 1));
        let mut rng = StdRng::seed_from_u64(7);
        let mut heavy_first = 0;
        for _ in 0..4000 {
            let order = order(vec![light.clone(), heavy.clone()], &mut rng);
            assert_eq!(order.len(), 2);
            heavy_first += u32::from(order[0] == heavy.id);
        }
        assert!((2800..3200).contains(&heavy_first), "{heavy_first} of 4000");
    }
}
