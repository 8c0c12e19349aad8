//! Splits the bytes of a message into start line, headers and body.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;

use super::{
    Fault, Message, Method, Name, ParseError, Start, Uri,
    message::{Field, FieldName, Text},
    scan,
};

/// The largest message that is read, head and body together.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// The most header lines a message may have; the RFC 4475 messages need 40.
pub const MAX_HEADERS: usize = 128;

/// Reads a message that is alone in its datagram (RFC 3261 §18.3): without Content-Length the body
/// reaches to the end, bytes behind it are ignored. Line ends in front are skipped; CR LF and LF both
/// end a line. What is wrong beyond repair but still answerable is kept as [`Message::fault`].
///
/// # Errors
/// [`ParseError`] when there is nobody to answer: the bytes are to be dropped.
pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge);
    }
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .ok_or(ParseError::KeepAlive)?;
    let bytes = bytes.get(start..).unwrap_or_default();
    let (head, body) = bytes
        .split_at_checked(head_length(bytes).unwrap_or(bytes.len()))
        .unwrap_or((bytes, &[]));
    let mut message = parse_head(head)?;
    match message.content_length() {
        Ok(Some(length)) => match body.get(..length) {
            Some(body) => message.body = Bytes::copy_from_slice(body),
            None => {
                message.body = Bytes::copy_from_slice(body);
                message.fault.get_or_insert(Fault::ShortBody);
            }
        },
        Ok(None) => message.body = Bytes::copy_from_slice(body),
        Err(fault) => {
            message.fault.get_or_insert(fault);
        }
    }
    Ok(message)
}

/// Where the body starts: behind the first empty line. `None` when there is none yet.
pub(super) fn head_length(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match bytes.get(at + 1..)? {
        [b'\r', b'\n', ..] => Some(at + 3),
        [b'\n', ..] => Some(at + 2),
        _ => None,
    })
}

/// Reads start line and headers, up to the first empty line or the end.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Message, ParseError> {
    let text = unfold(decode(bytes));
    let (line, mut at) = next_line(&text, 0).ok_or(ParseError::StartLine)?;
    let (start, mut fault) = start_line(text.get(line.0..line.1).unwrap_or_default())?;
    if line.2 {
        fault = fault.or(Some(Fault::StartLine));
    }
    let mut fields = Vec::with_capacity(24);
    while let Some(((from, to, stray), next)) = next_line(&text, at) {
        at = next;
        if from == to {
            break;
        }
        if fields.len() == MAX_HEADERS {
            fault = fault.or(Some(Fault::TooManyHeaders));
            break;
        }
        match field(text.get(from..to).unwrap_or_default(), from).filter(|_| !stray) {
            Some(field) => fields.push(field),
            None => fault = fault.or(Some(Fault::HeaderLine)),
        }
    }
    Ok(Message {
        start,
        head: Arc::from(text),
        fields,
        body: Bytes::new(),
        fault,
    })
}

impl Message {
    /// Content-Length, when it is written; two that agree are one.
    pub(super) fn content_length(&self) -> Result<Option<usize>, Fault> {
        let mut found = None;
        for value in self.headers_named(Name::ContentLength) {
            let length = scan::seconds(value).ok_or(Fault::ContentLength)? as usize;
            if found.is_some_and(|f| f != length) {
                return Err(Fault::ContentLength);
            }
            found = Some(length);
        }
        Ok(found)
    }
}

/// Heads are UTF-8 (RFC 3261 §7). Bytes that are not are taken as Latin-1, which is what phones with
/// old display names send.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|b| char::from(*b)));
    }
    Cow::Owned(out)
}

/// Makes the line ends of folded headers blanks (RFC 3261 §7.3.1).
fn unfold(text: Cow<'_, str>) -> Cow<'_, str> {
    let folded = |text: &str| {
        memchr::memchr_iter(b'\n', text.as_bytes())
            .any(|at| matches!(text.as_bytes().get(at + 1), Some(b' ' | b'\t')))
    };
    if !folded(&text) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        match lines.peek() {
            // The blank line before a body that starts with a blank is no fold.
            Some(next) if next.starts_with([' ', '\t']) && !matches!(line, "\r\n" | "\n") => {
                out.push_str(line.trim_end_matches(['\r', '\n']));
                out.push(' ');
            }
            _ => out.push_str(line),
        }
    }
    Cow::Owned(out)
}

/// A line without its end: start, end, and whether a carriage return stands alone in it.
type Line = (usize, usize, bool);

