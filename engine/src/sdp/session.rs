//! A session description as data: the lines that matter to a telephone call, nothing else.

use std::net::{IpAddr, Ipv4Addr};

use crate::rtp::srtp::{MasterKey, Suite};

use super::terms::Direction;
use super::web_lines::WebLines;

/// A session description. `Display` prints it with CRLF line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The `o=` line.
    pub origin: Origin,
    /// The session-level `c=` line.
    pub connection: Option<Address>,
    /// The session-level direction attribute.
    pub direction: Option<Direction>,
    /// `a=ice-lite`: its author answers ICE checks and sends none (RFC 8445 §2.5).
    pub ice_lite: bool,
    /// `a=group` lines as written, such as `BUNDLE 0` (RFC 5888).
    pub groups: Vec<String>,
    /// The `m=` lines with what belongs to each, in order.
    pub media: Vec<Media>,
}

/// The `o=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// User name, `-` when there is none.
    pub username: String,
    /// Session id: constant for the life of the dialog.
    pub session_id: u64,
    /// Session version: grows with each changed description.
    pub version: u64,
    /// The host that made the description.
    pub address: Address,
}

/// An address of a `c=`, `o=` or `a=rtcp` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A literal IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A host name. It is never looked up; media is sent where media comes from.
    Name(String),
}

impl Address {
    /// The literal address, if it is one and not the "nowhere" of old hold offers.
    pub fn reachable(&self) -> Option<IpAddr> {
        match self {
            Address::Ip(ip) if !ip.is_unspecified() => Some(*ip),
            _ => None,
        }
    }

    /// Whether this is `0.0.0.0` or `::`, the way of RFC 2543 to put a call on hold.
    pub fn is_nowhere(&self) -> bool {
        matches!(self, Address::Ip(ip) if ip.is_unspecified())
    }
}

impl Default for Address {
    fn default() -> Address {
        Address::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// One `m=` line with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// Port for RTP; 0 refuses the stream.
    pub port: u16,
    /// Transport, such as `RTP/AVP`.
    pub protocol: String,
    /// The formats as written: payload types for RTP.
    pub formats: Vec<String>,
    /// The `c=` line of this stream.
    pub connection: Option<Address>,
    /// The direction attribute of this stream.
    pub direction: Option<Direction>,
    /// `a=rtpmap` lines.
    pub rtpmaps: Vec<RtpMap>,
    /// `a=fmtp` lines: payload type and parameters as written.
    pub fmtps: Vec<(u8, String)>,
    /// `a=ptime` in milliseconds.
    pub ptime: Option<u16>,
    /// `a=maxptime` in milliseconds.
    pub max_ptime: Option<u16>,
    /// Where RTCP goes.
    pub rtcp: Rtcp,
    /// `a=crypto` lines that we understand.
    pub cryptos: Vec<Crypto>,
    /// `a=mid` (RFC 5888).
    pub mid: Option<String>,
    /// What makes it a WebRTC stream.
    pub web: WebLines,
}

/// The `a=rtcp` (RFC 3605) and `a=rtcp-mux` (RFC 5761) attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rtcp {
    /// RTCP shares the RTP port.
    pub mux: bool,
    /// Port of RTCP when it is not the RTP port plus one.
    pub port: Option<u16>,
    /// Address of RTCP when it is not that of RTP.
    pub address: Option<Address>,
}

/// An `a=rtpmap` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpMap {
    /// Payload type, 0 to 127.
    pub pt: u8,
    /// Encoding name.
    pub encoding: String,
    /// Clock rate in Hz.
    pub clock: u32,
    /// Channels, when written.
    pub channels: Option<u8>,
}

/// An `a=crypto` line (RFC 4568 §4) whose suite, key and parameters we can honour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Tag: the answer repeats that of the line it accepts.
    pub tag: u32,
    /// Suite.
    pub suite: Suite,
    /// Master key and salt of whoever wrote the line.
    pub key: MasterKey,
}
