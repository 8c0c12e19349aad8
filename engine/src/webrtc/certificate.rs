//! The certificate that we show in every DTLS handshake: made afresh at each start, signed by itself,
//! believed because its fingerprint travels in the signalling (RFC 5763 §5).

use crate::sdp::{Fingerprint, Hash};
use ring::digest::{self, SHA256, SHA384, SHA512};
use rtc_dtls::{crypto::Certificate, crypto_provider::RTCCryptoProvider};

/// Key pair and certificate: ECDSA on P-256.
#[derive(Clone)]
pub(super) struct Identity {
    pub certificate: Certificate,
    pub fingerprint: Fingerprint,
}

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a certificate for DTLS")]
pub struct NoCertificate(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Identity {
    /// Makes one.
    pub fn generate(provider: &dyn RTCCryptoProvider) -> Result<Self, NoCertificate> {
        let names = vec!["strowger.invalid".to_owned()];
        let certificate = Certificate::generate_self_signed(names, provider.crypto())
            .map_err(|error| NoCertificate(Box::new(error)))?;
        let der = certificate
            .certificate
            .first()
            .ok_or_else(|| NoCertificate("no certificate came out".into()))?;
        let fingerprint = fingerprint(Hash::Sha256, der.as_ref());
        Ok(Self {
            certificate,
            fingerprint,
        })
    }
}

/// The fingerprint of a certificate in DER form.
pub(super) fn fingerprint(hash: Hash, der: &[u8]) -> Fingerprint {
    let algorithm = match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    Fingerprint {
        hash,
        bytes: digest::digest(algorithm, der).as_ref().to_vec(),
    }
}

/// Whether a certificate is the one that one of these fingerprints names. A peer may write one for each
/// hash it knows; they are all of the same certificate (RFC 8122 §5).
pub(super) fn is_named(der: &[u8], names: &[Fingerprint]) -> bool {
    names
        .iter()
        .any(|name| fingerprint(name.hash, der) == *name)
}
