//! The messages by name, each with its answer.

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// A final response with this status.
    Status(u16),
    /// Nothing.
    Silence,
}

/// What a stream has to add.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stream {
    /// The same answer, and the connection goes on.
    Alike,
    /// The same answer, then the end of the connection.
    Closes,
    /// The end of the connection, perhaps before somebody who had to be asked could answer.
    Drops,
    /// Nothing yet: more is awaited.
    Waits,
    /// The same answer, and nothing more: what stands behind it begins a message that never ends.
    Derails,
}

use Answer::{Silence, Status};
use Stream::{Alike, Closes, Derails, Drops, Waits};

/// Name, answer over UDP, what is different over TCP, why.
pub const MESSAGES: [(&str, Answer, Stream, &str); 49] = [
    (
        "badaspec",
        Status(400),
        Alike,
        "blanks inside the brackets of To",
    ),
    (
        "badbranch",
        Status(200),
        Alike,
        "a branch of the cookie alone counts as none, and OPTIONS needs none",
    ),
    (
        "baddate",
        Status(401),
        Alike,
        "nothing here reads Date; who calls must say who it is",
    ),
    (
        "baddn",
        Status(400),
        Waits,
        "an unquoted comma in the display name; the file lacks its last line end",
    ),
    (
        "badinv01",
        Silence,
        Alike,
        "a Via that cannot be read says no way for an answer",
    ),
    ("badvers", Status(505), Alike, "SIP/7.0"),
    (
        "bcast",
        Silence,
        Alike,
        "a response with a second Via is not one of ours",
    ),
    (
        "bext01",
        Status(420),
        Alike,
        "an extension nobody knows is required",
    ),
    (
        "bigcode",
        Silence,
        Closes,
        "a status beyond all numbers is no SIP",
    ),
    (
        "clerr",
        Status(400),
        Waits,
        "a datagram ends before its body does; a stream may go on",
    ),
    (
        "cparam01",
        Status(401),
        Alike,
        "the parameter is the Contact's; who registers must say who it is",
    ),
    ("cparam02", Status(401), Alike, "the parameter is the URI's"),
    (
        "dblreq",
        Status(401),
        Drops,
        "what follows in a datagram is ignored; in a stream it is a request, and then something that is none",
    ),
    (
        "esc01",
        Status(401),
        Alike,
        "escapes stay as they are written",
    ),
    (
        "esc02",
        Status(501),
        Alike,
        "an escaped method is an unknown one",
    ),
    (
        "escnull",
        Status(401),
        Alike,
        "an escaped NUL is a byte like others",
    ),
    ("escruri", Status(400), Alike, "headers in the Request-URI"),
    (
        "insuf",
        Status(400),
        Alike,
        "From, To and Call-ID are missing",
    ),
    (
        "intmeth",
        Status(501),
        Alike,
        "every odd sign that is allowed, and a method nobody knows",
    ),
    (
        "inv2543",
        Status(400),
        Derails,
        "as RFC 2543 had it, but no Contact to lead back; without a length a stream is lost",
    ),
    ("invut", Status(415), Alike, "a body that is no offer"),
    (
        "longreq",
        Status(401),
        Alike,
        "long values, and 34 Vias that all go back",
    ),
    (
        "ltgtruri",
        Status(400),
        Alike,
        "the Request-URI in brackets",
    ),
    ("lwsdisp", Status(200), Alike, "no blank before the bracket"),
    ("lwsruri", Status(400), Alike, "a blank in the Request-URI"),
    (
        "lwsstart",
        Status(400),
        Alike,
        "two blanks in the first line",
    ),
    (
        "mcl01",
        Status(400),
        Closes,
        "two lengths: nobody can say where the next message begins",
    ),
    (
        "mismatch01",
        Status(400),
        Alike,
        "the method in CSeq is another",
    ),
    (
        "mismatch02",
        Status(501),
        Alike,
        "the method is unknown, whatever CSeq says",
    ),
    ("mpart01", Status(405), Alike, "MESSAGE is not offered"),
    (
        "multi01",
        Status(400),
        Alike,
        "several values where one may be",
    ),
    ("ncl", Status(400), Closes, "a negative length"),
    (
        "noreason",
        Silence,
        Alike,
        "a response without words to a request that was never sent",
    ),
    (
        "novelsc",
        Status(416),
        Alike,
        "a scheme that cannot be called",
    ),
    ("quotbal", Status(400), Alike, "a quote that never ends"),
    (
        "regaut01",
        Status(401),
        Alike,
        "credentials of an unknown scheme are no credentials",
    ),
    (
        "regbadct",
        Status(400),
        Alike,
        "a URI with headers needs brackets",
    ),
    (
        "regescrt",
        Status(401),
        Alike,
        "headers of a Contact are kept, not followed",
    ),
    ("scalar02", Status(400), Alike, "numbers beyond 32 bits"),
    (
        "scalarlg",
        Silence,
        Alike,
        "a response with numbers beyond 32 bits",
    ),
    ("sdp01", Status(406), Alike, "the answer could not be SDP"),
    (
        "semiuri",
        Status(200),
        Alike,
        "a semicolon in the user part",
    ),
    (
        "transports",
        Status(200),
        Alike,
        "transports nobody knows, below our own",
    ),
    ("trws", Status(400), Alike, "blanks behind the version"),
    ("unkscm", Status(416), Alike, "a scheme nobody knows"),
    (
        "unksm2",
        Status(416),
        Alike,
        "an address-of-record of a scheme nobody knows",
    ),
    (
        "unreason",
        Silence,
        Alike,
        "a response in Cyrillic to a request that was never sent",
    ),
    (
        "wsinv",
        Status(481),
        Alike,
        "white space wherever it may be, in a dialog that is not",
    ),
    (
        "zeromf",
        Status(200),
        Alike,
        "an OPTIONS for us needs no hop",
    ),
];

/// They have branch, sent-by and method of another one, so that an exchange which has seen that takes them
/// for its repetition (RFC 3261 §17.2.3): they are sent to an exchange of their own.
pub const TWINS: [&str; 2] = ["cparam02", "regescrt"];
