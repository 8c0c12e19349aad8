//! Orders as they come out of the mailbox, and legs that change threads.

use super::{ARRIVAL_LIMIT, Worker};
use crate::media::{
    MediaEvent,
    card::Card,
    command::{Arrival, Command},
    leg::{Doing, Leg},
};
use crate::webrtc::Line;
use mio::Token;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

impl Worker {
    /// Reads the mailbox to its end, or up to an order that waits for a leg to come over.
    pub(super) fn obey(&mut self) {
        let shared = Arc::clone(&self.shared);
        let Some(mailbox) = shared.mailboxes.get(self.index) else {
            return;
        };
        mailbox.reading();
        loop {
            while let Some(arrival) = mailbox.arrival() {
                self.arrived(arrival);
            }
            if let Some((id, until)) = self.expected {
                if Instant::now() < until {
                    return;
                }
                tracing::error!(leg = id.0, "a leg did not come over from its old thread");
                self.expected = None;
            }
            let Some(command) = mailbox.order() else {
                return;
            };
            self.guarded(|worker| worker.execute(command));
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Open(leg) => {
                self.adopt(leg);
            }
            Command::Configure(card, stream) => {
                let now = Instant::now();
                if let Some(leg) =
                    self.owned(&card, |card| Command::Configure(card, stream.clone()))
                {
                    leg.configure(*stream, now);
                }
            }
            Command::Bridge(a, b) => self.bridge(&a, &b),
            Command::Play(card, prompt) => {
                self.start(
                    &card,
                    |card| Command::Play(card, prompt),
                    Doing::play(prompt),
                );
            }
            Command::Echo(card) => self.start(&card, Command::Echo, Doing::Echo),
            Command::Idle(card) => self.start(&card, Command::Idle, Doing::Idle),
            Command::Dtmf(card, digits) => self.press(&card, digits),
            Command::Listen(card, hz) => {
                if let Some(leg) = self.owned(&card, |card| Command::Listen(card, hz)) {
                    leg.listen(hz);
                }
            }
            Command::Mute(card, on) => {
                if let Some(leg) = self.owned(&card, |card| Command::Mute(card, on)) {
                    leg.muted = on;
                }
            }
            Command::Join(card, line) => self.join(&card, line),
            Command::Revoke(card) => self.revoke(&card),
            Command::Fail(card) => {
                if self.owned(&card, Command::Fail).is_some()
                    && let Some(slot) = self.legs.slot(card.id)
                {
                    self.fail(slot);
                }
            }
            Command::Close(card) => {
                if self.owned(&card, Command::Close).is_some()
                    && let Some(slot) = self.legs.slot(card.id)
                {
                    self.report(slot, true, Instant::now());
                    drop(self.dismiss(slot));
                }
            }
            Command::Depart(card, to) => self.depart(card, to),
            Command::Expect(card) => self.expect(&card),
            Command::Stop => self.stopping = true,
            #[cfg(test)]
            Command::Settle(done) => {
                let _ = done.send(());
            }
            #[cfg(test)]
            Command::Fault(card) => {
                if let Some(leg) = self.owned(&card, Command::Fault) {
                    leg.faulty = true;
                }
            }
        }
    }

    /// Finds a leg of this thread. An order for one that has moved is passed on; one for a leg that
    /// is gone is forgotten.
    fn owned(
        &mut self,
        card: &Arc<Card>,
        again: impl FnOnce(Arc<Card>) -> Command,
    ) -> Option<&mut Leg> {
        if let Some(slot) = self.legs.slot(card.id) {
            self.current = Some(slot);
            return self.legs.at(slot);
        }
        let home = card.home.load(Ordering::SeqCst);
        if home != self.index {
            self.forward(home, again(Arc::clone(card)));
        }
        None
    }

    /// Lets a leg do something on its own; its partner, when it had one, falls idle.
    fn start(&mut self, card: &Arc<Card>, again: impl FnOnce(Arc<Card>) -> Command, doing: Doing) {
        if self.owned(card, again).is_none() {
            return;
        }
        let Some(slot) = self.legs.slot(card.id) else {
            return;
        };
        self.part(slot);
        if let Some(leg) = self.legs.at(slot) {
            leg.doing = doing;
        }
        self.keep_ticking(slot);
    }

