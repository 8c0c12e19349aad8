//! Answering an offer.

use crate::rtp::codec::{Codec, OpusParameters, Payload, TelephoneEvent};
use crate::rtp::srtp::SrtpKeys;
use crate::sdp::error::SdpError;
use crate::sdp::session::{Crypto, Media, Session};
use crate::sdp::terms::{Agreed, Direction, Local};

use super::formats::{self, Formats};
use super::{
    choose_crypto, is_live_audio, own_audio, own_key, own_session, packet_time, peer_direction,
    refused, remote_addresses, usable, web,
};

/// Answers an offer with exactly one codec: what `like` (the other leg of the call) uses when it is on
/// offer, else the first of our own preference. The first usable audio stream is taken, all others are
/// refused in place.
pub fn answer(
    offer: &Session,
    local: &Local,
    like: Option<&Agreed>,
) -> Result<(Session, Agreed), SdpError> {
    let mut taken: Option<Agreed> = None;
    let mut fault = SdpError::NoAudio;
    let mut streams = Vec::with_capacity(offer.media.len());
    for media in &offer.media {
        if taken.is_none() && is_live_audio(media) {
            match take(offer, media, local, like) {
                Ok((stream, agreed)) => {
                    streams.push(stream);
                    taken = Some(agreed);
                    continue;
                }
                // The most telling fault of all streams: no codec, then no key, then no audio.
                Err(SdpError::NoCommonCodec) => fault = SdpError::NoCommonCodec,
                Err(SdpError::Security) if fault == SdpError::NoAudio => {
                    fault = SdpError::Security;
                }
                Err(_) => {}
            }
        }
        streams.push(refused(media));
    }
    let agreed = taken.ok_or(fault)?;
    let live = streams.iter().find(|stream| is_live_audio(stream));
    let groups = live.map_or_else(Vec::new, |stream| web::answered_groups(offer, stream));
    Ok((own_session(local, streams, groups), agreed))
}

/// What the sender of an offer that nobody has answered yet is going to speak, for the other leg of its
/// call to be like it: its codecs that are ours too, in its order. None when there are none.
pub fn expect(offer: &Session, codecs: &[Codec]) -> Option<Agreed> {
    let media = offer.media.iter().find(|media| is_live_audio(media))?;
    let offered = Formats::of(media);
    let ours = |(codec, ..): &&(Codec, u8, OpusParameters)| codecs.contains(codec);
    let codecs = offered.codecs.iter().filter(ours);
    let codecs: Vec<Payload> = codecs
        .map(|(codec, pt, opus)| Payload {
            pt: *pt,
            recv_pt: *pt,
            codec: *codec,
            opus: *opus,
        })
        .collect();
    let event = |&(pt, clock): &(u8, u32)| TelephoneEvent {
        pt,
        recv_pt: pt,
        clock,
    };
    (!codecs.is_empty()).then(|| Agreed {
        remote: None,
        remote_rtcp: None,
        rtcp_mux: media.rtcp.mux,
        codecs,
        dtmf: offered.events.iter().map(event).collect(),
        comfort_noise: offered.comfort_noise,
        ptime_ms: packet_time(media),
        direction: Direction::SendRecv,
        peer_holds: false,
        srtp: None,
        dtls: None,
    })
}

fn take(
    offer: &Session,
    media: &Media,
    local: &Local,
    like: Option<&Agreed>,
) -> Result<(Media, Agreed), SdpError> {
    usable(media, local).ok_or(SdpError::NoAudio)?;
    let dtls = web::offered(media, local)?;
    let crypto = match dtls {
        Some(_) => None,
        None => choose_crypto(media, local.srtp)?,
    };
    let offered = Formats::of(media);
    let (codec, pt, opus) = choose_codec(&offered, local, like).ok_or(SdpError::NoCommonCodec)?;

    let mut stream = own_audio(local, media.protocol.clone(), media.rtcp.mux);
    formats::write_codec(&mut stream, codec, pt);
    let events = choose_events(&offered, local, codec);
    for (pt, clock) in &events {
        formats::write_event(&mut stream, *pt, *clock);
    }
    // Comfort noise would have nowhere to go when the other leg does not take it.
    let comfort_noise = offered.comfort_noise.filter(|_| {
        local.web.is_none()
            && codec.clock() == 8_000
            && like.is_none_or(|agreed| agreed.comfort_noise.is_some())
    });
    if let Some(pt) = comfort_noise {
        formats::write_comfort_noise(&mut stream, pt);
    }
    let ptime_ms = packet_time(media);
    stream.ptime = Some(ptime_ms);

    let srtp = crypto.map(|crypto| SrtpKeys {
        suite: crypto.suite,
        local: own_key(local, crypto.suite),
        remote: crypto.key,
    });
    if let (Some(offered), Some(keys)) = (crypto, &srtp) {
        stream.cryptos.push(Crypto {
            tag: offered.tag,
            suite: keys.suite,
            key: keys.local,
        });
    }

    if let (Some(web), Some(dtls)) = (&local.web, &dtls) {
        web::dress_answer(&mut stream, web, media, dtls.client);
    }

    let peer = peer_direction(offer, media);
    let direction = peer.reversed().and(local.direction);
    stream.direction = Some(direction);
    let (remote, remote_rtcp) = remote_addresses(offer, media, local);
    let agreed = Agreed {
        remote,
        remote_rtcp,
        rtcp_mux: media.rtcp.mux,
        codecs: vec![Payload {
            pt,
            recv_pt: pt,
            codec,
            opus,
        }],
        dtmf: events
            .into_iter()
            .map(|(pt, clock)| TelephoneEvent {
                pt,
                recv_pt: pt,
                clock,
            })
            .collect(),
        comfort_noise,
        ptime_ms,
        direction,
        peer_holds: !peer.receives(),
        srtp,
        dtls,
    };
    Ok((stream, agreed))
}

fn choose_codec(
    offered: &Formats,
    local: &Local,
    like: Option<&Agreed>,
) -> Option<(Codec, u8, OpusParameters)> {
    let others = like.into_iter().flat_map(|agreed| &agreed.codecs);
    others
        .map(|payload| payload.codec)
        .filter(|codec| local.codecs.contains(codec))
        .chain(web::preference(local))
        .find_map(|wanted| {
            let mut codecs = offered.codecs.iter().copied();
            codecs.find(|(codec, ..)| *codec == wanted)
        })
}

/// The event format at the clock of the audio, else at 8000, which phones pair with anything. Browsers
/// get every one that they offer, because they choose by themselves.
fn choose_events(offered: &Formats, local: &Local, codec: Codec) -> Vec<(u8, u32)> {
    if !local.dtmf {
        return Vec::new();
    }
    let mut events = offered.events.clone();
    events.sort_by_key(|(_, clock)| *clock != codec.clock());
    if local.web.is_none() {
        events.retain(|(_, clock)| [codec.clock(), 8_000].contains(clock));
        events.truncate(1);
    }
    events
}
