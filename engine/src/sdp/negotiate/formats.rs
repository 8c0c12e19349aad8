//! What the formats of an `m=` line mean, and how ours are written.

use crate::rtp::codec::{Codec, OpusParameters};
use crate::sdp::session::{Media, RtpMap};

use super::{Profile, profile};

/// Payload type of comfort noise, RFC 3551 §6.
pub(super) const COMFORT_NOISE_PT: u8 = 13;
/// The keys that we send and take: 0–9, `*`, `#`, A–D and flash (RFC 4733 §3.2).
const EVENTS: &str = "0-16";
/// Opus parameters that we state: our decoder uses in-band correction.
const OPUS_FMTP: &str = "useinbandfec=1";
/// The same in the words that browsers use.
const WEB_OPUS_FMTP: &str = "minptime=10;useinbandfec=1";

/// The formats of a stream that are ours, in the order stated.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// Codecs with their number and parameters; each codec once.
    pub codecs: Vec<(Codec, u8, OpusParameters)>,
    /// telephone-event: number and clock; each clock once.
    pub events: Vec<(u8, u32)>,
    /// Comfort noise.
    pub comfort_noise: Option<u8>,
}

impl Formats {
    /// Reads the formats of a stream.
    pub fn of(media: &Media) -> Formats {
        let mut formats = Formats::default();
        for word in &media.formats {
            if let Ok(pt) = word.parse::<u8>()
                && pt < 128
            {
                formats.take(media, pt);
            }
        }
        formats
    }

    fn take(&mut self, media: &Media, pt: u8) {
        let map = media.rtpmaps.iter().find(|map| map.pt == pt);
        let codec = match map {
            Some(map) => Codec::from_rtpmap(&map.encoding, map.clock, map.channels),
            None => Codec::from_static_pt(pt),
        };
        if let Some(codec) = codec {
            if self.number(codec).is_none() {
                let fmtp = media.fmtps.iter().find(|(of, _)| *of == pt);
                let opus = fmtp.map_or(OpusParameters::DEFAULT, |(_, text)| {
                    OpusParameters::parse(text)
                });
                self.codecs.push((codec, pt, opus));
            }
            return;
        }
        match map {
            Some(map) if map.encoding.eq_ignore_ascii_case("telephone-event") => {
                let known = map.clock == 8_000 || map.clock == 48_000;
                if known && !self.events.iter().any(|(_, clock)| *clock == map.clock) {
                    self.events.push((pt, map.clock));
                }
            }
            Some(map) if map.encoding.eq_ignore_ascii_case("CN") && map.clock == 8_000 => {
                self.comfort_noise.get_or_insert(pt);
            }
            None if pt == COMFORT_NOISE_PT => {
                self.comfort_noise.get_or_insert(pt);
            }
            _ => {}
        }
    }

    /// The number of a codec, when it is among the formats.
    pub fn number(&self, codec: Codec) -> Option<u8> {
        self.codecs
            .iter()
            .find(|(of, ..)| *of == codec)
            .map(|(_, pt, _)| *pt)
    }

    /// The number of telephone-event at this clock.
    pub fn event_number(&self, clock: u32) -> Option<u8> {
        self.events
            .iter()
            .find(|(_, of)| *of == clock)
            .map(|(pt, _)| *pt)
    }
}

/// Adds a codec to a stream of ours. Static numbers are mapped too; it helps old phones.
pub(super) fn write_codec(media: &mut Media, codec: Codec, pt: u8) {
    media.formats.push(pt.to_string());
    media.rtpmaps.push(RtpMap {
        pt,
        encoding: codec.encoding().to_owned(),
        clock: codec.clock(),
        channels: codec.channels(),
    });
    if codec == Codec::Opus {
        let web = profile(media) == Some(Profile::Web);
        let text = if web { WEB_OPUS_FMTP } else { OPUS_FMTP };
        media.fmtps.push((pt, text.to_owned()));
    }
}

/// Adds telephone-event to a stream of ours.
pub(super) fn write_event(media: &mut Media, pt: u8, clock: u32) {
    media.formats.push(pt.to_string());
    media.rtpmaps.push(RtpMap {
        pt,
        encoding: "telephone-event".to_owned(),
        clock,
        channels: None,
    });
    media.fmtps.push((pt, EVENTS.to_owned()));
}

/// Adds comfort noise to a stream of ours.
pub(super) fn write_comfort_noise(media: &mut Media, pt: u8) {
    media.formats.push(pt.to_string());
    media.rtpmaps.push(RtpMap {
        pt,
        encoding: "CN".to_owned(),
        clock: 8_000,
        channels: None,
    });
}
