//! The client's side: answers to 401 and 407.

use std::fmt;

use super::{Challenge, Credentials, DigestError, Qop, ha1, response};
use crate::sip::{Message, Name};

/// Somebody with a password who answers challenges, and counts how often each nonce was used.
pub struct Client {
    username: Box<str>,
    password: Box<str>,
    /// The nonce that was answered last and how often.
    last: (Box<str>, u32),
}

impl Client {
    /// A client with its user name and password.
    pub fn new(username: &str, password: &str) -> Client {
        Client {
            username: username.into(),
            password: password.into(),
            last: ("".into(), 0),
        }
    }

    /// Answers one challenge header with the value for Authorization or Proxy-Authorization. `uri` is the
    /// Request-URI as it will be sent.
    ///
    /// # Errors
    /// The challenge is malformed, or wants what we do not have.
    pub fn answer(
        &mut self,
        challenge: &str,
        method: &str,
        uri: &str,
    ) -> Result<String, DigestError> {
        Ok(self
            .credentials(&Challenge::parse(challenge)?, method, uri)
            .to_string())
    }

    /// Puts the answers to a 401 or 407 into the request that is sent again: one for each realm, by the
    /// first algorithm of the list that we know (RFC 8760 §2.4). Says whether there was anything to
    /// answer. The caller gives the request a new branch and the next CSeq, and stops after a second
    /// refusal that is not stale.
    pub fn authorize(&mut self, request: &mut Message, refusal: &Message) -> bool {
        let Some(method) = request.method().map(|m| m.as_str().to_owned()) else {
            return false;
        };
        let Some(uri) = request.uri().map(|u| u.as_str().to_owned()) else {
            return false;
        };
        let mut answered = false;
        for (asks, answers) in [
            (Name::WwwAuthenticate, Name::Authorization),
            (Name::ProxyAuthenticate, Name::ProxyAuthorization),
        ] {
            let mut realms: Vec<Box<str>> = Vec::new();
            for text in refusal.headers_named(asks) {
                let Ok(challenge) = Challenge::parse(text) else {
                    continue;
                };
                if realms.contains(&challenge.realm) {
                    continue;
                }
                if realms.is_empty() {
                    request.remove(answers);
                }
                request.push(
                    answers,
                    self.credentials(&challenge, &method, &uri).to_string(),
                );
                realms.push(challenge.realm);
                answered = true;
            }
        }
        answered
    }

    /// Says whether a 401 or 407 only asks for a newer nonce.
    pub fn is_stale(refusal: &Message) -> bool {
        let asks = refusal.headers_named(Name::WwwAuthenticate);
        let mut asks = asks.chain(refusal.headers_named(Name::ProxyAuthenticate));
        asks.any(|c| Challenge::parse(c).is_ok_and(|c| c.stale))
    }

    fn credentials(&mut self, challenge: &Challenge, method: &str, uri: &str) -> Credentials {
        let algorithm = challenge.algorithm;
        let qop = challenge
            .qop_auth
            .then(|| Qop::counted(self.count(&challenge.nonce), &cnonce()));
        let secret = ha1(algorithm, &self.username, &challenge.realm, &self.password);
        let response = response(
            algorithm,
            &secret,
            method,
            uri,
            &challenge.nonce,
            qop.as_ref(),
        );
        Credentials {
            username: self.username.clone(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri: uri.into(),
            response: response.into(),
            algorithm,
            qop,
            opaque: challenge.opaque.clone(),
        }
    }

    fn count(&mut self, nonce: &str) -> u32 {
        if *self.last.0 != *nonce {
            self.last = (nonce.into(), 0);
        }
        self.last.1 = self.last.1.saturating_add(1);
        self.last.1
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(hidden)")
    }
}

fn cnonce() -> String {
    format!("{:016x}", rand::random::<u64>())
}

#[cfg(test)]
mod tests {
    use super::super::super::{Method, Uri, parse_datagram};
    use super::*;

    #[test]
    fn each_realm_is_answered_by_its_first_known_algorithm() {
        let refusal = parse_datagram(
            b"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"1\", algorithm=SHA-512-256\r\n\
              WWW-Authenticate: Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"\r\n\
              WWW-Authenticate: Digest realm=\"a\", nonce=\"3\", qop=\"auth\"\r\n\
              WWW-Authenticate: Digest realm=\"b\", nonce=\"4\", opaque=\"o\"\r\n\
              Proxy-Authenticate: Digest realm=\"c\", nonce=\"5\", stale=true\r\n\r\n",
        )
        .unwrap();
        let mut request = Message::request(Method::Register, Uri::parse("sip:a%40b@c").unwrap());
        request.push(Name::Authorization, "Digest old");
        let mut client = Client::new("u", "p");
        assert!(client.authorize(&mut request, &refusal));
        let read = |name| -> Vec<_> {
            request
                .headers_named(name)
                .map(|h| Credentials::parse(h).unwrap())
                .map(|c| (c.nonce, c.qop.is_some()))
                .collect()
        };
        assert_eq!(
            read(Name::Authorization),
            [("2".into(), true), ("4".into(), false)]
        );
        assert_eq!(read(Name::ProxyAuthorization), [("5".into(), false)]);
        assert!(
            request
                .header(Name::Authorization)
                .unwrap()
                .contains("uri=\"sip:a%40b@c\"")
        );
        assert!(Client::is_stale(&refusal));
        assert!(!client.authorize(&mut request, &Message::response(401, "")));
    }
}
