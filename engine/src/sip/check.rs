//! What to answer to a request before anybody looks at its meaning, and which answers to ignore.

use super::{Contacts, Fault, HeaderError, Message, Method, Name, NameAddr, Scheme};

/// The methods this engine handles, as its Allow header says.
pub const ALLOWED: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, NOTIFY";

/// The option tags that may be required of this engine, as its Supported header says.
pub const EXTENSIONS: &str = "100rel, timer, replaces, norefersub, path, outbound";

/// The final answer that a request gets instead of being handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// 400 to 699.
    pub status: u16,
    /// What is wrong, for the reason phrase.
    pub reason: String,
    /// A header that the status needs, such as Unsupported or Allow.
    pub header: Option<(Name, String)>,
}

impl Rejection {
    fn new(status: u16, reason: impl Into<String>) -> Rejection {
        Rejection {
            status,
            reason: reason.into(),
            header: None,
        }
    }

    fn with(status: u16, name: Name, value: impl Into<String>) -> Rejection {
        Rejection {
            header: Some((name, value.into())),
            ..Rejection::new(status, "")
        }
    }

    /// The answer itself. It has a To tag and makes no state anywhere.
    pub fn answer(&self, request: &Message, to_tag: &str) -> Message {
        let mut answer = Message::response_to(request, self.status, &self.reason, Some(to_tag));
        if let Some((name, value)) = &self.header {
            answer.push(*name, value);
        }
        answer
    }
}

/// Why a request is not handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It gets a final answer, without a transaction.
    Answer(Rejection),
    /// It is dropped: an ACK is never answered, a response is not one of ours.
    Ignore(&'static str),
}

/// Judges a request by RFC 3261 §8.2 and §16.3: version, syntax of every header that the engine relies
/// on, scheme, method, hops, extensions and body type, in this order. A response is ignored here.
///
/// # Errors
/// What to do instead of handling it.
pub fn check_request(message: &Message) -> Result<(), Refusal> {
    let Some(method) = message.method() else {
        return Err(Refusal::Ignore("a response"));
    };
    let verdict = syntax(message)
        .and_then(|()| scheme(message))
        .and_then(|()| allowed(message, method))
        .and_then(|()| sequence(message, method))
        .and_then(|()| hops(message, method))
        .and_then(|()| extensions(message, method))
        .and_then(|()| content(message, method));
    match verdict {
        Err(_) if *method == Method::Ack => Err(Refusal::Ignore("an ACK is never answered")),
        verdict => verdict.map_err(Refusal::Answer),
    }
}

/// Judges a response that reached us (RFC 3261 §8.1.3.3, §18.1.2): it must be whole and have exactly the
/// one Via that we wrote.
///
/// # Errors
/// Always [`Refusal::Ignore`].
pub fn check_response(message: &Message) -> Result<(), Refusal> {
    if message.is_request() {
        return Err(Refusal::Ignore("a request"));
    }
    if message.fault().is_some() {
        return Err(Refusal::Ignore("a malformed response"));
    }
    match message.vias() {
        Ok(vias) if vias.len() == 1 => {}
        _ => {
            return Err(Refusal::Ignore(
                "a response for somebody else, or without Via",
            ));
        }
    }
    let whole = message.cseq().is_ok()
        && message.call_id().is_ok()
        && message.from().is_ok()
        && message.to().is_ok();
    whole
        .then_some(())
        .ok_or(Refusal::Ignore("a response without its five headers"))
}

fn syntax(message: &Message) -> Result<(), Rejection> {
    let reason = match message.fault() {
        None => return headers(message),
        Some(Fault::Version) => return Err(Rejection::new(505, "")),
        Some(Fault::TooLarge) => return Err(Rejection::new(513, "")),
        Some(Fault::StartLine) => "Malformed Request-Line",
        Some(Fault::RequestUri) => "Malformed Request-URI",
        Some(Fault::HeaderLine) => "Malformed Header",
        Some(Fault::TooManyHeaders) => "Too Many Headers",
        Some(Fault::ContentLength) => "Bad Content-Length",
        Some(Fault::ShortBody) => "Body Shorter Than Content-Length",
    };
    Err(Rejection::new(400, reason))
}

