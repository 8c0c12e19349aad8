//! Grants registrations (RFC 3261 §10) and knows where every phone is, from memory.
//!
//! The switchboard hands each REGISTER to [`Registrar::register`]; calls ask [`Registrar::contacts_of`].
//! A binding is durable before its 200 is sent and survives a restart. Nothing here is lost with a crash:
//! the table is rebuilt from the database at start-up, and a phone refreshes what it holds.

mod decide;
mod flow;
mod metrics;
mod table;
mod writer;

use crate::{
    directory::Directory,
    error::StartError,
    identity::{Doubt, Holder, Identity},
    metrics::Metrics as Figures,
    supervision::Fuse,
    target::Contact,
    webrtc_session::Watchers,
};
use decide::{Asked, Refusal, Wish};
use engine::leg::{Hop, Transport};
use metrics::Metrics;
use schema::{Account, Db, Endpoint, Id, Time, User};
use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use table::{Held, Table};
use writer::Writer;

/// Bindings read at a time when the exchange starts.
const LOAD_AT_ONCE: u32 = 5_000;
/// How often lapsed bindings are taken out of memory.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How many sweeps pass between two clean-ups of the database.
const SWEEPS_PER_CLEANUP: u32 = 120;
/// Seconds after which a phone may try again when a binding cannot be kept.
const RETRY_AFTER: &str = "30";

/// What a panic elsewhere left behind is whole: nothing is changed in two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bindings of all users. Shared, answers at once.
pub(crate) struct Registrar {
    table: Table,
    identity: Arc<Identity>,
    watchers: Arc<Watchers>,
    writer: Writer,
    metrics: Metrics,
    db: Db,
    /// WebSockets by which something was registered.
    sockets: Mutex<HashSet<(Transport, SocketAddr)>>,
    /// Those of them that ended since the last sweep.
    ended: Mutex<HashSet<(Transport, SocketAddr)>>,
    /// Where a test kills the decision on a REGISTER, and the sweeper.
    fuse: Fuse,
    sweeper: Fuse,
}

impl Registrar {
    /// A registrar that knows what the database knows.
    pub(crate) async fn start(
        db: Db,
        identity: Arc<Identity>,
        watchers: Arc<Watchers>,
        registry: &prometheus::Registry,
        figures: Arc<Figures>,
    ) -> Result<Self, StartError> {
        let table = Table::default();
        let (now, mut after) = (Time::now(), None);
        loop {
            let page = db.list_all_bindings(now, after, LOAD_AT_ONCE).await?;
            after = page.last().map(|binding| binding.id);
            let whole = page.len() < LOAD_AT_ONCE as usize;
            table.load(page);
            if whole {
                break;
            }
        }
        let metrics = Metrics::new(registry)?;
        metrics.holds(table.len());
        Ok(Self {
            table,
            identity,
            watchers,
            writer: Writer::start(db.clone(), figures),
            metrics,
            db,
            sockets: Mutex::default(),
            ended: Mutex::default(),
            fuse: Fuse::default(),
            sweeper: Fuse::default(),
        })
    }

