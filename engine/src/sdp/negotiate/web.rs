//! What is particular to WebRTC streams: who shakes hands (RFC 5763 §5, RFC 8842), whose credentials
//! count (RFC 8839), and the lines of ours that a browser asks for.

use crate::rtp::codec::Codec;
use crate::sdp::error::SdpError;
use crate::sdp::session::{Media, Session};
use crate::sdp::terms::Local;
use crate::sdp::web::{Dtls, Setup, Web};

/// Name of our stream in a first offer (RFC 8843).
const MID: &str = "0";
/// Our stream and its track, by which a page finds what it hears.
const MSID: &str = "strowger strowger-audio";
/// The transport of a first offer.
pub(super) const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// Reads the peer's half from its offer, when our stream is a WebRTC one. An offer that restarts ICE, or
/// shows another certificate, within a dialog is refused.
pub(super) fn offered(offer: &Media, local: &Local) -> Result<Option<Dtls>, SdpError> {
    if local.web.is_none() {
        return Ok(None);
    }
    let client = match offer.web.setup {
        Some(Setup::Passive) => true,
        // The role in use stays (RFC 8842 §5.3); at first a lite agent waits for the other.
        Some(Setup::ActPass) => local.peer.as_ref().is_some_and(|known| known.client),
        Some(Setup::Active) | None => false,
    };
    let dtls = stated(offer, client)?;
    match &local.peer {
        Some(known) if *known != dtls => Err(SdpError::Security),
        _ => Ok(Some(dtls)),
    }
}

/// Reads the peer's half from its answer.
pub(super) fn answered(answer: &Media, local: &Local) -> Result<Option<Dtls>, SdpError> {
    if local.web.is_none() {
        return Ok(None);
    }
    stated(answer, answer.web.setup == Some(Setup::Passive)).map(Some)
}

/// The peer's half, complete or refused. RTCP on a port of its own is nothing that the gateway does.
fn stated(media: &Media, client: bool) -> Result<Dtls, SdpError> {
    let lines = &media.web;
    let complete = !lines.ufrag.is_empty()
        && !lines.pwd.is_empty()
        && !lines.fingerprints.is_empty()
        && media.rtcp.mux;
    match complete {
        true => Ok(Dtls {
            ufrag: lines.ufrag.clone(),
            pwd: lines.pwd.clone(),
            fingerprints: lines.fingerprints.clone(),
            client,
        }),
        false => Err(SdpError::Security),
    }
}

/// Our half for an offer; the peer may choose who begins.
pub(super) fn dress_offer(stream: &mut Media, web: &Web, before: Option<&Media>) {
    let mid = match before {
        Some(before) => before.mid.clone(),
        None => Some(MID.to_owned()),
    };
    dress(stream, web, mid, Setup::ActPass);
}

/// Our half for the answer to `offer`.
pub(super) fn dress_answer(stream: &mut Media, web: &Web, offer: &Media, client: bool) {
    let setup = match client {
        true => Setup::Active,
        false => Setup::Passive,
    };
    dress(stream, web, offer.mid.clone(), setup);
}

fn dress(stream: &mut Media, web: &Web, mid: Option<String>, setup: Setup) {
    stream.mid = mid;
    stream.rtcp.mux = true;
    stream.rtcp.port = None;
    let lines = &mut stream.web;
    lines.ufrag.clone_from(&web.ufrag);
    lines.pwd.clone_from(&web.pwd);
    lines.fingerprints = vec![web.fingerprint.clone()];
    lines.setup = Some(setup);
    lines.msid = Some(MSID.to_owned());
    lines.candidates.clone_from(&web.candidates);
}

/// The bundle that our stream is alone in, when the offer bundles it (RFC 8843 §7.3).
pub(super) fn answered_groups(offer: &Session, stream: &Media) -> Vec<String> {
    let Some(mid) = stream.mid.as_deref() else {
        return Vec::new();
    };
    let bundled = offer.groups.iter().any(|group| {
        let mut words = group.split_whitespace();
        words.next() == Some("BUNDLE") && words.any(|word| word == mid)
    });
    match bundled {
        true => vec![format!("BUNDLE {mid}")],
        false => Vec::new(),
    }
}

/// The bundle of an offer: that of before, else one of our stream.
pub(super) fn offered_groups(local: &Local) -> Vec<String> {
    match &local.previous {
        Some(previous) => previous.groups.clone(),
        None if local.web.is_some() => vec![format!("BUNDLE {MID}")],
        None => Vec::new(),
    }
}

/// The codecs of a leg by preference. A browser is best heard with Opus, whatever suits desk phones.
pub(super) fn preference(local: &Local) -> Vec<Codec> {
    let mut codecs = local.codecs.clone();
    if local.web.is_some() {
        codecs.sort_by_key(|codec| match codec {
            Codec::Opus => 0,
            Codec::G722 => 1,
            Codec::Pcmu | Codec::Pcma => 2,
        });
    }
    codecs
}
