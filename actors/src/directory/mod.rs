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

use crate::{
    call::Outcome, config::Times, registrar::Registrar, supervision::Fuse, target::Contact,
    trunk::Trunks, webrtc_session::Sessions,
};
use cache::{Away, Cache};
use schema::{
    Account, Db, DbError, Endpoint, Extension, Id, PhoneNumber, RingGroup, RingGroupMember,
    TargetId, User,
};
use std::sync::Arc;

/// The directory. Shared; every method may be called from any thread.
pub(crate) struct Directory {
    db: Db,
    registrar: Arc<Registrar>,
    sessions: Arc<Sessions>,
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
    away: Arc<Away>,
    /// How long a user's phones ring when nothing else is said, in seconds.
    user_rings: u32,
    /// Where a test kills an answer.
    fuse: Fuse,
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
    pub(crate) fn new(
        db: Db,
        registrar: Arc<Registrar>,
        sessions: Arc<Sessions>,
        trunks: Arc<Trunks>,
        times: &Times,
    ) -> Self {
        let away = Arc::default();
        Self {
            db,
            registrar,
            sessions,
            trunks,
            endpoints: Cache::new(&away),
            accounts: Cache::new(&away),
            users: Cache::new(&away),
            everyone: Cache::new(&away),
            extensions: Cache::new(&away),
            numbers_of: Cache::new(&away),
            dids: Cache::new(&away),
            dids_by_id: Cache::new(&away),
            first_did: Cache::new(&away),
            groups: Cache::new(&away),
            away,
            user_rings: u32::try_from(times.user_rings.as_secs()).unwrap_or(u32::MAX),
            fuse: Fuse::default(),
        }
    }

    /// Where a user's phones and browsers are.
    fn phones(&self) -> impl Fn(Id<User>) -> Vec<Contact> + use<> {
        let (registrar, sessions) = (self.registrar.clone(), self.sessions.clone());
        move |user| {
            let mut contacts = registrar.contacts_of(user);
            contacts.extend(sessions.contacts_of(user));
            contacts
        }
    }

    /// For the few questions whose answers are not kept.
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Whether the database answers.
    pub(crate) async fn is_reachable(&self) -> bool {
        let asked = tokio::time::timeout(cache::PATIENCE, self.db.ping()).await;
        let answers = matches!(asked, Ok(Ok(())));
        match answers {
            true => self.away.is_over(),
            false => self.away.begins(),
        }
        answers
    }

    /// Whether the database failed to answer the last time: then only calls for help are taken.
    pub(crate) fn is_away(&self) -> bool {
        self.away.is_so()
    }

    /// Kills the answer to the next question of a call.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill(&self) {
        self.fuse.light();
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
