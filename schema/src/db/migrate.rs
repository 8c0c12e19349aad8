//! Brings a database up to date, from migrations that are part of the binary.

use std::thread;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, backend::Backend};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Target, sqlite};
use crate::error::DbError;

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Of two processes that start at once one waits for the other. The number means nothing.
const PG_LOCK: &str = "SELECT pg_advisory_lock(7240911)";

/// Runs every migration that the database has not seen; creates a SQLite file when absent. Gives the
/// names of those it ran. Blocks, and runs on a thread of its own, so it may be called anywhere.
///
/// # Errors
/// `Unavailable` when the database cannot be reached, `Internal` when a migration fails.
pub fn migrate(url: &str) -> Result<Vec<String>, DbError> {
    let url = url.to_owned();
    let thread = thread::Builder::new()
        .name("db-migrate".to_owned())
        .spawn(move || run(&url))
        .map_err(DbError::unavailable)?;
    thread
        .join()
        .unwrap_or_else(|_| Err(DbError::internal("a migration panicked")))
}

fn run(url: &str) -> Result<Vec<String>, DbError> {
    match Target::of(url)? {
        Target::Sqlite(path) => {
            let mut c = sqlite::create(path)?;
            AnsiTransactionManager::begin_transaction_sql(&mut c, "BEGIN IMMEDIATE")?;
            let ran = apply(&mut c, SQLITE)?;
            AnsiTransactionManager::commit_transaction(&mut c)?;
            Ok(ran)
        }
        Target::Postgres(url) => {
            let mut c = AsyncConnectionWrapper::<AsyncPgConnection>::establish(url)
                .map_err(DbError::unavailable)?;
            c.batch_execute(PG_LOCK)?;
            apply(&mut c, POSTGRES)
        }
    }
}

fn apply<DB: Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>, DbError> {
    let ran = harness
        .run_pending_migrations(migrations)
        .map_err(DbError::internal)?;
    let names: Vec<String> = ran.iter().map(ToString::to_string).collect();
    if !names.is_empty() {
        tracing::info!(count = names.len(), "brought the database up to date");
    }
    Ok(names)
}
