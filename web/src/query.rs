//! The query string as pairs, decoded once, in the order they were sent.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};

use crate::v1::error::{Error, Result};

/// Most pairs that are looked at; the rest is ignored like any unknown parameter.
const PAIR_LIMIT: usize = 256;

/// Decoded query parameters. Unknown ones are kept but never an error.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a raw query string; percent-encoded brackets and plus signs included.
    pub fn parse(raw: &str) -> Self {
        let pairs = raw
            .split('&')
            .filter(|pair| !pair.is_empty())
            .take(PAIR_LIMIT)
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        Self(pairs)
    }

    /// The first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of a repeated parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every pair, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A parameter turned into a value; an empty one counts as absent, an impossible one is 400.
    pub fn value<T>(&self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => read(text)
                .map(Some)
                .ok_or_else(|| Error::field(name, "is not a valid value")),
        }
    }
}

impl FromRequest for Query {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::parse(request.query_string())))
    }
}

/// Decodes `%XX` and `+`; what is not valid stays as it is, or becomes the replacement character.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => out.push(b' '),
            b'%' => match hex_pair(tail) {
                Some(byte) => {
                    out.push(byte);
                    rest = &tail[2..];
                }
                None => out.push(b'%'),
            },
            other => out.push(other),
        }
    }
    String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// The byte two hexadecimal digits stand for.
fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let high = char::from(*bytes.first()?).to_digit(16)?;
    let low = char::from(*bytes.get(1)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// Encodes a name or value for a query string (everything but RFC 3986 §2.3 unreserved).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_clients_send() {
        let query = Query::parse("a=1&expand%5B%5D=did&expand[]=x+y&%zz=%&&flag&n=%2B49");
        assert_eq!(query.get("a"), Some("1"));
        assert_eq!(query.all("expand[]").collect::<Vec<_>>(), ["did", "x y"]);
        assert_eq!(query.get("%zz"), Some("%"));
        assert_eq!(query.get("flag"), Some(""));
        assert_eq!(query.get("n"), Some("+49"));
        assert_eq!(query.get("b"), None);
    }

    #[test]
    fn encodes_so_that_it_decodes_again() {
        for text in ["", "a b", "expand[]", "ü€", "a&b=c%+", "~-._"] {
            assert_eq!(decode(&encode(text)), text);
        }
    }

    #[test]
    fn survives_anything() {
        for raw in ["%", "%f", "%ff%fe", "===", "&&&", "=%00"] {
            let _ = Query::parse(raw);
        }
        let long = "a=1&".repeat(10_000);
        assert_eq!(Query::parse(&long).pairs().count(), PAIR_LIMIT);
    }
}
