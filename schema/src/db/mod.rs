//! The door to the database: one `Db` over SQLite or PostgreSQL, and the macro that compiles each
//! query for both.

mod migrate;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use migrate::migrate;

use crate::error::DbError;

/// How long a query may take, waiting for a connection included, before it counts as unavailable.
pub const QUERY_LIMIT: Duration = Duration::from_secs(10);

/// What is told about each query that has run: name of the method, time taken, whether it failed
/// for a reason of the database's own (not found and conflict are answers, not failures).
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// The method of [`Db`].
    pub query: &'static str,
    /// From the call to the answer.
    pub took: Duration,
    /// Unavailable or internal.
    pub failed: bool,
}

/// Hears of every query; must be quick, it runs on the caller's thread.
pub type Observer = Arc<dyn Fn(Observation) + Send + Sync>;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct DbConfig {
    /// `sqlite://path/to/file` (also a bare path) or `postgres://user:password@host/name`.
    pub url: String,
    /// PostgreSQL: connections at most. Default 8.
    pub pool_size: usize,
    /// SQLite: threads that read; there is always exactly one that writes. Default 4.
    pub readers: usize,
    /// Hears of every query, for metrics.
    pub observer: Option<Observer>,
}

impl DbConfig {
    /// The defaults over this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 8,
            readers: 4,
            observer: None,
        }
    }
}

impl fmt::Debug for DbConfig {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbConfig")
            .field("pool_size", &self.pool_size)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

/// Which database a URL names.
pub(crate) enum Target<'a> {
    Sqlite(&'a str),
    Postgres(&'a str),
}

impl<'a> Target<'a> {
    pub(crate) fn of(url: &'a str) -> Result<Self, DbError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url));
        }
        let path = url
            .strip_prefix("sqlite://")
            .or(url.strip_prefix("sqlite:"));
        let path = path.unwrap_or(url);
        if path.is_empty() || path.contains(":memory:") || path.contains("://") {
            return Err(DbError::internal(
                "a database URL is sqlite://<file> or postgres://…",
            ));
        }
        Ok(Self::Sqlite(path))
    }
}

/// The database. Cheap to clone; every query is a method, callable from any runtime or thread that
/// polls futures. Queries run on threads of its own, which end with the last clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) store: Store,
    observer: Option<Observer>,
}

#[derive(Clone)]
pub(crate) enum Store {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

impl Db {
    /// Opens the database, which [`migrate`] has brought up to date.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be reached, `Internal` when the URL makes no sense.
    pub async fn connect(config: &DbConfig) -> Result<Self, DbError> {
        let store = match Target::of(&config.url)? {
            Target::Sqlite(path) => Store::Sqlite(sqlite::Store::open(path, config.readers)?),
            Target::Postgres(url) => Store::Postgres(postgres::Store::open(url, config.pool_size)?),
        };
        let db = Self {
            store,
            observer: config.observer.clone(),
        };
        db.ping().await?;
        Ok(db)
    }

    /// Tells the observer how a query went.
    pub(crate) fn observe<T>(
        &self,
        query: &'static str,
        since: Instant,
        outcome: Result<T, DbError>,
    ) -> Result<T, DbError> {
        if let Some(observer) = &self.observer {
            observer(Observation {
                query,
                took: since.elapsed(),
                failed: matches!(outcome, Err(DbError::Unavailable(_) | DbError::Internal(_))),
            });
        }
        outcome
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.store {
            Store::Sqlite(_) => "Db(sqlite)",
            Store::Postgres(_) => "Db(postgres)",
        })
    }
}

/// Compiles query functions once for each database and makes each one a method of `Db`.
///
/// `read fn` runs beside others and cannot write. `write fn` is one unit of work: SQLite always runs
/// it in an immediate transaction; for PostgreSQL more than one statement must stand in `write_tx!`.
/// The first argument is the connection. Functions of one block may call each other.
macro_rules! queries {
    ($($(#[$meta:meta])* $kind:ident fn $name:ident($c:ident $(, $arg:ident: $ty:ty)* $(,)?)
        -> $out:ty $body:block)*) => {
        mod sqlite {
            #![allow(unused_imports, reason = "not every block needs all")]
            use super::*;
            // By name, so that this `RunQueryDsl` hides the one of Diesel's prelude.
            use $crate::db::sqlite::{Backend, Conn, RunQueryDsl, write_tx};
            $(pub(super) async fn $name($c: &mut Conn $(, $arg: $ty)*) -> Result<$out, DbError> $body)*
        }
        mod postgres {
            #![allow(unused_imports, reason = "not every block needs all")]
            use super::*;
            // By name, so that this `RunQueryDsl` hides the one of Diesel's prelude.
            use $crate::db::postgres::{Backend, Conn, RunQueryDsl, write_tx};
            $(pub(super) async fn $name($c: &mut Conn $(, $arg: $ty)*) -> Result<$out, DbError> $body)*
        }
        impl $crate::Db {
            $($(#[$meta])* pub async fn $name(&self $(, $arg: $ty)*) -> Result<$out, $crate::DbError> {
                let since = std::time::Instant::now();
                let outcome = match &self.store {
                    $crate::db::Store::Sqlite(store) => store.$kind(
                        move |c| $crate::db::sqlite::finish(sqlite::$name(c $(, $arg)*))).await,
                    $crate::db::Store::Postgres(store) => store.run(|pool| async move {
                        let mut c = $crate::db::postgres::connection(&pool).await?;
                        postgres::$name(&mut c $(, $arg)*).await
                    }).await,
                };
                self.observe(stringify!($name), since, outcome)
            })*
        }
    };
}
pub(crate) use queries;

/// Kept apart from `Db` because the macro makes modules named like this one's.
mod ping {
    use diesel::IntoSql as _;
    use diesel::sql_types::Integer;

    use crate::DbError;

    queries! {
        /// Asks the database for a sign of life.
        read fn ping(c) -> () {
            diesel::select(1.into_sql::<Integer>()).get_result::<i32>(c).await?;
            Ok(())
        }
    }
}
