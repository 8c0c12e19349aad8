//! Offer and answer (RFC 3264) for one audio stream: make an offer, answer one, and read the answer to
//! one. Everything here is a function of its arguments, fresh SRTP keys apart.

mod accept;
mod answer;
mod formats;
mod offer;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

pub use accept::accept;
pub use answer::answer;
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
}

fn is_live_audio(media: &Media) -> bool {
    media.kind.eq_ignore_ascii_case("audio") && media.port != 0
}

/// Whether a transport is RTP that we speak, and whether it is the encrypted kind. Feedback profiles
/// are taken because their packets are the same; DTLS ones are not ours.
fn rtp_profile(protocol: &str) -> Option<bool> {
    const PROFILES: [(&str, bool); 4] = [
        ("RTP/AVP", false),
        ("RTP/SAVP", true),
        ("RTP/AVPF", false),
        ("RTP/SAVPF", true),
    ];
    PROFILES
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(protocol))
        .map(|(_, encrypted)| encrypted)
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

/// What the peer does, seen from the peer. `c=0.0.0.0` means that it receives nothing (RFC 3264 §8.4).
fn peer_direction(session: &Session, media: &Media) -> Direction {
    let stated = media
        .direction
        .or(session.direction)
        .unwrap_or(Direction::SendRecv);
    let nowhere = connection(session, media).is_some_and(super::Address::is_nowhere);
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
    let encrypted = rtp_profile(&media.protocol).unwrap_or(false);
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
        ..Media::default()
    }
}

/// Wraps streams into a description of ours; its version grows only when something changed
/// (RFC 3264 §8).
fn own_session(local: &Local, media: Vec<Media>) -> Session {
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
