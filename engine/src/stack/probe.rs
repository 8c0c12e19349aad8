//! Requests outside any call: OPTIONS probes and REGISTER towards trunks.

use crate::sip::{Message, transaction::TxFailure};
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// What came of one attempt.
pub(super) type Outcome = Result<(Message, SocketAddr), TxFailure>;

/// Where the outcome goes.
pub(super) struct Probe(Option<oneshot::Sender<Outcome>>);

impl Probe {
    pub(super) fn new() -> (Probe, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Probe(Some(sender)), receiver)
    }

    pub(super) fn answered(&mut self, message: Message, source: SocketAddr) {
        self.tell(Ok((message, source)));
    }

    pub(super) fn failed(&mut self, why: TxFailure) {
        self.tell(Err(why));
    }

    /// Nobody may wait any more; then there is nobody to tell.
    fn tell(&mut self, outcome: Outcome) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(outcome);
        }
    }
}
