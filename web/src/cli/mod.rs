//! The command line.

mod check;
mod keys;
mod migrate;
pub mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{config::Config, demo, log};

/// The log's usual level.
const USUAL: &str = "info";
/// The log's level while the demonstration tells its own story.
const QUIET: &str = "warn";

/// A telephone exchange for many tenants: SIP, REST and events in one program.
#[derive(Debug, Parser)]
#[command(name = "strowger", version)]
pub struct Cli {
    /// File with settings (TOML); also STROWGER_CONFIG.
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the exchange (the default).
    Serve,
    /// Starts on a throw-away database and shows a call between two built-in phones.
    Demo {
        /// Leaves after the call; fails when it failed.
        #[arg(long)]
        exit: bool,
    },
    /// Says what is wrong with the configuration.
    Check,
    /// Brings the database up to date.
    Migrate,
    /// Handles the platform's API keys.
    Keys {
        #[command(subcommand)]
        action: keys::Action,
    },
}

/// Runs what the command line asks for.
pub async fn run(cli: Cli) -> ExitCode {
    let mut config = match Config::load(cli.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if matches!(cli.command, Some(Command::Demo { .. })) && config.log.level == USUAL {
        config.log.level = QUIET.to_owned();
    }
    if let Err(error) = log::init(&config.log) {
        eprintln!("log.level: {error}");
        return ExitCode::FAILURE;
    }
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(config).await,
        Command::Demo { exit } => Box::pin(demo::run(config, exit)).await,
        Command::Check => check::check(&config),
        Command::Migrate => migrate::migrate(&config).await,
        Command::Keys { action } => keys::run(&config, action).await,
    }
}

/// An error with its causes, in one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
