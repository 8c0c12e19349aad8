//! Offer and answer (RFC 3264) for one audio stream: make an offer, answer one, and read the answer to
//! one. Everything here is a function of its arguments, fresh SRTP keys apart.

mod accept;
mod answer;
mod formats;
mod offer;
mod web;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod web_tests;

use std::net::{IpAddr, SocketAddr};

pub use accept::accept;
pub use answer::{answer, expect};
pub use offer::offer;

use super::error::SdpError;
use super::session::{Crypto, Media, Rtcp, Session};
use super::terms::{DEFAULT_PTIME_MS, Direction, LONGEST_PTIME_MS, Local, SHORTEST_PTIME_MS};
use crate::leg::SrtpPolicy;
use crate::rtp::srtp::{MasterKey, Suite};

impl Session {
    /// The address that the first audio stream names, to choose our own side's family by.
    pub fn audio_address(&self) -> Option<IpAddr> {
        let media = self.media.iter().find(|media| is_live_audio(media))?;
        remote_address(self, media)
    }

    /// Whether the first audio stream over RTP is a WebRTC one, for which we have to open ours at the
    /// gateway.
    pub fn is_web(&self) -> bool {
        let mut streams = self.media.iter().filter(|media| is_live_audio(media));
        streams.find_map(profile) == Some(Profile::Web)
    }
}

fn is_live_audio(media: &Media) -> bool {
    media.kind.eq_ignore_ascii_case("audio") && media.port != 0
}

/// What a stream over RTP is protected by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    /// Nothing.
    Plain,
    /// SRTP with keys in the description.
    Encrypted,
    /// SRTP with keys from a DTLS handshake, found by ICE.
    Web,
}

/// The profile of a stream over RTP that we speak. Feedback profiles are taken because their packets are
/// the same. Early WebRTC peers call theirs `RTP/SAVPF`; the fingerprint tells.
fn profile(media: &Media) -> Option<Profile> {
    const PROFILES: [(&str, Profile); 8] = [
        ("RTP/AVP", Profile::Plain),
        ("RTP/SAVP", Profile::Encrypted),
        ("RTP/AVPF", Profile::Plain),
        ("RTP/SAVPF", Profile::Encrypted),
        ("UDP/TLS/RTP/SAVPF", Profile::Web),
        ("UDP/TLS/RTP/SAVP", Profile::Web),
        // RFC 9429 §5.1.2: written when the default candidate is of TCP; ICE decides.
        ("TCP/TLS/RTP/SAVPF", Profile::Web),
        ("TCP/TLS/RTP/SAVP", Profile::Web),
    ];
    let (_, profile) = PROFILES
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&media.protocol))?;
    let keyless = media.cryptos.is_empty() && !media.web.fingerprints.is_empty();
    match profile {
        Profile::Encrypted if keyless => Some(Profile::Web),
        profile => Some(profile),
    }
}

/// The profile of a stream, if it is of the kind that we opened.
fn usable(media: &Media, local: &Local) -> Option<Profile> {
    profile(media).filter(|profile| (*profile == Profile::Web) == local.web.is_some())
}

fn connection<'a>(session: &'a Session, media: &'a Media) -> Option<&'a super::Address> {
    media.connection.as_ref().or(session.connection.as_ref())
}

fn remote_address(session: &Session, media: &Media) -> Option<IpAddr> {
    connection(session, media)?.reachable()
}

/// Where the peer receives RTP and RTCP. An address of the other family than ours is no use.
fn remote_addresses(
    session: &Session,
    media: &Media,
    local: &Local,
) -> (Option<SocketAddr>, Option<SocketAddr>) {
    if local.web.is_some() {
        // The gateway finds the peer.
        return (None, None);
    }
    let ours = |ip: &IpAddr| ip.is_ipv4() == local.ip.is_ipv4();
    let Some(ip) = remote_address(session, media).filter(ours) else {
        return (None, None);
    };
    let rtp = SocketAddr::new(ip, media.port);
    let Rtcp { mux, port, address } = &media.rtcp;
    if *mux {
        return (Some(rtp), Some(rtp));
    }
    let rtcp_ip = match address {
        Some(address) => address.reachable().filter(ours),
        None => Some(ip),
    };
    let rtcp_port = port.or(media.port.checked_add(1)).filter(|port| *port != 0);
    let rtcp = rtcp_ip
        .zip(rtcp_port)
        .map(|(ip, port)| SocketAddr::new(ip, port));
    (Some(rtp), rtcp)
}