/// Finds the line that starts at a position, and where the next one starts.
fn next_line(text: &str, start: usize) -> Option<(Line, usize)> {
    let rest = text.as_bytes().get(start..).filter(|r| !r.is_empty())?;
    let mut stray = false;
    let mut from = 0;
    loop {
        let behind = rest.get(from..)?;
        let Some(found) = memchr::memchr2(b'\r', b'\n', behind) else {
            return Some(((start, text.len(), stray), text.len()));
        };
        let at = from + found;
        match (rest.get(at), rest.get(at + 1)) {
            (Some(b'\n'), _) => return Some(((start, start + at, stray), start + at + 1)),
            (_, Some(b'\n')) => return Some(((start, start + at, stray), start + at + 2)),
            _ => stray = true,
        }
        from = at + 1;
    }
}

/// Reads `Name: value`; positions are counted from `base`.
fn field(line: &str, base: usize) -> Option<Field> {
    let colon = memchr::memchr(b':', line.as_bytes())?;
    let name = line.get(..colon)?.trim_end_matches([' ', '\t']);
    let after = line.get(colon + 1..)?;
    let value = after.trim_start_matches([' ', '\t']);
    let start = base + line.len() - value.len();
    let end = start + value.trim_end_matches([' ', '\t']).len();
    let name = match Name::parse(name) {
        Some(known) => FieldName::Known(known),
        None if scan::is_token(name) => FieldName::Other(span(base, base + name.len())),
        None => return None,
    };
    Some(Field {
        name,
        value: span(start, end),
    })
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a head is at most MAX_MESSAGE_BYTES, or twice that decoded"
)]
fn span(start: usize, end: usize) -> Text {
    Text::Span(start as u32, end as u32)
}

/// Reads the first line. A request line with too many blanks is still understood, with a fault.
fn start_line(line: &str) -> Result<(Start, Option<Fault>), ParseError> {
    if line
        .get(..4)
        .is_some_and(|p| p.eq_ignore_ascii_case("SIP/"))
    {
        return status_line(line).map(|start| (start, None));
    }
    let (method, rest) = scan::split_once(line, b' ').ok_or(ParseError::StartLine)?;
    let method = Method::parse(method).ok_or(ParseError::StartLine)?;
    let trimmed = scan::trim(rest);
    let blank = memchr::memrchr2(b' ', b'\t', trimmed.as_bytes()).ok_or(ParseError::StartLine)?;
    let (uri_text, version) = trimmed
        .split_at_checked(blank)
        .ok_or(ParseError::StartLine)?;
    let version = scan::trim(version);
    if !version
        .get(..4)
        .is_some_and(|p| p.eq_ignore_ascii_case("SIP/"))
    {
        return Err(ParseError::StartLine);
    }
    let mut fault = None;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        fault = Some(Fault::Version);
    }
    if trimmed.len() != rest.len() || scan::trim(uri_text).len() != uri_text.len() {
        fault = fault.or(Some(Fault::StartLine));
    }
    let uri = Uri::parse(uri_text).unwrap_or_else(|_| {
        fault = fault.or(Some(Fault::RequestUri));
        Uri::opaque(scan::trim(uri_text))
    });
    Ok((Start::Request { method, uri }, fault))
}

