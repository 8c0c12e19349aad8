//! Client transactions: requests of ours, the addresses they are tried at, and what came back.

use super::{
    late::Late,
    post::{Post, Sender},
    probe::Probe,
    timers::{Number, Running, Timed},
    turn::Turn,
};
use crate::{
    leg::machine::{self, ClientTx, Input},
    metrics::Way,
    sip::{
        Message, Method,
        transaction::{
            Action, Conditions, TimerName, TxFailure, client, client::Client, invite_client,
            invite_client::InviteClient, key::Key,
        },
        transport::{ConnectionId, Flow, Peer},
    },
};
use bytes::Bytes;
use std::collections::VecDeque;

/// Who hears of it.
pub(super) enum Owner {
    /// A leg, by its own number for the request.
    Leg(u64, ClientTx),
    /// A request outside any call.
    Probe(Probe),
    /// Nobody any more: an INVITE to an address that was left for the next one.
    Late(Late),
    /// Nobody: a CANCEL, whose INVITE tells what became of it.
    Nobody,
}

/// What waits for addresses. Messages are without Via.
pub(super) enum Start {
    /// A request.
    Request { owner: Owner, request: Message },
    /// An ACK to a 2xx.
    Ack(Message),
    /// A leg that wants to know its way.
    Locate(u64),
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
    pub(super) peer: Peer,
    /// Further addresses.
    pub(super) rest: VecDeque<Peer>,
    pub(super) request: Message,
    bytes: Bytes,
    ack: Bytes,
    pub(super) owner: Owner,
    pub(super) running: Running<TimerName>,
    /// A 100 came.
    trying: bool,
    /// The timer that gives a silent address up.
    pub(super) next_address: Option<Number>,
}

impl ClientEntry {
    /// A request that is about to be sent.
    pub(super) fn new(
        cond: Conditions,
        key: Key,
        peer: Peer,
        (request, bytes): (Message, Bytes),
        owner: Owner,
    ) -> Option<ClientEntry> {
        let method = request.method()?.clone();
        let machine = match method {
            Method::Invite => Machine::Invite(InviteClient::new(cond)),
            _ => Machine::Other(Client::new(cond)),
        };
        Some(ClientEntry {
            machine,
            method,
            key,
            peer,
            rest: VecDeque::new(),
            request,
            bytes,
            ack: Bytes::new(),
            owner,
            running: Running::default(),
            trying: false,
            next_address: None,
        })
    }

    /// What responses find it by.
    pub(super) fn key(&self) -> Key {
        self.key
    }
}

impl Turn<'_> {
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
        let before = std::mem::replace(&mut entry.peer.connection, connection);
        if before != connection {
            self.shard.travelling.extend(connection.map(|c| (c, id)));
            if let Some(before) = before {
                self.shard.travelling.remove(&(before, id));
            }
        }
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
        let on_it = (connection, 0)..=(connection, u64::MAX);
        let lost: Vec<_> = self.shard.travelling.range(on_it).copied().collect();
        for (_, id) in lost {
            let entry = self.shard.clients.get_mut(id);
            let invite = match entry.is_some_and(|e| e.peer.transport.is_web_socket()) {
                true => invite_client::Input::Vanished,
                false => invite_client::Input::TransportError,
            };
            self.client_input(id, invite, client::Input::TransportError, None);
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
        if counts {
            self.leave(id);
        }
    }

    pub(super) fn client_input(
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
            sender: Sender::Client(self.index, id),
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
        entry.trying |= status == 100;
        match &mut entry.owner {
            // While another address is left, a 100 settles nothing; then it lets a CANCEL go (§9.1).
            Owner::Leg(leg, tx) if entry.rest.is_empty() => {
                let (leg, tx) = (*leg, *tx);
                self.input(leg, Input::Response { tx, message });
            }
            Owner::Late(_) => self.too_late(id, &message),
            Owner::Probe(probe) if status >= 200 => probe.answered(message, entry.peer.remote),
            _ => {}
        }
    }

    /// A call was given up before its INVITE had a provisional response: no further address is tried, and
    /// a 100 that was kept back is told now.
    pub(super) fn settle(&mut self, leg: u64, tx: ClientTx) {
        let client = self.shard.legs.get(&leg).and_then(|slot| slot.client(tx));
        let Some(entry) = client.and_then(|id| self.shard.clients.get_mut(id)) else {
            return;
        };
        entry.rest.clear();
        entry.next_address = None;
        if entry.trying {
            let message = Message::response_to(&entry.request, 100, "", None);
            self.input(leg, Input::Response { tx, message });
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

    pub(super) fn tell_failure(&mut self, owner: Owner, why: TxFailure) {
        match owner {
            Owner::Leg(leg, tx) => {
                let why = match why {
                    TxFailure::Timeout => machine::TxFailure::Timeout,
                    TxFailure::Transport => machine::TxFailure::Transport,
                };
                self.input(leg, Input::Failed { tx, why });
            }
            Owner::Probe(mut probe) => probe.failed(why),
            Owner::Nobody | Owner::Late(_) => {}
        }
    }

    pub(super) fn forget_client(&mut self, id: u64) -> Option<ClientEntry> {
        let entry = self.shard.clients.remove(id)?;
        self.stack.metrics.client_transactions.dec();
        if self.shard.client_index.get(&entry.key) == Some(&id) {
            self.shard.client_index.remove(&entry.key);
        }
        if let Some(connection) = entry.peer.connection {
            self.shard.travelling.remove(&(connection, id));
        }
        if let Owner::Leg(leg, _) = entry.owner
            && let Some(slot) = self.shard.legs.get_mut(&leg)
        {
            slot.clients.retain(|(_, client)| *client != id);
        }
        Some(entry)
    }
}
