//! A SIP message: start line, headers in their order, body.
//!
//! All headers of a received message share one copy of its head and are found in it by position, so a
//! header costs no allocation. `rsip::Headers` is not the container here because it wants a `String` for
//! each value and has a closed set of methods; [`Message::to_rsip`] fills it for whoever wants its types.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::{Key, Method, Name, Uri, scan};

/// The first line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// `METHOD uri SIP/2.0`
    Request {
        /// The method.
        method: Method,
        /// The Request-URI.
        uri: Uri,
    },
    /// `SIP/2.0 status reason`
    Response {
        /// 100 to 699.
        status: u16,
        /// The words behind it, possibly none.
        reason: Box<str>,
    },
}

/// What is wrong with a message as a whole that could still be split into headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Blanks where the request line has none (RFC 3261 §7.1).
    StartLine,
    /// A version other than `SIP/2.0`.
    Version,
    /// The Request-URI is none.
    RequestUri,
    /// A line that is no header, or a carriage return alone.
    HeaderLine,
    /// More than [`MAX_HEADERS`](super::MAX_HEADERS).
    TooManyHeaders,
    /// Content-Length is no number, or two differ.
    ContentLength,
    /// The body is shorter than Content-Length says.
    ShortBody,
    /// Content-Length makes it larger than [`MAX_MESSAGE_BYTES`](super::MAX_MESSAGE_BYTES).
    TooLarge,
}

/// Where a text lies: in the received head, or on its own.
#[derive(Clone)]
pub(super) enum Text {
    Span(u32, u32),
    Own(Box<str>),
}

/// The name of a field.
#[derive(Clone)]
pub(super) enum FieldName {
    Known(Name),
    Other(Text),
}

/// One header line.
#[derive(Clone)]
pub(super) struct Field {
    pub name: FieldName,
    pub value: Text,
}

/// A request or a response (RFC 3261 §7). Cloning shares the received head and the body.
#[derive(Clone)]
pub struct Message {
    pub(super) start: Start,
    pub(super) head: Arc<str>,
    pub(super) fields: Vec<Field>,
    pub(super) body: Bytes,
    pub(super) fault: Option<Fault>,
}

impl Message {
    /// The first line.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Says whether it is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of a request; `None` for a response, whose CSeq has it.
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI of a request.
    pub fn uri(&self) -> Option<&Uri> {
        match &self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    /// Replaces the Request-URI; a response stays as it is.
    pub fn set_uri(&mut self, new: Uri) {
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = new;
        }
    }

    /// The status of a response, 100 to 699.
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(*status),
        }
    }

    /// The reason phrase of a response; `""` for a request.
    pub fn reason_phrase(&self) -> &str {
        match &self.start {
            Start::Request { .. } => "",
            Start::Response { reason, .. } => reason,
        }
    }

    /// What the parser found wrong with the message as a whole; [`check_request`](super::check_request)
    /// says what to answer.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The first value of a header, by name (long or compact) or by [`Name`]; trimmed and unfolded.
    pub fn header<'a>(&self, name: impl Into<Key<'a>>) -> Option<&str> {
        let key = name.into();
        self.fields
            .iter()
            .find(|f| self.is(f, key))
            .map(|f| self.text(&f.value))
    }

    /// The values of every header line of a name, in order. A line may hold a list.
    pub fn headers_named<'a>(&'a self, name: impl Into<Key<'a>>) -> impl Iterator<Item = &'a str> {
        let key = name.into();
        self.fields
            .iter()
            .filter(move |f| self.is(f, key))
            .map(|f| self.text(&f.value))
    }

    /// Every header line in its order: long name (unknown names as written) and value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|f| (self.name_text(f), self.text(&f.value)))
    }

    /// The elements of a comma-separated header over all its lines, as text; empty elements are left
    /// out. Ends early at an unbalanced quote.
    pub fn list<'a>(&'a self, name: impl Into<Key<'a>>) -> impl Iterator<Item = &'a str> {
        self.headers_named(name)
            .flat_map(|v| scan::list(v).flatten())
            .filter(|e| !e.is_empty())
    }

    /// Says whether a list of tokens such as Supported or Require has one, without regard to case.
    pub fn has_token<'a>(&'a self, name: impl Into<Key<'a>>, token: &str) -> bool {
        self.list(name).any(|t| t.eq_ignore_ascii_case(token))
    }

    /// The headers and the first line in rsip's types. Headers travel untyped; an unknown method has no
    /// place in rsip and yields `None`, as do URIs that rsip cannot hold.
    pub fn to_rsip(&self) -> Option<rsip::SipMessage> {
        let headers = self
            .headers()
            .map(|(n, v)| rsip::Header::Other(n.to_owned(), v.to_owned()));
        let headers = rsip::Headers::from(headers.collect::<Vec<_>>());
        let body = self.body.to_vec();
        Some(match &self.start {
            Start::Request { method, uri } => rsip::SipMessage::Request(rsip::Request {
                method: method.as_str().parse().ok()?,
                uri: rsip::Uri::try_from(uri.as_str()).ok()?,
                version: rsip::Version::V2,
                headers,
                body,
            }),
            Start::Response { status, .. } => rsip::SipMessage::Response(rsip::Response {
                status_code: rsip::StatusCode::from(*status),
                version: rsip::Version::V2,
                headers,
                body,
            }),
        })
    }

    #[inline]
    pub(super) fn is(&self, field: &Field, key: Key<'_>) -> bool {
        match (&field.name, key) {
            (FieldName::Known(a), Key::Known(b)) => *a == b,
            (FieldName::Other(a), Key::Other(b)) => self.text(a).eq_ignore_ascii_case(b),
            _ => false,
        }
    }

    pub(super) fn name_text<'a>(&'a self, field: &'a Field) -> &'a str {
        match &field.name {
            FieldName::Known(name) => name.as_str(),
            FieldName::Other(text) => self.text(text),
        }
    }

    pub(super) fn text<'a>(&'a self, text: &'a Text) -> &'a str {
        match text {
            Text::Span(start, end) => self
                .head
                .get(*start as usize..*end as usize)
                .unwrap_or_default(),
            Text::Own(own) => own,
        }
    }
}

/// Shows the first line and the size only: headers may hold secrets and phone numbers.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            Start::Request { method, .. } => write!(f, "{method} request")?,
            Start::Response { status, reason } => write!(f, "{status} {reason}")?,
        }
        write!(
            f,
            " ({} headers, {} bytes of body)",
            self.fields.len(),
            self.body.len()
        )
    }
}

/// The usual words for a status (RFC 3261 §21 and its extensions); those of its class when unknown.
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        433 => "Anonymity Disallowed",
        439 => "First Hop Lacks Outbound Support",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        494 => "Security Agreement Required",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        607 => "Unwanted",
        608 => "Rejected",
        _ => match status / 100 {
            1 => "Session Progress",
            2 => "OK",
            3 => "Multiple Choices",
            4 => "Bad Request",
            5 => "Server Internal Error",
            _ => "Decline",
        },
    }
}
