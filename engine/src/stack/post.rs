//! What a turn leaves to be done when its shard is no longer locked.

use super::{Stack, client::Start, turn::Turn};
use crate::sip::{
    resolve::Question,
    transport::{Peer, SendError},
};
use bytes::Bytes;

/// One thing to do.
pub(super) enum Post {
    /// Send a message. A request says which transaction hears when it cannot be sent.
    Send {
        /// Where to.
        peer: Peer,
        /// The message.
        bytes: Bytes,
        /// Shard and number of the client transaction.
        client: Option<(usize, u64)>,
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
                client,
            } => {
                let sent = stack.hub.send(&peer, bytes);
                if let Some((shard, id)) = client {
                    note(stack, shard, id, &peer, sent);
                }
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
                    let addresses = stack.resolver.find(question).await;
                    stack.turn(shard, |turn| turn.found(*start, addresses));
                });
            }
        }
    }
}

/// Tells a client transaction what became of its request, when that matters.
fn note(
    stack: &Stack,
    shard: usize,
    id: u64,
    peer: &Peer,
    sent: Result<Option<crate::sip::transport::ConnectionId>, SendError>,
) {
    match sent {
        Ok(connection) if connection == peer.connection => {}
        Ok(connection) => {
            stack.turn(shard, |turn: &mut Turn<'_>| turn.travels(id, connection));
        }
        Err(_) => {
            stack.turn(shard, |turn: &mut Turn<'_>| turn.unsent(id));
        }
    }
}
