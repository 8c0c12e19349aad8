#![doc = include_str!("../README.md")]
#![deny(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing))]

mod config;
mod endpoint;
pub mod leg;
pub mod media;
mod metrics;
mod routes;
pub mod rtp;
pub mod sdp;
pub mod sip;
mod stack;
pub mod webrtc;

pub use config::{Config, Limits, Media, Timers, Tls, WebRtc};
pub use endpoint::{
    Answer, Arrival, Arrivals, Authorization, BindError, Bound, Contact, Endpoint, Invitation,
    LegError, Registration, Reply, Request, RequestError, bind,
};
