//! Users and the calls they are on.

use schema::{Call, Id, User};
use std::collections::{HashMap, HashSet};

/// Every user who is on a call, with the calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    users: HashMap<Id<User>, HashSet<Id<Call>>>,
}

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Engaged {
    /// Which call.
    pub call: Id<Call>,
    /// Who.
    pub user: Id<User>,
    /// Joined or left.
    pub on: bool,
}

impl State {
    /// Notes a change; repeating one changes nothing. Whether the user is seen differently now.
    pub(super) fn apply(&mut self, change: Engaged) -> bool {
        let before = self.is_engaged(change.user);
        self.note(change);
        before != self.is_engaged(change.user)
    }

    fn note(&mut self, change: Engaged) {
        let Engaged { call, user, on } = change;
        if on {
            self.users.entry(user).or_default().insert(call);
            return;
        }
        if let Some(calls) = self.users.get_mut(&user) {
            calls.remove(&call);
            if calls.is_empty() {
                self.users.remove(&user);
            }
        }
    }

    /// Whether the user is on any call.
    pub(super) fn is_engaged(&self, user: Id<User>) -> bool {
        self.users.contains_key(&user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_free_after_the_last_call() {
        let (user, one, two) = (Id::new(), Id::new(), Id::new());
        let mut state = State::default();
        let table = [
            (one, true, true),
            (two, true, true),
            (two, true, true),
            (one, false, true),
            (one, false, true),
            (two, false, false),
        ];
        for (call, on, engaged) in table {
            state.apply(Engaged { call, user, on });
            assert_eq!(state.is_engaged(user), engaged);
        }
        assert_eq!(state, State::default());
    }
}
