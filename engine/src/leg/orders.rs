//! What a leg can be told.

use super::{LegId, Reach, SessionId};
use crate::rtp::Codec;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A name and an address of a caller or a callee.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Display name, unquoted; none when absent or empty.
    pub name: Option<String>,
    /// The user part, or the number of a `tel:` URI, unescaped; empty when there is none.
    pub user: String,
    /// The whole URI as written (`sip:alice@example.org;transport=tcp`).
    pub uri: String,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams.
    Tcp,
    /// Streams over TLS.
    Tls,
    /// WebSockets (RFC 7118), opened by the peer.
    Ws,
    /// WebSockets over TLS, which ends in front of us.
    Wss,
}

impl Transport {
    /// The name that `;transport=` has in a URI; none for the one that goes without saying. WebSockets
    /// have one name, whether secure or not (RFC 7118 §5.2).
    pub const fn param(self) -> Option<&'static str> {
        match self {
            Transport::Udp => None,
            Transport::Tcp => Some("tcp"),
            Transport::Tls => Some("tls"),
            Transport::Ws | Transport::Wss => Some("ws"),
        }
    }

    /// A WebSocket: its peer is a browser, and cannot be dialled.
    pub const fn is_web_socket(self) -> bool {
        matches!(self, Transport::Ws | Transport::Wss)
    }
}

/// The next hop of an outgoing request when the URI alone does not say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hop {
    /// Where a registration came from: the same connection while it lives, else the same address.
    Flow {
        /// How it came.
        transport: Transport,
        /// Our side.
        local: SocketAddr,
        /// Their side (the source of the REGISTER, RFC 3581).
        remote: SocketAddr,
    },
    /// A host to resolve by RFC 3263 (NAPTR, SRV, A, AAAA); failover inside the engine.
    Host {
        /// Name or address.
        host: String,
        /// Port, when given; it skips SRV.
        port: Option<u16>,
        /// Transport, when fixed.
        transport: Option<Transport>,
    },
    /// A browser that is signed in. Only for calls; no request travels this way.
    Session(SessionId),
}

/// Credentials to answer a 401 or 407 with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Digest user name.
    pub username: String,
    /// Clear password; never printed.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Whether SDES-SRTP (RFC 4568) is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SrtpPolicy {
    /// Never offered; taken when the peer offers nothing else.
    #[default]
    WhenOffered,
    /// Always, and nothing else.
    Required,
}

/// What a caller asked to be kept from the callee (RFC 3323).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Privacy {
    /// `Privacy: id` or `user`, or an anonymous From: the number is not shown to untrusted parties.
    pub id: bool,
}

/// An outgoing call to one contact.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Request URI.
    pub uri: String,
    /// Where it is sent; `None` follows the URI.
    pub hop: Option<Hop>,
    /// Route set (a registration's Path, an outbound proxy), first hop first.
    pub route: Vec<String>,
    /// Caller as shown. A URI without host gets the engine's domain.
    pub from: Party,
    /// Callee.
    pub to: Party,
    /// `P-Asserted-Identity` (RFC 3325), towards trusted peers only.
    pub identity: Option<Party>,
    /// The caller's wish; makes From anonymous and sets `Privacy`.
    pub privacy: Privacy,
    /// Further headers, such as Diversion, History-Info or Alert-Info, as name and value.
    pub headers: Vec<(String, String)>,
    /// What is left to the call that is sent on here; this INVITE takes a hop of it.
    pub reach: Reach,
    /// Codecs in order of preference; empty takes the engine's own order.
    pub codecs: Vec<Codec>,
    /// Encryption of the audio.
    pub srtp: SrtpPolicy,
    /// Offer first what this leg already speaks, to spare transcoding.
    pub like: Option<LegId>,
    /// Answer to a challenge.
    pub credentials: Option<Credentials>,
    /// Legs of one group share a media thread; the call's own number.
    pub group: u64,
    /// The call's own name, which a browser is told; empty where only SIP is spoken.
    pub call: String,
}

/// A refusal of an incoming leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// SIP status, 300–699.
    pub status: u16,
    /// Reason phrase; `None` takes the standard one.
    pub phrase: Option<String>,
    /// Q.850 cause for a Reason header.
    pub q850: Option<u8>,
    /// Further headers: challenges, Retry-After, Contact.
    pub headers: Vec<(String, String)>,
}

impl Rejection {
    /// 503: the caller may try again after so many seconds.
    pub(crate) fn busy(retry_after: u32) -> Rejection {
        Rejection {
            status: 503,
            phrase: None,
            q850: None,
            headers: vec![("Retry-After".to_owned(), retry_after.to_string())],
        }
    }
}

/// The end of a leg in any state: CANCEL, BYE or a final response, whatever fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HangUp {
    /// Q.850 cause for a Reason header; 16 is normal clearing.
    pub q850: Option<u8>,
    /// The call was answered by another phone: CANCEL says `SIP;cause=200` (RFC 3326), so that it
    /// is not listed as missed.
    pub answered_elsewhere: bool,
    /// Status of the final response to an incoming leg that was not answered; 603 by default.
    pub status: Option<u16>,
    /// The party handed the call on; a browser is told so.
    pub transferred: bool,
}

/// What the media plane can play by itself, until told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Prompt {
    /// Alerting tone.
    Ringback,
    /// Subscriber busy.
    Busy,
    /// Network busy.
    Congestion,
    /// Short beeps: a key is asked for.
    Attention,
    /// Music on hold.
    Music,
    /// One sine.
    Tone {
        /// Frequency in Hz.
        hz: u16,
        /// Level in dBm0, 0 and below.
        level: i8,
    },
    /// Nothing audible, as packets.
    Silence,
}

/// Names a dialog from our side (RFC 3261 §12).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DialogKey {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Their tag.
    pub remote_tag: String,
}
