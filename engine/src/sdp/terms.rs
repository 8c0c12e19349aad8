//! What we bring to a negotiation and what comes out of it.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::leg::SrtpPolicy;
use crate::rtp::codec::{Codec, Payload, TelephoneEvent};
use crate::rtp::srtp::SrtpKeys;

use super::session::Session;
use super::web::{Dtls, Web};

/// Packet time offered and assumed when nobody says otherwise, in milliseconds.
pub const DEFAULT_PTIME_MS: u16 = 20;
/// Shortest packet time honoured, in milliseconds.
pub const SHORTEST_PTIME_MS: u16 = 10;
/// Longest packet time honoured, in milliseconds.
pub const LONGEST_PTIME_MS: u16 = 60;

/// Which way media flows, seen from whoever states it (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// Only out.
    SendOnly,
    /// Only in.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// The direction with these two abilities.
    pub const fn new(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether media is sent.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether media is received.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same flow seen from the other side.
    pub const fn reversed(self) -> Direction {
        Direction::new(self.receives(), self.sends())
    }

    /// What both allow.
    pub const fn and(self, other: Direction) -> Direction {
        Direction::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// The direction an attribute of this name states.
    pub fn from_name(name: &str) -> Option<Direction> {
        [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.name().eq_ignore_ascii_case(name))
    }
}

/// Our side of a negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Address media is received at.
    pub ip: IpAddr,
    /// Port for RTP.
    pub rtp_port: u16,
    /// Port for RTCP.
    pub rtcp_port: u16,
    /// `o=` session id, constant for the dialog.
    pub session_id: u64,
    /// Codecs allowed on this leg, best first.
    pub codecs: Vec<Codec>,
    /// Encryption: `WhenOffered` writes plain `RTP/AVP` offers and takes `a=crypto` when it comes,
    /// `Required` offers and accepts nothing but SRTP.
    pub srtp: SrtpPolicy,
    /// What we want: `SendOnly` or `Inactive` put the peer on hold.
    pub direction: Direction,
    /// Whether telephone-event is negotiated.
    pub dtmf: bool,
    /// Our last description in this dialog, when there was one: it fixes the number and order of
    /// streams, payload types, keys and the version that follows (RFC 3264 §8).
    pub previous: Option<Session>,
    /// Set when this stream is a WebRTC one: ICE-lite and DTLS-SRTP instead of a port pair.
    pub web: Option<Web>,
    /// The peer's half as agreed before in this dialog: it may neither change nor change roles.
    pub peer: Option<Dtls>,
}

impl Local {
    /// A leg at `rtp`, RTCP one port above, with all codecs, both ways, for a first exchange.
    pub fn new(rtp: SocketAddr, session_id: u64) -> Local {
        Local {
            ip: rtp.ip(),
            rtp_port: rtp.port(),
            rtcp_port: rtp.port().saturating_add(1),
            session_id,
            codecs: Codec::ALL.to_vec(),
            srtp: SrtpPolicy::default(),
            direction: Direction::SendRecv,
            dtmf: true,
            previous: None,
            web: None,
            peer: None,
        }
    }
}

/// What offer and answer add up to for one leg: all that the media plane needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Where RTP is sent; `None` when the peer named no reachable address (wait for its media).
    pub remote: Option<SocketAddr>,
    /// Where RTCP is sent; the RTP address when multiplexed.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTCP shares the RTP port both ways.
    pub rtcp_mux: bool,
    /// The agreed formats; the first is what we send. Never empty.
    pub codecs: Vec<Payload>,
    /// The agreed telephone-event formats; the first fits the codec we send.
    pub dtmf: Vec<TelephoneEvent>,
    /// Payload type of comfort noise (RFC 3389), when agreed.
    pub comfort_noise: Option<u8>,
    /// Packet time the peer wants to receive, in milliseconds, 10 to 60.
    pub ptime_ms: u16,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// The peer has put us on hold.
    pub peer_holds: bool,
    /// Keys, when media is encrypted.
    pub srtp: Option<SrtpKeys>,
    /// What is needed to let the peer of a WebRTC stream in; its keys come from the DTLS handshake.
    #[serde(default)]
    pub dtls: Option<Dtls>,
}
