//! Building messages and writing them: long header names, Content-Length computed.

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use bytes::Bytes;

use super::{
    Key, Message, Method, Name, Start, Uri,
    message::{Field, FieldName, Text, reason_phrase},
};

impl Message {
    /// A request without headers and body.
    pub fn request(method: Method, uri: Uri) -> Message {
        Message::new(Start::Request { method, uri })
    }

    /// A response without headers and body; an empty reason is the usual one of the status.
    pub fn response(status: u16, reason: &str) -> Message {
        let reason = if reason.is_empty() {
            reason_phrase(status)
        } else {
            reason
        };
        Message::new(Start::Response {
            status,
            reason: own(reason),
        })
    }

    fn new(start: Start) -> Message {
        Message {
            start,
            head: Arc::from(""),
            fields: Vec::with_capacity(16),
            body: Bytes::new(),
            fault: None,
        }
    }

    /// Adds a header line behind the others. Line ends in name or value become blanks, so that nothing
    /// we were given can start a header of its own.
    pub fn push<'a>(&mut self, name: impl Into<Key<'a>>, value: impl AsRef<str>) {
        self.fields.push(field(name.into(), value.as_ref()));
    }

    /// Adds a header line before the first one of its name, or before all others.
    pub fn prepend<'a>(&mut self, name: impl Into<Key<'a>>, value: impl AsRef<str>) {
        let key = name.into();
        let at = self
            .fields
            .iter()
            .position(|f| self.is(f, key))
            .unwrap_or(0);
        self.fields.insert(at, field(key, value.as_ref()));
    }

    /// Replaces every line of a name by one, in the place of the first.
    pub fn set<'a>(&mut self, name: impl Into<Key<'a>>, value: impl AsRef<str>) {
        let key = name.into();
        let Some(at) = self.fields.iter().position(|f| self.is(f, key)) else {
            return self.push(key, value);
        };
        self.remove(key);
        self.fields.insert(at, field(key, value.as_ref()));
    }

    /// Takes away every line of a name.
    pub fn remove<'a>(&mut self, name: impl Into<Key<'a>>) {
        let key = name.into();
        let mut fields = std::mem::take(&mut self.fields);
        fields.retain(|f| !self.is(f, key));
        self.fields = fields;
    }

    /// Copies every line of a name from another message, behind what is here.
    pub fn copy<'a>(&mut self, from: &Message, name: impl Into<Key<'a>>) {
        let key = name.into();
        for value in from.fields.iter().filter(|f| from.is(f, key)) {
            self.push(key, from.text(&value.value));
        }
    }

    /// Replaces the body and its Content-Type; an empty body takes the type away.
    pub fn set_body(&mut self, content_type: &str, body: impl Into<Bytes>) {
        self.body = body.into();
        match self.body.is_empty() {
            true => self.remove(Name::ContentType),
            false => self.set(Name::ContentType, content_type),
        }
    }

    /// Appends the message as it goes on the wire. Content-Length is always written, computed, and last.
    pub fn to_bytes(&self, out: &mut Vec<u8>) {
        out.reserve(self.head.len() + self.body.len() + 256);
        match &self.start {
            Start::Request { method, uri } => {
                for part in [method.as_str(), " ", uri.as_str(), " SIP/2.0\r\n"] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
            Start::Response { status, reason } => {
                // Writing into a Vec cannot fail.
                let _ = write!(out, "SIP/2.0 {status} {reason}\r\n");
            }
        }
        for field in &self.fields {
            if matches!(field.name, FieldName::Known(Name::ContentLength)) {
                continue;
            }
            for part in [self.name_text(field), ": ", self.text(&field.value), "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        let _ = write!(out, "Content-Length: {}\r\n\r\n", self.body.len());
        out.extend_from_slice(&self.body);
    }

    /// The message as it goes on the wire, in a buffer of its own.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.to_bytes(&mut out);
        out
    }
}

fn field(key: Key<'_>, value: &str) -> Field {
    let name = match key {
        Key::Known(name) => FieldName::Known(name),
        Key::Other(name) => FieldName::Other(Text::Own(own(name))),
    };
    Field {
        name,
        value: Text::Own(own(value.trim())),
    }
}

/// Copies a text with its line ends made blanks.
fn own(text: &str) -> Box<str> {
    match memchr::memchr2(b'\r', b'\n', text.as_bytes()) {
        None => text.into(),
        Some(_) => {
            let mut clean = String::with_capacity(text.len());
            for part in text.split(['\r', '\n']) {
                let _ = write!(clean, "{part} ");
            }
            clean.trim_end().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_built_and_printed() {
        let mut m = Message::request(Method::Options, Uri::parse("sip:a@b").unwrap());
        m.push(Name::From, "<sip:x@y>;tag=1");
        m.push("x-thing", "one\r\nEvil: two");
        m.push("l", "99");
        m.prepend(Name::Via, "SIP/2.0/UDP h;branch=1");
        m.prepend(Name::Via, "SIP/2.0/UDP g;branch=2");
        m.push(Name::Route, "<sip:r1;lr>");
        m.push(Name::Route, "<sip:r2;lr>");
        m.set(Name::From, "<sip:z@y>;tag=2");
        m.remove("route");
        m.set_body("text/plain", "hi");
        let text = String::from_utf8(m.to_vec()).unwrap();
        assert_eq!(
            text,
            "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP g;branch=2\r\nVia: SIP/2.0/UDP h;branch=1\r\n\
             From: <sip:z@y>;tag=2\r\nx-thing: one  Evil: two\r\nContent-Type: text/plain\r\n\
             Content-Length: 2\r\n\r\nhi"
        );
    }

    #[test]
    fn an_empty_reason_is_the_usual_one() {
        assert_eq!(
            Message::response(486, "").to_vec(),
            b"SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(
            Message::response(200, "Fine\r\nX: y").reason_phrase(),
            "Fine  X: y"
        );
        assert_eq!(reason_phrase(499), "Bad Request");
    }

    #[test]
    fn rsip_takes_what_it_can_hold() {
        let mut m = Message::request(Method::Invite, Uri::parse("sip:a@example.com").unwrap());
        m.push(Name::CallId, "x");
        assert!(m.to_rsip().is_some());
        assert!(Message::response(404, "").to_rsip().is_some());
        let odd = Message::request(Method::Other("ODD".into()), Uri::parse("sip:a@b").unwrap());
        assert!(odd.to_rsip().is_none());
    }
}
