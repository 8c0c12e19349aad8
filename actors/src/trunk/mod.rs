//! Trunks: who may come in by its address, which one goes out next, how many channels are taken.
//!
//! One keeper a trunk probes it with OPTIONS and, when asked to, registers with it. Channels are counted
//! here and nowhere else, across changes of the trunk. When a keeper dies it is started again; calls over
//! its trunk do not notice.

mod choose;
mod cidr;
mod keeper;
mod metrics;
mod route;

pub(crate) use route::TrunkCandidate;

use crate::{config::Times, metrics::Metrics as Figures, secrets::Secrets, supervision::Fuse};
use cidr::Cidr;
use dashmap::DashMap;
use engine::sip::digest::Ha1;
use keeper::Keepers;
use metrics::Metrics;
use route::Route;
use schema::{Db, DbError, Id, Trunk};
use std::{
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use tokio::sync::Notify;

/// The trunks of the exchange. Shared, answers at once, from memory.
pub(crate) struct Trunks {
    lines: RwLock<Arc<Vec<Line>>>,
    state: DashMap<Id<Trunk>, Arc<State>>,
    changed: Notify,
    metrics: Metrics,
    figures: Arc<Figures>,
    secrets: Secrets,
    db: Db,
    /// Where a test kills the loop.
    fuse: Fuse,
}

/// An enabled trunk.
#[derive(Clone)]
struct Line {
    trunk: Trunk,
    route: Arc<Route>,
    inbound: Vec<Cidr>,
    state: Arc<State>,
}

/// What outlives a change of the trunk.
#[derive(Default)]
struct State {
    channels: AtomicU32,
    down: AtomicBool,
    /// Where a test kills the keeper.
    fuse: Fuse,
}

impl Trunks {
    /// The trunks that the database has.
    pub(crate) async fn start(
        db: Db,
        secrets: Secrets,
        registry: &prometheus::Registry,
        figures: Arc<Figures>,
    ) -> Result<Self, crate::StartError> {
        let trunks = Self {
            lines: RwLock::default(),
            state: DashMap::new(),
            changed: Notify::new(),
            metrics: Metrics::new(registry)?,
            figures,
            secrets,
            db,
            fuse: Fuse::default(),
        };
        trunks.load().await?;
        Ok(trunks)
    }

    /// Keeps every trunk probed and registered, and takes up changes, for ever.
    pub(crate) async fn run(
        self: Arc<Self>,
        endpoint: engine::Endpoint,
        domain: String,
        times: Times,
    ) {
        let mut keepers = Keepers::new(endpoint, domain, times, self.figures.clone());
        // A loop that is started again looks at what its predecessor may have missed.
        self.changed.notify_one();
        loop {
            keepers.set(&self.lines(), &self.metrics);
            self.changed.notified().await;
            self.fuse.burn();
            while let Err(error) = self.load().await {
                tracing::warn!(%error, "the trunks cannot be read, trying again");
                tokio::time::sleep(times.trunk_retry).await;
            }
        }
    }

    /// Something about a trunk has changed.
    pub(crate) fn reload(&self) {
        self.changed.notify_one();
    }

    /// Kills the loop.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill(&self) {
        self.fuse.light();
        self.reload();
    }

    /// Kills the keeper of every trunk; `false` when there is none.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn kill_keepers(&self) -> bool {
        let lines = self.lines();
        lines.iter().for_each(|line| line.state.fuse.light());
        !lines.is_empty()
    }

    async fn load(&self) -> Result<(), DbError> {
        let rows = self.db.list_enabled_trunks().await?;
        let lines = rows.into_iter().map(|trunk| {
            let state = self.state.entry(trunk.id).or_default().clone();
            Line {
                route: Arc::new(Route::new(&trunk, &self.secrets)),
                inbound: cidr::of_trunk(&trunk),
                state,
                trunk,
            }
        });
        let lines = Arc::new(lines.collect());
        *self.lines.write().unwrap_or_else(PoisonError::into_inner) = lines;
        Ok(())
    }

    fn lines(&self) -> Arc<Vec<Line>> {
        self.lines
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The trunk that owns this source address, if any.
    pub(crate) fn by_source(&self, source: IpAddr) -> Option<Id<Trunk>> {
        let source = source.to_canonical();
        let lines = self.lines();
        let owner = lines
            .iter()
            .find(|line| line.inbound.iter().any(|net| net.holds(source)));
        owner.map(|line| line.trunk.id)
    }

    /// The trunk whose carrier proves itself under this name, with what proves it.
    pub(crate) fn by_username(&self, username: &str, realm: &str) -> Option<(Id<Trunk>, Ha1)> {
        let lines = self.lines();
        let found = lines.iter().find_map(|line| {
            let login = line.route.credentials.as_ref()?;
            (login.username == username).then_some((line.trunk.id, login))
        });
        found.map(|(id, login)| (id, Ha1::new(username, realm, &login.password)))
    }

    /// Trunks to try, by priority, then by weight; those that do not answer come last. Those without a
    /// free channel are left out, except for an emergency.
    pub(crate) fn choose(&self, emergency: bool) -> Vec<Id<Trunk>> {
        let lines = self.lines();
        let usable = lines.iter().filter(|line| emergency || line.has_room());
        let offers = usable.map(|line| choose::Offer {
            id: line.trunk.id,
            down: line.state.down.load(Ordering::Relaxed),
            priority: line.trunk.choice.priority,
            weight: line.trunk.choice.weight,
        });
        choose::order(offers.collect(), &mut rand::rng())
    }

    /// How to dial over this trunk; `None` when it is gone.
    pub(crate) fn candidate(&self, trunk: Id<Trunk>) -> Option<TrunkCandidate> {
        let lines = self.lines();
        let line = lines.iter().find(|line| line.trunk.id == trunk)?;
        Some(line.route.candidate())
    }

    /// Takes a channel, in either direction. `false` when none is free; an emergency always gets one.
    pub(crate) fn take(&self, trunk: Id<Trunk>, emergency: bool) -> bool {
        let lines = self.lines();
        let line = lines.iter().find(|line| line.trunk.id == trunk);
        let most = match line {
            Some(line) if !emergency => line.most(),
            Some(_) => u32::MAX,
            None if emergency => u32::MAX,
            None => return false,
        };
        let state = self.state.entry(trunk).or_default().clone();
        let taken = state
            .channels
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < most).then(|| taken + 1)
            });
        if let (Ok(before), Some(line)) = (taken, line) {
            self.metrics.channels(&line.trunk.name, before + 1);
        }
        taken.is_ok()
    }

    /// Gives a channel back.
    pub(crate) fn release(&self, trunk: Id<Trunk>) {
        let Some(state) = self.state.get(&trunk).map(|state| state.clone()) else {
            return;
        };
        let freed = state
            .channels
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                taken.checked_sub(1)
            });
        let lines = self.lines();
        let line = lines.iter().find(|line| line.trunk.id == trunk);
        if let (Ok(before), Some(line)) = (freed, line) {
            self.metrics.channels(&line.trunk.name, before - 1);
        }
    }
}

impl Line {
    /// Calls at once at most.
    fn most(&self) -> u32 {
        let most = self.trunk.choice.max_channels;
        most.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(0))
    }

    fn has_room(&self) -> bool {
        self.state.channels.load(Ordering::Acquire) < self.most()
    }
}
