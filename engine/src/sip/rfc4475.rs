//! The 49 messages of RFC 4475, each with the verdict it gets here.

use proptest::prelude::*;

use super::{ParseError, Refusal, check_request, check_response, parse_datagram};

/// What becomes of a message that is alone in its datagram.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// Handed on.
    Pass,
    /// A final answer with this status and reason (`""`: the usual words).
    Answer(u16, &'static str),
    /// Understood and dropped.
    Drop,
    /// Not understood and dropped.
    Unreadable(ParseError),
}

use Verdict::{Answer, Drop, Pass, Unreadable};

macro_rules! message {
    ($name:literal, $verdict:expr) => {
        (
            $name,
            include_bytes!(concat!("../../../tests/data/rfc4475/", $name, ".dat")),
            $verdict,
        )
    };
}

/// Name, bytes, verdict.
const MESSAGES: [(&str, &[u8], Verdict); 49] = [
    // Blanks inside the brackets.
    message!("badaspec", Answer(400, "Malformed To")),
    // A branch of the cookie alone counts as none.
    message!("badbranch", Pass),
    // Nothing here reads Date.
    message!("baddate", Pass),
    // An unquoted comma in a display name.
    message!("baddn", Answer(400, "Malformed From")),
    // Empty parameters.
    message!("badinv01", Answer(400, "Malformed Via")),
    // SIP/7.0.
    message!("badvers", Answer(505, "")),
    // Two Vias: not our response.
    message!("bcast", Drop),
    // Unknown extensions.
    message!("bext01", Answer(420, "")),
    // A status beyond all numbers.
    message!("bigcode", Unreadable(ParseError::Status)),
    // A datagram cut short.
    message!("clerr", Answer(400, "Body Shorter Than Content-Length")),
    // The parameter is the header's.
    message!("cparam01", Pass),
    // The parameter is the URI's.
    message!("cparam02", Pass),
    // The bytes behind the first request are ignored.
    message!("dblreq", Pass),
    // Escapes stay as written.
    message!("esc01", Pass),
    // An escaped method is an unknown one.
    message!("esc02", Answer(501, "")),
    // %00 in a user part.
    message!("escnull", Pass),
    message!("escruri", Answer(400, "Request-URI Has Headers")),
    message!("insuf", Answer(400, "Missing From")),
    // Every odd sign that is allowed, and an unknown method.
    message!("intmeth", Answer(501, "")),
    // Neither branch nor tag.
    message!("inv2543", Pass),
    // A body nobody knows.
    message!("invut", Answer(415, "")),
    message!("longreq", Pass),
    message!("ltgtruri", Answer(400, "Malformed Request-URI")),
    // No blank before the bracket.
    message!("lwsdisp", Pass),
    // A blank before the parameter.
    message!("lwsruri", Answer(400, "Malformed Request-URI")),
    // Two blanks.
    message!("lwsstart", Answer(400, "Malformed Request-Line")),
    // Two lengths.
    message!("mcl01", Answer(400, "Bad Content-Length")),
    message!("mismatch01", Answer(400, "CSeq Method Differs")),
    // Unknown before mismatched.
    message!("mismatch02", Answer(501, "")),
    // Well-formed, but MESSAGE is not handled.
    message!("mpart01", Answer(405, "")),
    message!("multi01", Answer(400, "Repeated From")),
    // A negative length.
    message!("ncl", Answer(400, "Bad Content-Length")),
    // A response without words.
    message!("noreason", Pass),
    message!("novelsc", Answer(416, "")),
    // The quote never ends.
    message!("quotbal", Answer(400, "Malformed To")),
    // Credentials of an unknown scheme are no credentials.
    message!("regaut01", Pass),
    // A URI with headers needs brackets.
    message!("regbadct", Answer(400, "Malformed Contact")),
    // A Route in a contact is kept, not followed.
    message!("regescrt", Pass),
    // Numbers beyond 32 bits.
    message!("scalar02", Answer(400, "Malformed CSeq")),
    // Numbers beyond 32 bits in a response.
    message!("scalarlg", Drop),
    // SDP is not accepted.
    message!("sdp01", Answer(406, "")),
    // A semicolon in the user part.
    message!("semiuri", Pass),
    // Unknown transports below our own.
    message!("transports", Pass),
    // Blanks behind the version.
    message!("trws", Answer(400, "Malformed Request-Line")),
    message!("unkscm", Answer(416, "")),
    // An address-of-record of an unknown scheme.
    message!("unksm2", Answer(416, "")),
    // A reason phrase in Cyrillic.
    message!("unreason", Pass),
    // White space wherever it may be.
    message!("wsinv", Pass),
    // An OPTIONS for us needs no hop.
    message!("zeromf", Pass),
];

fn verdict(bytes: &[u8]) -> (Verdict, String) {
    let message = match parse_datagram(bytes) {
        Ok(message) => message,
        Err(error) => return (Unreadable(error), String::new()),
    };
    let judged = if message.is_request() {
        check_request(&message)
    } else {
        check_response(&message)
    };
    match judged {
        Ok(()) => (Pass, String::new()),
        Err(Refusal::Ignore(_)) => (Drop, String::new()),
        Err(Refusal::Answer(rejection)) => (Answer(rejection.status, ""), rejection.reason),
    }
}

