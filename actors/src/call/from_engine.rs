//! News of legs on their way from the engine into a call's inbox.

use super::{Input, state::PartyId};
use crate::{registry::Entry, supervision::Full};
use engine::leg::{Delivery, LegEvent, LegId, LegSink};
use std::sync::{Arc, Weak};

/// Listens to one leg for one call. Outlives the call's actor, not the call.
pub(super) struct Ear {
    entry: Weak<Entry>,
    party: PartyId,
}

impl Ear {
    /// A listener for the engine.
    pub(super) fn of(entry: &Arc<Entry>, party: PartyId) -> Arc<dyn LegSink> {
        Arc::new(Self {
            entry: Arc::downgrade(entry),
            party,
        })
    }
}

impl LegSink for Ear {
    fn deliver(&self, leg: LegId, event: &LegEvent) -> Delivery {
        let Some(entry) = self.entry.upgrade() else {
            return Delivery::Gone;
        };
        match entry.tell(Input::Leg(self.party, leg, event.clone())) {
            Ok(()) => Delivery::Taken,
            Err(Full::Full) => Delivery::Full,
            Err(Full::Closed) => Delivery::Gone,
        }
    }
}
