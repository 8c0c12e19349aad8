//! Requests outside any call: OPTIONS probes and REGISTER towards trunks.

use super::{Stack, client::Owner, drive::Ways};
use crate::{
    Answer, Request, RequestError,
    leg::{Party, machine::Target},
    sip::{
        Message, Method, Name, NameAddr, Uri, digest::Client, transaction::TxFailure,
        transport::Peer,
    },
};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// Registrations remembered, each with its Call-ID and CSeq.
const CONVERSATIONS: usize = 4096;

/// A request is sent again at most this often with new credentials: once because it was challenged, once
/// because the nonce was stale.
const CHALLENGES: usize = 2;

/// Max-Forwards of our requests (RFC 3261 §8.1.1.6).
const HOPS: &str = "70";

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

/// Call-ID and last CSeq of each registration of ours, which stay the same from one refresh to the next
/// (RFC 3261 §10.2.4).
#[derive(Debug, Default)]
pub(super) struct Conversations(Mutex<HashMap<(String, String), (String, u32)>>);

impl Conversations {
    /// Call-ID and CSeq for the next REGISTER, with room for the answers to challenges.
    fn next(&self, registrar: &str, record: &str) -> (String, u32) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= CONVERSATIONS {
            rows.clear();
        }
        let key = (registrar.to_owned(), record.to_owned());
        let (call_id, cseq) = rows.entry(key).or_insert_with(|| (call_id(), 0));
        *cseq += 1;
        let next = *cseq;
        *cseq += CHALLENGES as u32;
        (call_id.clone(), next)
    }
}

impl Stack {
    /// See [`Endpoint::request`](crate::Endpoint::request).
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, RequestError> {
        let (mut peers, flexible) = self.addresses(&request).await?;
        let (mut message, mut number) = self.outside(&request)?;
        if message.method() == Some(&Method::Register) && message.header(Name::Contact).is_none() {
            let contact = peers.iter().find_map(|p| self.contact(&request.from, p));
            message.push(Name::Contact, contact.ok_or(RequestError::Unreachable)?);
        }
        let mut client = request
            .credentials
            .as_ref()
            .map(|c| Client::new(&c.username, &c.password));
        for challenges in 0..=CHALLENGES {
            let (answer, source) = self
                .attempt(message.clone(), peers.clone(), flexible)
                .await?;
            let status = answer.status().unwrap_or_default();
            let challenged = matches!(status, 401 | 407)
                && (challenges == 0 || challenges < CHALLENGES && Client::is_stale(&answer));
            let answered = challenged
                && client
                    .as_mut()
                    .is_some_and(|c| c.authorize(&mut message, &answer));
            if !answered {
                return Ok(Answer {
                    status,
                    expires: expires(&message, &answer),
                    source,
                });
            }
            number += 1;
            if let Some(method) = message.method().cloned() {
                message.set(Name::CSeq, format!("{number} {method}"));
            }
            // The nonce belongs to the one who gave it.
            peers.retain(|p| p.remote == source);
        }
        Err(RequestError::Timeout)
    }

    /// Where it goes.
    async fn addresses(&self, request: &Request) -> Result<(VecDeque<Peer>, bool), RequestError> {
        let target = Target {
            uri: request.uri.clone(),
            hop: request.hop.clone(),
        };
        let ways = self.turn(0, |turn| turn.ways(&target));
        let (peers, flexible) = match ways.unwrap_or(Ways::None) {
            Ways::Known { peers, flexible } => (peers, flexible),
            Ways::Ask(question) => {
                let flexible = question.transport.is_none();
                let found = self.resolver.find(question).await;
                (super::drive::peers(found), flexible)
            }
            Ways::None => return Err(RequestError::Address),
        };
        if peers.is_empty() {
            return Err(RequestError::Unreachable);
        }
        Ok((peers, flexible))
    }

    /// The request with what every request outside a dialog has (RFC 3261 §8.1.1), and its CSeq number.
    fn outside(&self, request: &Request) -> Result<(Message, u32), RequestError> {
        let method = Method::parse(&request.method).ok_or(RequestError::Address)?;
        let uri = Uri::parse(&request.uri).map_err(|_| RequestError::Address)?;
        let from = self.address(&request.from)?;
        let to = self.address(&request.to)?;
        let (call_id, number) = if method == Method::Register {
            self.conversations.next(uri.as_str(), to.uri.as_str())
        } else {
            (call_id(), 1)
        };
        let mut message = Message::request(method.clone(), uri);
        message.push(Name::MaxForwards, HOPS);
        let tag = format!("{:016x}", rand::random::<u64>());
        message.push(Name::From, from.with_tag(&tag).to_string());
        message.push(Name::To, to.to_string());
        message.push(Name::CallId, call_id);
        message.push(Name::CSeq, format!("{number} {method}"));
        if !self.config.agent.is_empty() {
            message.push(Name::UserAgent, &self.config.agent);
        }
        for (name, value) in &request.headers {
            message.push(name.as_str(), value);
        }
        Ok((message, number))
    }

    fn address(&self, party: &Party) -> Result<NameAddr, RequestError> {
        let user = (!party.user.is_empty()).then_some(party.user.as_str());
        let uri = if party.uri.is_empty() {
            Uri::sip(user, &self.config.domain, None)
        } else {
            Uri::parse(&party.uri)
        };
        let address = NameAddr::new(uri.map_err(|_| RequestError::Address)?);
        Ok(match &party.name {
            Some(name) => address.with_display(name),
            None => address,
        })
    }

    /// Our Contact towards a peer.
    fn contact(&self, from: &Party, peer: &Peer) -> Option<String> {
        let local = self.hub.local_towards(peer)?;
        let user = (!from.user.is_empty()).then_some(from.user.as_str());
        let mut uri = Uri::shown(user, self.config.advertised.as_deref(), local);
        if let Some(name) = peer.transport.param() {
            uri.set_param("transport", Some(name));
        }
        Some(NameAddr::new(uri).to_string())
    }

    async fn attempt(
        &self,
        message: Message,
        peers: VecDeque<Peer>,
        flexible: bool,
    ) -> Result<(Message, SocketAddr), RequestError> {
        let index = message.call_id().map(|id| self.shard_of(id)).unwrap_or(0);
        let (probe, outcome) = Probe::new();
        self.turn(index, |turn| {
            turn.send(Owner::Probe(probe), message, peers, flexible);
        });
        match outcome.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(TxFailure::Timeout)) => Err(RequestError::Timeout),
            Ok(Err(TxFailure::Transport)) | Err(_) => Err(RequestError::Unreachable),
        }
    }
}

fn call_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// For how long a registrar has granted our Contact: its own parameter, else the header.
fn expires(request: &Message, answer: &Message) -> Option<u32> {
    let ours = request.contact_uri();
    let contacts = answer.addresses(Name::Contact).unwrap_or_default();
    let granted = contacts
        .iter()
        .find(|c| ours.as_ref().is_some_and(|o| o.equivalent(&c.uri)))
        .and_then(NameAddr::expires);
    granted.or_else(|| answer.expires())
}
