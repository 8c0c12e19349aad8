//! Making an offer.

use std::ops::RangeInclusive;

use crate::leg::SrtpPolicy;
use crate::rtp::codec::Codec;
use crate::rtp::srtp::Suite;
use crate::sdp::session::{Crypto, Media, Session};
use crate::sdp::terms::{Agreed, DEFAULT_PTIME_MS, Local};

use super::formats::{self, Formats};
use super::{Profile, own_audio, own_key, own_session, previous_audio, profile, refused, web};

/// Numbers free for formats without one of their own, RFC 3551 §3.
const DYNAMIC: RangeInclusive<u8> = 96..=127;

/// Makes an offer. Codecs that `like` (the other leg of the call) already uses come first, with the same
/// numbers where possible, so that packets can pass as they are. In a dialog that has a previous
/// description, streams, numbers and keys stay what they were.
pub fn offer(local: &Local, like: Option<&Agreed>) -> Session {
    let before = previous_audio(local);
    let protocol = protocol(local, before.map(|(_, media)| media));
    let mux = before.is_some_and(|(_, media)| media.rtcp.mux);
    let mut audio = own_audio(local, protocol, mux);
    write_formats(&mut audio, local, like, before.map(|(_, media)| media));
    let ptime = like.map(|agreed| agreed.ptime_ms);
    audio.ptime = ptime
        .or(before.and_then(|(_, media)| media.ptime))
        .or(Some(DEFAULT_PTIME_MS));
    audio.cryptos = suites(local, before.map(|(_, media)| media))
        .zip(1..)
        .map(|(suite, tag)| Crypto {
            tag,
            suite,
            key: own_key(local, suite),
        })
        .collect();

    if let Some(web) = &local.web {
        web::dress_offer(&mut audio, web, before.map(|(_, media)| media));
    }

    let mut streams: Vec<Media> = match &local.previous {
        Some(previous) => previous.media.iter().map(refused).collect(),
        None => Vec::new(),
    };
    match before.and_then(|(index, _)| streams.get_mut(index)) {
        Some(place) => *place = audio,
        None => streams.push(audio),
    }
    own_session(local, streams, web::offered_groups(local))
}

fn protocol(local: &Local, before: Option<&Media>) -> String {
    let required = local.srtp == SrtpPolicy::Required;
    match before.map(|media| (&media.protocol, profile(media))) {
        Some((protocol, Some(used))) if used != Profile::Plain || !required => protocol.clone(),
        _ if local.web.is_some() => web::PROTOCOL.to_owned(),
        _ if required => "RTP/SAVP".to_owned(),
        _ => "RTP/AVP".to_owned(),
    }
}

/// All suites when encryption is demanded; otherwise those already agreed in this dialog.
fn suites<'a>(
    local: &'a Local,
    before: Option<&'a Media>,
) -> impl Iterator<Item = Suite> + use<'a> {
    let required = local.srtp == SrtpPolicy::Required && local.web.is_none();
    let in_use = before.map_or(&[][..], |media| &media.cryptos);
    let mut suites: Vec<Suite> = in_use.iter().map(|crypto| crypto.suite).collect();
    if required {
        for suite in Suite::ALL {
            if !suites.contains(&suite) {
                suites.push(suite);
            }
        }
    }
    suites.into_iter()
}

fn write_formats(audio: &mut Media, local: &Local, like: Option<&Agreed>, before: Option<&Media>) {
    let earlier = before.map(Formats::of).unwrap_or_default();
    let mut numbers = Numbers::default();
    earlier
        .codecs
        .iter()
        .for_each(|(_, pt, _)| numbers.take(*pt));
    earlier.events.iter().for_each(|(pt, _)| numbers.take(*pt));

    let codecs = order(local, like, &earlier);
    for codec in &codecs {
        let wanted = like
            .and_then(|agreed| agreed.codecs.iter().find(|payload| payload.codec == *codec))
            .map(|payload| payload.pt);
        let pt = match (codec.static_pt(), earlier.number(*codec)) {
            (_, Some(pt)) | (Some(pt), None) => pt,
            (None, None) => numbers.free(wanted, codec.default_pt()),
        };
        formats::write_codec(audio, *codec, pt);
    }
    if local.dtmf {
        for (clock, default) in [(8_000, 101), (48_000, 110)] {
            if !codecs.iter().any(|codec| codec.clock() == clock) {
                continue;
            }
            let wanted = like
                .and_then(|agreed| agreed.dtmf.iter().find(|event| event.clock == clock))
                .map(|event| event.pt);
            let pt = earlier
                .event_number(clock)
                .unwrap_or_else(|| numbers.free(wanted, default));
            formats::write_event(audio, pt, clock);
        }
    }
    // Comfort noise is offered only when the other leg may send it.
    if local.web.is_none() && like.is_some_and(|agreed| agreed.comfort_noise.is_some()) {
        formats::write_comfort_noise(audio, formats::COMFORT_NOISE_PT);
    }
}

/// The codecs of this leg: first what the other leg uses, then what this one used, then by preference.
fn order(local: &Local, like: Option<&Agreed>, earlier: &Formats) -> Vec<Codec> {
    let others = like.into_iter().flat_map(|agreed| &agreed.codecs);
    let others = others.map(|payload| payload.codec);
    let before = earlier.codecs.iter().map(|(codec, ..)| *codec);
    let mut order = Vec::with_capacity(Codec::ALL.len());
    for codec in others.chain(before).chain(web::preference(local)) {
        if local.codecs.contains(&codec) && !order.contains(&codec) {
            order.push(codec);
        }
    }
    order
}

/// Dynamic payload types already given out.
#[derive(Default)]
struct Numbers(Vec<u8>);

impl Numbers {
    fn take(&mut self, pt: u8) {
        self.0.push(pt);
    }

    /// The first of these that is free: the wanted one, the usual one, any.
    fn free(&mut self, wanted: Option<u8>, usual: u8) -> u8 {
        let pt = wanted
            .into_iter()
            .chain([usual])
            .chain(DYNAMIC)
            .find(|pt| DYNAMIC.contains(pt) && !self.0.contains(pt))
            .unwrap_or(usual);
        self.take(pt);
        pt
    }
}
