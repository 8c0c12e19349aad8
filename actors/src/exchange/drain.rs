//! Shutting down without cutting anybody off who can still be served.

use super::Exchange;
use crate::{
    call::{Input, Outcome},
    webrtc_session::Why,
};
use std::{future::Future, sync::atomic::Ordering, time::Duration};

/// What a refused caller is told, in seconds.
const RETRY_AFTER: u32 = 30;
/// How often the number of live calls is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long the last records may take.
const FLUSH: Duration = Duration::from_secs(10);
/// How long ended calls may take to collect their figures.
const GRACE: Duration = Duration::from_secs(5);

impl Exchange {
    /// Refuses new dialogs with 503, lets live calls run until `limit` or until `now` is ready, ends the
    /// others with BYE, writes every record, closes the listeners.
    pub async fn drain(&self, limit: Duration, now: impl Future) {
        let rooms = &self.rooms;
        rooms.draining.store(true, Ordering::Release);
        rooms.endpoint.refuse_new(Some(RETRY_AFTER));
        // Those without a call go now, the others with their last one.
        for session in rooms.sessions.select(|_| true) {
            session.drains();
        }
        tracing::info!(calls = rooms.registry.len(), "draining");
        tokio::select! {
            () = self.emptied() => {}
            () = tokio::time::sleep(limit) => {}
            _ = now => {}
        }
        for entry in rooms.registry.select(|_| true) {
            entry.answer(Input::Terminate(Outcome::ShuttingDown));
        }
        if tokio::time::timeout(GRACE, self.emptied()).await.is_err() {
            tracing::warn!(
                calls = rooms.registry.len(),
                "some calls did not end in time"
            );
        }
        for session in rooms.sessions.select(|_| true) {
            session.is_ended(Why::GoingAway);
        }
        if tokio::time::timeout(FLUSH, rooms.ledger.flushed())
            .await
            .is_err()
        {
            tracing::warn!("some call records are left in the spool");
        }
        rooms.bus.close();
        rooms.endpoint.close().await;
    }

    async fn emptied(&self) {
        while self.rooms.registry.len() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}
