//! One SIP message as lines of text.

use std::fmt;

/// A request or a response. Header names are compared without case; compact forms are not written.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Start line without its line end.
    pub start: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Message {
    /// A request with nothing but its start line.
    pub fn request(method: &str, uri: &str) -> Self {
        Self::with_start(format!("{method} {uri} SIP/2.0"))
    }

    /// A response that copies what RFC 3261 §8.2.6.2 says.
    pub fn response(request: &Message, status: u16, phrase: &str) -> Self {
        let mut response = Self::with_start(format!("SIP/2.0 {status} {phrase}"));
        for name in ["Via", "From", "To", "Call-ID", "CSeq", "Record-Route"] {
            for value in request.all(name) {
                response.add(name, value);
            }
        }
        response
    }

    fn with_start(start: String) -> Self {
        Self {
            start,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Reads one message; `None` when it is no SIP.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut message = Self::with_start(lines.next()?.to_owned());
        for line in lines {
            let (name, value) = line.split_once(':')?;
            message.add(long_name(name.trim()), value.trim());
        }
        message.body = body.to_owned();
        message.start.contains("SIP/2.0").then_some(message)
    }

    /// Adds a header at the end.
    pub fn add(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces every header of this name by one.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        let at = self
            .headers
            .iter()
            .position(|(n, _)| n.eq_ignore_ascii_case(name));
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        let at = at.unwrap_or(self.headers.len()).min(self.headers.len());
        self.headers.insert(at, (name.to_owned(), value.into()));
        self
    }

    /// The first header of this name, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.all(name).into_iter().next().unwrap_or("")
    }

    /// Every header of this name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
            .collect()
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&str> {
        match self.status() {
            Some(_) => None,
            None => self.start.split(' ').next(),
        }
    }

    /// The request URI.
    pub fn uri(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or("")
    }

    /// The method in CSeq.
    pub fn cseq_method(&self) -> &str {
        self.get("CSeq").split_whitespace().nth(1).unwrap_or("")
    }

    /// The number in CSeq.
    pub fn cseq(&self) -> u32 {
        let number = self.get("CSeq").split_whitespace().next();
        number.and_then(|n| n.parse().ok()).unwrap_or(0)
    }

    /// The value of a parameter such as `tag` in a header.
    pub fn param(&self, header: &str, name: &str) -> Option<String> {
        let value = self.get(header);
        let after = value.rsplit_once('>').map_or(value, |(_, rest)| rest);
        after.split(';').find_map(|part| {
            let (n, v) = part.split_once('=')?;
            (n.trim() == name).then(|| v.trim().trim_matches('"').to_owned())
        })
    }

    /// The URI between angle brackets of a header, or the bare one.
    pub fn uri_in(&self, header: &str) -> String {
        uri_of(self.get(header))
    }
}

/// The URI of a name-addr.
pub fn uri_of(value: &str) -> String {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or("").to_owned(),
        None => value.split(';').next().unwrap_or("").trim().to_owned(),
    }
}

fn long_name(name: &str) -> &str {
    match name {
        "v" => "Via",
        "f" => "From",
        "t" => "To",
        "i" => "Call-ID",
        "m" => "Contact",
        "l" => "Content-Length",
        "c" => "Content-Type",
        other => other,
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\r\n", self.start)?;
        for (name, value) in &self.headers {
            if !name.eq_ignore_ascii_case("Content-Length") {
                write!(f, "{name}: {value}\r\n")?;
            }
        }
        write!(
            f,
            "Content-Length: {}\r\n\r\n{}",
            self.body.len(),
            self.body
        )
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.start, self.get("CSeq"))
    }
}