fn status_line(line: &str) -> Result<Start, ParseError> {
    let (version, rest) = scan::split_once(line, b' ').ok_or(ParseError::StartLine)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(ParseError::Version);
    }
    let (code, reason) = scan::split_once(rest, b' ').unwrap_or((rest, ""));
    let digits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    let status = digits
        .then(|| code.parse().ok())
        .flatten()
        .ok_or(ParseError::Status)?;
    if !(100..700).contains(&status) {
        return Err(ParseError::Status);
    }
    Ok(Start::Response {
        status,
        reason: scan::trim(reason).replace('\r', " ").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Message {
        parse_datagram(text.as_bytes()).unwrap()
    }

    #[test]
    fn folding_compact_names_and_bare_line_feeds_are_read() {
        let m = read(
            "\r\n\nINVITE sip:a@b SIP/2.0\nSubject :\n  one\r\n\ttwo \r\nm: *\nX-Y:\r\nl: 2\r\n\r\nabc",
        );
        assert_eq!(m.header("s"), Some("one \ttwo"));
        assert_eq!(m.header("Contact"), Some("*"));
        assert_eq!(m.header("x-y"), Some(""));
        assert_eq!(m.body().as_ref(), b"ab");
        assert_eq!(m.fault(), None);
    }

    #[test]
    fn faults_are_noted_and_the_rest_is_read() {
        for (text, fault) in [
            ("INVITE  sip:a@b SIP/2.0\r\n\r\n", Fault::StartLine),
            ("INVITE sip:a@b SIP/2.0 \r\n\r\n", Fault::StartLine),
            ("INVITE <sip:a@b> SIP/2.0\r\n\r\n", Fault::RequestUri),
            ("INVITE sip:a@b; lr SIP/2.0\r\n\r\n", Fault::RequestUri),
            ("INVITE sip:a@b SIP/3.0\r\n\r\n", Fault::Version),
            (
                "INVITE sip:a@b SIP/2.0\r\nno header\r\n\r\n",
                Fault::HeaderLine,
            ),
            (
                "INVITE sip:a@b SIP/2.0\r\nTo: a\rFrom: b\r\n\r\n",
                Fault::HeaderLine,
            ),
            ("INVITE sip:a@b SIP/2.0\r\n: b\r\n\r\n", Fault::HeaderLine),
            (
                "INVITE sip:a@b SIP/2.0\r\nl: -1\r\n\r\n",
                Fault::ContentLength,
            ),
            (
                "INVITE sip:a@b SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\nabc",
                Fault::ContentLength,
            ),
            (
                "INVITE sip:a@b SIP/2.0\r\nl: 4\r\n\r\nabc",
                Fault::ShortBody,
            ),
        ] {
            assert_eq!(read(text).fault(), Some(fault), "{text}");
        }
        let many = format!(
            "INVITE sip:a@b SIP/2.0\r\n{}\r\n",
            "X: y\r\n".repeat(MAX_HEADERS + 1)
        );
        assert_eq!(read(&many).fault(), Some(Fault::TooManyHeaders));
        assert_eq!(
            read("INVITE sip:a@b SIP/2.0\r\nl: 1\r\nL: 1\r\n\r\nabc").fault(),
            None
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (text, error) in [
            ("", ParseError::KeepAlive),
            ("\r\n\r\n", ParseError::KeepAlive),
            ("hello", ParseError::StartLine),
            ("GET / HTTP/1.1\r\n\r\n", ParseError::StartLine),
            (" INVITE sip:a@b SIP/2.0\r\n\r\n", ParseError::StartLine),
            ("SIP/2.0 20 OK\r\n\r\n", ParseError::Status),
            ("SIP/2.0 700 OK\r\n\r\n", ParseError::Status),
            ("SIP/2.0 4294967301 x\r\n\r\n", ParseError::Status),
            ("SIP/2.1 200 OK\r\n\r\n", ParseError::Version),
        ] {
            assert_eq!(
                parse_datagram(text.as_bytes()).unwrap_err(),
                error,
                "{text}"
            );
        }
        assert_eq!(
            parse_datagram(&vec![b'a'; MAX_MESSAGE_BYTES + 1]).unwrap_err(),
            ParseError::TooLarge
        );
        assert_eq!(read("SIP/2.0 100 \r\n\r\n").reason_phrase(), "");
        assert_eq!(read("SIP/2.0 100\r\n\r\n").status(), Some(100));
    }

    #[test]
    fn latin_1_is_read_as_such() {
        let m =
            parse_datagram(b"INVITE sip:a@b SIP/2.0\r\nSubject: caf\xe9 \xc3\xa9\r\n\r\n").unwrap();
        assert_eq!(m.header("Subject"), Some("café é"));
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_datagram(&bytes);
        }

        #[test]
        fn printing_is_stable(
            start in r"(INVITE|x) (sip:[a-z@;:.]{0,8}|<a>) ?SIP/2\.[01]|SIP/2.0 [1-7][0-9]{2}( .{0,5})?",
            lines in r"((Via|v|To|X|l|:)[ \t]?:[ -~\r\n\t]{0,12}(\r\n|\n)){0,6}",
            body in r"[a\r\n ]{0,8}",
        ) {
            if let Ok(m) = parse_datagram(format!("{start}\r\n{lines}\r\n{body}").as_bytes()) {
                let printed = m.to_vec();
                if let (Ok(again), None) = (parse_datagram(&printed), m.fault()) {
                    prop_assert_eq!(again.fault(), None);
                    prop_assert_eq!(again.to_vec(), printed);
                } else {
                    prop_assert!(m.fault().is_some());
                }
            }
        }
    }
}
