//! The SIP wire, from outside: what an exchange says to whatever is sent to it.

mod advertised;
mod torture;
