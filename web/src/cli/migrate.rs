//! `strowger migrate`: brings the database up to date and exits.

use std::process::ExitCode;

use super::explain;
use crate::config::Config;

/// Applies what is missing and says what it was.
pub async fn migrate(config: &Config) -> ExitCode {
    if let Err(error) = std::fs::create_dir_all(&config.data_dir) {
        eprintln!("data.dir: {error}");
        return ExitCode::FAILURE;
    }
    let url = config.database();
    match tokio::task::spawn_blocking(move || schema::migrate(&url)).await {
        Ok(Ok(applied)) => {
            for name in &applied {
                println!("applied {name}");
            }
            println!("The database is up to date.");
            ExitCode::SUCCESS
        }
        Ok(Err(error)) => {
            eprintln!(
                "The database cannot be brought up to date: {}",
                explain(&error)
            );
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}
