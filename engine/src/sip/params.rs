//! Header parameters: `;tag=abc;lr;+sip.instance="<urn:…>"`.

use std::{borrow::Cow, fmt};

use super::scan::{self, PARAM_VALUE, TOKEN};

/// The parameters behind a header value (RFC 3261 §25.1 `generic-param`), kept in one string
/// without white space and otherwise as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(Box<str>);

impl Params {
    /// Reads parameters: empty, or `;` first. `None` when a name or a value breaks the grammar.
    pub fn parse(text: &str) -> Option<Params> {
        let text = scan::trim(text);
        if text.is_empty() {
            return Some(Params::default());
        }
        let mut blank = false;
        let mut rest = text;
        while !rest.is_empty() {
            let (name, value, tail) = one(rest)?;
            blank |= name.1 || value.is_some_and(|v| v.1) || tail.1;
            rest = tail.0;
        }
        if !blank {
            return Some(Params(text.into()));
        }
        let mut out = String::with_capacity(text.len());
        rest = text;
        while !rest.is_empty() {
            let (name, value, tail) = one(rest)?;
            push(&mut out, name.0, value.map(|v| v.0));
            rest = tail.0;
        }
        Some(Params(out.into()))
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The parameters in their order, values as written (with quotes, when there are any).
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (name, value, tail) = one(rest)?;
            rest = tail.0;
            Some((name.0, value.map(|v| v.0)))
        })
    }

    /// The value of a parameter, without its quotes; `""` for one that has no value. Names are
    /// compared without regard to case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        let value = value.unwrap_or_default();
        Some(scan::quoted(value).map_or(value, |(inner, _)| inner))
    }

    /// Like [`get`](Params::get), with the escapes of a quoted value resolved.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(scan::unescape_quoted)
    }

    /// Says whether a parameter is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// Sets a parameter in its place or at the end; `None` is a parameter without a value. The value
    /// is quoted when it needs to be. A name that is no token is ignored.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        if !scan::is_token(name) {
            return;
        }
        let quoted = value.map(|v| {
            if !v.is_empty() && PARAM_VALUE.all(v) {
                return Cow::Borrowed(v);
            }
            let mut out = String::with_capacity(v.len() + 2);
            scan::push_quoted(&mut out, v);
            Cow::Owned(out)
        });
        let mut out = String::with_capacity(self.0.len() + name.len() + 16);
        let mut found = false;
        for (n, v) in self.iter() {
            match n.eq_ignore_ascii_case(name) {
                true if found => {}
                true => push(&mut out, n, quoted.as_deref()),
                false => push(&mut out, n, v),
            }
            found |= n.eq_ignore_ascii_case(name);
        }
        if !found {
            push(&mut out, name, quoted.as_deref());
        }
        self.0 = out.into();
    }

    /// Takes a parameter away, wherever it stands.
    pub fn remove(&mut self, name: &str) {
        if !self.has(name) {
            return;
        }
        let mut out = String::with_capacity(self.0.len());
        for (n, v) in self.iter().filter(|(n, _)| !n.eq_ignore_ascii_case(name)) {
            push(&mut out, n, v);
        }
        self.0 = out.into();
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds a parameter, without its quotes, in a text that starts with `;` or is empty, up to the first
/// mistake: what [`Params::get`] finds, without keeping anything.
pub(super) fn find<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = scan::trim(text);
    loop {
        let (found, value, tail) = one(rest)?;
        if found.0.eq_ignore_ascii_case(name) {
            let value = value.map_or("", |v| v.0);
            return Some(scan::quoted(value).map_or(value, |(inner, _)| inner));
        }
        rest = tail.0;
    }
}

/// A piece and whether white space stood around it.
type Piece<'a> = (&'a str, bool);

/// Reads one `;name[=value]` and hands back what follows it.
fn one(text: &str) -> Option<(Piece<'_>, Option<Piece<'_>>, Piece<'_>)> {
    let after = text.strip_prefix(';')?;
    let start = scan::trim(after);
    let (name, rest) = span(start, |b| TOKEN.has(b));
    if name.is_empty() {
        return None;
    }
    let name_blank = start.len() != after.len();
    let next = scan::trim(rest);
    let Some(behind) = next.strip_prefix('=') else {
        return ends(next).then_some(((name, name_blank), None, (next, next.len() != rest.len())));
    };
    let behind_trimmed = scan::trim(behind);
    let blank = next.len() != rest.len() || behind_trimmed.len() != behind.len();
    let (value, rest) = match scan::quoted(behind_trimmed) {
        Some((inner, rest)) => (behind_trimmed.get(..inner.len() + 2)?, rest),
        None => span(behind_trimmed, |b| PARAM_VALUE.has(b)),
    };
    let tail = scan::trim(rest);
    if value.is_empty() || !ends(tail) {
        return None;
    }
    Some((
        (name, name_blank),
        Some((value, blank)),
        (tail, tail.len() != rest.len()),
    ))
}

fn ends(text: &str) -> bool {
    text.is_empty() || text.starts_with(';')
}

fn span(text: &str, keep: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(|b| !keep(b)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn push(out: &mut String, name: &str, value: Option<&str>) {
    out.push(';');
    out.push_str(name);
    if let Some(value) = value {
        out.push('=');
        out.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn white_space_around_the_signs_goes_away() {
        let p = Params::parse(" ;\t tag  =  98asjd8 ; lr; q = 0.33").unwrap();
        assert_eq!(p.to_string(), ";tag=98asjd8;lr;q=0.33");
        assert_eq!(p.get("TAG"), Some("98asjd8"));
        assert_eq!(p.get("lr"), Some(""));
        assert_eq!(p.get("none"), None);
    }

    #[test]
    fn quoted_values_lose_their_quotes() {
        let p = Params::parse(r#";+sip.instance="<urn:uuid:a;b,c>";x="a\"b""#).unwrap();
        assert_eq!(p.get("+sip.instance"), Some("<urn:uuid:a;b,c>"));
        assert_eq!(p.text("x").unwrap(), "a\"b");
    }

    #[test]
    fn empty_parameters_are_refused() {
        for bad in [
            ";",
            ";;",
            ";a;;b",
            ";a=",
            ";=b",
            "a",
            ";a b",
            ";a=\"b",
            ";a=\"b\"c",
            ";a,b",
            ";a=é",
        ] {
            assert_eq!(Params::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn parameters_are_replaced_in_place() {
        let mut p = Params::parse(";a=1;rport;b=2").unwrap();
        p.set("rport", Some("5060"));
        p.set("c", Some("x y"));
        p.set("A", None);
        p.remove("b");
        p.set("bad name", None);
        assert_eq!(p.to_string(), ";a;rport=5060;c=\"x y\"");
    }

    proptest! {
        #[test]
        fn never_panics_and_prints_what_it_reads(text in r#"(;[ a-z=";,\\<>]{0,6}){0,4}|\PC{0,40}"#) {
            if let Some(p) = Params::parse(&text) {
                prop_assert_eq!(Params::parse(&p.to_string()), Some(p.clone()));
                prop_assert_eq!(p.iter().count() == 0, p.is_empty());
            }
        }
    }
}
