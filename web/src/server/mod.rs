//! Starting and stopping: database, exchange and HTTP on a thread of their own, so that one process can
//! hold several exchanges and a test needs no actix.

mod http;

pub use http::document;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    thread::JoinHandle,
    time::Duration,
};

use actix_web::dev::ServerHandle;
use actors::{Exchange, secrets::Secrets};
use prometheus::Registry;
use schema::{Db, DbConfig, DbError};
use tokio::sync::oneshot;

use crate::{
    auth::{
        api_key::KeyRing,
        session_keys::{SessionKeyError, SessionKeys},
    },
    caller::KnownAccounts,
    config::Config,
    keys::{self, KeyError},
    metrics::Metrics,
    middleware::rate_limit::RateLimit,
    state::State,
    v1::events::Streams,
};

/// How long requests in flight get to finish when the listener closes, in seconds.
const GOODBYE: u64 = 5;
/// Between two rounds of tidying the database.
const TIDY: Duration = Duration::from_secs(3600);

/// Under what name the realm of the first start is kept.
const REALM: &str = "sip_realm";

/// The exchange could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory or the key in it.
    #[error("the data directory cannot be used")]
    Data(#[source] io::Error),
    /// The database.
    #[error("the database cannot be used")]
    Database(#[from] DbError),
    /// The first API key.
    #[error("the first API key cannot be stored")]
    Key(#[from] KeyError),
    /// The keys of session tokens.
    #[error("the session keys cannot be used")]
    SessionKey(#[from] SessionKeyError),
    /// The HTTP listener.
    #[error("HTTP cannot listen on {0}")]
    Http(SocketAddr, #[source] io::Error),
    /// SIP, media or actors.
    #[error("the exchange cannot start")]
    Exchange(#[from] actors::StartError),
    /// Figures.
    #[error("a metric is declared twice")]
    Metrics(#[from] prometheus::Error),
    /// The thread itself.
    #[error("the thread of the exchange ended at once")]
    Thread,
}

/// A started exchange. Dropping it stops it at once.
pub struct Running {
    http: SocketAddr,
    public_url: String,
    domain: String,
    exchange: Arc<Exchange>,
    db: Db,
    first_key: Option<String>,
    draining: Arc<AtomicBool>,
    server: ServerHandle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// The bound address of the HTTP listener.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Prefix of URLs that are handed out.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Realm of SIP passwords and domain of SIP addresses.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The exchange itself.
    pub fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The text of the first API key, when this start made it.
    pub fn first_key(&self) -> Option<&str> {
        self.first_key.as_deref()
    }

    /// Takes no new calls, lets live ones run for `limit` or until `now`, then stops.
    pub async fn drain(mut self, limit: Duration, now: impl Future<Output = ()> + Send) {
        self.draining.store(true, Ordering::Release);
        tracing::info!(
            limit_s = limit.as_secs(),
            "Draining: no new calls are taken."
        );
        self.exchange.drain(limit, now).await;
        self.server.stop(true).await;
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("The thread of the exchange ended badly.");
            }
        }
    }

    /// Stops at once; live calls are hung up.
    pub async fn stop(self) {
        self.drain(Duration::ZERO, std::future::ready(())).await;
    }
}

impl Drop for Running {
    /// Closes the listener without waiting for anybody; the thread then ends by itself.
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

/// Starts an exchange: brings the database up to date, binds every listener, and answers requests.
///
/// # Errors
/// See [`StartError`]; nothing is left running then.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let (tell, told) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("strowger-web".into())
        .spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                match build(config).await {
                    Ok((built, server)) => {
                        // The server runs when polled; it ends by its handle.
                        let serving = actix_web::rt::spawn(server);
                        if tell.send(Ok(built)).is_ok() {
                            let _ = stopped.await;
                        }
                        let end = Duration::from_secs(2 * GOODBYE);
                        let _ = tokio::time::timeout(end, serving).await;
                    }
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                }
            });
        })
        .map_err(|_| StartError::Thread)?;
    let mut running = told.await.map_err(|_| StartError::Thread)??;
    running.stop = Some(stop);
    running.thread = Some(thread);
    Ok(running)
}

