//! `strowger demo`: an exchange on a throw-away database, two built-in phones that call each other, and
//! everything needed to go on by hand. With `--exit` it is a test of the installation.

mod client;
mod paper;
mod ports;
mod stage;
mod tenant;

pub use client::ApiError;
pub use paper::Paper;

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

use actors::demo::PhoneError;
use rand::Rng as _;

use crate::{
    cli::{explain, serve::StopSignals},
    config::Config,
    server::{self, Running},
};
use stage::Stage;

/// The demonstration could not be given.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The exchange did not start.
    #[error("the exchange cannot start")]
    Start(#[from] server::StartError),
    /// The exchange listens for no SIP over UDP.
    #[error("the exchange has no SIP listener over UDP")]
    NoListener,
    /// A request to its own API failed.
    #[error("its own API failed")]
    Api(#[from] ApiError),
    /// A built-in phone.
    #[error("phone {number}")]
    Phone {
        /// Its extension.
        number: &'static str,
        /// What happened.
        source: PhoneError,
    },
    /// The end of the call was not told, so that there is no record to show.
    #[error("no call.end came within {} s", .0.as_secs())]
    NoEnd(Duration),
    /// The record does not have what it should.
    #[error("the call record has no {0}")]
    Record(&'static str),
}

/// A directory that goes away with the demonstration.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let number: u32 = rand::rng().random();
        Self(std::env::temp_dir().join(format!("strowger-demo-{number:08x}")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match std::fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("{} is left behind: {error}", self.0.display());
            }
            _ => {}
        }
    }
}

/// What comes after the call.
#[derive(Debug, Clone, Copy)]
enum After {
    /// The end.
    Leave,
    /// The visitor, who may have links to the softphone page.
    Stay { page: bool },
}

/// Gives the demonstration on standard output and stays until told to stop; with `leave`, ends after
/// the call.
pub async fn run(config: Config, leave: bool) -> ExitCode {
    let paper = Paper::new(io::stdout());
    match play(config, leave, &paper, StopSignals::new()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demonstration failed: {}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Gives the demonstration on `paper`.
///
/// # Errors
/// Whatever kept the two phones from talking, being heard, or being recorded.
pub async fn play(
    config: Config,
    leave: bool,
    paper: &Paper,
    mut stop: StopSignals,
) -> Result<(), DemoError> {
    let scratch = Scratch::new();
    let drain = if leave { Duration::ZERO } else { config.drain };
    let mut config = Config {
        data_dir: scratch.0.clone(),
        database_url: None,
        ..config
    };
    paper.title(concat!(
        "Strowger ",
        env!("CARGO_PKG_VERSION"),
        ", a demonstration"
    ));
    paper.head("An exchange on a throw-away database");
    for notice in ports::settle(&mut config) {
        paper.line(&notice);
    }
    let given = config.api_key.clone();
    let after = match leave {
        true => After::Leave,
        false => After::Stay {
            page: config.http.softphone,
        },
    };
    let running = Box::pin(server::start(config)).await?;
    let outcome = tokio::select! {
        outcome = show(&running, given, after, paper) => outcome,
        () = stop.next() => {
            paper.line("");
            paper.line("Ending; live calls may finish. Ctrl-C again ends them now.");
            Ok(())
        }
    };
    Box::pin(running.drain(drain, async move { stop.next().await })).await;
    drop(scratch);
    outcome
}

/// Everything that is to be seen, up to the end of the call or, with somebody who stays, for ever.
async fn show(
    running: &Running,
    given: Option<String>,
    after: After,
    paper: &Paper,
) -> Result<(), DemoError> {
    let key = given.or_else(|| running.first_key().map(str::to_owned));
    let stage = Box::pin(Stage::set(running, key.unwrap_or_default(), paper)).await?;
    let stage = Box::pin(stage.call()).await?;
    let After::Stay { page } = after else {
        return Ok(());
    };
    if page {
        stage.show_page().await?;
    }
    stage.invite();
    stage.stay().await;
    Ok(())
}