    /// Takes lapsed bindings away, for ever.
    pub(crate) async fn sweep(self: Arc<Self>) {
        let mut sweeps = 0_u32;
        loop {
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                () = self.sweeper.lit() => {}
            }
            self.sweeper.burn();
            let now = Time::now();
            self.forget(|binding| binding.expires_at <= now);
            let ended = std::mem::take(&mut *lock(&self.ended));
            self.forget_flows(&ended);
            self.metrics.holds(self.table.len());
            self.identity.sweep(now);
            sweeps = sweeps.wrapping_add(1);
            if sweeps.is_multiple_of(SWEEPS_PER_CLEANUP)
                && let Err(error) = self.db.delete_lapsed_bindings(now).await
            {
                tracing::warn!(%error, "lapsed bindings stay in the database for now");
            }
        }
    }

    /// Decides on a REGISTER and answers it.
    pub(crate) async fn register(&self, registration: engine::Registration, directory: &Directory) {
        let engine::Registration {
            aor,
            domain: _,
            contacts,
            expires,
            call_id,
            cseq,
            path,
            agent,
            authorization,
            source,
            local,
            transport,
            reply,
        } = registration;
        let asked = Asked {
            contacts,
            expires,
            call_id,
            cseq,
            path,
            agent,
            transport,
            source,
            local,
        };
        let proof = authorization.as_ref();
        let outcome = match self.who(proof, &aor.user, source.ip(), directory).await {
            // Nobody waits for a database that is known not to answer.
            Ok(_) if directory.is_away() => Err(Refusal::Later),
            Ok(endpoint) => self.bind(&endpoint, &asked).await,
            Err(no) => Err(no),
        };
        self.fuse.burn();
        let (status, headers) = match outcome {
            Ok(held) => (200, decide::grant(&held, &asked, Time::now())),
            Err(no) => {
                tracing::debug!(%source, ?no, "a registration was refused");
                self.refusal(no)
            }
        };
        self.metrics.answered(status);
        reply.send(status, None, headers);
    }

    /// Carries out what is asked for and makes it durable; gives the bindings that hold now.
    async fn bind(&self, endpoint: &Endpoint, asked: &Asked) -> Result<Held, Refusal> {
        let wish = Wish::read(asked)?;
        if asked.transport.is_web_socket() {
            lock(&self.sockets).insert((asked.transport, asked.source));
        }
        let applied = self.table.apply(endpoint.id, Time::now(), |held, now| {
            decide::decide(endpoint, asked, &wish, held, now)
        })?;
        if applied.changes.is_empty() || self.writer.write(applied.changes.clone()).await {
            self.metrics
                .changed(applied.before.len(), applied.held.len());
            if applied.before.is_empty() != applied.held.is_empty() {
                self.watchers.changed(endpoint.user_id);
            }
            return Ok(applied.held);
        }
        self.table.undo(endpoint.id, applied);
        tracing::warn!(account.id = %endpoint.account_id, "a registration cannot be kept");
        Err(Refusal::Later)
    }

    /// The identity that the digest proves; it must be the one that is to be bound.
    async fn who(
        &self,
        authorization: Option<&engine::Authorization>,
        name: &str,
        source: IpAddr,
        directory: &Directory,
    ) -> Result<Arc<Endpoint>, Refusal> {
        let is_known = |name: &str| self.table.is_known(name, source);
        let proof = self
            .identity
            .prove(authorization, source, directory, is_known);
        match proof.await {
            Ok(Holder::Phone(endpoint)) if endpoint.sip_username == name => Ok(endpoint),
            Ok(_) | Err(Doubt::Wrong | Doubt::HeldOff) => Err(Refusal::Forbidden),
            Err(Doubt::Unproven { stale }) => Err(Refusal::Challenge { stale }),
            Err(Doubt::Malformed) => Err(Refusal::Malformed),
            Err(Doubt::Closed(_)) => Err(Refusal::Later),
        }
    }

    /// A refusal as status and headers.
    fn refusal(&self, no: Refusal) -> (u16, Vec<(String, String)>) {
        let (status, mut headers) = no.reading();
        if let Refusal::Challenge { stale } = no {
            let challenges = self.identity.challenges(stale);
            let named = challenges.into_iter();
            headers.extend(named.map(|value| ("WWW-Authenticate".to_owned(), value)));
        }
        if no == Refusal::Later {
            headers.push(("Retry-After".to_owned(), RETRY_AFTER.to_owned()));
        }
        (status, headers)
    }

    /// Kills the decision on the next REGISTER.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill(&self) {
        self.fuse.light();
    }

    /// Kills the sweeper now.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill_sweeper(&self) {
        self.sweeper.light();
    }

    /// Kills the loop that writes bindings, with the next ones in its hand.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill_writer(&self) {
        self.writer.kill();
    }

    /// Every live contact of a user, in the order of their registration.
    pub(crate) fn contacts_of(&self, user: Id<User>) -> Vec<Contact> {
        self.table.contacts_of(user, Time::now())
    }

    /// Whether a phone of this name is registered from this address.
    pub(crate) fn is_known(&self, name: &str, source: IpAddr) -> bool {
        self.table.is_known(name, source)
    }

    /// Whether any phone of the user is registered.
    pub(crate) fn is_reachable(&self, user: Id<User>) -> bool {
        !self.contacts_of(user).is_empty()
    }

    /// Forgets what was registered by a WebSocket that has ended, now and at the next sweep: a REGISTER of
    /// its last moment may still be on its way.
    pub(crate) fn hung_up(&self, transport: Transport, remote: SocketAddr) {
        let socket = (transport, remote);
        // One that never registered anything costs nobody a look at the table.
        if lock(&self.sockets).remove(&socket) {
            self.forget_flows(&HashSet::from([socket]));
            lock(&self.ended).insert(socket);
        }
    }

    fn forget_flows(&self, ended: &HashSet<(Transport, SocketAddr)>) {
        if ended.is_empty() {
            return;
        }
        lock(&self.sockets).retain(|socket| !ended.contains(socket));
        let gone = self.forget(|binding| match flow::read(&binding.flow) {
            Some(Hop::Flow {
                transport, remote, ..
            }) => ended.contains(&(transport, remote)),
            _ => false,
        });
        self.metrics.holds(self.table.len());
        self.writer.forget(gone);
    }

    /// Forgets the bindings of an account that was deleted.
    pub(crate) fn account_deleted(&self, account: Id<Account>) {
        self.forget(|binding| binding.account_id == account);
    }

    /// Forgets the bindings of a user that was deleted.
    pub(crate) fn user_deleted(&self, user: Id<User>) {
        self.forget(|binding| binding.user_id == user);
    }

    /// Forgets the bindings of a SIP identity that was deleted, or whose password was changed.
    pub(crate) fn endpoint_deleted(&self, endpoint: Id<Endpoint>) {
        let gone = self.forget(|binding| binding.endpoint_id == endpoint);
        self.writer.forget(gone);
    }

    /// Takes bindings out of memory, and tells who watches their users.
    fn forget(&self, unwanted: impl Fn(&schema::Binding) -> bool) -> Vec<Id<schema::Binding>> {
        let gone = self.table.forget(unwanted);
        for binding in &gone {
            self.watchers.changed(binding.user_id);
        }
        gone.iter().map(|binding| binding.id).collect()
    }
}
