//! What happens by the clock.

use super::{SHARES, Worker};
use crate::media::MediaEvent;
use std::time::Instant;

impl Worker {
    /// Looks after the share of the legs whose turn it is.
    pub(super) fn sweep(&mut self, now: Instant) {
        let limit = self.shared.config.silence;
        let step = SHARES as usize;
        for slot in (self.share as usize..self.legs.slots()).step_by(step) {
            let Some(leg) = self.legs.at(slot) else {
                continue;
            };
            let id = leg.card.id;
            let expected = leg
                .stream
                .as_ref()
                .is_some_and(|stream| stream.direction.receives());
            if expected && leg.ears.silent(limit, now) {
                self.tell(id, MediaEvent::Silent);
            }
        }
    }
}
