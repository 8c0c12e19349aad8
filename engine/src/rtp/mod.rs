//! RTP as pure functions and small machines: headers, RTCP, codecs, DTMF events, SRTP and reception
//! statistics. Bytes and `now` go in, bytes and facts come out; no socket and no clock is touched here.

pub mod codec;
pub mod dtmf;
pub mod packet;
pub mod ports;
mod quality;
pub mod reception;
pub mod rtcp;
pub mod srtp;

pub use codec::{Codec, OpusParameters, Payload, TelephoneEvent};
pub use quality::{Quality, Spread};
