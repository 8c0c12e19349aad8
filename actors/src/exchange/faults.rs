//! Kills actors on purpose, for tests of what is left then.

use super::Exchange;
use crate::{
    call::Die,
    events::{Ends, Event},
    supervision::Kind,
    switchboard::Order,
    webrtc_session,
};
use schema::{Account, Call, Id};
use std::ops::Range;

impl Exchange {
    /// Kills one actor of a kind, of the given call when it is a call's. Answers whether there was one.
    pub fn inject_panic(&self, kind: Kind, call: Option<Id<Call>>) -> bool {
        match kind {
            Kind::Call => {
                let entry = call.and_then(|call| self.rooms.registry.get(call));
                let actor = entry.and_then(|entry| entry.actor());
                actor.is_some_and(|actor| actor.try_send(Die).is_ok())
            }
            Kind::Presence => {
                self.rooms.presence.kill();
                true
            }
            Kind::Ledger => {
                self.rooms.ledger.kill();
                true
            }
            Kind::Switchboard => self.orders.try_send(Order::Die).is_ok(),
            Kind::Registrar => {
                self.rooms.registrar.kill();
                true
            }
            Kind::Sweeper => {
                self.rooms.registrar.kill_sweeper();
                true
            }
            Kind::Bindings => {
                self.rooms.registrar.kill_writer();
                true
            }
            Kind::Trunk => {
                self.rooms.trunks.kill();
                true
            }
            Kind::TrunkKeeper => self.rooms.trunks.kill_keepers(),
            Kind::Directory => {
                self.rooms.directory.kill();
                true
            }
            Kind::WebrtcSession => {
                let all = self.rooms.sessions.select(|_| true);
                let actors = all.iter().filter_map(|entry| entry.actor());
                let killed = actors.filter(|actor| actor.try_send(webrtc_session::Die).is_ok());
                killed.count() > 0
            }
        }
    }

    /// The control of a call that begins later dies at the n-th of the places it passes, counted from 1:
    /// before each step, and in the middle of each decision. Said several times: the next calls, one after
    /// the other.
    pub fn doom_next_call(&self, place: usize) {
        self.rooms.registry.doom(place);
    }

    /// The control of a browser session that begins later dies at the n-th of the places it passes, counted
    /// from 1: before each step, and in the middle of each decision.
    pub fn doom_next_session(&self, place: usize) {
        self.rooms.sessions.doom(place);
    }

    /// Tells an account of incoming calls that there never were, from these numbers, with a name of this
    /// many characters.
    pub fn inject_facts(&self, account: Id<Account>, numbers: Range<usize>, name: usize) {
        for number in numbers {
            let ends = Ends {
                from_number: number.to_string(),
                ..Ends::default()
            };
            let from_name = Some("x".repeat(name));
            let event = Event::Incoming { ends, from_name };
            self.rooms.publish(account, Id::new(), &event);
        }
    }

    /// The live calls, for tests that kill each.
    pub fn live_call_ids(&self) -> Vec<Id<Call>> {
        let all = self.rooms.registry.select(|_| true);
        all.iter().map(|entry| entry.id).collect()
    }
}
