//! Loops that the exchange cannot do without: run until they end by themselves, again after a panic.

use super::{History, Intensity, Kind, lifeline::words};
use crate::metrics::Metrics;
use futures_util::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Instant};

/// Runs `make()` until it returns; a panic is counted and followed by another `make()` after a pause.
/// What the loop must not lose belongs outside of the future.
pub(crate) async fn keep<F, Fut>(kind: Kind, metrics: Arc<Metrics>, mut make: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut history = History::default();
    loop {
        let Err(panic) = AssertUnwindSafe(make()).catch_unwind().await else {
            return;
        };
        metrics.crashed(kind);
        let why = words(panic.as_ref());
        tracing::error!(
            kind = kind.label(),
            panic = why,
            "crashed, starting it again"
        );
        let pause = history
            .crashed(Intensity::PERMANENT, Instant::now())
            .unwrap_or(Intensity::PERMANENT.longest_pause);
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn starts_again_until_it_ends_by_itself() {
        let metrics = Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap());
        let mut lives = 0;
        keep(Kind::Ledger, metrics, || {
            lives += 1;
            let life = lives;
            async move { assert!(life > 3, "life {life}") }
        })
        .await;
        assert_eq!(lives, 4);
    }
}
