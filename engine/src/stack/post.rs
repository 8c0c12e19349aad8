//! What a turn leaves to be done when its shard is no longer locked.

use super::{Stack, client::Start};
use crate::sip::{
    resolve::Question,
    transport::{ConnectionId, Peer, SendError},
};
use bytes::Bytes;

/// The transaction that a message belongs to, with its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A request or the ACK to a refusal.
    Client(usize, u64),
    /// A response.
    Server(usize, u64),
    /// Nobody cares.
    None,
}

/// One thing to do.
pub(super) enum Post {
    /// Send a message.
    Send {
        /// Where to.
        peer: Peer,
        /// The message.
        bytes: Bytes,
        /// Who hears when it cannot be sent.
        sender: Sender,
    },
    /// Find addresses, then go on.
    Resolve {
        /// What for.
        question: Question,
        /// What waits for them.
        start: Box<Start>,
        /// In which shard.
        shard: usize,
    },
}

impl Post {
    /// Does it.
    pub(super) fn deliver(self, stack: &Stack) {
        match self {
            Post::Send {
                peer,
                bytes,
                sender,
            } => {
                let sent = stack.hub.send(&peer, bytes);
                note(stack, sender, &peer, sent);
            }
            Post::Resolve {
                question,
                start,
                shard,
            } => {
                let Some(stack) = stack.me.upgrade() else {
                    return;
                };
                stack.runtime.clone().spawn(async move {
                    let flexible = question.transport.is_none();
                    let addresses = stack.resolver.find(question).await;
                    stack.turn(shard, |turn| turn.found(*start, addresses, flexible));
                });
            }
        }
    }
}

/// Tells a transaction what became of its message, when that matters.
fn note(stack: &Stack, sender: Sender, peer: &Peer, sent: Result<Option<ConnectionId>, SendError>) {
    match (sender, sent) {
        (Sender::Client(shard, id), Ok(connection)) if connection != peer.connection => {
            stack.turn(shard, |turn| turn.travels(id, connection));
        }
        (Sender::Client(shard, id), Err(_)) => {
            stack.turn(shard, |turn| turn.unsent(id));
        }
        (Sender::Server(shard, id), Err(_)) => {
            stack.turn(shard, |turn| turn.unanswerable(id));
        }
        (_, Ok(_)) | (Sender::None, Err(_)) => {}
    }
}
