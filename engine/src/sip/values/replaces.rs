//! Replaces: the dialog that a new call takes the place of (RFC 3891).

use std::fmt;

use crate::sip::{Params, scan};

/// `Replaces: 425928@example.com;to-tag=7743;from-tag=6472`. Seen by the receiver of the INVITE,
/// `to_tag` is its own tag of the dialog and `from_tag` the peer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// The Call-ID of the dialog.
    pub call_id: Box<str>,
    /// The receiver's tag.
    pub to_tag: Box<str>,
    /// The other side's tag.
    pub from_tag: Box<str>,
    /// Only a dialog that is not answered yet may be replaced.
    pub early_only: bool,
}

impl Replaces {
    /// Reads the value (already unescaped when it comes from a URI).
    pub fn parse(text: &str) -> Option<Replaces> {
        let end = memchr::memchr(b';', text.as_bytes())?;
        let (call_id, params) = text.split_at_checked(end)?;
        let call_id = scan::trim(call_id);
        let params = Params::parse(params)?;
        if !is_call_id(call_id) {
            return None;
        }
        let tag = |name| params.get(name).filter(|t| scan::is_token(t));
        Some(Replaces {
            call_id: call_id.into(),
            to_tag: tag("to-tag")?.into(),
            from_tag: tag("from-tag")?.into(),
            early_only: params.has("early-only"),
        })
    }
}

/// Says whether the text can be a Call-ID: one word without white space or controls.
pub(in crate::sip) fn is_call_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b > b' ' && b < 0x7f)
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{};to-tag={};from-tag={}",
            self.call_id, self.to_tag, self.from_tag
        )?;
        if self.early_only {
            f.write_str(";early-only")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_tags_are_needed() {
        let text = "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only";
        assert_eq!(Replaces::parse(text).unwrap().to_string(), text);
        for bad in [
            "",
            "a@b",
            "a@b;to-tag=1",
            "a@b;from-tag=1",
            ";to-tag=1;from-tag=2",
            "a b;to-tag=1;from-tag=2",
        ] {
            assert_eq!(Replaces::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in r"[a-z@]{0,5};to-tag=[a-z]{0,3};from-tag=[a-z;-]{0,14}|\PC{0,20}") {
            if let Some(r) = Replaces::parse(&text) {
                prop_assert_eq!(Replaces::parse(&r.to_string()), Some(r));
            }
        }
    }
}