async fn build(config: Config) -> Result<(Running, actix_web::dev::Server), StartError> {
    let secrets = Secrets::open(&config.data_dir).map_err(StartError::Data)?;
    let registry = Registry::new();
    let metrics = Metrics::new(&registry)?;
    let url = config.database();
    let migrating = url.clone();
    let applied = tokio::task::spawn_blocking(move || schema::migrate(&migrating)).await;
    applied.map_err(|_| StartError::Thread)??;
    let mut database = DbConfig::new(url);
    database.observer = Some(metrics.observer());
    let db = Db::connect(&database).await?;
    let listener = http::bind(&config.http)?;
    let bound = listener
        .local_addr()
        .map_err(|error| StartError::Http(config.http.listen, error))?;
    let public_url = config.public_url(bound);
    let domain = realm(&db, &config, bound).await?;
    let sessions = SessionKeys::open(db.clone(), secrets.clone()).await?;
    let exchange =
        Exchange::start(exchange_config(&config, &domain), db.clone(), &registry).await?;
    let exchange = Arc::new(exchange);
    // After all that may fail: a key that is made is also shown.
    let first_key = keys::bootstrap(&db, config.api_key.as_deref()).await?;
    let draining = Arc::new(AtomicBool::new(false));
    let state = State {
        db: db.clone(),
        exchange: exchange.clone(),
        secrets,
        keys: KeyRing::default(),
        sessions,
        accounts: KnownAccounts::default(),
        rate: RateLimit::new(config.http.rate_limit, config.http.rate_burst),
        streams: Arc::new(Streams::new(config.http.streams, metrics.clone())),
        heartbeat: config.http.heartbeat,
        turn: config.turn.clone(),
        metrics,
        api: http::document(),
        domain: domain.clone(),
        public_url: public_url.clone(),
        proxies: config.http.proxies.clone(),
        draining: Arc::clone(&draining),
    };
    let server =
        http::serve(listener, &config, state).map_err(|error| StartError::Http(bound, error))?;
    actix_web::rt::spawn(tidy(db.clone()));
    let listeners = exchange.bound();
    tracing::info!(
        http = %bound,
        sip_udp = ?listeners.sip_udp,
        sip_tcp = ?listeners.sip_tcp,
        sip_tls = ?listeners.sip_tls,
        media_ports = ?listeners.media_ports,
        webrtc_udp = ?listeners.webrtc_udp,
        "Listening."
    );
    let running = Running {
        http: bound,
        public_url,
        domain,
        exchange,
        db,
        first_key,
        draining,
        server: server.handle(),
        stop: None,
        thread: None,
    };
    Ok((running, server))
}

/// The realm under which SIP passwords are kept. Unless it is configured, the one of the first start
/// stays, so that another public URL locks no phone out.
async fn realm(db: &Db, config: &Config, bound: SocketAddr) -> Result<String, DbError> {
    let wanted = config.domain(bound);
    let kept = db.find_or_insert_setting(REALM.to_owned(), wanted.clone().into_bytes());
    let kept = String::from_utf8(kept.await?).unwrap_or_else(|_| wanted.clone());
    match &config.sip.domain {
        None => Ok(kept),
        Some(domain) => {
            if *domain != kept {
                tracing::warn!(
                    domain,
                    kept,
                    "The SIP domain is not the one of the first start; passwords made for that one no longer fit."
                );
            }
            Ok(domain.clone())
        }
    }
}

/// What the exchange needs to know.
fn exchange_config(config: &Config, domain: &str) -> actors::Config {
    let tls = (config.sip.tls, &config.sip.tls_cert, &config.sip.tls_key);
    actors::Config {
        sip_udp: config.sip.udp.into_iter().collect(),
        sip_tcp: config.sip.tcp.into_iter().collect(),
        sip_tls: match tls {
            (Some(listen), Some(certificate), Some(key)) => Some(actors::SipTls {
                listen,
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            _ => None,
        },
        sip_address: config.sip.address.clone(),
        sip_domain: domain.to_owned(),
        sip_digest: config.sip.digest.clone(),
        media_address: config.media.address,
        media_ports: config.media.ports.clone(),
        webrtc_udp: config.webrtc.udp.into_iter().collect(),
        webrtc_any_port: config.webrtc.any_port,
        webrtc_addresses: config.webrtc.addresses.clone(),
        data_dir: config.data_dir.clone(),
        times: config.times,
        webrtc_sessions: config.webrtc_sessions,
        ..actors::Config::default()
    }
}

/// Forgets kept answers that nobody may ask for any more.
async fn tidy(db: Db) {
    loop {
        if let Err(error) = db
            .delete_expired_idempotency_keys(schema::Time::now())
            .await
        {
            tracing::debug!(%error, "Kept answers could not be tidied.");
        }
        tokio::time::sleep(TIDY).await;
    }
}