#[test]
fn every_message_gets_its_verdict() {
    for (name, bytes, expected) in MESSAGES {
        let (found, reason) = verdict(bytes);
        match expected {
            Answer(status, words) => {
                assert_eq!(
                    (found, reason.as_str()),
                    (Answer(status, ""), words),
                    "{name}"
                );
            }
            expected => assert_eq!(found, expected, "{name} {reason}"),
        }
    }
}

#[test]
fn whatever_is_understood_prints_stably() {
    for (name, bytes, _) in MESSAGES {
        let Ok(message) = parse_datagram(bytes) else {
            continue;
        };
        let printed = message.to_vec();
        if message.fault().is_none() {
            let again = parse_datagram(&printed).unwrap();
            assert_eq!(
                String::from_utf8_lossy(&again.to_vec()),
                String::from_utf8_lossy(&printed),
                "{name}"
            );
            assert_eq!(again.body(), message.body(), "{name}");
        }
    }
}

#[test]
fn every_rejection_can_be_answered() {
    for (name, bytes, _) in MESSAGES {
        let Ok(message) = parse_datagram(bytes) else {
            continue;
        };
        if let Err(Refusal::Answer(rejection)) = check_request(&message) {
            let answer = rejection.answer(&message, "tag");
            let answer = parse_datagram(&answer.to_vec()).unwrap();
            assert_eq!(answer.status(), Some(rejection.status), "{name}");
            assert_eq!(
                answer.header("Call-ID"),
                message.header("Call-ID"),
                "{name}"
            );
        }
    }
}

fn bytes_of(name: &str) -> &'static [u8] {
    MESSAGES.iter().find(|(n, ..)| *n == name).unwrap().1
}

#[test]
fn the_tortuous_invite_is_read_to_the_last_parameter() {
    let m = parse_datagram(bytes_of("wsinv")).unwrap();
    assert_eq!(
        (m.to_tag(), m.from_tag()),
        (Some("1918181833n"), Some("98asjd8"))
    );
    assert_eq!(
        m.from().unwrap().display.as_deref(),
        Some("J Rosenberg \\\"")
    );
    assert_eq!(
        (m.max_forwards(), m.cseq().unwrap().number),
        (Ok(Some(68)), 9)
    );
    assert_eq!(m.header("s"), Some(""));
    assert_eq!(
        m.header("NewFangledHeader"),
        Some("newfangled value  continued newfangled value")
    );
    let vias: Vec<_> = m.vias().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        vias,
        [
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
            "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
            "SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239",
        ]
    );
    let contacts = m.contacts().unwrap();
    let contact = contacts.first().unwrap();
    assert_eq!(
        (contact.q(), contact.params.get("newparam")),
        (330, Some("newvalue"))
    );
    assert_eq!(m.body().len(), 150);
}

#[test]
fn odd_parts_of_valid_messages_are_found() {
    let m = parse_datagram(bytes_of("intmeth")).unwrap();
    assert_eq!(
        m.method().unwrap().as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert_eq!(
        m.to().unwrap().display.as_deref(),
        Some("BEL:\u{7} NUL:\0 DEL:\u{7f}")
    );
    assert_eq!(
        m.call_id().unwrap(),
        "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    );
    assert_eq!(m.from_tag(), Some("_token~1'+`*%!-."));
    let m = parse_datagram(bytes_of("esc01")).unwrap();
    assert_eq!(
        m.uri().unwrap().user_unescaped().unwrap(),
        "sips:user@example.com"
    );
    assert!(m.contact_uri().unwrap().has_param("lr"));
    let m = parse_datagram(bytes_of("longreq")).unwrap();
    assert_eq!(m.vias().unwrap().len(), 34);
    let m = parse_datagram(bytes_of("mpart01")).unwrap();
    assert_eq!(
        m.body_of("application/octet-stream").map(<[u8]>::len),
        Some(342)
    );
    let m = parse_datagram(bytes_of("dblreq")).unwrap();
    assert_eq!(
        (m.method().unwrap().as_str(), m.body().len()),
        ("REGISTER", 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn mutilated_messages_never_panic(
        which in 0..MESSAGES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..8),
    ) {
        let mut bytes = MESSAGES[which].1.to_vec();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.drain(at..(at + usize::from(byte % 16)).min(bytes.len()))),
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Ok(mut message) = parse_datagram(&bytes) {
            let (_, _) = (check_request(&message), check_response(&message));
            message.note_source(([192, 0, 2, 1], 5060).into());
            let (_, _, _) = (message.sdp(), message.reasons(), message.ack_for(&message));
            let printed = message.to_vec();
            if message.fault().is_none() {
                prop_assert_eq!(parse_datagram(&printed).unwrap().to_vec(), printed);
            }
        }
    }
}
