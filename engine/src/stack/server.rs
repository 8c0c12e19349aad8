//! Server transactions: requests that came and the answers they got.

use super::{
    post::{Post, Sender},
    timers::{Running, Timed},
    turn::Turn,
};
use crate::{
    leg::machine::{Input, ServerTx},
    metrics::Way,
    sip::{
        Message, Method,
        transaction::{
            Action, Conditions, TimerName, invite_server, invite_server::InviteServer, key::Key,
            server, server::Server,
        },
        transport::{ConnectionId, Peer},
    },
};
use bytes::Bytes;
use std::time::Instant;

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answerer {
    /// A leg.
    Leg(u64),
    /// A `Reply` that was handed out.
    Reply,
    /// Nobody any more: it was answered when it came.
    Nobody,
}

enum Machine {
    Invite(InviteServer),
    Other(Server),
}

/// One transaction.
pub(super) struct ServerEntry {
    machine: Machine,
    method: Method,
    key: Key,
    merged: Option<Key>,
    peer: Peer,
    answerer: Answerer,
    /// Until the first response other than 100.
    arrived: Option<Instant>,
    response: Bytes,
    pub(super) running: Running<TimerName>,
}

impl ServerEntry {
    /// Who answers it.
    pub(super) fn answerer(&self) -> Answerer {
        self.answerer
    }

    /// Hands it to somebody else.
    pub(super) fn answered_by(&mut self, answerer: Answerer) {
        self.answerer = answerer;
    }
}

/// What is needed to open one.
pub(super) struct Opening {
    pub(super) method: Method,
    pub(super) key: Key,
    /// For a request outside dialogs.
    pub(super) merged: Option<Key>,
    pub(super) peer: Peer,
    pub(super) answerer: Answerer,
}

impl Opening {
    /// The WebSocket that an INVITE came by.
    fn asks_by(&self) -> Option<ConnectionId> {
        let asks = self.method == Method::Invite && self.peer.transport.is_web_socket();
        self.peer.connection.filter(|_| asks)
    }
}