fn headers(message: &Message) -> Result<(), Rejection> {
    let bad = |error: HeaderError| {
        let (what, name) = match error {
            HeaderError::Missing(name) => ("Missing", name),
            HeaderError::Malformed(name) => ("Malformed", name),
            HeaderError::Repeated(name) => ("Repeated", name),
        };
        Rejection::new(400, format!("{what} {name}"))
    };
    let vias = message.vias().map_err(bad)?;
    if vias.is_empty() {
        return Err(bad(HeaderError::Missing("Via")));
    }
    message.from().map_err(bad)?;
    message.to().map_err(bad)?;
    message.call_id().map_err(bad)?;
    message.one(Name::CallId, |_| Some(())).map_err(bad)?;
    message.cseq().map_err(bad)?;
    message.max_forwards().map_err(bad)?;
    for name in [
        Name::MaxForwards,
        Name::ContentType,
        Name::Expires,
        Name::Replaces,
        Name::SessionExpires,
    ] {
        if message.headers_named(name).nth(1).is_some() {
            return Err(bad(HeaderError::Repeated(name.as_str())));
        }
    }
    let star = message.contacts().map_err(bad)? == Contacts::Star;
    if star && message.method() != Some(&Method::Register) {
        return Err(bad(HeaderError::Malformed("Contact")));
    }
    message.routes().map_err(bad)?;
    message.record_routes().map_err(bad)?;
    if message.uri().is_some_and(|u| u.is_sip() && u.has_headers()) {
        return Err(Rejection::new(400, "Request-URI Has Headers"));
    }
    Ok(())
}

fn scheme(message: &Message) -> Result<(), Rejection> {
    let known = |uri: &super::Uri| uri.scheme() != Scheme::Other;
    let register = message.method() == Some(&Method::Register);
    let target = message.uri().is_some_and(known);
    // The address-of-record of a REGISTER is its target in all but place.
    let record = !register || message.to().is_ok_and(|to: NameAddr| known(&to.uri));
    (target && record)
        .then_some(())
        .ok_or_else(|| Rejection::new(416, ""))
}

/// A SUBSCRIBE within a dialog is judged there: it may be about a referral (RFC 3515 §2.4.4).
fn allowed(message: &Message, method: &Method) -> Result<(), Rejection> {
    let subscribes = *method == Method::Subscribe && message.to_tag().is_some();
    if subscribes || ALLOWED.split(", ").any(|m| m == method.as_str()) {
        return Ok(());
    }
    let status = if matches!(method, Method::Other(_)) {
        501
    } else {
        405
    };
    Err(Rejection::with(status, Name::Allow, ALLOWED))
}

fn sequence(message: &Message, method: &Method) -> Result<(), Rejection> {
    let agrees = message.cseq().is_ok_and(|c| c.method == *method);
    agrees
        .then_some(())
        .ok_or_else(|| Rejection::new(400, "CSeq Method Differs"))
}

/// A call is passed on and so uses up a hop; whatever ends here may arrive with none left.
fn hops(message: &Message, method: &Method) -> Result<(), Rejection> {
    match message.max_forwards() {
        Ok(Some(0)) if *method == Method::Invite => Err(Rejection::new(483, "")),
        _ => Ok(()),
    }
}

fn extensions(message: &Message, method: &Method) -> Result<(), Rejection> {
    if matches!(method, Method::Ack | Method::Cancel) {
        return Ok(());
    }
    let required = message.list(Name::Require);
    let unknown =
        required.filter(|tag| !EXTENSIONS.split(", ").any(|e| e.eq_ignore_ascii_case(tag)));
    let unknown = unknown.collect::<Vec<_>>().join(", ");
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Rejection::with(420, Name::Unsupported, unknown))
}

/// Offers and answers are SDP and nothing else (RFC 3261 §8.2.3, §21.4.7).
fn content(message: &Message, method: &Method) -> Result<(), Rejection> {
    if !matches!(method, Method::Invite | Method::Update | Method::Prack) {
        return Ok(());
    }
    if message
        .headers_named(Name::ContentEncoding)
        .any(|e| !e.eq_ignore_ascii_case("identity"))
    {
        return Err(Rejection::with(415, Name::AcceptEncoding, "identity"));
    }
    let optional = message
        .header(Name::ContentDisposition)
        .is_some_and(is_optional);
    if !message.body().is_empty() && message.sdp().is_none() && !optional {
        return Err(Rejection::with(415, Name::Accept, "application/sdp"));
    }
    let mut accepted = message.list(Name::Accept).map(media_type).peekable();
    let any = |t: &str| {
        matches!(
            t.to_ascii_lowercase().as_str(),
            "application/sdp" | "application/*" | "*/*"
        )
    };
    if *method == Method::Invite && accepted.peek().is_some() && !accepted.any(any) {
        return Err(Rejection::new(406, ""));
    }
    Ok(())
}

