//! Session-Expires and Min-SE (RFC 4028 §4, §5).

use std::fmt;

use crate::sip::{Params, scan};

/// Who refreshes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// The one whose request it was.
    Uac,
    /// The one who answered it.
    Uas,
}

/// `Session-Expires: 1800;refresher=uac`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval in seconds.
    pub seconds: u32,
    /// Who refreshes, when it is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads the value; an unknown refresher counts as none.
    pub fn parse(text: &str) -> Option<SessionExpires> {
        let (seconds, params) = number(text)?;
        let refresher = match params.get("refresher") {
            Some(r) if r.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(r) if r.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Some(SessionExpires { seconds, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// `Min-SE: 90`: the shortest interval somebody accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinSe(
    /// Seconds.
    pub u32,
);

impl MinSe {
    /// Reads the value; parameters are allowed and mean nothing.
    pub fn parse(text: &str) -> Option<MinSe> {
        number(text).map(|(seconds, _)| MinSe(seconds))
    }
}

impl fmt::Display for MinSe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn number(text: &str) -> Option<(u32, Params)> {
    let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
    let (number, params) = text.split_at_checked(end)?;
    Some((scan::seconds(scan::trim(number))?, Params::parse(params)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_headers_are_read() {
        let s = SessionExpires::parse("1800 ; Refresher=UAS;x").unwrap();
        assert_eq!(s.to_string(), "1800;refresher=uas");
        assert_eq!(SessionExpires::parse("90").unwrap().refresher, None);
        assert_eq!(MinSe::parse(" 90 ;x=1"), Some(MinSe(90)));
        for bad in ["", "x", "-1", "90;", "90 91"] {
            assert_eq!(SessionExpires::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r"[0-9]{0,12} ?(;[a-z=]{0,14}){0,2}|\PC{0,20}") {
            if let Some(s) = SessionExpires::parse(&text) {
                prop_assert_eq!(SessionExpires::parse(&s.to_string()), Some(s));
            }
        }
    }
}
