//! Reason: why a request was sent (RFC 3326), such as a Q.850 cause on a BYE.

use std::fmt;

use crate::sip::{Params, scan};

/// `Reason: Q.850;cause=16;text="Normal call clearing"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or another protocol.
    pub protocol: Box<str>,
    /// The cause in that protocol's numbers.
    pub cause: Option<u16>,
    /// The words for people.
    pub text: Option<Box<str>>,
}

impl Reason {
    /// A Q.850 cause, 1 to 127.
    pub fn q850(cause: u16, text: &str) -> Reason {
        Reason::new("Q.850", cause, text)
    }

    /// A SIP status, such as 200 when a call was answered elsewhere.
    pub fn sip(status: u16, text: &str) -> Reason {
        Reason::new("SIP", status, text)
    }

    fn new(protocol: &str, cause: u16, text: &str) -> Reason {
        Reason {
            protocol: protocol.into(),
            cause: Some(cause),
            text: (!text.is_empty()).then(|| text.into()),
        }
    }

    /// Reads one reason of the list.
    pub fn parse(text: &str) -> Option<Reason> {
        let end = memchr::memchr(b';', text.as_bytes()).unwrap_or(text.len());
        let (protocol, params) = text.split_at_checked(end)?;
        let protocol = scan::trim(protocol);
        if !scan::is_token(protocol) {
            return None;
        }
        let params = Params::parse(params)?;
        let cause = params.get("cause").and_then(|c| c.parse().ok());
        let text = params.text("text").map(|t| t.into_owned().into());
        Some(Reason {
            protocol: protocol.into(),
            cause,
            text,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            let mut quoted = String::with_capacity(text.len() + 2);
            scan::push_quoted(&mut quoted, text);
            write!(f, ";text={quoted}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn causes_are_read_and_written() {
        let r = Reason::parse("Q.850 ;cause=16 ;text=\"Normal \\\"call\\\" clearing\"").unwrap();
        assert_eq!(
            (r.cause, r.text.as_deref()),
            (Some(16), Some("Normal \"call\" clearing"))
        );
        assert_eq!(Reason::parse(&r.to_string()), Some(r));
        assert_eq!(Reason::sip(200, "").to_string(), "SIP;cause=200");
        assert_eq!(Reason::parse("SIP").unwrap().cause, None);
        assert_eq!(Reason::parse(""), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r#"[A-Z.]{1,3};cause=[0-9]{1,6};text="[a\\"]{0,5}"|\PC{0,20}"#) {
            if let Some(r) = Reason::parse(&text) {
                let printed = r.to_string();
                prop_assert_eq!(Reason::parse(&printed).map(|r| r.to_string()), Some(printed));
            }
        }
    }
}
