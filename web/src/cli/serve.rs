//! `strowger serve`: starts, waits for a signal, drains.

use std::process::ExitCode;

use tokio::signal;

use super::explain;
use crate::{config::Config, server};

/// Runs the exchange until it is told to stop.
pub async fn serve(config: Config) -> ExitCode {
    let drain = config.drain;
    let mut stop = StopSignals::new();
    let running = match server::start(config).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("strowger cannot start: {}", explain(&error));
            return ExitCode::FAILURE;
        }
    };
    if let Some(key) = running.first_key() {
        println!("First API key, shown only this once: {key}");
    }
    stop.next().await;
    running.drain(drain, async move { stop.next().await }).await;
    tracing::info!("Stopped.");
    ExitCode::SUCCESS
}

/// SIGTERM and SIGINT, one after the other.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: Option<signal::unix::Signal>,
    #[cfg(unix)]
    interrupt: Option<signal::unix::Signal>,
}

impl StopSignals {
    /// Listens from now on.
    pub fn new() -> Self {
        #[cfg(unix)]
        {
            use signal::unix::{SignalKind, signal};
            Self {
                terminate: signal(SignalKind::terminate()).ok(),
                interrupt: signal(SignalKind::interrupt()).ok(),
            }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        async fn one(signal: &mut Option<signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.terminate) => {}
            () = one(&mut self.interrupt) => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        let _ = signal::ctrl_c().await;
    }
}

impl Default for StopSignals {
    fn default() -> Self {
        Self::new()
    }
}
