//! CSeq and RAck: which request of a dialog, which provisional answer.

use std::fmt;

use crate::sip::{Method, scan};

/// `CSeq: 314159 INVITE` (RFC 3261 §20.16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// The number; on the wire at most 2³¹−1 when we count, up to 2³²−1 when others do.
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// Reads the value; `None` beyond 2³²−1 or without a method.
    pub fn parse(text: &str) -> Option<CSeq> {
        let (number, method) = word(text)?;
        Some(CSeq {
            number: digits(number)?,
            method: Method::parse(method)?,
        })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

/// `RAck: 776656 1 INVITE` (RFC 3262 §7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq that is acknowledged.
    pub rseq: u32,
    /// The CSeq of the request whose answer it was.
    pub cseq: CSeq,
}

impl RAck {
    /// Reads the value.
    pub fn parse(text: &str) -> Option<RAck> {
        let (rseq, cseq) = word(text)?;
        Some(RAck {
            rseq: digits(rseq)?,
            cseq: CSeq::parse(cseq)?,
        })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

/// Splits off the first word.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = scan::trim(text);
    let (first, rest) = text.split_at_checked(text.bytes().position(scan::is_space)?)?;
    Some((first, scan::trim(rest)))
}

fn digits(text: &str) -> Option<u32> {
    text.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_stay_in_32_bits() {
        assert_eq!(
            CSeq::parse("0009   INVITE").unwrap().to_string(),
            "9 INVITE"
        );
        assert_eq!(CSeq::parse("4294967295 X").unwrap().number, u32::MAX);
        assert_eq!(RAck::parse("1 2 INVITE").unwrap().to_string(), "1 2 INVITE");
        for bad in [
            "",
            "1",
            "1 ",
            "x INVITE",
            "-1 INVITE",
            "+1 INVITE",
            "4294967296 INVITE",
            "1 IN VITE",
        ] {
            assert_eq!(CSeq::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r"[0-9]{0,11} {0,2}[0-9]{0,3} ?[A-Z]{0,4}|\PC{0,20}") {
            if let Some(c) = CSeq::parse(&text) {
                prop_assert_eq!(CSeq::parse(&c.to_string()), Some(c));
            }
            if let Some(r) = RAck::parse(&text) {
                prop_assert_eq!(RAck::parse(&r.to_string()), Some(r));
            }
        }
    }
}
