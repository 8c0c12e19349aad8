//! REGISTER: what arrives, and how it is answered.

use super::{BUSY_RETRY, Stack, incoming::Incoming};
use crate::{
    Arrival, Authorization, Contact, Registration, Reply,
    leg::Party,
    sip::{Contacts, Message, Name, NameAddr},
};
use std::sync::Weak;
use tokio::sync::mpsc::error::TrySendError;

/// The way back of one REGISTER's answer.
pub(crate) struct ReplyTo {
    stack: Weak<Stack>,
    shard: usize,
    transaction: u64,
    request: Message,
}

impl ReplyTo {
    /// Sends the final response.
    pub(crate) fn send(self, status: u16, phrase: Option<&str>, headers: &[(String, String)]) {
        let Some(stack) = self.stack.upgrade() else {
            return;
        };
        let tag = format!("{:016x}", rand::random::<u64>());
        let phrase = phrase.unwrap_or_default();
        let mut answer = Message::response_to(&self.request, status, phrase, Some(&tag));
        for (name, value) in headers {
            answer.push(name.as_str(), value);
        }
        answer.push(Name::Server, &stack.config.agent);
        stack.turn(self.shard, |turn| turn.respond(self.transaction, &answer));
    }
}

/// Hands a REGISTER on, or refuses it when nobody has time.
pub(super) fn arrive(stack: &Stack, shard: usize, transaction: u64, incoming: &Incoming) {
    let reply = Reply::new(ReplyTo {
        stack: stack.me.clone(),
        shard,
        transaction,
        request: incoming.message.clone(),
    });
    // What cannot be read was refused long before; here the dropped reply would answer.
    let Some(registration) = registration(incoming, reply) else {
        return;
    };
    let refused = match stack.arrivals.try_send(Arrival::Register(registration)) {
        Ok(()) => return,
        Err(TrySendError::Full(arrival) | TrySendError::Closed(arrival)) => arrival,
    };
    if let Arrival::Register(registration) = refused {
        stack.metrics.shed.inc();
        let retry = ("Retry-After".to_owned(), BUSY_RETRY.to_string());
        registration.reply.send(503, None, vec![retry]);
    }
}

fn registration(incoming: &Incoming, reply: Reply) -> Option<Registration> {
    let Incoming { message, flow, .. } = incoming;
    let contacts = match message.contacts().ok()? {
        Contacts::Star => vec![Contact {
            uri: "*".to_owned(),
            expires: None,
            instance: None,
            reg_id: None,
            q: None,
        }],
        Contacts::List(list) => list.iter().map(contact).collect(),
    };
    Some(Registration {
        aor: party(&message.to().ok()?),
        domain: message.uri().map(ToString::to_string).unwrap_or_default(),
        contacts,
        expires: message.expires(),
        call_id: message.call_id().ok()?.to_owned(),
        cseq: message.cseq().ok()?.number,
        path: message.list(Name::Path).map(str::to_owned).collect(),
        agent: message.header(Name::UserAgent).map(str::to_owned),
        authorization: authorization(message),
        source: flow.remote,
        local: flow.local,
        transport: flow.transport,
        reply,
    })
}

/// The digest answer of a request, whichever header it is in.
pub(super) fn authorization(message: &Message) -> Option<Authorization> {
    let value = message
        .header(Name::Authorization)
        .or(message.header(Name::ProxyAuthorization))?;
    Some(Authorization {
        method: message.method()?.to_string(),
        value: value.to_owned(),
    })
}

fn party(address: &NameAddr) -> Party {
    Party {
        name: address
            .display
            .as_deref()
            .filter(|n| !n.is_empty())
            .map(str::to_owned),
        user: address
            .uri
            .user_unescaped()
            .map(Into::into)
            .unwrap_or_default(),
        uri: address.uri.to_string(),
    }
}

fn contact(address: &NameAddr) -> Contact {
    let params = &address.params;
    let instance = params.get("+sip.instance");
    Contact {
        uri: address.uri.to_string(),
        expires: address.expires(),
        instance: instance.map(|i| i.trim_matches(['<', '>', '"']).to_owned()),
        reg_id: params.get("reg-id").and_then(|v| v.parse().ok()),
        q: params.has("q").then(|| address.q()),
    }
}
