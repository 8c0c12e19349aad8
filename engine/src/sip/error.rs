//! What can be wrong with bytes that claim to be SIP.

use thiserror::Error;

/// Says why bytes are no SIP message at all, so that nobody can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Only line ends: a keep-alive of RFC 5626 §3.5.1.
    #[error("only line ends, a keep-alive")]
    KeepAlive,
    /// More than [`MAX_MESSAGE_BYTES`](super::MAX_MESSAGE_BYTES).
    #[error("message larger than the limit")]
    TooLarge,
    /// The first line is neither a request line nor a status line.
    #[error("first line is not SIP")]
    StartLine,
    /// A response whose version is not `SIP/2.0`.
    #[error("response of an unknown SIP version")]
    Version,
    /// A response whose status is not a number from 100 to 699.
    #[error("status code outside 100 to 699")]
    Status,
}

/// Says what is wrong with a header that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The message has no such header.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The value does not follow the grammar.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// A header that may stand once stands several times.
    #[error("{0} occurs more than once")]
    Repeated(&'static str),
}

/// Says why a text is no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UriError {
    /// There is no `scheme:` in front, or it has letters no scheme has.
    #[error("URI has no valid scheme")]
    Scheme,
    /// A character that must be escaped, or a broken `%` escape.
    #[error("URI has a character that is not allowed")]
    Character,
    /// The host is empty or neither a name nor an IP address.
    #[error("URI host is not a name or an address")]
    Host,
    /// The port is not a number from 0 to 65535.
    #[error("URI port is not a number up to 65535")]
    Port,
    /// A parameter without a name.
    #[error("URI parameter is malformed")]
    Parameter,
    /// Longer than a SIP message may be.
    #[error("URI is too long")]
    TooLong,
}
