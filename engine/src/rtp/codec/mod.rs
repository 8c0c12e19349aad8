//! The audio codecs Strowger speaks, what they are called in SDP, and how their frames become PCM.

mod conceal;
mod decode;
mod encode;
pub mod g711;
mod opus;
mod payload;
mod resample;
mod silence;
mod transcode;

pub use decode::Decoder;
pub use encode::Encoder;
pub use payload::{OpusParameters, Payload, TelephoneEvent};
pub use resample::Resampler;
pub use transcode::{Frame, Transcoder};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Length of the frames that the media plane works with, in milliseconds.
pub const FRAME_MS: u32 = 20;

/// An audio codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 µ-law, RFC 3551 §4.5.14.
    Pcmu,
    /// G.711 A-law, RFC 3551 §4.5.14.
    Pcma,
    /// G.722 at 64 kbit/s, RFC 3551 §4.5.2.
    G722,
    /// Opus, RFC 7587.
    Opus,
}

impl Codec {
    /// Every codec, in the order offered when nothing else is configured: those that pass through
    /// between deskphones, browsers and carriers at the least cost come before the wider ones.
    pub const ALL: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

    /// RTP clock rate in Hz. G.722 keeps the historical 8000 although it samples at 16 kHz
    /// (RFC 3551 §4.5.2); Opus always counts at 48000 (RFC 7587 §4.1).
    pub const fn clock(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
            Codec::Opus => 48_000,
        }
    }

    /// PCM sample rate in Hz that this codec is decoded to and encoded from here. Opus could do
    /// more, but whatever it is joined with when decoding is needed has no more than wideband.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8_000,
            Codec::G722 | Codec::Opus => 16_000,
        }
    }

    /// The payload type that RFC 3551 §6 assigns; `None` means the number is agreed per session.
    pub const fn static_pt(self) -> Option<u8> {
        match self {
            Codec::Pcmu => Some(0),
            Codec::Pcma => Some(8),
            Codec::G722 => Some(9),
            Codec::Opus => None,
        }
    }

    /// The payload type written into an offer when nothing earlier fixes another number.
    pub const fn default_pt(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// The encoding name of `a=rtpmap`.
    pub const fn encoding(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// The channel count of `a=rtpmap`, when one is written (RFC 7587 §7 fixes 2 for Opus).
    pub const fn channels(self) -> Option<u8> {
        match self {
            Codec::Opus => Some(2),
            _ => None,
        }
    }

    /// RTP clock ticks in `ms` milliseconds.
    pub const fn ticks(self, ms: u32) -> u32 {
        self.clock() / 1_000 * ms
    }

    /// The codec that an `a=rtpmap` line names, if it is one of ours with its proper clock.
    /// The name is compared without case (RFC 4855 §3); a missing channel count of Opus is forgiven.
    pub fn from_rtpmap(encoding: &str, clock: u32, channels: Option<u8>) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| {
            codec.encoding().eq_ignore_ascii_case(encoding)
                && codec.clock() == clock
                && match codec.channels() {
                    Some(expected) => channels.is_none_or(|given| given == expected),
                    None => channels.is_none_or(|given| given == 1),
                }
        })
    }

    /// The codec that a payload type means without an `a=rtpmap` line.
    pub fn from_static_pt(pt: u8) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.static_pt() == Some(pt))
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encoding())
    }
}

/// A codec could not be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Opus refused its settings.
    #[error("Opus refused its settings")]
    Opus,
}

/// A codec name that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown codec: expected one of PCMU, PCMA, G722, opus")]
pub struct UnknownCodec;

impl FromStr for Codec {
    type Err = UnknownCodec;

    fn from_str(name: &str) -> Result<Codec, UnknownCodec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.encoding().eq_ignore_ascii_case(name))
            .ok_or(UnknownCodec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtpmap_names_are_matched_without_case_and_with_their_clock() {
        assert_eq!(Codec::from_rtpmap("pcmu", 8000, None), Some(Codec::Pcmu));
        assert_eq!(Codec::from_rtpmap("PCMA", 8000, Some(1)), Some(Codec::Pcma));
        assert_eq!(
            Codec::from_rtpmap("OPUS", 48000, Some(2)),
            Some(Codec::Opus)
        );
        assert_eq!(Codec::from_rtpmap("opus", 48000, None), Some(Codec::Opus));
        assert_eq!(Codec::from_rtpmap("PCMU", 16000, None), None);
        assert_eq!(Codec::from_rtpmap("PCMU", 8000, Some(2)), None);
        assert_eq!(Codec::from_rtpmap("G729", 8000, None), None);
    }

    #[test]
    fn names_round_trip() {
        for codec in Codec::ALL {
            assert_eq!(codec.to_string().parse(), Ok(codec));
            assert_eq!(codec.ticks(FRAME_MS), codec.clock() / 50);
        }
        assert_eq!("gsm".parse::<Codec>(), Err(UnknownCodec));
    }
}
