//! `strowger demo`: an exchange on a throw-away database, with everything needed to try it.

use std::process::ExitCode;

use crate::{
    cli::{explain, serve::StopSignals},
    config::Config,
    server::{self, Running},
};

/// Starts on a fresh directory, shows what there is to see, and serves until told to stop.
pub async fn run(config: Config) -> ExitCode {
    let directory = std::env::temp_dir().join(format!("strowger-demo-{}", std::process::id()));
    let drain = config.drain;
    let config = Config {
        data_dir: directory.clone(),
        database_url: None,
        ..config
    };
    let outcome = match server::start(config).await {
        Ok(running) => {
            show(&running).await;
            let mut stop = StopSignals::new();
            stop.next().await;
            running.drain(drain, async move { stop.next().await }).await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("The demonstration cannot start: {}", explain(&error));
            ExitCode::FAILURE
        }
    };
    if let Err(error) = std::fs::remove_dir_all(&directory) {
        eprintln!("{} is left behind: {error}", directory.display());
    }
    outcome
}

/// What the demonstration prints.
async fn show(running: &Running) {
    println!("REST  {}/v1", running.public_url());
    println!("Docs  {}/docs", running.public_url());
    if let Some(key) = running.first_key() {
        println!("Key   {key}");
    }
}
