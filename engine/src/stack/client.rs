//! Client transactions: requests of ours, the addresses they are tried at, and what came back.

use super::{
    post::Post,
    probe::Probe,
    timers::{Number, Running, Timed},
    turn::Turn,
};
use crate::{
    metrics::Way,
    sip::{
        Message, Method, Name, Via,
        resolve::Address,
        transaction::{
            Action, TimerName, TxFailure, client, client::Client, invite_client,
            invite_client::InviteClient, key::Key,
        },
        transport::{ConnectionId, Flow, Peer},
    },
};
use bytes::Bytes;
use std::collections::VecDeque;

/// A request larger than this goes by TCP when its hop leaves the choice (RFC 3261 §18.1.1).
const DATAGRAM_LIMIT: usize = 1300;

/// While another address is left, a silent one is given up after this many T1 (4 s by default): the
/// 64·T1 of RFC 3263 §4.3 would outlast every caller.
const SILENT_ADDRESS: u32 = 8;

/// Who hears of it.
pub(super) enum Owner {
    /// A request outside any call.
    Probe(Probe),
    /// Nobody: a CANCEL, whose INVITE tells what became of it.
    Nobody,
}

/// A request that waits for its addresses.
pub(super) struct Start {
    pub(super) owner: Owner,
    /// Without Via.
    pub(super) request: Message,
}

enum Machine {
    Invite(InviteClient),
    Other(Client),
}

/// One transaction.
pub(super) struct ClientEntry {
    machine: Machine,
    method: Method,
    key: Key,
    peer: Peer,
    rest: VecDeque<Peer>,
    request: Message,
    bytes: Bytes,
    ack: Bytes,
    owner: Owner,
    running: Running<TimerName>,
    next_address: Option<Number>,
}

