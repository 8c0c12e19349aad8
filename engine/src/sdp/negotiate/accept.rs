//! Reading the answer to an offer of ours.

use crate::leg::SrtpPolicy;
use crate::rtp::codec::{Payload, TelephoneEvent};
use crate::rtp::srtp::SrtpKeys;
use crate::sdp::error::SdpError;
use crate::sdp::session::{Media, Session};
use crate::sdp::terms::{Agreed, Direction, Local};

use super::formats::Formats;
use super::{Profile, is_live_audio, packet_time, peer_direction, profile, remote_addresses, web};

/// Reads the answer to `offer`. The answerer's order of formats is kept; each is sent under the number
/// that the answerer gave it and expected under the one that we gave it.
pub fn accept(offer: &Session, answer: &Session, local: &Local) -> Result<Agreed, SdpError> {
    let (index, ours) = offer
        .media
        .iter()
        .enumerate()
        .find(|(_, media)| is_live_audio(media))
        .ok_or(SdpError::Mismatch)?;
    let theirs = answer.media.get(index).ok_or(SdpError::Mismatch)?;
    if !theirs.kind.eq_ignore_ascii_case("audio") || profile(theirs).is_none() {
        return Err(SdpError::Mismatch);
    }
    if theirs.port == 0 {
        return Err(SdpError::NoAudio);
    }
    let dtls = web::answered(theirs, local)?;

    let (offered, answered) = (Formats::of(ours), Formats::of(theirs));
    let codecs: Vec<Payload> = answered
        .codecs
        .iter()
        .filter_map(|&(codec, pt, opus)| {
            let recv_pt = offered.number(codec)?;
            Some(Payload {
                pt,
                recv_pt,
                codec,
                opus,
            })
        })
        .collect();
    let first = codecs.first().ok_or(SdpError::NoCommonCodec)?;
    let mut dtmf: Vec<TelephoneEvent> = answered
        .events
        .iter()
        .filter_map(|&(pt, clock)| {
            let recv_pt = offered.event_number(clock)?;
            Some(TelephoneEvent { pt, recv_pt, clock })
        })
        .collect();
    let clock = first.codec.clock();
    dtmf.sort_by_key(|event| event.clock != clock);

    let peer = peer_direction(answer, theirs);
    let wanted = ours.direction.unwrap_or(Direction::SendRecv);
    let (remote, remote_rtcp) = remote_addresses(answer, theirs, local);
    Ok(Agreed {
        remote,
        remote_rtcp,
        rtcp_mux: ours.rtcp.mux && theirs.rtcp.mux,
        comfort_noise: offered.comfort_noise.and(answered.comfort_noise),
        ptime_ms: packet_time(theirs),
        direction: peer.reversed().and(wanted),
        // Only who may be heard can be put on hold.
        peer_holds: wanted.sends() && !peer.receives(),
        srtp: match dtls {
            Some(_) => None,
            None => keys(ours, theirs, local.srtp)?,
        },
        dtls,
        codecs,
        dtmf,
    })
}

fn keys(ours: &Media, theirs: &Media, policy: SrtpPolicy) -> Result<Option<SrtpKeys>, SdpError> {
    let demanded = policy == SrtpPolicy::Required
        || profile(ours) == Some(Profile::Encrypted)
        || profile(theirs) != Some(Profile::Plain);
    // Each suite is offered once, so the suite says which line was meant even when the tag is wrong.
    let agreed = theirs.cryptos.iter().find_map(|crypto| {
        let mut offered = ours.cryptos.iter();
        let own = offered.find(|own| own.suite == crypto.suite)?;
        Some(SrtpKeys {
            suite: crypto.suite,
            local: own.key,
            remote: crypto.key,
        })
    });
    if agreed.is_none() && demanded {
        return Err(SdpError::Security);
    }
    Ok(agreed)
}
