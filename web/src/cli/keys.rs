//! `strowger keys`: the platform's API keys.

use std::process::ExitCode;

use actors::secrets::Secrets;
use clap::Subcommand;
use schema::{ApiKey, Db, DbConfig, DbError, Id};

use super::explain;
use crate::{
    auth::session_keys,
    config::Config,
    keys::{self, KeyError},
};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Makes a key and prints it once.
    Create {
        /// What it is for.
        #[arg(long)]
        name: Option<String>,
        /// Makes a test key, which reaches sandbox accounts only.
        #[arg(long)]
        test: bool,
    },
    /// Lists the keys; their texts are not kept.
    List,
    /// Refuses a key from now on.
    Revoke {
        /// Its id, as `keys list` shows it.
        id: Id<ApiKey>,
    },
    /// Has a new key sign session tokens; those that are out stay good until they expire.
    RotateSessions,
}

/// Carries it out on the configured database.
pub async fn run(config: &Config, action: Action) -> ExitCode {
    match act(config, action).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", explain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn act(config: &Config, action: Action) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(&config.data_dir)?;
    let url = config.database();
    let migrating = url.clone();
    tokio::task::spawn_blocking(move || schema::migrate(&migrating)).await??;
    let db = Db::connect(&DbConfig::new(url)).await?;
    match action {
        Action::Create { name, test } => {
            let (key, text) = keys::create(&db, name, !test).await?;
            println!("{}\n{text}\nShown only this once.", key.id);
        }
        Action::List => {
            for key in keys::list(&db).await? {
                let mode = if key.livemode { "live" } else { "test" };
                let state = match key.revoked_at {
                    Some(at) => format!("revoked {at}"),
                    None => "good".to_owned(),
                };
                let name = key.name.unwrap_or_default();
                println!(
                    "{}  {mode}  …{}  {}  {state}  {name}",
                    key.id, key.last4, key.created_at
                );
            }
        }
        Action::Revoke { id } => match keys::revoke(&db, id).await {
            Ok(_) => println!("Revoked; running exchanges refuse it within a second."),
            Err(KeyError::Database(DbError::NotFound)) => {
                return Err(format!("There is no key {id}.").into());
            }
            Err(error) => return Err(error.into()),
        },
        Action::RotateSessions => {
            let secrets = Secrets::open(&config.data_dir)?;
            let key = session_keys::rotate(&db, &secrets).await?;
            println!("{} signs from now on.", key.id);
        }
    }
    Ok(())
}
