//! Drives the machines of legs: inputs in, outputs carried out.

use super::{
    client::{Owner, Start},
    post::{Post, Sender},
    sending::branch,
    timers::{Number, Timed},
    turn::Turn,
};
use crate::{
    LegError,
    leg::{
        DialogKey, Hop, LegId, Transport,
        machine::{ClientTx, Input, Order, Output, Path, Target, TimerName},
    },
    metrics::Way,
    sip::{
        Message, Method, Name, Uri,
        resolve::{Address, Question},
        transport::Peer,
    },
};
use std::collections::VecDeque;

/// Where a target leads.
pub(super) enum Ways {
    /// To these, best first; `flexible` leaves the choice between UDP and TCP.
    Known {
        peers: VecDeque<Peer>,
        flexible: bool,
    },
    /// To whatever this name has for an answer.
    Ask(Question),
    /// Nowhere.
    None,
}

impl Turn<'_> {
    /// Gives a leg its input, and every input that follows from it.
    pub(super) fn input(&mut self, id: u64, input: Input) {
        self.shard.inputs.push_back((id, input));
        self.drain();
    }

    /// Gives a leg an order.
    pub(super) fn order(&mut self, id: u64, order: Order) -> Result<(), LegError> {
        let mut outputs = std::mem::take(&mut self.shard.outputs);
        let leg = self.shard.legs.get_mut(&id).and_then(|s| s.leg.as_mut());
        let result = match leg {
            Some(leg) => {
                let audio = &mut self.stack.plane.clone();
                leg.order(order, self.now, audio, &mut outputs)
            }
            None => Err(LegError::Gone),
        };
        self.carry_out(id, outputs);
        result
    }

    /// Carries out what a leg wants, and what follows from it when all of that is done: a request that
    /// cannot be sent fails at once, and its failure must not overtake the news behind it.
    pub(super) fn carry_out(&mut self, id: u64, outputs: Vec<Output>) {
        let outer = std::mem::replace(&mut self.shard.draining, true);
        self.perform(id, outputs);
        self.shard.draining = outer;
        self.drain();
    }

    pub(super) fn drain(&mut self) {
        if self.shard.draining {
            return;
        }
        self.shard.draining = true;
        while let Some((id, input)) = self.shard.inputs.pop_front() {
            let mut outputs = std::mem::take(&mut self.shard.outputs);
            if let Some(leg) = self.shard.legs.get_mut(&id).and_then(|s| s.leg.as_mut()) {
                let audio = &mut self.stack.plane.clone();
                leg.apply(input, self.now, audio, &mut outputs);
            }
            self.perform(id, outputs);
        }
        self.shard.draining = false;
    }

    fn perform(&mut self, id: u64, mut outputs: Vec<Output>) {
        for output in outputs.drain(..) {
            match output {
                Output::Locate(target) => self.locate(id, &target),
                Output::Send {
                    tx,
                    request,
                    target,
                } => self.request_of(Owner::Leg(id, tx), request, &target),
                Output::Ack { message, target } => self.send_ack(message, &target),
                Output::Cancel { invite, reason } => self.cancel_invite(id, invite, reason),
                Output::Settle { invite } => self.settle(id, invite),
                Output::Respond { tx, response } => self.respond(tx.0, &response),
                Output::SetTimer(name, after) => {
                    let at = self.now + after;
                    if let Some(slot) = self.shard.legs.get_mut(&id) {
                        let number = self.shard.timers.set(at, Timed::Leg(id, name));
                        slot.running.set(name, number);
                    }
                }
                Output::CancelTimer(name) => {
                    if let Some(slot) = self.shard.legs.get_mut(&id) {
                        slot.running.clear(&name);
                    }
                }
                Output::Tell(event) => self.tell(id, event),
                Output::Signal(signal) => self.signal(id, signal),
                Output::Index(dialog) => {
                    self.shard.dialogs.insert(self.dialog_key(&dialog), id);
                }
                Output::Unindex(dialog) => {
                    let key = self.dialog_key(&dialog);
                    if self.shard.dialogs.get(&key) == Some(&id) {
                        self.shard.dialogs.remove(&key);
                    }
                }
                Output::MediaOpened(stream) => self.stack.streams.opened(stream, LegId(id)),
                Output::MediaClosed(stream) => self.stack.streams.closed(stream),
                Output::Gone => self.over(id),
            }
        }
        self.shard.outputs = outputs;
    }

    pub(super) fn leg_timer(&mut self, id: u64, number: Number, name: TimerName) {
        let counts = self
            .shard
            .legs
            .get_mut(&id)
            .is_some_and(|slot| slot.running.take(number));
        if counts {
            self.input(id, Input::Timer(name));
        }
    }

    fn dialog_key(&self, dialog: &DialogKey) -> u128 {
        self.stack
            .keys
            .dialog(&dialog.call_id, &dialog.local_tag, &dialog.remote_tag)
    }

    /// Sends a request, at once or when its addresses are found.
    pub(super) fn request_of(&mut self, owner: Owner, request: Message, target: &Target) {
        match self.ways(target) {
            Ways::Known { peers, flexible } => self.send(owner, request, peers, flexible),
            Ways::Ask(question) => self.resolve(question, Start::Request { owner, request }),
            Ways::None => self.send(owner, request, VecDeque::new(), false),
        }
    }

    pub(super) fn send_ack(&mut self, message: Message, target: &Target) {
        match self.ways(target) {
            Ways::Known { peers, .. } => self.post_ack(message, peers),
            Ways::Ask(question) => self.resolve(question, Start::Ack(message)),
            Ways::None => {}
        }
    }

    /// Sends an ACK to a 2xx, to the first address that we can send to.
    fn post_ack(&mut self, mut message: Message, peers: VecDeque<Peer>) {
        let branch = branch();
        for peer in peers {
            if let Some(bytes) = self.sign(&mut message, &peer, &branch) {
                self.stack.metrics.request(&Method::Ack, Way::Out);
                self.posts.push(Post::Send {
                    peer,
                    bytes,
                    sender: Sender::None,
                });
                return;
            }
        }
    }

    fn locate(&mut self, id: u64, target: &Target) {
        match self.ways(target) {
            Ways::Known { peers, .. } => self.located(id, peers),
            Ways::Ask(question) => self.resolve(question, Start::Locate(id)),
            Ways::None => self.located(id, VecDeque::new()),
        }
    }

    fn located(&mut self, id: u64, peers: VecDeque<Peer>) {
        let path = peers.iter().find_map(|peer| {
            Some(Path {
                transport: peer.transport,
                local: self.stack.hub.local_towards(peer)?,
                remote: peer.remote,
            })
        });
        let input = path.map_or(Input::Unreachable, Input::Located);
        self.input(id, input);
    }

    fn resolve(&mut self, question: Question, start: Start) {
        self.posts.push(Post::Resolve {
            question,
            start: Box::new(start),
            shard: self.index,
        });
    }

    /// Goes on with what waited for addresses.
    pub(super) fn found(&mut self, start: Start, addresses: Vec<Address>, flexible: bool) {
        let peers = peers(addresses);
        match start {
            Start::Request { owner, request } => self.send(owner, request, peers, flexible),
            Start::Ack(message) => self.post_ack(message, peers),
            Start::Locate(id) => self.located(id, peers),
        }
    }

    /// Where a target leads. A stream's flow is followed while its connection lives, then the URI is.
    pub(super) fn ways(&self, target: &Target) -> Ways {
        if let Some(Hop::Flow {
            transport,
            local,
            remote,
        }) = target.hop
        {
            let stream = transport != Transport::Udp;
            if !stream || self.stack.hub.is_connected(transport, remote) {
                let peer = Peer {
                    transport,
                    remote,
                    local: Some(local),
                    connection: None,
                    name: None,
                    dial: false,
                };
                return Ways::Known {
                    peers: VecDeque::from([peer]),
                    flexible: false,
                };
            }
        }
        let named = target.hop.as_ref().and_then(Question::of_hop);
        let question = named.or_else(|| {
            let uri = Uri::parse(&target.uri).ok()?;
            Question::of_uri(&uri)
        });
        let Some(question) = question else {
            return Ways::None;
        };
        match self.stack.resolver.known(&question) {
            Some(addresses) => Ways::Known {
                peers: peers(addresses),
                flexible: question.transport.is_none(),
            },
            None => Ways::Ask(question),
        }
    }

    /// Sends a CANCEL on the way of its INVITE (RFC 3261 §9.1).
    fn cancel_invite(&mut self, id: u64, invite: ClientTx, reason: Option<String>) {
        let slot = self.shard.legs.get(&id);
        let Some(client) = slot.and_then(|s| s.client(invite)) else {
            return;
        };
        self.cancel_client(client, |cancel| {
            if let Some(reason) = reason {
                cancel.push(Name::Reason, reason);
            }
        });
    }
}

pub(super) fn peers(addresses: Vec<Address>) -> VecDeque<Peer> {
    addresses
        .into_iter()
        .map(|a| Peer::at(a.transport, a.remote, a.name))
        .collect()
}
