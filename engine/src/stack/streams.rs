//! News of the media plane on its way to the legs. Media threads never wait for a shard: they leave
//! their news in a queue that one task reads.

use super::Stack;
use crate::{
    leg::{LegId, machine::Input},
    media::{MediaEvent, MediaId, MediaSink},
};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{PoisonError, RwLock, Weak},
};
use tokio::sync::mpsc;

/// News that may wait; beyond it key presses are lost.
const QUEUE: usize = 4096;

/// Which leg a stream belongs to.
#[derive(Debug, Default)]
pub(super) struct Streams(RwLock<HashMap<MediaId, LegId>>);

impl Streams {
    pub(super) fn opened(&self, stream: MediaId, leg: LegId) {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rows.insert(stream, leg);
    }

    pub(super) fn closed(&self, stream: MediaId) {
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        rows.remove(&stream);
    }

    fn leg(&self, stream: MediaId) -> Option<LegId> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(&stream).copied()
    }
}

/// The media plane's side of the queue.
pub(crate) struct Ears(mpsc::Sender<(MediaId, MediaEvent)>);

/// The driver's side.
pub(crate) type Heard = mpsc::Receiver<(MediaId, MediaEvent)>;

impl Ears {
    /// Both sides.
    pub(crate) fn new() -> (Ears, Heard) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Ears(sender), receiver)
    }
}

impl MediaSink for Ears {
    fn media(&self, id: MediaId, event: MediaEvent) {
        if self.0.try_send((id, event)).is_err() {
            tracing::warn!("News of the media plane is lost");
        }
    }
}

/// Hands on what the media plane hears until the stack is gone.
pub(super) async fn run(stack: Weak<Stack>, mut heard: Heard) {
    while let Some((stream, event)) = heard.recv().await {
        let Some(stack) = stack.upgrade() else { return };
        if let Some(leg) = stack.streams.leg(stream) {
            let tell = || {
                stack.turn(Stack::shard_of_leg(leg), |turn| {
                    turn.input(leg.0, Input::Media(event));
                });
            };
            if catch_unwind(AssertUnwindSafe(tell)).is_err() {
                tracing::error!("News of the media plane made its handler panic");
            }
        }
    }
}
