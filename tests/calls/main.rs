//! Calls from outside: real SIP and RTP on loopback, told by the API, the events and the records.

mod inside;
