//! The built-in phones of `strowger demo`: real SIP over loopback to the exchange's own listener, digest
//! registration, real RTP, a tone for a voice and an ear that measures. A phone is a second, small engine
//! and knows nothing of the exchange but its address.

mod line;
mod phone;

pub use line::{Heard, Line};
pub use phone::{Login, Phone};

use engine::{BindError, LegError, RequestError};
use std::time::Duration;

/// A phone could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Its own ports or threads.
    #[error("the phone cannot be switched on")]
    Start(#[from] BindError),
    /// The exchange did not answer the REGISTER.
    #[error("the exchange does not answer the registration")]
    Unregistered(#[from] RequestError),
    /// The exchange refused the REGISTER.
    #[error("the exchange refuses the registration with {0}")]
    RegistrationRefused(u16),
    /// The phone's side of a call does not allow the order.
    #[error("the phone cannot do this with its call")]
    Line(#[from] LegError),
    /// The call was refused.
    #[error("the call was refused with {0}")]
    Refused(u16),
    /// The other side, or the network, ended the call too soon.
    #[error("the call ended too soon")]
    Ended,
    /// Something did not happen in time.
    #[error("{what} did not happen within {} s", limit.as_secs())]
    Late {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        limit: Duration,
    },
    /// The tone was not there.
    #[error("{hz} Hz was not heard; the last thing heard was {}", heard.map_or("nothing".to_owned(), |heard| heard.to_string()))]
    NotHeard {
        /// Frequency in Hz.
        hz: u16,
        /// What was there instead.
        heard: Option<Heard>,
    },
}
