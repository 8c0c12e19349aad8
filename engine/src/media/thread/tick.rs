//! What happens by the clock.

use super::{SHARES, Worker};
use crate::media::MediaEvent;
use std::time::Instant;

impl Worker {
    /// Looks after the share of the legs whose turn it is.
    pub(super) fn sweep(&mut self, now: Instant) {
        let step = SHARES as usize;
        for slot in (self.share as usize..self.legs.slots()).step_by(step) {
            self.current = Some(slot);
            self.guarded(|worker| worker.look_after(slot, now));
        }
    }

    fn look_after(&mut self, slot: usize, now: Instant) {
        let limit = self.shared.config.silence;
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        let Some(stream) = leg.stream.as_deref() else {
            return;
        };
        let silent = stream.direction.receives() && leg.ears.silent(limit, now);
        leg.reports
            .sample(&leg.card.figures, &leg.ears.reception, &self.tally);
        let due = leg.reports.due(now);
        if due && let Some(jitter) = leg.ears.reception.jitter_ms() {
            self.shared.metrics.jitter.observe(jitter / 1000.0);
        }
        let id = leg.card.id;
        if due {
            self.report(slot, false, now);
        }
        if silent {
            self.tell(id, MediaEvent::Silent);
        }
    }

    /// Sends a report, the last one with a goodbye.
    pub(super) fn report(&mut self, slot: usize, last: bool, now: Instant) {
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        if leg.control_target().is_none() {
            return;
        }
        let length = leg.report(self.scratch.as_mut_slice(), &self.clock, last, now);
        if let Some(report) = self.scratch.get(..length) {
            leg.send_report(report, &self.tally);
        }
    }
}
