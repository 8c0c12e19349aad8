#![doc = include_str!("../README.md")]

mod bus;
mod call;
mod config;
pub mod demo;
mod device;
mod directory;
mod error;
mod events;
mod exchange;
mod gather;
mod identity;
mod ledger;
mod metrics;
mod presence;
mod registrar;
mod registry;
mod ring_group;
mod rooms;
pub mod secrets;
mod supervision;
mod switchboard;
mod target;
mod trunk;
mod webrtc_session;

pub use bus::{CutOff, Fact, Subscription};
pub use call::LiveCall;
pub use config::{Config, DigestAlgorithm, EmergencyGate, SipTls, Times, WebrtcSessions};
pub use error::{StartError, Unavailable};
pub use exchange::{
    Bound, Change, ClickToCall, ClickToCallError, Exchange, Health, LONGEST_SIP_MESSAGE,
};
pub use presence::{PresenceState, UserPresence};
pub use supervision::Kind;
pub use webrtc_session::{
    BadToken, LONGEST_FRAME, Outgoing, OutgoingFrames, TokenClaims, TokenFrame, WebrtcSession,
};

#[cfg(test)]
mod fixture;
#[cfg(test)]
pub(crate) use fixture::{test_account, test_db};