fn is_optional(disposition: &str) -> bool {
    let handling = disposition.split(';').filter_map(|p| p.split_once('='));
    handling.into_iter().any(|(n, v)| {
        n.trim().eq_ignore_ascii_case("handling") && v.trim().eq_ignore_ascii_case("optional")
    })
}

fn media_type(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::super::parse_datagram;
    use super::*;

    fn verdict(start: &str, more: &str) -> Result<(), Refusal> {
        let method = start.split(' ').next().unwrap();
        let text = format!(
            "{start} SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
             Call-ID: x\r\nCSeq: 1 {method}\r\n{more}\r\n"
        );
        check_request(&parse_datagram(text.as_bytes()).unwrap())
    }

    fn status(start: &str, more: &str) -> u16 {
        match verdict(start, more) {
            Err(Refusal::Answer(rejection)) => rejection.status,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn good_requests_pass() {
        for (start, more) in [
            (
                "INVITE sip:a@b",
                "Require: 100rel, Replaces\r\nMax-Forwards: 1\r\n",
            ),
            (
                "INVITE tel:+1555",
                "Accept: text/x, application/sdp;level=1\r\n",
            ),
            (
                "INVITE sip:a@b",
                "c: text/x\r\nContent-Disposition: render; handling=optional\r\n\r\nbody",
            ),
            ("REGISTER sip:b", "Contact: *\r\n"),
            ("OPTIONS sip:b", "Max-Forwards: 0\r\n"),
            ("ACK sip:b", "Require: nothing\r\n"),
        ] {
            assert_eq!(verdict(start, more), Ok(()), "{start} {more}");
        }
    }

    #[test]
    fn a_subscribe_is_for_a_dialog_to_judge() {
        let text = |to: &str| {
            format!(
                "SUBSCRIBE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>;tag=1\r\n\
                 To: <sip:c@d>{to}\r\nCall-ID: x\r\nCSeq: 1 SUBSCRIBE\r\n\r\n"
            )
        };
        let judge = |to: &str| check_request(&parse_datagram(text(to).as_bytes()).unwrap());
        assert_eq!(judge(";tag=2"), Ok(()));
        assert!(matches!(judge(""), Err(Refusal::Answer(r)) if r.status == 405));
    }

    #[test]
    fn each_fault_has_its_status() {
        for (start, more, expected) in [
            ("INVITE sip:a@b", "Contact: *\r\n", 400),
            ("INVITE sip:a@b?x=y", "", 400),
            ("INVITE sip:a@b", "Call-ID: y\r\n", 400),
            ("INVITE sip:a@b", "Route: sip:\r\n", 400),
            ("INVITE sip:a@b", "Via: x\r\n", 400),
            ("INVITE urn:service:sos", "", 416),
            ("MESSAGE sip:a@b", "", 405),
            ("invite sip:a@b", "", 501),
            ("INVITE sip:a@b", "Max-Forwards: 0\r\n", 483),
            ("INVITE sip:a@b", "Require: 100rel, x\r\n", 420),
            ("INVITE sip:a@b", "c: text/x\r\n\r\nbody", 415),
            ("INVITE sip:a@b", "e: gzip\r\n", 415),
            ("INVITE sip:a@b", "Accept: text/x\r\n", 406),
        ] {
            assert_eq!(status(start, more), expected, "{start} {more}");
        }
        assert_eq!(
            verdict("ACK sip:a@b?x=y", ""),
            Err(Refusal::Ignore("an ACK is never answered"))
        );
    }

    #[test]
    fn the_answer_names_what_is_unsupported() {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
                    Call-ID: x\r\nCSeq: 1 OPTIONS\r\nRequire: one, timer, two\r\n\r\n";
        let request = parse_datagram(text.as_bytes()).unwrap();
        let Err(Refusal::Answer(rejection)) = check_request(&request) else {
            panic!()
        };
        let answer = rejection.answer(&request, "t");
        assert_eq!(
            (answer.status(), answer.header("Unsupported")),
            (Some(420), Some("one, two"))
        );
        assert_eq!(answer.to_tag(), Some("t"));
    }

    #[test]
    fn only_answers_with_our_single_via_count() {
        let answer = |vias: &str| {
            let text = format!(
                "SIP/2.0 200 OK\r\n{vias}From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\ni: x\r\nCSeq: 1 BYE\r\n\r\n"
            );
            check_response(&parse_datagram(text.as_bytes()).unwrap())
        };
        assert_eq!(answer("Via: SIP/2.0/UDP h\r\n"), Ok(()));
        assert!(answer("").is_err());
        assert!(answer("Via: SIP/2.0/UDP h, SIP/2.0/UDP g\r\n").is_err());
    }
}
