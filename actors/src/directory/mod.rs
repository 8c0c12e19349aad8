//! The only reader of the database: who is this, where does it lead, who rings, which number is shown.
//!
//! Answers are cached for a few seconds and forgotten at once when the API says that something changed.
//! It never asks anybody back, so it may be waited for.

mod cache;
mod caller_id;
mod inbound;
mod lead;
pub(crate) mod numbering;
mod people;

#[cfg(test)]
mod tests;

pub(crate) use caller_id::may_be_presented;

use crate::{call::Outcome, registrar::Registrar, target::Contact, trunk::Trunks};
use cache::Cache;
use schema::{
    Account, Db, DbError, Endpoint, Extension, Id, PhoneNumber, RingGroup, RingGroupMember,
    TargetId, User,
};
use std::sync::Arc;

/// The directory. Shared; every method may be called from any thread.
pub(crate) struct Directory {
    db: Db,
    registrar: Arc<Registrar>,
    trunks: Arc<Trunks>,
    endpoints: Cache<String, Endpoint>,
    accounts: Cache<Id<Account>, Account>,
    users: Cache<Id<User>, User>,
    everyone: Cache<Id<Account>, Vec<User>>,
    extensions: Cache<(Id<Account>, String), Extension>,
    numbers_of: Cache<(Id<Account>, TargetId), Vec<Extension>>,
    dids: Cache<String, PhoneNumber>,
    dids_by_id: Cache<Id<PhoneNumber>, PhoneNumber>,
    first_did: Cache<Id<Account>, PhoneNumber>,
    groups: Cache<Id<RingGroup>, (RingGroup, Vec<RingGroupMember>)>,
}

/// The directory could not be asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the directory does not answer")]
pub(crate) struct Closed(#[source] pub(crate) DbError);

impl From<Closed> for Outcome {
    fn from(_: Closed) -> Self {
        Self::Overloaded
    }
}

impl Directory {
    /// A directory over a database.
    pub(crate) fn new(db: Db, registrar: Arc<Registrar>, trunks: Arc<Trunks>) -> Self {
        Self {
            db,
            registrar,
            trunks,
            endpoints: Cache::new(),
            accounts: Cache::new(),
            users: Cache::new(),
            everyone: Cache::new(),
            extensions: Cache::new(),
            numbers_of: Cache::new(),
            dids: Cache::new(),
            dids_by_id: Cache::new(),
            first_did: Cache::new(),
            groups: Cache::new(),
        }
    }

    /// Where a user's phones are.
    fn phones(&self) -> impl Fn(Id<User>) -> Vec<Contact> + use<> {
        let registrar = self.registrar.clone();
        move |user| registrar.contacts_of(user)
    }

    /// Whether the database answers.
    pub(crate) async fn is_reachable(&self) -> bool {
        self.db.ping().await.is_ok()
    }

    /// Forgets what it knows: something was changed.
    pub(crate) fn forget(&self) {
        self.endpoints.clear();
        self.accounts.clear();
        self.users.clear();
        self.everyone.clear();
        self.extensions.clear();
        self.numbers_of.clear();
        self.dids.clear();
        self.dids_by_id.clear();
        self.first_did.clear();
        self.groups.clear();
    }
}
