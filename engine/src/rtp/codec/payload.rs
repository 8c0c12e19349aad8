//! Negotiated payload formats: which number means which codec in each direction, and what the peer
//! asked of it.

use serde::{Deserialize, Serialize};

use super::Codec;

/// One negotiated audio format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Payload type to write into packets sent to the peer (the peer's own number, RFC 3264 §5.1).
    pub pt: u8,
    /// Payload type the peer writes into the packets it sends (our number; nearly always the same).
    pub recv_pt: u8,
    /// The codec.
    pub codec: Codec,
    /// What the peer wants to receive, when the codec is Opus; defaults otherwise.
    pub opus: OpusParameters,
}

impl Payload {
    /// A format with the same number both ways and default parameters.
    pub const fn new(codec: Codec, pt: u8) -> Payload {
        Payload {
            pt,
            recv_pt: pt,
            codec,
            opus: OpusParameters::DEFAULT,
        }
    }
}

/// Receiver preferences of Opus, RFC 7587 §6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpusParameters {
    /// `useinbandfec`: the peer can use in-band error correction.
    pub inband_fec: bool,
    /// `usedtx`: the peer likes discontinuous transmission.
    pub dtx: bool,
    /// `stereo`: the peer prefers to receive stereo.
    pub stereo: bool,
    /// `maxplaybackrate` in Hz, 8000 to 48000.
    pub max_playback_rate: u32,
    /// `maxaveragebitrate` in bit/s, when given (6000 to 510000).
    pub max_average_bitrate: Option<u32>,
}

impl OpusParameters {
    /// The values of RFC 7587 §6.1 that hold when no `a=fmtp` says otherwise.
    pub const DEFAULT: OpusParameters = OpusParameters {
        inband_fec: false,
        dtx: false,
        stereo: false,
        max_playback_rate: 48_000,
        max_average_bitrate: None,
    };

    /// Reads the parameters of an `a=fmtp` line; unknown and malformed ones are ignored.
    pub fn parse(fmtp: &str) -> OpusParameters {
        let mut parameters = OpusParameters::DEFAULT;
        for pair in fmtp.split(';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            let Ok(number) = value.parse::<u32>() else {
                continue;
            };
            if name.eq_ignore_ascii_case("useinbandfec") {
                parameters.inband_fec = number == 1;
            } else if name.eq_ignore_ascii_case("usedtx") {
                parameters.dtx = number == 1;
            } else if name.eq_ignore_ascii_case("stereo") {
                parameters.stereo = number == 1;
            } else if name.eq_ignore_ascii_case("maxplaybackrate") {
                parameters.max_playback_rate = number.clamp(8_000, 48_000);
            } else if name.eq_ignore_ascii_case("maxaveragebitrate") {
                parameters.max_average_bitrate = Some(number.clamp(6_000, 510_000));
            }
        }
        parameters
    }
}

impl Default for OpusParameters {
    fn default() -> OpusParameters {
        OpusParameters::DEFAULT
    }
}

/// A negotiated RFC 4733 telephone-event format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelephoneEvent {
    /// Payload type to write into events sent to the peer.
    pub pt: u8,
    /// Payload type the peer writes into the events it sends.
    pub recv_pt: u8,
    /// Clock rate in Hz: 8000 or 48000, that of the audio it accompanies (RFC 4733 §2.1).
    pub clock: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_parameters_survive_odd_spacing_and_nonsense() {
        let parameters = OpusParameters::parse(
            "minptime=10; UseInbandFEC=1 ;maxaveragebitrate=1;;stereo=x;maxplaybackrate=16000",
        );
        assert!(parameters.inband_fec);
        assert!(!parameters.stereo);
        assert_eq!(parameters.max_playback_rate, 16_000);
        assert_eq!(parameters.max_average_bitrate, Some(6_000));
        assert_eq!(OpusParameters::parse(""), OpusParameters::DEFAULT);
    }
}
