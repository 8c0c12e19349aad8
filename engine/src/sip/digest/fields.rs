//! The `name=value, name="value"` lists of digest headers.

use std::borrow::Cow;

use super::DigestError;
use crate::sip::scan;

/// The parameters of a digest header, quotes and escapes resolved.
pub(super) struct Fields<'a>(Vec<(&'a str, Cow<'a, str>)>);

/// The most parameters a digest header may have; RFC 7616 knows eleven.
const MAX_FIELDS: usize = 32;

impl<'a> Fields<'a> {
    /// Reads `Digest name=value, …`.
    pub(super) fn parse(text: &'a str) -> Result<Fields<'a>, DigestError> {
        let text = scan::trim(text);
        let end = text.bytes().position(scan::is_space).unwrap_or(text.len());
        let (scheme, rest) = text.split_at_checked(end).ok_or(DigestError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::Scheme);
        }
        let mut fields: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(12);
        // Brackets mean nothing here, so the list is cut by hand: quoted value, or up to the comma.
        let mut rest = scan::trim(rest);
        while !rest.is_empty() {
            let (name, behind) = scan::split_once(rest, b'=').ok_or(DigestError::Syntax)?;
            let (name, behind) = (scan::trim(name), scan::trim(behind));
            let (value, tail) = match scan::quoted(behind) {
                Some((inner, tail)) => (scan::unescape_quoted(inner), scan::trim(tail)),
                None => {
                    let end = memchr::memchr(b',', behind.as_bytes()).unwrap_or(behind.len());
                    let (value, tail) = behind.split_at_checked(end).ok_or(DigestError::Syntax)?;
                    let value = scan::trim(value);
                    if value.contains(['"', ' ', '\t']) {
                        return Err(DigestError::Syntax);
                    }
                    (Cow::Borrowed(value), tail)
                }
            };
            let twice = fields.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            if !scan::is_token(name) || twice || fields.len() == MAX_FIELDS {
                return Err(DigestError::Syntax);
            }
            fields.push((name, value));
            rest = match tail.strip_prefix(',') {
                Some(next) => scan::trim(next),
                None if tail.is_empty() => tail,
                None => return Err(DigestError::Syntax),
            };
        }
        Ok(Fields(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| &**v)
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, DigestError> {
        self.get(name).ok_or(DigestError::Missing(name))
    }
}

/// Appends `name="value"` with a comma before it unless it is the first.
pub(super) fn push_quoted(out: &mut String, name: &str, value: &str) {
    comma(out);
    out.push_str(name);
    out.push('=');
    scan::push_quoted(out, value);
}

/// Appends `name=value`.
pub(super) fn push_bare(out: &mut String, name: &str, value: &str) {
    comma(out);
    out.extend([name, "=", value]);
}

fn comma(out: &mut String) {
    if !out.ends_with("Digest ") {
        out.push_str(", ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_loosely_but_never_guessed() {
        let f = Fields::parse(r#"digest  a = "x, \"y\"" ,B=c,d="",e=<f"#).unwrap();
        assert_eq!(
            (f.get("A"), f.get("b"), f.get("d"), f.get("e")),
            (Some("x, \"y\""), Some("c"), Some(""), Some("<f"))
        );
        assert!(Fields::parse("Digest").unwrap().get("a").is_none());
        assert!(Fields::parse("Digest a=b,").is_ok());
        for bad in [
            "Digest a",
            "Digest a=b c=d",
            "Digest a=\"b",
            "Digest a=\"b\"c",
            "Digest =b",
            "Digest a=1,A=2",
            "Digest ,a=b",
        ] {
            assert_eq!(Fields::parse(bad).err(), Some(DigestError::Syntax), "{bad}");
        }
        for other in [
            "",
            "Basic a=b",
            "NoOneKnowsThisScheme opaque-data=here",
            "Digesta=b",
        ] {
            assert_eq!(
                Fields::parse(other).err(),
                Some(DigestError::Scheme),
                "{other}"
            );
        }
    }
}
