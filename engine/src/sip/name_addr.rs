//! Addresses with a display name and parameters: From, To, Contact, Route and their like.

use std::fmt;

use super::{HeaderError, Params, Uri, scan};

/// `"Display" <uri>;params` or the bare `uri;params` (RFC 3261 §20.10). Prints with brackets always,
/// so that URI and header parameters never mix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name with quotes and escapes resolved.
    pub display: Option<Box<str>>,
    /// The address.
    pub uri: Uri,
    /// Header parameters, such as `tag` or `expires`.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr {
            display: None,
            uri,
            params: Params::default(),
        }
    }

    /// Adds a display name; an empty one is none.
    pub fn with_display(mut self, display: &str) -> NameAddr {
        self.display = (!display.is_empty()).then(|| display.into());
        self
    }

    /// Adds or replaces the `tag`.
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", Some(tag));
        self
    }

    /// Reads one address. `None` for anything that is not exactly one: white space in the brackets,
    /// an open quote, a bare URI with `?` or a comma (which need brackets), an unquoted comma in the
    /// display name.
    pub fn parse(text: &str) -> Option<NameAddr> {
        let text = scan::trim(text);
        if let Some((inner, rest)) = scan::quoted(text) {
            let display = scan::unescape_quoted(inner);
            return bracketed(scan::trim(rest), Some(display.into_owned().into()));
        }
        let Some((before, _)) = scan::split_once(text, b'<') else {
            return bare(text);
        };
        let display = scan::trim(before);
        // Wider than the grammar (tokens): phones send other signs unquoted that can end nothing.
        if display
            .bytes()
            .any(|b| matches!(b, b'"' | b',' | b';' | b'>' | b'\\') || b < b' ' || b == 0x7f)
        {
            return None;
        }
        let display = (!display.is_empty()).then(|| display.into());
        bracketed(text.get(before.len()..)?, display)
    }

    /// The `tag`, when there is one.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag")
    }

    /// The `expires` of a contact in seconds; a number beyond any horizon is the largest one, and what
    /// is no number counts as absent.
    pub fn expires(&self) -> Option<u32> {
        self.params.get("expires").and_then(scan::seconds)
    }

    /// The `q` of a contact in thousandths, 0 to 1000; 1000 when absent or malformed.
    pub fn q(&self) -> u16 {
        self.params.get("q").and_then(thousandths).unwrap_or(1000)
    }
}

/// Reads `<uri>;params`.
fn bracketed(text: &str, display: Option<Box<str>>) -> Option<NameAddr> {
    let (uri, rest) = scan::split_once(text.strip_prefix('<')?, b'>')?;
    Some(NameAddr {
        display,
        uri: Uri::parse(uri).ok()?,
        params: Params::parse(rest)?,
    })
}

/// Reads `uri;params`, where every parameter belongs to the header (RFC 3261 §20).
fn bare(text: &str) -> Option<NameAddr> {
    let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
    let (uri, rest) = text.split_at_checked(end)?;
    let uri = scan::trim(uri);
    if uri.contains(['?', ',']) {
        return None;
    }
    Some(NameAddr {
        display: None,
        uri: Uri::parse(uri).ok()?,
        params: Params::parse(rest)?,
    })
}

/// Reads a `qvalue`: 0, 1, or either with up to three decimals (RFC 3261 §25.1).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3
        || !part.bytes().all(|b| b.is_ascii_digit())
        || !matches!(whole, "" | "0" | "1")
    {
        return None;
    }
    let scale = [1000, 100, 10, 1].get(part.len())?;
    let part = if part.is_empty() {
        0
    } else {
        part.parse::<u16>().ok()? * scale
    };
    let value = if whole == "1" { 1000 + part } else { part };
    (value <= 1000).then_some(value)
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            let mut quoted = String::with_capacity(display.len() + 3);
            scan::push_quoted(&mut quoted, display);
            write!(f, "{quoted} ")?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

impl std::str::FromStr for NameAddr {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<NameAddr, HeaderError> {
        NameAddr::parse(text).ok_or(HeaderError::Malformed("address"))
    }
}

impl serde::Serialize for NameAddr {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for NameAddr {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<NameAddr, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What the Contact headers of a message say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `Contact: *`: every binding, in a REGISTER that ends them (RFC 3261 §10.2.2).
    Star,
    /// The contacts in their order; empty when there is no such header.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first contact.
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Contacts::Star => None,
            Contacts::List(list) => list.first(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> NameAddr {
        NameAddr::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn every_valid_form_is_read() {
        let a = read(r#""J Rosenberg \\\""       <sip:jdrosen@example.com> ; tag = 98asjd8"#);
        assert_eq!(a.display.as_deref(), Some(r#"J Rosenberg \""#));
        assert_eq!(a.tag(), Some("98asjd8"));
        assert_eq!(
            a.to_string(),
            r#""J Rosenberg \\\"" <sip:jdrosen@example.com>;tag=98asjd8"#
        );
        let a = read("sip:+1972@gw1.example.net;unknownparam;expires=99999999999");
        assert_eq!(a.uri.as_str(), "sip:+1972@gw1.example.net");
        assert_eq!(a.expires(), Some(u32::MAX));
        let a = read("<sip:+1972@gw1.example.net;unknownparam>");
        assert!(a.uri.has_param("unknownparam") && a.params.is_empty());
        assert_eq!(
            read("caller<sip:c@example.com>;tag=3").display.as_deref(),
            Some("caller")
        );
        assert_eq!(
            read("Étage 2 (ouest) <sip:c@e.com>").display.as_deref(),
            Some("Étage 2 (ouest)")
        );
        assert_eq!(read("\"\" <sip:a@b>").to_string(), "\"\" <sip:a@b>");
        let a = read("<sip:a@[::1]:5;ob>;+sip.instance=\"<urn:uuid:0>\";reg-id=1;q=0.5");
        assert_eq!(
            (a.params.get("+sip.instance"), a.q()),
            (Some("<urn:uuid:0>"), 500)
        );
        assert_eq!(read("isbn:2983792873").uri.as_str(), "isbn:2983792873");
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for bad in [
            "",
            "<>",
            "sip:",
            "\"Watson, Thomas\" < sip:t.watson@example.org >",
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            "\"Mr. J. User <sip:j.user@example.com>",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:a@b",
            "<sip:a@b>>",
            "<sip:a@b> x",
            "\"a\" x <sip:a@b>",
            "\"a\" sip:a@b",
            "<sip:a@b>;;;;",
            "<sip:a@b>, <sip:c@d>",
        ] {
            assert_eq!(NameAddr::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn q_values() {
        for (text, q) in [
            ("0", 0),
            ("1", 1000),
            ("1.000", 1000),
            ("0.33", 330),
            (".5", 500),
            ("1.1", 1000),
        ] {
            assert_eq!(read(&format!("<sip:a@b>;q={text}")).q(), q);
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r#"("[a\\"é]{0,5}" ?|[a ,]{0,4})<?sip:[a@b.;?=]{0,9}>?(;[a=" ]{0,5}){0,3}|\PC{0,40}"#) {
            if let Some(a) = NameAddr::parse(&text) {
                let printed = a.to_string();
                let again = NameAddr::parse(&printed);
                prop_assert_eq!(again.as_ref().map(ToString::to_string), Some(printed));
            }
        }
    }
}
