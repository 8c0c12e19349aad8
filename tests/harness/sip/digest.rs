//! The phone's side of HTTP digest (RFC 7616), written for the tests alone.

use super::{Message, token};
use md5::{Digest, Md5};

/// A user name and its password.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// SIP user name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Which challenge to answer when several are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// MD5, as most phones do.
    #[default]
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        let bytes = match self {
            Self::Md5 => Md5::digest(text.as_bytes()).to_vec(),
            Self::Sha256 => ring::digest::digest(&ring::digest::SHA256, text.as_bytes())
                .as_ref()
                .to_vec(),
        };
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// The name and value of the header that answers the challenge in `response`; `None` when it has none
/// of this algorithm.
pub fn answer_challenge(
    response: &Message,
    method: &str,
    uri: &str,
    login: &Login,
    algorithm: Algorithm,
    count: u32,
) -> Option<(&'static str, String)> {
    let (asked, answer) = match response.status()? {
        401 => ("WWW-Authenticate", "Authorization"),
        407 => ("Proxy-Authenticate", "Proxy-Authorization"),
        _ => return None,
    };
    let challenge = response.all(asked).into_iter().find(|c| {
        let named = field(c, "algorithm").unwrap_or_else(|| "MD5".into());
        named.eq_ignore_ascii_case(algorithm.name())
    })?;
    let realm = field(challenge, "realm")?;
    let nonce = field(challenge, "nonce")?;
    let (cnonce, nc) = (token(), format!("{count:08x}"));
    let a1 = algorithm.hash(&format!("{}:{realm}:{}", login.username, login.password));
    let a2 = algorithm.hash(&format!("{method}:{uri}"));
    let proof = algorithm.hash(&format!("{a1}:{nonce}:{nc}:{cnonce}:auth:{a2}"));
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{proof}\", algorithm={}, qop=auth, nc={nc}, cnonce=\"{cnonce}\"",
        login.username,
        algorithm.name()
    );
    if let Some(opaque) = field(challenge, "opaque") {
        value.push_str(&format!(", opaque=\"{opaque}\""));
    }
    Some((answer, value))
}

/// A challenge of the tests' own for a realm.
pub fn challenge(realm: &str, nonce: &str) -> String {
    format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"")
}

/// Whether an Authorization proves this login for a request of this method, by MD5 with qop.
pub fn proves(authorization: &str, method: &str, login: &Login, nonce: &str) -> bool {
    let part = |name| field(authorization, name).unwrap_or_default();
    let md5 = Algorithm::Md5;
    let a1 = md5.hash(&format!(
        "{}:{}:{}",
        login.username,
        part("realm"),
        login.password
    ));
    let a2 = md5.hash(&format!("{method}:{}", part("uri")));
    let (nc, cnonce) = (part("nc"), part("cnonce"));
    part("username") == login.username
        && part("nonce") == nonce
        && part("response") == md5.hash(&format!("{a1}:{nonce}:{nc}:{cnonce}:auth:{a2}"))
}

fn field(challenge: &str, name: &str) -> Option<String> {
    let list = challenge.trim_start().strip_prefix("Digest ")?;
    list.split(',').find_map(|part| {
        let (n, v) = part.split_once('=')?;
        (n.trim() == name).then(|| v.trim().trim_matches('"').to_owned())
    })
}
