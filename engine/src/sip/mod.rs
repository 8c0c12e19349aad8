//! The SIP wire: messages, addresses, header values, digest and framing.
//!
//! Bytes in, values out, and back; nothing here reads a clock or a socket.

mod body;
mod check;
pub(crate) mod dialog;
pub mod digest;
mod error;
mod head;
mod message;
mod method;
mod name;
mod name_addr;
mod params;
mod print;
mod reply;
pub(crate) mod resolve;
mod scan;
mod stream;
pub(crate) mod transaction;
pub(crate) mod transport;
mod typed;
mod uri;
mod values;
mod via;

pub use check::{ALLOWED, EXTENSIONS, Refusal, Rejection, check_request, check_response};
pub use error::{HeaderError, ParseError, UriError};
pub use head::{MAX_HEADERS, MAX_MESSAGE_BYTES, parse_datagram};
pub use message::{Fault, Message, Start, reason_phrase};
pub use method::Method;
pub use name::{Key, Name};
pub use name_addr::{Contacts, NameAddr};
pub use params::Params;
pub use stream::{Frame, Framer};
pub(crate) use uri::shown_host;
pub use uri::{Scheme, Uri};
pub use values::{CSeq, MinSe, RAck, Reason, Refresher, Replaces, SessionExpires};
pub use via::{Transport, Via};

#[cfg(test)]
mod rfc4475;