    fn press(&mut self, card: &Arc<Card>, digits: Box<str>) {
        let again = |card| Command::Dtmf(card, digits.clone());
        let Some(leg) = self.owned(card, again) else {
            return;
        };
        if let Some(stream) = leg.stream.as_deref() {
            leg.mouth.press(stream, &digits);
        }
        if let Some(slot) = self.legs.slot(card.id) {
            self.keep_ticking(slot);
        }
    }

    fn bridge(&mut self, a: &Arc<Card>, b: &Arc<Card>) {
        let (Some(one), Some(other)) = (self.legs.slot(a.id), self.legs.slot(b.id)) else {
            return;
        };
        if one == other {
            return self.start(a, Command::Echo, Doing::Echo);
        }
        self.part(one);
        self.part(other);
        for (slot, peer) in [(one, other), (other, one)] {
            if let Some(leg) = self.legs.at(slot) {
                leg.doing = Doing::Relay(peer);
            }
        }
    }

    /// Gives a WebRTC leg its line. An order for a leg that has moved on goes after it.
    fn join(&mut self, card: &Arc<Card>, line: Box<Line>) {
        let Some(slot) = self.legs.slot(card.id) else {
            let home = card.home.load(Ordering::SeqCst);
            if home != self.index {
                self.forward(home, Command::Join(Arc::clone(card), line));
            }
            return;
        };
        self.current = Some(slot);
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        if !leg.unlock(&line.keys) {
            return self.fail(slot);
        }
        if let Err(error) = leg.wire.join(*line, &self.registry, Token(slot * 2)) {
            tracing::error!(leg = card.id.0, %error, "a WebRTC line cannot be listened to");
            self.fail(slot);
        }
    }

    /// Sends nothing more to a peer that does not want to hear us, and says that it is gone.
    fn revoke(&mut self, card: &Arc<Card>) {
        if self.owned(card, Command::Revoke).is_none() {
            return;
        }
        let Some(slot) = self.legs.slot(card.id) else {
            return;
        };
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        leg.wire.cut(&self.registry);
        match leg.doing {
            Doing::Relay(_) | Doing::Echo => self.tell(card.id, MediaEvent::Silent),
            // Nobody talks to it who could miss it, and it never comes back.
            Doing::Idle | Doing::Play(_) => self.fail(slot),
        }
    }

    /// Ends what a leg is doing, for its partner too.
    fn part(&mut self, slot: usize) {
        let Some(leg) = self.legs.at(slot) else {
            return;
        };
        if let Doing::Relay(peer) = leg.stop()
            && let Some(peer) = self.legs.at(peer)
        {
            peer.stop();
        }
    }

    /// Starts to listen for a leg.
    fn adopt(&mut self, leg: Box<Leg>) -> usize {
        let slot = self.legs.insert(leg);
        self.tally.legs.set(self.legs.len() as u64);
        let Some(leg) = self.legs.at(slot) else {
            return slot;
        };
        let id = leg.card.id;
        let listening = leg.wire.register(&self.registry, Token(slot * 2));
        if let Err(error) = listening {
            tracing::error!(leg = id.0, %error, "an RTP socket cannot be listened to");
            self.fail(slot);
        }
        slot
    }

    /// Takes a leg out of the thread: nobody hears it and it hears nobody.
    pub(super) fn dismiss(&mut self, slot: usize) -> Option<Box<Leg>> {
        self.part(slot);
        let mut leg = self.legs.remove(slot)?;
        self.tally.legs.set(self.legs.len() as u64);
        self.ticking.retain(|ticking| *ticking != slot);
        leg.wire.deregister(&self.registry);
        Some(leg)
    }

    fn depart(&mut self, card: Arc<Card>, to: usize) {
        let leg = self.legs.slot(card.id).and_then(|slot| self.dismiss(slot));
        if let Some(mailbox) = self.shared.mailboxes.get(to) {
            mailbox.arrive(Arrival { card, leg });
        }
    }

    fn expect(&mut self, card: &Card) {
        if let Some(place) = self.gone.iter().position(|id| *id == card.id) {
            self.gone.swap_remove(place);
        } else if self.legs.slot(card.id).is_none() {
            self.expected = Some((card.id, Instant::now() + ARRIVAL_LIMIT));
        }
    }

    fn arrived(&mut self, Arrival { card, leg }: Arrival) {
        let awaited = self.expected.is_some_and(|(id, _)| id == card.id);
        if awaited {
            self.expected = None;
        }
        match leg {
            Some(leg) => {
                let slot = self.adopt(leg);
                self.keep_ticking(slot);
            }
            None if !awaited => self.gone.push(card.id),
            None => {}
        }
    }
}
