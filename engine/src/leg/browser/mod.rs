//! A leg whose party is a browser: it speaks [`Signal`]s to a session where another one speaks SIP to a
//! phone. Whoever controls the call gives it the same orders and hears the same news.

mod words;

pub use words::{
    BrowserCall, ClientEnding, LONGEST_DESTINATION, MOST_LEGS, Notice, SessionId, SessionSink,
    Signal, Word,
};
