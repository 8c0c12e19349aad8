//! PostgreSQL: a pool of connections on a runtime of its own, so that they outlive every arbiter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use diesel::dsl::Limit;
pub(crate) use diesel::pg::Pg as Backend;
use diesel::query_dsl::methods::LimitDsl;
use diesel::{ConnectionError, QueryResult};
use diesel_async::AsyncPgConnection;
pub(crate) use diesel_async::AsyncPgConnection as Conn;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AnsiTransactionManager, TransactionManager as _};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::{Config, NoTls};

use super::QUERY_LIMIT;
use crate::error::DbError;

/// How long a connection may take to come up.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// When the peer of a silent connection is asked whether it is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(15);

/// How long sent data may stay unacknowledged.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// Threads that drive the connections; they only move bytes.
const THREADS: usize = 2;

/// The connections.
pub(crate) type PgPool = Pool<AsyncPgConnection>;

/// The pool and the handle of its runtime.
#[derive(Clone)]
pub(crate) struct Store {
    pool: PgPool,
    runtime: Arc<OwnRuntime>,
}

/// Ends its threads without waiting when dropped, which is allowed anywhere.
struct OwnRuntime {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store {
    pub(crate) fn open(url: &str, size: usize) -> Result<Self, DbError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("db-postgres")
            .enable_all()
            .build()
            .map_err(DbError::unavailable)?;
        let mut config = ManagerConfig::default();
        // A closed connection is noticed by its driver, so nothing need be asked at each use.
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(|url| Box::pin(connect(settings(url))));
        settings(url).map_err(DbError::internal)?;
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = Pool::builder(manager).max_size(size.max(1)).build();
        Ok(Self {
            pool: pool.map_err(DbError::internal)?,
            runtime: Arc::new(OwnRuntime {
                handle: runtime.handle().clone(),
                runtime: Some(runtime),
            }),
        })
    }

    /// Runs what `make` makes of the pool, on the runtime that owns the connections.
    pub(crate) async fn run<T, F>(&self, make: impl FnOnce(PgPool) -> F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, DbError>> + Send + 'static,
    {
        let run = tokio::time::timeout(QUERY_LIMIT, make(self.pool.clone()));
        match self.runtime.handle.spawn(run).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(elapsed)) => Err(DbError::unavailable(elapsed)),
            Err(error) if error.is_panic() => Err(DbError::internal("the query panicked")),
            Err(error) => Err(DbError::unavailable(error)),
        }
    }
}

/// A connection of the pool, or a new one.
pub(crate) async fn connection(pool: &PgPool) -> Result<Object<AsyncPgConnection>, DbError> {
    pool.get().await.map_err(DbError::unavailable)
}

fn settings(url: &str) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    let own = format!(
        "-c statement_timeout={} -c TimeZone=UTC",
        QUERY_LIMIT.as_millis()
    );
    let options = match config.get_options() {
        Some(given) => format!("{given} {own}"),
        None => own,
    };
    config
        .application_name("strowger")
        .options(options)
        .connect_timeout(CONNECT_LIMIT)
        .keepalives_idle(KEEPALIVE_AFTER)
        .tcp_user_timeout(DEAD_AFTER);
    Ok(config)
}

async fn connect(
    config: Result<Config, tokio_postgres::Error>,
) -> Result<AsyncPgConnection, ConnectionError> {
    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(error.to_string());
    let (client, connection) = config.map_err(bad)?.connect(NoTls).await.map_err(bad)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// Runs several statements as one: all are kept, or none when the block fails. Cut off half way, the
/// connection is closed by the pool, which takes everything back.
macro_rules! write_tx {
    ($c:ident, $body:block) => {{
        $crate::db::postgres::begin($c).await?;
        let $c = &mut *$c;
        let outcome = async { $body }.await;
        $crate::db::postgres::end($c, outcome).await
    }};
}
pub(crate) use write_tx;

/// Opens a transaction. `AsyncConnection::transaction` would need each closure proved `Send`, which costs
/// the compiler more than all else.
pub(crate) async fn begin(c: &mut Conn) -> Result<(), DbError> {
    Ok(AnsiTransactionManager::begin_transaction(c).await?)
}

/// Keeps or takes back what a transaction did.
pub(crate) async fn end<T>(c: &mut Conn, outcome: Result<T, DbError>) -> Result<T, DbError> {
    match outcome {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(c).await?;
            Ok(value)
        }
        Err(error) => {
            AnsiTransactionManager::rollback_transaction(c).await?;
            Err(error)
        }
    }
}

/// An answer on its way.
type Answer<'a, T> = Pin<Box<dyn Future<Output = QueryResult<T>> + Send + 'a>>;

/// The calls of diesel-async for this one connection, boxed: the types of its own futures hold the whole
/// query and are what the compiler spends its time on.
pub(crate) trait RunQueryDsl: Sized {
    fn load<'a, U>(self, c: &'a mut Conn) -> Answer<'a, Vec<U>>
    where
        U: Send + 'a,
        Self: LoadQuery<'a, Conn, U> + 'a,
    {
        Box::pin(diesel_async::RunQueryDsl::load(self, c))
    }

    fn get_result<'a, U>(self, c: &'a mut Conn) -> Answer<'a, U>
    where
        U: Send + 'a,
        Self: LoadQuery<'a, Conn, U> + 'a,
    {
        Box::pin(diesel_async::RunQueryDsl::get_result(self, c))
    }

    fn first<'a, U>(self, c: &'a mut Conn) -> Answer<'a, U>
    where
        U: Send + 'a,
        Self: LimitDsl,
        Limit<Self>: LoadQuery<'a, Conn, U> + Send + 'a,
    {
        RunQueryDsl::get_result(LimitDsl::limit(self, 1), c)
    }

    fn execute<'a>(self, c: &'a mut Conn) -> Answer<'a, usize>
    where
        Self: ExecuteDsl<Conn> + 'a,
    {
        Box::pin(ExecuteDsl::execute(self, c))
    }
}

impl<Q> RunQueryDsl for Q {}
