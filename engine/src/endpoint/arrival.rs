//! What comes in and must be decided by somebody who knows the tenants.

use crate::{
    leg::{Credentials, DialogKey, Hop, LegId, Party, Privacy, Reach, SessionId, Transport},
    stack::ReplyTo,
};
use std::net::SocketAddr;

/// Something new from outside.
pub enum Arrival {
    /// A new call.
    Invite(Invitation),
    /// A registration to be granted, refused or queried.
    Register(Registration),
    /// A WebSocket has ended: nobody can be reached any more where a REGISTER came from it.
    HungUp {
        /// How it came.
        transport: Transport,
        /// The source address it had.
        remote: SocketAddr,
    },
}

/// The stream of arrivals; bounded by `Limits::arrivals`.
pub type Arrivals = tokio::sync::mpsc::Receiver<Arrival>;

/// A new incoming leg. It owns nothing but the leg's id: the engine has answered 100 and keeps the rest
/// until `ring`, `answer`, `reject` or the peer's CANCEL. An unclaimed one is refused after `orphan_after`.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The leg.
    pub leg: LegId,
    /// Request URI: what was dialled.
    pub dialled: Party,
    /// From header.
    pub from: Party,
    /// To header.
    pub to: Party,
    /// `P-Asserted-Identity` as received; worth something only from a trusted source.
    pub identity: Option<Party>,
    /// Privacy the caller asked for.
    pub privacy: Privacy,
    /// Source address.
    pub source: SocketAddr,
    /// Our address it came to.
    pub local: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// SIP Call-ID, for logs and the record.
    pub call_id: String,
    /// The browser session that calls; its leg came by no listener, and whoever opened the session has
    /// proven who it is. The addresses are unspecified then.
    pub session: Option<SessionId>,
    /// Digest answer in the request, when there is one.
    pub authorization: Option<Authorization>,
    /// The dialog to be replaced (RFC 3891), as seen from our side, and `early-only`.
    pub replaces: Option<(DialogKey, bool)>,
    /// How far it may still travel.
    pub reach: Reach,
    /// How often it was sent elsewhere on its way, as Diversion (RFC 5806) and History-Info (RFC 7044) say.
    pub diversions: u32,
    /// Diversion and History-Info, kept as they came.
    pub history: Vec<(String, String)>,
}

/// A digest answer (RFC 7616) with what is needed to check it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Method of the request.
    pub method: String,
    /// Value of the `Authorization` or `Proxy-Authorization` header; read by `engine::sip::digest`.
    pub value: String,
}

/// A REGISTER (RFC 3261 §10). Answered once by [`Reply`]; dropping the reply answers 500.
pub struct Registration {
    /// The address of record (To).
    pub aor: Party,
    /// Request URI.
    pub domain: String,
    /// Contacts, `*` included, as written, with their own `expires` and `q`.
    pub contacts: Vec<Contact>,
    /// `Expires` header in seconds.
    pub expires: Option<u32>,
    /// Call-ID.
    pub call_id: String,
    /// CSeq number.
    pub cseq: u32,
    /// Path headers (RFC 3327).
    pub path: Vec<String>,
    /// User-Agent.
    pub agent: Option<String>,
    /// Digest answer.
    pub authorization: Option<Authorization>,
    /// Source address.
    pub source: SocketAddr,
    /// Our address it came to.
    pub local: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// The answer.
    pub reply: Reply,
}

/// One Contact of a REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// URI as written, or `*`.
    pub uri: String,
    /// `expires` parameter in seconds.
    pub expires: Option<u32>,
    /// `+sip.instance` without angle brackets (RFC 5626).
    pub instance: Option<String>,
    /// `reg-id`.
    pub reg_id: Option<u32>,
    /// `q` in thousandths.
    pub q: Option<u16>,
}

/// Answers one REGISTER.
pub struct Reply(Option<ReplyTo>);

impl Reply {
    pub(crate) fn new(to: ReplyTo) -> Reply {
        Reply(Some(to))
    }

    /// Sends the final response: its status, a phrase of your own or the standard one, and headers
    /// beside those that every response has.
    pub fn send(mut self, status: u16, phrase: Option<&str>, headers: Vec<(String, String)>) {
        if let Some(to) = self.0.take() {
            to.send(status, phrase, &headers);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(to) = self.0.take() {
            to.send(500, None, &[]);
        }
    }
}

/// An outgoing request outside any dialog.
#[derive(Debug, Clone)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Request URI.
    pub uri: String,
    /// Next hop; `None` follows the URI.
    pub hop: Option<Hop>,
    /// From.
    pub from: Party,
    /// To.
    pub to: Party,
    /// Further headers (Contact, Expires).
    pub headers: Vec<(String, String)>,
    /// Answer to a challenge.
    pub credentials: Option<Credentials>,
}

/// The final response to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// `Expires` in seconds, of the header or of our Contact.
    pub expires: Option<u32>,
    /// Who answered.
    pub source: SocketAddr,
}

/// A request that got no final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nobody answered in 64·T1.
    #[error("no answer")]
    Timeout,
    /// No address, or the connection failed.
    #[error("cannot be reached")]
    Unreachable,
    /// The URI or the hop cannot be read.
    #[error("not a usable address")]
    Address,
}