/// What the peer does, seen from the peer. `c=0.0.0.0` means that it receives nothing (RFC 3264 §8.4),
/// except from WebRTC, where it stands for an address that is not told.
fn peer_direction(session: &Session, media: &Media) -> Direction {
    let stated = media
        .direction
        .or(session.direction)
        .unwrap_or(Direction::SendRecv);
    let nowhere = profile(media) != Some(Profile::Web)
        && connection(session, media).is_some_and(super::Address::is_nowhere);
    Direction::new(stated.sends(), stated.receives() && !nowhere)
}

/// The packet time to send with: what the peer asks for, within its maximum and our bounds.
fn packet_time(media: &Media) -> u16 {
    let asked = media.ptime.unwrap_or(DEFAULT_PTIME_MS);
    let longest = media.max_ptime.unwrap_or(LONGEST_PTIME_MS);
    // Whole frames of 10 ms: 30 stays 30, 25 becomes 20.
    let ms = asked
        .min(longest)
        .clamp(SHORTEST_PTIME_MS, LONGEST_PTIME_MS);
    ms - ms % 10
}

/// Our previous audio stream in this dialog.
fn previous_audio(local: &Local) -> Option<(usize, &Media)> {
    local
        .previous
        .as_ref()?
        .media
        .iter()
        .enumerate()
        .find(|(_, media)| is_live_audio(media))
}

/// Our key for a suite: the one in use goes on, so that nothing in flight is lost.
fn own_key(local: &Local, suite: Suite) -> MasterKey {
    previous_audio(local)
        .and_then(|(_, media)| media.cryptos.iter().find(|crypto| crypto.suite == suite))
        .map_or_else(|| MasterKey::generate(suite), |crypto| crypto.key)
}

/// The line to take from what the peer offers, or none for plain RTP.
fn choose_crypto(media: &Media, policy: SrtpPolicy) -> Result<Option<&Crypto>, SdpError> {
    let encrypted = profile(media) == Some(Profile::Encrypted);
    match media.cryptos.first() {
        Some(crypto) => Ok(Some(crypto)),
        None if encrypted || policy == SrtpPolicy::Required => Err(SdpError::Security),
        None => Ok(None),
    }
}

/// A stream at our address with our RTCP port and direction, without formats yet.
fn own_audio(local: &Local, protocol: String, mux: bool) -> Media {
    let default_rtcp = local.rtp_port.checked_add(1);
    Media {
        kind: "audio".to_owned(),
        port: local.rtp_port,
        protocol,
        direction: Some(local.direction),
        rtcp: Rtcp {
            mux,
            port: (default_rtcp != Some(local.rtcp_port) && !mux).then_some(local.rtcp_port),
            address: None,
        },
        ..Media::default()
    }
}

/// A stream that is refused or no longer used.
fn refused(media: &Media) -> Media {
    Media {
        kind: media.kind.clone(),
        port: 0,
        protocol: media.protocol.clone(),
        formats: media.formats.clone(),
        mid: media.mid.clone(),
        ..Media::default()
    }
}

/// Wraps streams into a description of ours; its version grows only when something changed
/// (RFC 3264 §8).
fn own_session(local: &Local, media: Vec<Media>, groups: Vec<String>) -> Session {
    let address = super::Address::Ip(local.ip);
    let mut session = Session {
        origin: super::Origin {
            username: "-".to_owned(),
            session_id: local.session_id,
            version: 1,
            address: address.clone(),
        },
        connection: Some(address),
        direction: None,
        ice_lite: local.web.is_some(),
        groups,
        media,
    };
    if let Some(previous) = &local.previous {
        session.origin.session_id = previous.origin.session_id;
        session.origin.version = previous.origin.version;
        if session != *previous {
            session.origin.version = previous.origin.version.wrapping_add(1);
        }
    }
    session
}
