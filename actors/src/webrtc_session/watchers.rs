//! Who watches whom.

use super::table::Entry;
use dashmap::DashMap;
use schema::{Id, User};
use std::sync::{Arc, Weak};

/// The sessions that watch each user. Told by everything that changes how a user is.
#[derive(Default)]
pub(crate) struct Watchers {
    by_user: DashMap<Id<User>, Vec<Weak<Entry>>>,
}

impl Watchers {
    /// A user may be seen differently now. Costs nothing when nobody watches.
    pub(crate) fn changed(&self, user: Id<User>) {
        let watching = self.by_user.get(&user).map(|found| found.clone());
        for entry in watching.unwrap_or_default() {
            if let Some(entry) = entry.upgrade() {
                entry.is_stale(user);
            }
        }
    }

    /// Everybody may be seen differently now.
    pub(crate) fn all_changed(&self) {
        let users: Vec<_> = self.by_user.iter().map(|found| *found.key()).collect();
        for user in users {
            self.changed(user);
        }
    }

    /// From now on the session watches these users, and no others.
    pub(super) fn watch(&self, entry: &Arc<Entry>, users: &[Id<User>]) {
        let this = Arc::downgrade(entry);
        for user in entry.watches(users.to_vec()) {
            if let Some(mut watching) = self.by_user.get_mut(&user) {
                watching.retain(|other| !other.ptr_eq(&this) && other.strong_count() > 0);
            }
            self.by_user
                .remove_if(&user, |_, watching| watching.is_empty());
        }
        for user in users {
            self.by_user.entry(*user).or_default().push(this.clone());
        }
    }
}
