//! WWW-Authenticate and Proxy-Authenticate: a challenge.

use std::fmt;

use super::{Algorithm, DigestError, fields};

/// The value of a challenge header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Whose password is asked for.
    pub realm: Box<str>,
    /// What the answer must use.
    pub nonce: Box<str>,
    /// The algorithm; MD5 when none is named.
    pub algorithm: Algorithm,
    /// To be sent back unchanged.
    pub opaque: Option<Box<str>>,
    /// The password was right and only the nonce too old.
    pub stale: bool,
    /// Qop `auth` is offered; otherwise answers are in the manner of RFC 2069.
    pub qop_auth: bool,
}

impl Challenge {
    /// Reads the header value.
    ///
    /// # Errors
    /// [`DigestError`]; also when only protections other than `auth` are offered.
    pub fn parse(text: &str) -> Result<Challenge, DigestError> {
        let fields = fields::Fields::parse(text)?;
        let algorithm = match fields.get("algorithm") {
            Some(name) => Algorithm::parse(name).ok_or(DigestError::Algorithm)?,
            None => Algorithm::Md5,
        };
        let qop_auth = match fields.get("qop").map(str::trim) {
            None | Some("") => false,
            Some(list)
                if list
                    .split(',')
                    .any(|q| q.trim().eq_ignore_ascii_case("auth")) =>
            {
                true
            }
            Some(_) => return Err(DigestError::Qop),
        };
        Ok(Challenge {
            realm: fields.need("realm")?.into(),
            nonce: fields.need("nonce")?.into(),
            algorithm,
            opaque: fields.get("opaque").map(Into::into),
            stale: fields
                .get("stale")
                .is_some_and(|s| s.eq_ignore_ascii_case("true")),
            qop_auth,
        })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(200);
        out.push_str("Digest ");
        fields::push_quoted(&mut out, "realm", &self.realm);
        fields::push_quoted(&mut out, "nonce", &self.nonce);
        fields::push_bare(&mut out, "algorithm", self.algorithm.as_str());
        if let Some(opaque) = &self.opaque {
            fields::push_quoted(&mut out, "opaque", opaque);
        }
        if self.stale {
            fields::push_bare(&mut out, "stale", "true");
        }
        if self.qop_auth {
            fields::push_quoted(&mut out, "qop", "auth");
        }
        f.write_str(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_challenge_is_read_and_written() {
        let c = Challenge::parse(
            "digest Realm=\"r\",qop=\"auth-int, AUTH\", nonce=\"n\",STALE=TRUE,opaque=o",
        )
        .unwrap();
        assert!(c.qop_auth && c.stale);
        assert_eq!(
            c.to_string(),
            "Digest realm=\"r\", nonce=\"n\", algorithm=MD5, opaque=\"o\", stale=true, qop=\"auth\""
        );
        assert!(
            !Challenge::parse("Digest realm=\"r\",nonce=\"n\",qop=\"\"")
                .unwrap()
                .qop_auth
        );
        assert_eq!(
            Challenge::parse("Digest realm=\"r\",nonce=\"n\",qop=\"auth-int\""),
            Err(DigestError::Qop)
        );
        assert_eq!(
            Challenge::parse("Digest realm=\"r\",nonce=\"n\",algorithm=SHA-512-256"),
            Err(DigestError::Algorithm)
        );
        assert_eq!(
            Challenge::parse("Digest realm=\"r\""),
            Err(DigestError::Missing("nonce"))
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(more in r#"(,(qop|opaque|stale|x)=("?[a\\, ]{0,4}"?|true|auth)){0,5}|\PC{0,20}"#) {
            let text = format!("Digest realm=\"r\",nonce=\"n\"{more}");
            if let Ok(c) = Challenge::parse(&text) {
                prop_assert_eq!(Challenge::parse(&c.to_string()), Ok(c));
            }
            let _ = Challenge::parse(&more);
        }
    }
}
