//! Byte classes and the few scanners that every SIP grammar shares.

use std::borrow::Cow;

/// A set of ASCII characters, tested with one shift.
#[derive(Clone, Copy)]
pub(crate) struct Class(u128);

impl Class {
    /// Letters and digits plus the bytes of `more`.
    pub(crate) const fn alphanumeric_and(more: &str) -> Class {
        let mut bits = 0u128;
        let mut b = 0u8;
        while b < 128 {
            if b.is_ascii_alphanumeric() {
                bits |= 1 << b;
            }
            b += 1;
        }
        let mut rest = more.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            bits |= 1 << *first;
            rest = tail;
        }
        Class(bits)
    }

    /// Every visible ASCII character except the bytes of `excluded`.
    pub(crate) const fn visible_except(excluded: &str) -> Class {
        let mut bits = 0u128;
        let mut b = 0x21u8;
        while b < 0x7f {
            bits |= 1 << b;
            b += 1;
        }
        let mut rest = excluded.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            bits &= !(1 << *first);
            rest = tail;
        }
        Class(bits)
    }

    /// Says whether the byte belongs to the set.
    #[inline]
    pub(crate) const fn has(self, byte: u8) -> bool {
        byte < 128 && (self.0 >> byte) & 1 == 1
    }

    /// Says whether the text is made of the set alone; an empty text is.
    #[inline]
    pub(crate) fn all(self, text: &str) -> bool {
        text.bytes().all(|b| self.has(b))
    }
}

/// RFC 3261 §25.1 `token`.
pub(crate) const TOKEN: Class = Class::alphanumeric_and("-.!%*_+`'~");
/// Header parameter values without quotes: wider than the grammar (`token`, `host`), because
/// phones put `/`, `=` and bare IPv6 addresses there, yet nothing that could end the value.
pub(crate) const PARAM_VALUE: Class = Class::visible_except(";,\"<>\\");

/// Says whether the text is a non-empty token.
#[inline]
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && TOKEN.all(text)
}

/// Says whether the byte is white space inside an unfolded header.
#[inline]
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Cuts blanks and tabs from both ends.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    // Nearly every text comes without any; the search for both ends costs more than this look.
    match text.as_bytes() {
        [first, .., last] if !is_space(*first) && !is_space(*last) => text,
        _ => text.trim_matches([' ', '\t']),
    }
}

/// Splits at the first occurrence of an ASCII byte, which belongs to neither part.
#[inline]
pub(crate) fn split_once(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Reads a quoted string that starts the text: what is between the quotes, escapes untouched,
/// and what follows. `None` when the text does not start with a quote or the quote never ends.
pub(crate) fn quoted(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((rest.get(..at)?, rest.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// Resolves the backslashes of a quoted string.
pub(crate) fn unescape_quoted(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Appends text as a quoted string; line ends become blanks, other controls are escaped (RFC 3261 §25.1,
/// `quoted-pair`).
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '\r' | '\n' => out.push(' '),
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_ascii_control() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Walks over the elements of a comma-separated header. Commas in quotes and in angle brackets
/// do not separate. Elements come trimmed; an unbalanced quote or bracket yields `None` and ends.
pub(crate) fn list(value: &str) -> List<'_> {
    List { rest: Some(value) }
}

/// The iterator of [`list`].
pub(crate) struct List<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for List<'a> {
    type Item = Option<&'a str>;

    fn next(&mut self) -> Option<Option<&'a str>> {
        let text = self.rest.take()?;
        match memchr::memchr3(b',', b'"', b'<', text.as_bytes()) {
            None => return Some(Some(trim(text))),
            Some(at) if text.as_bytes().get(at) == Some(&b',') => {
                self.rest = text.get(at + 1..);
                return Some(text.get(..at).map(trim));
            }
            Some(_) => {}
        }
        let (mut in_quotes, mut escaped, mut in_angles) = (false, false, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_quotes => escaped = true,
                b'"' if !in_angles => in_quotes = !in_quotes,
                _ if in_quotes => {}
                b'<' => in_angles = true,
                b'>' => in_angles = false,
                b',' if !in_angles => {
                    self.rest = text.get(at + 1..);
                    return Some(text.get(..at).map(trim));
                }
                _ => {}
            }
        }
        Some((!in_quotes && !in_angles).then(|| trim(text)))
    }
}

/// Reads a decimal number of digits only; too large a number is the largest possible one, which is
/// how times beyond any horizon are meant (RFC 4475 §3.1.2.4).
pub(crate) fn seconds(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_only_at_bare_commas() {
        let split = |s| list(s).collect::<Vec<_>>();
        assert_eq!(split("a, b"), [Some("a"), Some("b")]);
        assert_eq!(
            split("\"a,\\\",\" <x,y>;q=1 ,b"),
            [Some("\"a,\\\",\" <x,y>;q=1"), Some("b")]
        );
        assert_eq!(split("<a"), [None]);
        assert_eq!(split("a, \"b"), [Some("a"), None]);
        assert_eq!(split(""), [Some("")]);
    }

    #[test]
    fn quoted_strings_end_at_the_bare_quote() {
        assert_eq!(quoted(r#""a\"b" c"#), Some((r#"a\"b"#, " c")));
        assert_eq!(quoted("\"open"), None);
        assert_eq!(unescape_quoted(r#"a\"b\\"#), "a\"b\\");
        let mut out = String::new();
        push_quoted(&mut out, "a\"b\\\r\nc");
        assert_eq!(out, r#""a\"b\\  c""#);
        out.clear();
        push_quoted(&mut out, "\0\t\u{7f}");
        assert_eq!(out, "\"\\\0\\\t\\\u{7f}\"");
        assert_eq!(unescape_quoted(out.trim_matches('"')), "\0\t\u{7f}");
    }

    #[test]
    fn huge_numbers_are_clamped() {
        assert_eq!(seconds("0068"), Some(68));
        assert_eq!(seconds("99999999999999999999"), Some(u32::MAX));
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds(""), None);
    }
}
