//! Finds the part of a body that is meant: SDP alone or inside a multipart (RFC 5621).

use super::{Message, Name, Params, scan};

/// How deep multiparts may lie in each other.
const MAX_DEPTH: usize = 3;

impl Message {
    /// The session description: the body when it is `application/sdp` (or nothing says what it is), or
    /// that part of a multipart body. `None` when there is none.
    pub fn sdp(&self) -> Option<&[u8]> {
        self.body_of("application/sdp")
    }

    /// The body of a media type, alone or as the first such part of a multipart.
    pub fn body_of(&self, media_type: &str) -> Option<&[u8]> {
        if self.body().is_empty() {
            return None;
        }
        let content_type = self.header(Name::ContentType).unwrap_or(media_type);
        find(content_type, self.body(), media_type, 0)
    }
}

fn find<'a>(content_type: &str, body: &'a [u8], wanted: &str, depth: usize) -> Option<&'a [u8]> {
    let end = memchr::memchr(b';', content_type.as_bytes()).unwrap_or(content_type.len());
    let (media_type, params) = content_type.split_at_checked(end)?;
    let media_type = scan::trim(media_type);
    if media_type.eq_ignore_ascii_case(wanted) {
        return Some(body);
    }
    let is_multipart = media_type
        .get(..10)
        .is_some_and(|t| t.eq_ignore_ascii_case("multipart/"));
    if !is_multipart || depth == MAX_DEPTH {
        return None;
    }
    let params = Params::parse(params)?;
    let delimiter = format!("--{}", params.text("boundary").filter(|b| !b.is_empty())?);
    let mut starts = memchr::memmem::find_iter(body, delimiter.as_bytes())
        .filter(|at| {
            at.checked_sub(1)
                .is_none_or(|before| body.get(before) == Some(&b'\n'))
        })
        .peekable();
    while let Some(start) = starts.next() {
        let end = *starts.peek()?;
        let part = body.get(start + delimiter.len()..end)?;
        let part = skip_line(part);
        let (head, content) = split_part(part);
        let content_type = head_value(head, "content-type").unwrap_or("text/plain");
        if let Some(found) = find(content_type, content, wanted, depth + 1) {
            return Some(found);
        }
    }
    None
}

/// Skips what stands behind a delimiter on its line.
fn skip_line(part: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', part).map_or(part.len(), |at| at + 1);
    part.get(end..).unwrap_or_default()
}

/// Splits a part into its headers and its content, without the line end before the next delimiter.
fn split_part(part: &[u8]) -> (&[u8], &[u8]) {
    let empty_first = [&b"\r\n"[..], b"\n"]
        .into_iter()
        .find(|e| part.starts_with(e))
        .map(<[u8]>::len);
    let at = empty_first
        .or_else(|| super::head::head_length(part))
        .unwrap_or(part.len());
    let (head, content) = part.split_at_checked(at).unwrap_or((part, &[]));
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    (head, content.strip_suffix(b"\r").unwrap_or(content))
}

fn head_value<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(head).ok()?;
    text.lines().find_map(|line| {
        let (n, value) = line.split_once(':')?;
        n.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Method, Uri};
    use super::*;
    use proptest::prelude::*;

    fn message(content_type: &str, body: &[u8]) -> Message {
        let mut m = Message::request(Method::Invite, Uri::parse("sip:a@b").unwrap());
        m.set_body(content_type, body.to_vec());
        m
    }

    #[test]
    fn sdp_is_found_alone_and_in_a_multipart() {
        assert_eq!(
            message("Application/SDP;x=1", b"v=0\r\n").sdp(),
            Some(&b"v=0\r\n"[..])
        );
        assert_eq!(message("text/plain", b"v=0\r\n").sdp(), None);
        let body = b"--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\ncontent-type : application/sdp\r\n\r\nv=0\r\n\r\n--b1--\r\n";
        assert_eq!(
            message("multipart/mixed;boundary=\"b1\"", body).sdp(),
            Some(&b"v=0\r\n"[..])
        );
        assert_eq!(
            message("multipart/mixed;boundary=b1", b"--b1\r\n\r\nhi\r\n--b1--")
                .body_of("text/plain"),
            Some(&b"hi"[..])
        );
        assert_eq!(message("multipart/mixed", body).sdp(), None);
        assert_eq!(message("multipart/mixed;boundary=b2", body).sdp(), None);
    }

    proptest! {
        #[test]
        fn bytes_never_panic(body in r"(--b|\r\n|[a-z: ]{0,6}){0,30}") {
            let _ = message("multipart/mixed;boundary=b", body.as_bytes()).sdp();
        }
    }
}
