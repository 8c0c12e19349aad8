//! The users a client watches: one snapshot, then what changes.

use super::calls::refusal;
use crate::webrtc_session::{
    frames::{Code, PresenceItem, ServerFrame, Trouble},
    messages::Effect,
};
use schema::{Id, Time, User};
use std::collections::{BTreeMap, VecDeque};

/// The most users one client watches.
const WATCHED: usize = 100;
/// Subscriptions that may wait for their snapshot.
const ASKED: usize = 8;

/// What is watched. One look is under way at a time, so that what is told is never older than what was
/// told before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Watching {
    /// Users with what the client knows of them.
    users: BTreeMap<Id<User>, PresenceItem>,
    /// Subscriptions without their snapshot; the first is being looked at.
    asked: VecDeque<Asked>,
    /// Users that changed are being looked at.
    looking: bool,
    /// Somebody changed in the meantime.
    again: bool,
    /// Number of the look that is under way, or was the last.
    number: u32,
}

#[derive(Debug, Clone, PartialEq)]
struct Asked {
    req_id: Option<String>,
    /// As the client wrote them.
    names: Vec<String>,
}

impl Asked {
    fn users(&self) -> Vec<Id<User>> {
        let mut users: Vec<Id<User>> = self.names.iter().filter_map(|n| n.parse().ok()).collect();
        users.sort();
        users.dedup();
        users
    }
}

impl Watching {
    /// Watches these instead of those before.
    pub(super) fn subscribe(
        &mut self,
        req_id: Option<String>,
        names: Vec<String>,
        out: &mut Vec<Effect>,
    ) {
        if names.is_empty() || names.len() > WATCHED {
            let why = "users must name 1 to 100 users";
            return out.push(refusal(req_id, Code::InvalidMessage, why));
        }
        if self.asked.len() >= ASKED {
            return out.push(refusal(req_id, Code::RateLimited, "too many subscriptions"));
        }
        self.asked.push_back(Asked { req_id, names });
        if self.asked.len() == 1 && !self.looking {
            self.look(out);
        }
    }

    /// Starts the next look, when there is a reason for one.
    fn look(&mut self, out: &mut Vec<Effect>) {
        if let Some(asked) = self.asked.front() {
            self.users.clear();
            let users = asked.users();
            // First watch, then look: no change is missed in between.
            out.push(Effect::Watch(users.clone()));
            out.push(Effect::Look(self.next(), users));
        } else if std::mem::take(&mut self.again) {
            self.looking = true;
            out.push(Effect::LookAgain(self.next()));
        }
    }

    fn next(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }

    /// Somebody who is watched may have changed.
    pub(super) fn stale(&mut self, out: &mut Vec<Effect>) {
        self.again = true;
        if self.asked.is_empty() && !self.looking {
            self.look(out);
        }
    }

    /// How they are.
    pub(super) fn looked(
        &mut self,
        number: u32,
        found: Vec<(Id<User>, Option<PresenceItem>)>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        if number != self.number {
            return;
        }
        if std::mem::take(&mut self.looking) {
            self.changed(found, now, out);
        } else if let Some(asked) = self.asked.pop_front() {
            self.listed(asked, found, out);
        }
        self.look(out);
    }

    fn listed(
        &mut self,
        asked: Asked,
        found: Vec<(Id<User>, Option<PresenceItem>)>,
        out: &mut Vec<Effect>,
    ) {
        for (user, item) in found {
            if let Some(item) = item {
                self.users.insert(user, item);
            }
        }
        let mut users: Vec<PresenceItem> = Vec::new();
        let mut missing = Vec::new();
        for name in asked.names {
            let item = name
                .parse()
                .ok()
                .and_then(|id: Id<User>| self.users.get(&id));
            match item {
                Some(item) if users.iter().any(|known| known.user_id == item.user_id) => {}
                Some(item) => users.push(item.clone()),
                None => missing.push(name),
            }
        }
        let req_id = asked.req_id;
        out.push(Effect::Send(ServerFrame::Presences {
            req_id: req_id.clone(),
            users,
        }));
        if !missing.is_empty() {
            let why = "some of these users cannot be watched";
            let trouble = Trouble::new(Code::PresenceUnavailable, why);
            let trouble = trouble.answers(req_id).of(missing);
            out.push(Effect::Send(ServerFrame::Error(trouble)));
        }
    }

    fn changed(
        &mut self,
        found: Vec<(Id<User>, Option<PresenceItem>)>,
        now: Time,
        out: &mut Vec<Effect>,
    ) {
        for (user, item) in found {
            let (Some(known), Some(mut item)) = (self.users.get_mut(&user), item) else {
                continue;
            };
            item.updated_at = now;
            if !item.says_the_same_as(known) {
                out.push(Effect::Send(ServerFrame::Presence(item.clone())));
                *known = item;
            }
        }
    }

    /// A look may have been lost.
    pub(super) fn raised(&mut self, out: &mut Vec<Effect>) {
        self.looking = false;
        self.again = !self.users.is_empty();
        if self.again && self.asked.is_empty() {
            // All of them: who changed may have been forgotten with the look.
            self.again = false;
            self.looking = true;
            let all = self.users.keys().copied().collect();
            return out.push(Effect::Look(self.next(), all));
        }
        self.look(out);
    }
}
