//! Signing and checking of tokens (RFC 7515), with the cryptography that is here already: `jsonwebtoken`'s own
//! back ends would each bring a second one. Only the two algorithms in use are known: EdDSA (Ed25519) and HS256.

use std::sync::Once;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
};
use ring::{hmac, signature as keys};
use schema::{Id, SessionKey};
use serde::{Serialize, de::DeserializeOwned};
use signature::{Signer, Verifier};

use super::TokenError;

/// Longest token that is looked at, in bytes; ours have some 500.
const LENGTH: usize = 4096;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` use the provider of this file, before its first use.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Only a second call could fail.
        let _ = PROVIDER.install_default();
    });
}

/// Ed25519, from the 32 bytes of a private key.
struct Ed25519(keys::Ed25519KeyPair);
/// Ed25519, from the 32 bytes of a public key.
struct Ed25519Public(Vec<u8>);
/// HMAC with SHA-256.
struct Hs256(hmac::Key);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::EdDSA => {
            let pair = keys::Ed25519KeyPair::from_seed_unchecked(key.as_bytes());
            Ok(Box::new(Ed25519(
                pair.map_err(|_| ErrorKind::InvalidEddsaKey)?,
            )))
        }
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(
            hmac::HMAC_SHA256,
            key.as_bytes(),
        )))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    // A public key must never serve as the secret of an HMAC: the algorithm has to be the key's own.
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let bytes = key.try_get_as_bytes()?;
    match algorithm {
        Algorithm::EdDSA => Ok(Box::new(Ed25519Public(bytes.to_vec()))),
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, bytes)))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

impl Signer<Vec<u8>> for Ed25519 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Ed25519Public {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        keys::UnparsedPublicKey::new(&keys::ED25519, &self.0)
            .verify(message, given)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Ed25519Public {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        hmac::verify(&self.0, message, given).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

/// What a token says of itself before anything is checked: its algorithm, and the key it names.
///
/// # Errors
/// [`TokenError::Invalid`] when it is no token of ours.
pub fn peek(token: &str) -> std::result::Result<(Algorithm, Id<SessionKey>), TokenError> {
    if token.len() > LENGTH {
        return Err(TokenError::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
    let key = header.kid.and_then(|kid| kid.parse().ok());
    Ok((header.alg, key.ok_or(TokenError::Invalid)?))
}

/// Signs claims.
///
/// # Errors
/// When the key does not fit the algorithm.
pub fn sign<T: Serialize>(
    algorithm: Algorithm,
    kid: Id<SessionKey>,
    key: &EncodingKey,
    claims: &T,
) -> Result<String> {
    let header = Header {
        kid: Some(kid.to_string()),
        ..Header::new(algorithm)
    };
    jsonwebtoken::encode(&header, claims, key)
}

/// Checks signature and expiry (to the second), and reads the claims.
///
/// # Errors
/// [`TokenError::Expired`] when nothing else is wrong, else [`TokenError::Invalid`].
pub fn check<T: DeserializeOwned>(
    algorithm: Algorithm,
    key: &DecodingKey,
    token: &str,
) -> std::result::Result<T, TokenError> {
    let mut rules = Validation::new(algorithm);
    rules.leeway = 0;
    match jsonwebtoken::decode(token, key, &rules) {
        Ok(data) => Ok(data.claims),
        Err(error) if *error.kind() == ErrorKind::ExpiredSignature => Err(TokenError::Expired),
        Err(_) => Err(TokenError::Invalid),
    }
}
