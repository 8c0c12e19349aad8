//! What happens by the clock: frames of our own every 20 ms, and a look at every leg once a second.

use super::{FRAME, SHARES, Worker};
use crate::media::{
    MediaEvent,
    leg::{Doing, Leg},
    mouth::Said,
    prompt::Store,
};
use crate::{rtp::packet::HEADER_LENGTH, sdp::Direction};
use std::time::{Duration, Instant};

/// A thread that is later than this goes on from now instead of catching up.
const MAX_LATENESS: Duration = Duration::from_millis(200);

impl Worker {
    /// Puts a leg on the list of those that are looked at every 20 ms, when it has reason to be.
    pub(super) fn keep_ticking(&mut self, slot: usize) {
        if !self.legs.at(slot).is_some_and(|leg| leg.is_ticking()) || self.ticking.contains(&slot) {
            return;
        }
        if self.ticking.is_empty() {
            self.next_frame = Instant::now();
        }
        self.ticking.push(slot);
    }

    /// Sends the frames of the present 20 ms.
    pub(super) fn frame(&mut self, now: Instant) {
        self.next_frame += FRAME;
        if now.saturating_duration_since(self.next_frame) > MAX_LATENESS {
            self.next_frame = now + FRAME;
        }
        let mut place = 0;
        while let Some(slot) = self.ticking.get(place).copied() {
            self.current = Some(slot);
            self.guarded(|worker| worker.tick(slot, now));
            // A leg that failed has left the list by itself.
            if self.ticking.get(place) == Some(&slot) {
                if self.legs.at(slot).is_some_and(|leg| leg.is_ticking()) {
                    place += 1;
                } else {
                    self.ticking.swap_remove(place);
                }
            }
        }
    }

    fn tick(&mut self, slot: usize, now: Instant) {
        self.presses(slot, now);
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        let buffer = self.buffer.as_mut_slice();
        if let Some(said) = leg.frame(&self.shared.prompts, buffer, now) {
            leg.send(&said, buffer, self.scratch.as_mut_slice(), &self.tally);
        }
    }

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
        // A party that holds says sendonly or inactive, and most then send nothing at all.
        let talks = stream.direction == Direction::SendRecv;
        // A WebRTC peer that is there says so by its checks, whether it talks or not.
        let silent = talks && !leg.wire.is_web() && leg.ears.silent(limit, now);
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
        let length = leg.report(self.buffer.as_mut_slice(), &self.clock, last, now);
        if let Some(report) = self.buffer.get(..length) {
            leg.send_report(report, self.scratch.as_mut_slice(), &self.tally);
        }
    }
}

impl Leg {
    /// What the leg sends by itself in the present 20 ms: a key before a prompt.
    fn frame(&mut self, prompts: &Store, buffer: &mut [u8], now: Instant) -> Option<Said> {
        if self.mouth.is_keying() {
            if let Doing::Play(playing) = &mut self.doing {
                playing.flows = false;
            }
            self.sending().ok()?;
            return self.mouth.key(buffer, now);
        }
        let payload = self.sending().map(|stream| stream.codecs.first().copied());
        let Doing::Play(playing) = &mut self.doing else {
            return None;
        };
        let Ok(Some(payload)) = payload else {
            playing.flows = false;
            return None;
        };
        let player = match &mut playing.player {
            Some((known, player)) if *known == payload => player,
            player => {
                let made = prompts.player(playing.prompt, payload);
                &mut player.insert((payload, made)).1
            }
        };
        let frame = player.next_frame();
        let room = buffer.get_mut(HEADER_LENGTH..HEADER_LENGTH + frame.len())?;
        room.copy_from_slice(frame);
        let flows = std::mem::replace(&mut playing.flows, true);
        Some(self.mouth.own(payload, room.len(), flows, now))
    }
}
