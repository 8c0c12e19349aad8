//! The threads of an exchange: a runtime for the engine and everything that waits, arbiters for actors.

use crate::error::StartError;
use actix::{Arbiter, ArbiterHandle, System};
use std::{future::Future, sync::mpsc, thread::JoinHandle};
use tokio::runtime::Runtime;

/// Owns them; dropping it stops them.
pub(super) struct Threads {
    /// Taken when dropped.
    runtime: Option<Runtime>,
    arbiters: Vec<ArbiterHandle>,
    system: System,
    thread: Option<JoinHandle<()>>,
}

impl Threads {
    /// Starts a runtime and this many arbiters; 0 takes one a core.
    pub(super) fn start(arbiters: usize) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if arbiters == 0 { cores } else { arbiters };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(cores)
            .thread_name("exchange")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let (started, handles) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("actors".to_owned())
            .spawn(move || {
                let system = System::new();
                let arbiters: Vec<Arbiter> = (0..count).map(|_| Arbiter::new()).collect();
                let handles = arbiters.iter().map(Arbiter::handle).collect::<Vec<_>>();
                let _ = started.send((System::current(), handles));
                if let Err(error) = system.run() {
                    tracing::error!(%error, "the actor system ended badly");
                }
                for arbiter in arbiters {
                    arbiter.stop();
                    let _ = arbiter.join();
                }
            })
            .map_err(StartError::Threads)?;
        let (system, arbiters) = handles.recv().map_err(|_| none())?;
        Ok(Self {
            runtime: Some(runtime),
            arbiters,
            system,
            thread: Some(thread),
        })
    }

    /// The arbiters.
    pub(super) fn arbiters(&self) -> Vec<ArbiterHandle> {
        self.arbiters.clone()
    }

    /// Runs a future on the exchange's runtime, for as long as that is there.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(future);
        }
    }

    /// Runs a future on the exchange's runtime and waits for it on the caller's.
    pub(super) async fn run<F>(&self, future: F) -> Result<F::Output, StartError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = self.runtime.as_ref().ok_or_else(none)?;
        runtime.spawn(future).await.map_err(|_| none())
    }
}

/// Threads ended before they were used.
pub(super) fn none() -> StartError {
    StartError::Threads(std::io::Error::other("the actor threads ended"))
}

impl Drop for Threads {
    fn drop(&mut self) {
        // First those who would raise actors again: what ends now ends for good.
        if let Some(runtime) = self.runtime.take() {
            // Does not wait: an exchange may be dropped on a runtime.
            runtime.shutdown_background();
        }
        self.system.stop();
        drop(self.thread.take());
    }
}
