//! The legs of one thread by slot (for packets) and by id (for orders).

use crate::media::{MediaId, leg::Leg};
use std::collections::HashMap;

/// A table of legs. A slot is used again once its leg is gone.
#[derive(Default)]
pub(super) struct Legs {
    slots: Vec<Option<Box<Leg>>>,
    free: Vec<usize>,
    by_id: HashMap<MediaId, usize>,
}

impl Legs {
    /// Puts a leg into a free slot.
    pub fn insert(&mut self, leg: Box<Leg>) -> usize {
        let slot = self.free.pop().unwrap_or(self.slots.len());
        self.by_id.insert(leg.card.id, slot);
        match self.slots.get_mut(slot) {
            Some(place) => *place = Some(leg),
            None => self.slots.push(Some(leg)),
        }
        slot
    }

    /// Takes a leg out.
    pub fn remove(&mut self, slot: usize) -> Option<Box<Leg>> {
        let leg = self.slots.get_mut(slot)?.take()?;
        self.by_id.remove(&leg.card.id);
        self.free.push(slot);
        Some(leg)
    }

    /// The leg in a slot.
    pub fn at(&mut self, slot: usize) -> Option<&mut Leg> {
        self.slots.get_mut(slot)?.as_deref_mut()
    }

    /// The slot of a leg.
    pub fn slot(&self, id: MediaId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Number of slots, used or not.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no leg.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Number of legs.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}
