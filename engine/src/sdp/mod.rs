//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264) for one audio stream.
//! Pure: text and settings in, text and an agreement out. Unknown lines are skipped, every count is
//! bounded, nothing panics.

mod error;
mod negotiate;
mod parse;
mod session;
mod terms;
mod web;
mod web_lines;
mod write;

pub use crate::leg::SrtpPolicy;
pub use crate::rtp::srtp::SrtpKeys;
pub use error::SdpError;
pub use negotiate::{accept, answer, expect, offer};
pub use parse::{MAX_BYTES, MAX_FORMATS, MAX_STREAMS};
pub use session::{Address, Crypto, Media, Origin, Rtcp, RtpMap, Session};
pub use terms::{Agreed, DEFAULT_PTIME_MS, Direction, LONGEST_PTIME_MS, Local, SHORTEST_PTIME_MS};
pub use web::{BadFingerprint, Dtls, Fingerprint, Hash, Setup, Web};
pub use web_lines::{MAX_WEB_LINES, WebLines};
