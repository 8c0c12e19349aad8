//! What every actor may reach: one handle each to the rooms around it.

use crate::{
    bus::Bus,
    call::Outcome,
    config::Config,
    directory::Directory,
    error::Unavailable,
    events::Event,
    identity::Identity,
    ledger::Ledger,
    metrics::Metrics,
    presence::{Presence, PresenceState},
    registrar::Registrar,
    registry::Registry,
    supervision::{Kind, Nursery, words},
    target::{Answer, Question},
    trunk::Trunks,
    webrtc_session::{Sessions, SocketId, Watchers},
};
use actix::ArbiterHandle;
use futures_util::FutureExt as _;
use schema::{Account, Call, Id, Time, User};
use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::AtomicBool},
};

/// How often a question is asked whose answer crashes.
const ASKED: usize = 2;

/// The rooms of one exchange.
pub(crate) struct Rooms {
    pub(crate) config: Config,
    pub(crate) endpoint: engine::Endpoint,
    pub(crate) registry: Arc<Registry>,
    pub(crate) nursery: Arc<Nursery<Id<Call>>>,
    pub(crate) bus: Bus,
    pub(crate) directory: Directory,
    pub(crate) ledger: Ledger,
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) trunks: Arc<Trunks>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) presence: Arc<Presence>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) sessions_nursery: Arc<Nursery<SocketId>>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) metrics: Arc<Metrics>,
    /// At least one.
    pub(crate) arbiters: Vec<ArbiterHandle>,
    /// New calls are refused.
    pub(crate) draining: AtomicBool,
}

impl Rooms {
    /// The arbiter on which everything of a call or a session runs.
    pub(crate) fn arbiter(&self, of: &impl Hash) -> &ArbiterHandle {
        let mut hasher = DefaultHasher::new();
        of.hash(&mut hasher);
        let count = u64::try_from(self.arbiters.len()).unwrap_or(1).max(1);
        let at = usize::try_from(hasher.finish() % count).unwrap_or(0);
        &self.arbiters[at]
    }

    /// Tells the tenants.
    pub(crate) fn publish(&self, account: Id<Account>, call: Id<Call>, event: &Event) {
        let json = event.json(account, call, Time::now());
        tracing::debug!(call.id = %call, account.id = %account, event = event.name(), "an event");
        self.bus.publish(account, event.name(), json);
    }

    /// Whether a user can be reached right now, and is free.
    pub(crate) async fn presence_of(&self, user: Id<User>) -> Result<PresenceState, Unavailable> {
        Ok(match self.presence.is_on_call(user).await? {
            true => PresenceState::OnCall,
            false if self.is_reachable(user) => PresenceState::Available,
            false => PresenceState::Offline,
        })
    }

    /// Whether anything of the user would ring.
    fn is_reachable(&self, user: Id<User>) -> bool {
        self.registrar.is_reachable(user) || self.sessions.count(user) > 0
    }

    /// Whether a new call can be promised its record and its routing.
    pub(crate) fn is_able(&self) -> bool {
        self.ledger.is_able() && !self.directory.is_away()
    }

    /// Answers a call's question; a directory that does not answer is an answer, too. One that crashes is
    /// asked once more.
    pub(crate) async fn answer(&self, question: Question) -> Answer {
        for _ in 0..ASKED {
            let asked = AssertUnwindSafe(self.directory.answer(question.clone()));
            match asked.catch_unwind().await {
                Ok(answer) => return answer,
                Err(panic) => {
                    let panic = words(panic.as_ref());
                    tracing::error!(panic, "an answer of the directory crashed");
                    self.metrics.crashed(Kind::Directory);
                }
            }
        }
        Err(Outcome::Internal)
    }
}
