//! The running whole. [`Exchange::start`] builds the tree from the top down; `web` holds the handle.

mod api;
mod change;
mod drain;
#[cfg(any(test, feature = "faults"))]
mod faults;
#[cfg(test)]
mod tests;
mod threads;

pub use api::{Bound, ClickToCall, ClickToCallError, Health, LONGEST_SIP_MESSAGE};
pub use change::Change;

use crate::{
    bus::Bus,
    call::Midwife,
    config::Config,
    directory::Directory,
    error::StartError,
    identity::Identity,
    ledger::{Ledger, Recovered},
    metrics::Metrics,
    presence::Presence,
    registrar::Registrar,
    registry::Registry,
    rooms::Rooms,
    secrets::{self, Secrets},
    supervision::{Kind, Nursery, keep, watch},
    switchboard::{self, Desk},
    trunk::Trunks,
    webrtc_session::{self, Sessions, Watchers},
};
use futures_util::stream::FuturesUnordered;
use schema::Db;
use std::sync::{Arc, atomic::AtomicBool};
use threads::Threads;
use tokio::sync::{Mutex, mpsc};

/// Name under which the secret of the digest nonces is kept.
const NONCE_KEY: &str = "sip_nonce_key";

/// A running exchange. Dropping it stops everything at once; [`Exchange::drain`] does it politely.
pub struct Exchange {
    rooms: Arc<Rooms>,
    #[cfg_attr(not(any(test, feature = "faults")), expect(dead_code))]
    orders: mpsc::Sender<switchboard::Order>,
    /// Its drop stops everything.
    threads: Threads,
}

impl Exchange {
    /// Starts an exchange: threads, engine, ledger, directory, registrar, trunks, presence, switchboard.
    ///
    /// # Errors
    /// A listener that cannot be opened, a database that does not answer, an unusable data directory.
    pub async fn start(
        config: Config,
        db: Db,
        registry: &prometheus::Registry,
    ) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new(registry)?);
        let key = secret(&db).await?;
        let secrets = Secrets::open(&config.data_dir).map_err(|source| StartError::Secrets {
            path: config.data_dir.join(secrets::FILE),
            source,
        })?;
        let recovered = Recovered::from(&config.data_dir)?;
        let threads = Threads::start(config.arbiters)?;
        let tree = Tree {
            config,
            db,
            metrics,
            key,
            secrets,
            recovered,
            arbiters: threads.arbiters(),
        };
        let registry = registry.clone();
        let (rooms, orders) = threads.run(tree.grow(registry)).await??;
        Ok(Self {
            rooms,
            orders,
            threads,
        })
    }
}

/// The secret of the nonces: the same after a restart and on every node.
async fn secret(db: &Db) -> Result<Vec<u8>, StartError> {
    let candidate: [u8; 32] = rand::random();
    let key = db.find_or_insert_setting(NONCE_KEY.to_owned(), candidate.to_vec());
    Ok(key.await?)
}

/// All that the tree grows from.
struct Tree {
    config: Config,
    db: Db,
    metrics: Arc<Metrics>,
    key: Vec<u8>,
    secrets: Secrets,
    recovered: Recovered,
    arbiters: Vec<actix::ArbiterHandle>,
}

impl Tree {
    /// Builds the tree on the exchange's own runtime.
    async fn grow(
        self,
        registry: prometheus::Registry,
    ) -> Result<(Arc<Rooms>, mpsc::Sender<switchboard::Order>), StartError> {
        let Self {
            config,
            db,
            metrics,
            key,
            secrets,
            recovered,
            arbiters,
        } = self;
        let trunks = Trunks::start(db.clone(), secrets, &registry, metrics.clone());
        let trunks = Arc::new(trunks.await?);
        let offered = &config.sip_digest;
        let identity = Identity::new(&config.sip_domain, offered, &key, trunks.clone());
        let identity = Arc::new(identity);
        let (sessions, watchers) = (Arc::<Sessions>::default(), Arc::<Watchers>::default());
        let registrar = Registrar::start(
            db.clone(),
            identity.clone(),
            watchers.clone(),
            &registry,
            metrics.clone(),
        );
        let registrar = Arc::new(registrar.await?);
        let (endpoint, arrivals) = engine::bind(config.engine(), &registry).await?;
        let calls = Arc::new(Registry::default());
        let directory = Directory::new(
            db.clone(),
            registrar.clone(),
            sessions.clone(),
            trunks.clone(),
            &config.times,
        );
        let ledger = Ledger::start(db, recovered, metrics.clone());

        let first = arbiters.first().cloned().ok_or_else(threads::none)?;
        let (presence, keeper, crashes) =
            Presence::start(calls.clone(), watchers.clone(), metrics.clone(), first);
        tokio::spawn(watch(Kind::Presence, keeper, crashes, metrics.clone()));

        let sweeper = registrar.clone();
        tokio::spawn(keep(Kind::Sweeper, metrics.clone(), move || {
            sweeper.clone().sweep()
        }));
        let times = config.times;
        let (carriers, via, domain) = (trunks.clone(), endpoint.clone(), config.sip_domain.clone());
        tokio::spawn(keep(Kind::Trunk, metrics.clone(), move || {
            carriers.clone().run(via.clone(), domain.clone(), times)
        }));

        let (sessions_nursery, lost_sessions) = Nursery::new();
        let (nursery, crashes) = Nursery::new();
        let rooms = Arc::new(Rooms {
            config,
            endpoint,
            registry: calls,
            nursery,
            bus: Bus::new(),
            directory,
            ledger,
            registrar,
            trunks,
            identity,
            presence,
            sessions,
            sessions_nursery,
            watchers,
            metrics: metrics.clone(),
            arbiters,
            draining: AtomicBool::new(false),
        });
        let midwife = Midwife {
            rooms: Arc::downgrade(&rooms),
        };
        tokio::spawn(watch(Kind::Call, midwife, crashes, metrics.clone()));
        let midwife = webrtc_session::Midwife {
            rooms: Arc::downgrade(&rooms),
        };
        let kind = Kind::WebrtcSession;
        tokio::spawn(watch(kind, midwife, lost_sessions, metrics.clone()));

        let (orders, inbox) = mpsc::channel(1);
        let desk = Arc::new(Mutex::new(Desk {
            arrivals,
            orders: inbox,
            work: FuturesUnordered::new(),
        }));
        let worker = rooms.clone();
        tokio::spawn(keep(Kind::Switchboard, metrics, move || {
            switchboard::run(worker.clone(), desk.clone())
        }));
        Ok((rooms, orders))
    }
}
