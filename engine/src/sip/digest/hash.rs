//! The hashes of digest: HA1, HA2 and the response made of them (RFC 7616 §3.4).

use std::fmt;

use md5::{Digest as _, Md5};

use super::Qop;

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `MD5`, also when a header names none.
    Md5,
    /// `SHA-256`.
    Sha256,
}

impl Algorithm {
    /// Reads the name without regard to case; `None` for any other, the `-sess` ones included.
    pub fn parse(text: &str) -> Option<Algorithm> {
        match text {
            t if t.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            t if t.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            _ => None,
        }
    }

    /// The name as written in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// Hashes the parts, joined by colons, to lower-case hexadecimal digits.
    fn hex(self, parts: &[&str]) -> String {
        match self {
            Algorithm::Md5 => {
                let mut hash = Md5::new();
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        hash.update(b":");
                    }
                    hash.update(part.as_bytes());
                }
                hex(&hash.finalize())
            }
            Algorithm::Sha256 => {
                let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        hash.update(b":");
                    }
                    hash.update(part.as_bytes());
                }
                hex(hash.finish().as_ref())
            }
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is kept of a password: the hash of user name, realm and password under both algorithms, as
/// lower-case hexadecimal digits. As good as the password within its realm, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    /// 32 digits.
    pub md5: Box<str>,
    /// 64 digits.
    pub sha256: Box<str>,
}

impl Ha1 {
    /// Hashes a password for both algorithms.
    pub fn new(username: &str, realm: &str, password: &str) -> Ha1 {
        Ha1 {
            md5: ha1(Algorithm::Md5, username, realm, password).into(),
            sha256: ha1(Algorithm::Sha256, username, realm, password).into(),
        }
    }

    /// The hash of an algorithm.
    pub fn of(&self, algorithm: Algorithm) -> &str {
        match algorithm {
            Algorithm::Md5 => &self.md5,
            Algorithm::Sha256 => &self.sha256,
        }
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(hidden)")
    }
}

/// `H(username:realm:password)` (RFC 7616 §3.4.2).
pub fn ha1(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> String {
    algorithm.hex(&[username, realm, password])
}

/// The response to a challenge (RFC 7616 §3.4.1), or with no qop that of RFC 2069. `uri` is the digest
/// uri exactly as it stands in the header.
pub fn response(
    algorithm: Algorithm,
    ha1: &str,
    method: &str,
    uri: &str,
    nonce: &str,
    qop: Option<&Qop>,
) -> String {
    let ha2 = algorithm.hex(&[method, uri]);
    match qop {
        Some(qop) => algorithm.hex(&[ha1, nonce, &qop.nc_text, &qop.cnonce, "auth", &ha2]),
        None => algorithm.hex(&[ha1, nonce, &ha2]),
    }
}

/// Compares two texts in a time that does not tell where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    let difference = a.bytes().zip(b.bytes()).fold(0u8, |d, (a, b)| d | (a ^ b));
    std::hint::black_box(difference) == 0 && a.len() == b.len()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| {
        char::from(if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        })
    };
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_2617() {
        let ha1 = ha1(
            Algorithm::Md5,
            "Mufasa",
            "testrealm@host.com",
            "Circle Of Life",
        );
        let qop = Qop::new("00000001", "0a4f113b").unwrap();
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let answer = response(
            Algorithm::Md5,
            &ha1,
            "GET",
            "/dir/index.html",
            nonce,
            Some(&qop),
        );
        assert_eq!(answer, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_example_without_qop() {
        // RFC 2069 §2.4 with the response corrected by its erratum.
        let ha1 = ha1(
            Algorithm::Md5,
            "Mufasa",
            "testrealm@host.com",
            "CircleOfLife",
        );
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let answer = response(Algorithm::Md5, &ha1, "GET", "/dir/index.html", nonce, None);
        assert_eq!(answer, "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn the_examples_of_rfc_7616() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let qop = Qop::new("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ").unwrap();
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = ha1(
                algorithm,
                "Mufasa",
                "http-auth@example.org",
                "Circle of Life",
            );
            let answer = response(algorithm, &ha1, "GET", "/dir/index.html", nonce, Some(&qop));
            assert_eq!(answer, expected);
        }
    }

    #[test]
    fn comparison_needs_every_byte() {
        assert!(same("abc", "abc") && same("", ""));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("ab", "abc") && !same("", "a"));
    }
}
