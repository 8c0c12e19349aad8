//! What can be wrong with a description, and the SIP status that says so.

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// The text breaks the grammar at this line (counted from 1).
    #[error("session description is malformed at line {0}")]
    Syntax(u32),
    /// More bytes, lines, streams or formats than the limits allow.
    #[error("session description is larger than allowed")]
    TooLarge,
    /// No stream is audio over RTP with an address family we can reach.
    #[error("no usable audio stream")]
    NoAudio,
    /// The two sides share no codec.
    #[error("no common codec")]
    NoCommonCodec,
    /// One side demands SRTP and the other does not do it, or no suite is shared.
    #[error("media encryption does not match")]
    Security,
    /// The answer does not fit the offer it claims to answer.
    #[error("answer does not match the offer")]
    Mismatch,
}

impl SdpError {
    /// The SIP status that refuses an offer with this fault: 400 for text that cannot be read,
    /// 488 for one that can but leads to no agreement (RFC 3261 §21.4.26).
    pub const fn status(self) -> u16 {
        match self {
            SdpError::Syntax(_) => 400,
            SdpError::TooLarge => 413,
            _ => 488,
        }
    }
}
