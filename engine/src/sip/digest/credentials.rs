//! Authorization and Proxy-Authorization: an answer to a challenge.

use std::fmt;

use super::{Algorithm, DigestError, fields};

/// The parts of an answer with qop `auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qop {
    /// How often the nonce was used, counted from 1.
    pub nc: u32,
    /// The same as eight hexadecimal digits, as hashed.
    pub nc_text: Box<str>,
    /// What the client added.
    pub cnonce: Box<str>,
}

impl Qop {
    /// Reads the count, eight hexadecimal digits.
    pub fn new(nc: &str, cnonce: &str) -> Option<Qop> {
        let digits = nc.len() == 8 && nc.bytes().all(|b| b.is_ascii_hexdigit());
        let count = digits.then(|| u32::from_str_radix(nc, 16).ok()).flatten()?;
        Some(Qop {
            nc: count,
            nc_text: nc.into(),
            cnonce: cnonce.into(),
        })
    }

    /// The parts for a count.
    pub fn counted(nc: u32, cnonce: &str) -> Qop {
        Qop {
            nc,
            nc_text: format!("{nc:08x}").into(),
            cnonce: cnonce.into(),
        }
    }
}

/// The value of an Authorization header. `Debug` shows neither user name nor response.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name, unescaped.
    pub username: Box<str>,
    /// The realm of the challenge.
    pub realm: Box<str>,
    /// The nonce of the challenge.
    pub nonce: Box<str>,
    /// The digest uri as written.
    pub uri: Box<str>,
    /// The response, lower-case hexadecimal digits.
    pub response: Box<str>,
    /// The algorithm; MD5 when none is named.
    pub algorithm: Algorithm,
    /// `None` for an answer in the manner of RFC 2069.
    pub qop: Option<Qop>,
    /// The opaque text of the challenge.
    pub opaque: Option<Box<str>>,
}

impl Credentials {
    /// Reads the header value.
    ///
    /// # Errors
    /// [`DigestError`]; whoever sent it is to be challenged as if there were none.
    pub fn parse(text: &str) -> Result<Credentials, DigestError> {
        let fields = fields::Fields::parse(text)?;
        let algorithm = match fields.get("algorithm") {
            Some(name) => Algorithm::parse(name).ok_or(DigestError::Algorithm)?,
            None => Algorithm::Md5,
        };
        let qop = match fields.get("qop") {
            None => None,
            Some(q) if q.eq_ignore_ascii_case("auth") => {
                let qop = Qop::new(fields.need("nc")?, fields.need("cnonce")?);
                Some(qop.ok_or(DigestError::Syntax)?)
            }
            Some(_) => return Err(DigestError::Qop),
        };
        Ok(Credentials {
            username: fields.need("username")?.into(),
            realm: fields.need("realm")?.into(),
            nonce: fields.need("nonce")?.into(),
            uri: fields.need("uri")?.into(),
            response: fields.need("response")?.to_ascii_lowercase().into(),
            algorithm,
            qop,
            opaque: fields.get("opaque").map(Into::into),
        })
    }
}

impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(320);
        out.push_str("Digest ");
        fields::push_quoted(&mut out, "username", &self.username);
        fields::push_quoted(&mut out, "realm", &self.realm);
        fields::push_quoted(&mut out, "nonce", &self.nonce);
        fields::push_quoted(&mut out, "uri", &self.uri);
        fields::push_quoted(&mut out, "response", &self.response);
        fields::push_bare(&mut out, "algorithm", self.algorithm.as_str());
        if let Some(qop) = &self.qop {
            fields::push_quoted(&mut out, "cnonce", &qop.cnonce);
            fields::push_bare(&mut out, "qop", "auth");
            fields::push_bare(&mut out, "nc", &qop.nc_text);
        }
        if let Some(opaque) = &self.opaque {
            fields::push_quoted(&mut out, "opaque", opaque);
        }
        f.write_str(&out)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Credentials({}, nc {:?})",
            self.algorithm,
            self.qop.as_ref().map(|q| q.nc)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_answer_is_read_and_written() {
        let text = "Digest username=\"al\\\"ice\", realm=\"a, b\", nonce=\"n=\", uri=\"sip:a%40b;transport=tcp\", \
                    response=\"ab\", algorithm=SHA-256, cnonce=\"c\", qop=auth, nc=0000000a, opaque=\"\"";
        let c = Credentials::parse(text).unwrap();
        assert_eq!((&*c.username, c.qop.as_ref().unwrap().nc), ("al\"ice", 10));
        assert_eq!(c.to_string(), text);
        assert_eq!(format!("{c:?}"), "Credentials(SHA-256, nc Some(10))");
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        let base = "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"x\"";
        assert!(Credentials::parse(base).is_ok());
        let with = |more: &str| Credentials::parse(&format!("{base},{more}")).unwrap_err();
        assert_eq!(with("algorithm=MD5-sess"), DigestError::Algorithm);
        assert_eq!(
            with("qop=auth-int,nc=00000001,cnonce=\"\""),
            DigestError::Qop
        );
        assert_eq!(with("qop=auth"), DigestError::Missing("nc"));
        assert_eq!(with("qop=auth,nc=1,cnonce=\"\""), DigestError::Syntax);
        assert_eq!(
            with("qop=auth,nc=+0000001,cnonce=\"\""),
            DigestError::Syntax
        );
        assert_eq!(
            Credentials::parse("Digest realm=\"r\"").unwrap_err(),
            DigestError::Missing("username")
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(more in r#"((, ?)?(nc|qop|opaque|cnonce|x)=("?[a\\, ]{0,4}"?|0000000[0-9a-f]|auth)){0,5}|\PC{0,20}"#) {
            let text = format!("Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"x\"{more}");
            if let Ok(c) = Credentials::parse(&text) {
                prop_assert_eq!(Credentials::parse(&c.to_string()), Ok(c));
            }
            let _ = Credentials::parse(&more);
        }
    }
}