impl Turn<'_> {
    /// Tells the legs of the calls that were begun by a WebSocket which is gone.
    pub(super) fn abandon(&mut self, connection: ConnectionId) {
        let by_it = (connection, 0)..=(connection, u64::MAX);
        let asked: Vec<_> = self.shard.asking.range(by_it).copied().collect();
        for (_, id) in asked {
            let entry = self.shard.servers.get_mut(id);
            if let Some(Answerer::Leg(leg)) = entry.map(|entry| entry.answerer) {
                let invite = ServerTx(id);
                self.input(leg, Input::Vanished { invite });
            }
        }
    }

    /// Opens a transaction.
    pub(super) fn open_server(&mut self, opening: Opening) -> u64 {
        let cond = self.conditions(&opening.peer);
        let mut actions = std::mem::take(&mut self.shard.actions);
        let machine = match opening.method {
            Method::Invite => Machine::Invite(InviteServer::new(cond, &mut actions)),
            _ => Machine::Other(Server::new(cond, &mut actions)),
        };
        self.stack.metrics.server_transactions.inc();
        let asks = opening.asks_by();
        let id = self.shard.servers.insert(ServerEntry {
            machine,
            method: opening.method,
            key: opening.key,
            merged: opening.merged,
            peer: opening.peer,
            answerer: opening.answerer,
            arrived: Some(self.now),
            response: Bytes::new(),
            running: Running::default(),
        });
        self.shard.asking.extend(asks.map(|c| (c, id)));
        self.shard.server_index.insert(opening.key, id);
        if let Some(merged) = opening.merged {
            self.shard.merged.insert(merged, id);
        }
        self.act_server(id, actions);
        id
    }

    /// What a machine must know of a way.
    pub(super) fn conditions(&self, peer: &Peer) -> Conditions {
        Conditions {
            timers: self.stack.config.timers,
            reliable: peer.transport != crate::leg::Transport::Udp,
        }
    }

    /// Absorbs a request that came again; `false` when it is new.
    pub(super) fn absorb(&mut self, key: Key) -> bool {
        let Some(&id) = self.shard.server_index.get(&key) else {
            return false;
        };
        self.stack.metrics.absorbed.inc();
        self.server_input(id, invite_server::Input::Invite, server::Input::Request);
        true
    }

    /// Gives an ACK to the INVITE it belongs to (§17.2.1); `false` when there is none, or when it was
    /// answered with 2xx and the ACK is the user's.
    pub(super) fn acknowledge(&mut self, key: Key) -> bool {
        let Some(&id) = self.shard.server_index.get(&key) else {
            return false;
        };
        let Some(entry) = self.shard.servers.get_mut(id) else {
            return false;
        };
        let Machine::Invite(machine) = &entry.machine else {
            return true;
        };
        if machine.state() == invite_server::State::Accepted {
            return false;
        }
        self.server_input(id, invite_server::Input::Ack, server::Input::Request);
        true
    }

    /// Sends a response.
    pub(super) fn respond(&mut self, id: u64, response: &Message) {
        let Some(status) = response.status() else {
            return;
        };
        let Some(entry) = self.shard.servers.get_mut(id) else {
            return;
        };
        let answered = match &entry.machine {
            Machine::Invite(m) => match m.state() {
                invite_server::State::Proceeding => false,
                // Only the 2xx may be repeated by its user.
                invite_server::State::Accepted => status / 100 != 2,
                _ => true,
            },
            Machine::Other(m) => {
                !matches!(m.state(), server::State::Trying | server::State::Proceeding)
            }
        };
        if answered {
            return;
        }
        entry.response = response.to_vec().into();
        if status > 100
            && entry.method == Method::Invite
            && let Some(arrived) = entry.arrived.take()
        {
            let waited = self.now.saturating_duration_since(arrived);
            self.stack.metrics.invite_setup(waited);
        }
        if status >= 200
            && let Some(merged) = entry.merged.take()
        {
            self.shard.merged.remove(&merged);
        }
        self.server_input(
            id,
            invite_server::Input::Respond(status),
            server::Input::Respond(status),
        );
    }

    /// A response could not be sent (RFC 3261 §17.2.4).
    pub(super) fn unanswerable(&mut self, id: u64) {
        self.server_input(
            id,
            invite_server::Input::TransportError,
            server::Input::TransportError,
        );
    }

    /// A timer of a transaction fired.
    pub(super) fn server_timer(&mut self, id: u64, number: u64, name: TimerName) {
        let counts = self
            .shard
            .servers
            .get_mut(id)
            .is_some_and(|e| e.running.take(number));
        if counts {
            self.server_input(
                id,
                invite_server::Input::Timer(name),
                server::Input::Timer(name),
            );
        }
    }

    fn server_input(&mut self, id: u64, invite: invite_server::Input, other: server::Input) {
        let mut actions = std::mem::take(&mut self.shard.actions);
        if let Some(entry) = self.shard.servers.get_mut(id) {
            match &mut entry.machine {
                Machine::Invite(machine) => machine.apply(invite, &mut actions),
                Machine::Other(machine) => machine.apply(other, &mut actions),
            }
        }
        self.act_server(id, actions);
    }

    fn act_server(&mut self, id: u64, mut actions: Vec<Action>) {
        for action in actions.drain(..) {
            let Some(entry) = self.shard.servers.get_mut(id) else {
                break;
            };
            match action {
                Action::Transmit | Action::Retransmit => {
                    if action == Action::Retransmit {
                        self.stack.metrics.response_retransmissions.inc();
                    } else if let Some(status) = status_of(&entry.response) {
                        self.stack.metrics.response(&entry.method, status, Way::Out);
                    }
                    self.posts.push(Post::Send {
                        peer: entry.peer.clone(),
                        bytes: entry.response.clone(),
                        sender: Sender::Server(self.index, id),
                    });
                }
                Action::Set(name, after) => {
                    let at = self.now + after;
                    let number = self.shard.timers.set(at, Timed::Server(id, name));
                    entry.running.set(name, number);
                }
                Action::Clear(name) => entry.running.clear(&name),
                Action::Forget => self.forget_server(id),
                Action::Unanswered => self.unanswered(id),
                // A user that sends 2xx waits for the ACK itself; a refusal that is never acknowledged
                // matters to nobody.
                Action::Fail(_) | Action::Deliver | Action::Acknowledge | Action::ReAcknowledge => {
                }
            }
        }
        self.shard.actions = actions;
    }

    fn forget_server(&mut self, id: u64) {
        let Some(entry) = self.shard.servers.remove(id) else {
            return;
        };
        self.stack.metrics.server_transactions.dec();
        if let Some(connection) = entry.peer.connection {
            self.shard.asking.remove(&(connection, id));
        }
        if self.shard.server_index.get(&entry.key) == Some(&id) {
            self.shard.server_index.remove(&entry.key);
        }
        if let Some(merged) = entry.merged {
            self.shard.merged.remove(&merged);
        }
    }

    /// An INVITE has waited for 64·T1: when the leg that should answer is gone, so is the transaction.
    fn unanswered(&mut self, id: u64) {
        let Some(entry) = self.shard.servers.get_mut(id) else {
            return;
        };
        let alive = match entry.answerer {
            Answerer::Leg(leg) => self.shard.legs.get(&leg).is_some_and(|s| s.leg.is_some()),
            Answerer::Reply => true,
            Answerer::Nobody => false,
        };
        if !alive {
            self.forget_server(id);
        }
    }
}

/// The status in the first line of a printed response.
fn status_of(response: &[u8]) -> Option<u16> {
    std::str::from_utf8(response.get(8..11)?).ok()?.parse().ok()
}
