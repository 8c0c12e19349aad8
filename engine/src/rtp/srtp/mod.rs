//! SDES-SRTP (RFC 3711, RFC 4568, RFC 7714): suites, master keys and the contexts that protect and
//! open packets.

mod keys;
mod protector;

pub use keys::{BadKey, MasterKey, SrtpKeys, Suite};
pub use protector::{BadKeys, Protector, RTCP_OVERHEAD};