impl Turn<'_> {
    /// Goes on with a request whose addresses were found.
    pub(super) fn found(&mut self, start: Start, addresses: Vec<Address>) {
        let peers = addresses
            .into_iter()
            .map(|a| Peer::at(a.transport, a.remote, a.name));
        self.send(start.owner, start.request, peers.collect(), false);
    }

    /// Opens a transaction at the first address that we can send to. `flexible` lets a large request go
    /// by TCP although the address says UDP, and by UDP if that fails.
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
            let Some(mut peer) = peers.pop_front() else {
                return self.tell_failure(owner, TxFailure::Transport);
            };
            let Some(bytes) = self.sign(&mut request, &peer, &branch) else {
                continue;
            };
            let udp = peer.transport == crate::leg::Transport::Udp;
            if flexible && udp && bytes.len() > DATAGRAM_LIMIT {
                peers.push_front(peer.clone());
                peer.transport = crate::leg::Transport::Tcp;
                peer.local = None;
                if let Some(bytes) = self.sign(&mut request, &peer, &branch) {
                    break (peer, bytes);
                }
                continue;
            }
            break (peer, bytes);
        };
        let key = self.stack.keys.client(&branch, &method);
        self.open_client(key, method, peer, peers, request, bytes, owner);
    }

    /// Writes our Via for a way and prints the request; none when we cannot send there.
    pub(super) fn sign(&self, request: &mut Message, peer: &Peer, branch: &str) -> Option<Bytes> {
        let local = self.stack.hub.local_towards(peer)?;
        let transport = match peer.transport {
            crate::leg::Transport::Udp => crate::sip::Transport::Udp,
            crate::leg::Transport::Tcp => crate::sip::Transport::Tcp,
            crate::leg::Transport::Tls => crate::sip::Transport::Tls,
        };
        let via = Via::ours(transport, &local.ip().to_string(), local.port(), branch);
        request.remove(Name::Via);
        request.prepend(Name::Via, via.to_string());
        Some(request.to_vec().into())
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one entry")]
    fn open_client(
        &mut self,
        key: Key,
        method: Method,
        peer: Peer,
        rest: VecDeque<Peer>,
        request: Message,
        bytes: Bytes,
        owner: Owner,
    ) {
        let cond = self.conditions(&peer);
        let machine = match method {
            Method::Invite => Machine::Invite(InviteClient::new(cond)),
            _ => Machine::Other(Client::new(cond)),
        };
        self.stack.metrics.client_transactions.inc();
        let more = !rest.is_empty();
        let id = self.shard.clients.insert(ClientEntry {
            machine,
            method,
            key,
            peer,
            rest,
            request,
            bytes,
            ack: Bytes::new(),
            owner,
            running: Running::default(),
            next_address: None,
        });
        self.shard.client_index.insert(key, id);
        if more {
            let at = self.now + cond.timers.t1.saturating_mul(SILENT_ADDRESS);
            let number = self.shard.timers.set(at, Timed::NextAddress(id));
            if let Some(entry) = self.shard.clients.get_mut(id) {
                entry.next_address = Some(number);
            }
        }
        self.client_input(id, invite_client::Input::Start, client::Input::Start, None);
    }

    /// A response came (§17.1.3). One that fits no transaction of ours is dropped.
    pub(super) fn response(&mut self, message: Message, flow: Flow) {
        let (Some(status), Ok(via), Ok(cseq)) =
            (message.status(), message.via_top(), message.cseq())
        else {
            return;
        };
        self.stack.metrics.response(&cseq.method, status, Way::In);
        let key = self
            .stack
            .keys
            .client(via.branch().unwrap_or_default(), &cseq.method);
        let Some(&id) = self.shard.client_index.get(&key) else {
            tracing::debug!(remote = %flow.remote, status, "A response fits no request of ours");
            return;
        };
        if let Some(entry) = self.shard.clients.get_mut(id) {
            entry.next_address = None;
        }
        self.client_input(
            id,
            invite_client::Input::Response(status),
            client::Input::Response(status),
            Some(message),
        );
    }

    /// The connection that a request travels on, once it is known.
    pub(super) fn travels(&mut self, id: u64, connection: Option<ConnectionId>) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        entry.peer.connection = connection;
        if connection.is_some_and(|c| !self.stack.hub.is_open(c)) {
            self.unsent(id);
        }
    }

    /// A request could not be sent.
    pub(super) fn unsent(&mut self, id: u64) {
        self.client_input(
            id,
            invite_client::Input::TransportError,
            client::Input::TransportError,
            None,
        );
    }

    /// A connection is gone: nothing will come back on it.
    pub(super) fn lost(&mut self, connection: ConnectionId) {
        let on_it = |(id, entry): (u64, &ClientEntry)| {
            (entry.peer.connection == Some(connection)).then_some(id)
        };
        let lost: Vec<u64> = self.shard.clients.iter().filter_map(on_it).collect();
        for id in lost {
            self.unsent(id);
        }
    }

    /// A timer of a transaction fired.
    pub(super) fn client_timer(&mut self, id: u64, number: Number, name: TimerName) {
        let counts = self
            .shard
            .clients
            .get_mut(id)
            .is_some_and(|e| e.running.take(number));
        if counts {
            self.client_input(
                id,
                invite_client::Input::Timer(name),
                client::Input::Timer(name),
                None,
            );
        }
    }

    /// An address stayed silent, and there is another one.
    pub(super) fn next_address(&mut self, id: u64, number: Number) {
        let counts = self
            .shard
            .clients
            .get_mut(id)
            .is_some_and(|e| e.next_address == Some(number));
        if counts && let Some(entry) = self.forget_client(id) {
            tracing::debug!(remote = %entry.peer.remote, "An address stays silent, trying the next one");
            self.send(entry.owner, entry.request, entry.rest, false);
        }
    }

    fn client_input(
        &mut self,
        id: u64,
        invite: invite_client::Input,
        other: client::Input,
        message: Option<Message>,
    ) {
        let mut actions = std::mem::take(&mut self.shard.actions);
        if let Some(entry) = self.shard.clients.get_mut(id) {
            match &mut entry.machine {
                Machine::Invite(machine) => machine.apply(invite, &mut actions),
                Machine::Other(machine) => machine.apply(other, &mut actions),
            }
        }
        let (mut deliver, mut failed, mut forget) = (false, None, false);
        for action in actions.drain(..) {
            match action {
                Action::Deliver => deliver = true,
                Action::Fail(why) => failed = Some(why),
                Action::Forget => forget = true,
                action => self.act_client(id, action, message.as_ref()),
            }
        }
        self.shard.actions = actions;
        if let Some(message) = message.filter(|_| deliver) {
            self.hand_up(id, message);
        }
        if let Some(why) = failed {
            self.fail(id, why);
        }
        if forget {
            self.forget_client(id);
        }
    }

    fn act_client(&mut self, id: u64, action: Action, message: Option<&Message>) {
        let index = self.index;
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        let bytes = match action {
            Action::Transmit => {
                self.stack.metrics.request(&entry.method, Way::Out);
                entry.bytes.clone()
            }
            Action::Retransmit => {
                self.stack.metrics.request_retransmissions.inc();
                entry.bytes.clone()
            }
            Action::Acknowledge => {
                let ack = message.and_then(|answer| entry.request.ack_for(answer).ok());
                let Some(ack) = ack else { return };
                self.stack.metrics.request(&Method::Ack, Way::Out);
                entry.ack = ack.to_vec().into();
                entry.ack.clone()
            }
            Action::ReAcknowledge => entry.ack.clone(),
            Action::Set(name, after) => {
                let number = self
                    .shard
                    .timers
                    .set(self.now + after, Timed::Client(id, name));
                entry.running.set(name, number);
                return;
            }
            Action::Clear(name) => return entry.running.clear(&name),
            Action::Deliver | Action::Fail(_) | Action::Forget | Action::Unanswered => return,
        };
        self.posts.push(Post::Send {
            peer: entry.peer.clone(),
            bytes,
            client: Some((index, id)),
        });
    }

    /// A response for the user. A 503 sends the request to the next address, when there is one (RFC 3263
    /// §4.3).
    fn hand_up(&mut self, id: u64, message: Message) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        let status = message.status().unwrap_or_default();
        if status == 503 && !entry.rest.is_empty() {
            return self.fail_over(id);
        }
        if status > 100 {
            entry.rest.clear();
        }
        if let Owner::Probe(probe) = &mut entry.owner
            && status >= 200
        {
            probe.answered(message, entry.peer.remote);
        }
    }

    fn fail(&mut self, id: u64, why: TxFailure) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        if !entry.rest.is_empty() {
            return self.fail_over(id);
        }
        let owner = std::mem::replace(&mut entry.owner, Owner::Nobody);
        self.tell_failure(owner, why);
    }

    /// Tries the next address with a transaction of its own; this one only absorbs what still comes.
    fn fail_over(&mut self, id: u64) {
        let Some(entry) = self.shard.clients.get_mut(id) else {
            return;
        };
        entry.next_address = None;
        let owner = std::mem::replace(&mut entry.owner, Owner::Nobody);
        let rest = std::mem::take(&mut entry.rest);
        let request = entry.request.clone();
        self.send(owner, request, rest, false);
    }

    fn tell_failure(&mut self, owner: Owner, why: TxFailure) {
        match owner {
            Owner::Probe(mut probe) => probe.failed(why),
            Owner::Nobody => {}
        }
    }

    fn forget_client(&mut self, id: u64) -> Option<ClientEntry> {
        let entry = self.shard.clients.remove(id)?;
        self.stack.metrics.client_transactions.dec();
        if self.shard.client_index.get(&entry.key) == Some(&id) {
            self.shard.client_index.remove(&entry.key);
        }
        Some(entry)
    }
}

/// A new branch (RFC 3261 §8.1.1.7).
pub(super) fn branch() -> String {
    format!("z9hG4bK{:016x}", rand::random::<u64>())
}
