//! Requests on their way out: which address first, our Via, and the CANCEL that follows an INVITE.

use super::{
    client::{ClientEntry, Owner},
    timers::Timed,
    turn::Turn,
};
use crate::{
    leg::Transport,
    sip::{
        Message, Method, Name, Transport as ViaTransport, Via, shown_host,
        transaction::{TxFailure, client, invite_client},
        transport::Peer,
    },
};
use bytes::Bytes;
use std::collections::VecDeque;

/// A request larger than this goes by TCP (RFC 3261 §18.1.1) when its hop leaves the choice and its name
/// has an address for TCP too. Nobody is dialled blindly: most carriers that are given as an address, or
/// with UDP alone, do not listen on TCP, or do and do not know us there.
const DATAGRAM_LIMIT: usize = 1300;

/// While another address is left, a silent one is given up after this many T1 (4 s by default): the
/// 64·T1 of RFC 3263 §4.3 would outlast every caller.
const SILENT_ADDRESS: u32 = 8;

impl Turn<'_> {
    /// Opens a transaction at the first address that we can send to. `flexible` lets a large request
    /// prefer an address for TCP.
    pub(super) fn send(
        &mut self,
        owner: Owner,
        mut request: Message,
        mut peers: VecDeque<Peer>,
        flexible: bool,
    ) {
        let Some(method) = request.method().cloned() else {
            return self.tell_failure(owner, TxFailure::Transport);
        };
        let branch = branch();
        let (peer, bytes) = loop {
            let Some(peer) = peers.pop_front() else {
                return self.tell_failure(owner, TxFailure::Transport);
            };
            let Some(bytes) = self.sign(&mut request, &peer, &branch) else {
                continue;
            };
            let tcp = peers.iter().position(|p| p.transport == Transport::Tcp);
            if flexible
                && peer.transport == Transport::Udp
                && bytes.len() > DATAGRAM_LIMIT
                && let Some(tcp) = tcp.and_then(|at| peers.remove(at))
                && let Some(bytes) = self.sign(&mut request, &tcp, &branch)
            {
                peers.push_front(peer);
                break (tcp, bytes);
            }
            break (peer, bytes);
        };
        let key = self.stack.keys.client(&branch, &method);
        let cond = self.conditions(&peer);
        if let Some(entry) = ClientEntry::new(cond, key, peer, (request, bytes), owner) {
            self.open_client(entry, peers);
        }
    }

    /// Writes our Via for a way and prints the request; none when we cannot send there.
    pub(super) fn sign(&self, request: &mut Message, peer: &Peer, branch: &str) -> Option<Bytes> {
        let local = self.stack.hub.local_towards(peer)?;
        let transport = match peer.transport {
            Transport::Udp => ViaTransport::Udp,
            Transport::Tcp => ViaTransport::Tcp,
            Transport::Tls => ViaTransport::Tls,
            Transport::Ws => ViaTransport::Ws,
            Transport::Wss => ViaTransport::Wss,
        };
        let advertised = self.stack.config.advertised.as_deref();
        let host = shown_host(advertised, local.ip());
        let via = Via::ours(transport, &host, local.port(), branch);
        request.remove(Name::Via);
        request.prepend(Name::Via, via.to_string());
        Some(request.to_vec().into())
    }

    /// Enters a transaction and starts it; the first of several addresses gets less time.
    fn open_client(&mut self, mut entry: ClientEntry, rest: VecDeque<Peer>) {
        let more = !rest.is_empty();
        let key = entry.key();
        entry.rest = rest;
        self.stack.metrics.client_transactions.inc();
        let id = self.shard.clients.insert(entry);
        self.shard.client_index.insert(key, id);
        self.note_client(id);
        if more {
            let wait = self.stack.config.timers.t1.saturating_mul(SILENT_ADDRESS);
            let number = self
                .shard
                .timers
                .set(self.now + wait, Timed::NextAddress(id));
            if let Some(entry) = self.shard.clients.get_mut(id) {
                entry.next_address = Some(number);
            }
        }
        self.client_input(id, invite_client::Input::Start, client::Input::Start, None);
    }

    /// Notes in which transaction a leg's request travels now.
    fn note_client(&mut self, id: u64) {
        let Some(Owner::Leg(leg, tx)) = self.shard.clients.get_mut(id).map(|e| &e.owner) else {
            return;
        };
        let (leg, tx) = (*leg, *tx);
        if let Some(slot) = self.shard.legs.get_mut(&leg) {
            slot.clients.retain(|(t, _)| *t != tx);
            slot.clients.push((tx, id));
        }
    }

    /// Sends a CANCEL for a request that is under way, on the same way and with the same branch.
    pub(super) fn cancel_client(&mut self, id: u64, dress: impl FnOnce(&mut Message)) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        let Ok(mut cancel) = entry.request.cancel() else {
            return;
        };
        dress(&mut cancel);
        let peer = entry.peer.clone();
        let branch = entry.request.via_top().ok();
        let branch = branch.as_ref().and_then(Via::branch).unwrap_or_default();
        let key = self.stack.keys.client(branch, &Method::Cancel);
        // What is cancelled is not tried elsewhere.
        entry.rest.clear();
        entry.next_address = None;
        let bytes = cancel.to_vec().into();
        let cond = self.conditions(&peer);
        if let Some(entry) = ClientEntry::new(cond, key, peer, (cancel, bytes), Owner::Nobody) {
            self.open_client(entry, VecDeque::new());
        }
        self.client_input(
            id,
            invite_client::Input::Cancelled,
            client::Input::Start,
            None,
        );
    }
}

/// A new branch (RFC 3261 §8.1.1.7).
pub(super) fn branch() -> String {
    format!("z9hG4bK{:016x}", rand::random::<u64>())
}
