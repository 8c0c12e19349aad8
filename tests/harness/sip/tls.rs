//! TLS of the tests' own: one self-signed certificate that every test phone trusts.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};

type Certificate = rcgen::CertifiedKey<rcgen::KeyPair>;

fn certificate() -> &'static Certificate {
    static CERTIFICATE: OnceLock<Certificate> = OnceLock::new();
    CERTIFICATE.get_or_init(|| {
        let names = ["127.0.0.1", "localhost", crate::DOMAIN].map(str::to_owned);
        rcgen::generate_simple_self_signed(names).expect("a certificate")
    })
}

/// Writes the certificate and its key as PEM files into a directory.
pub fn write(directory: &Path) -> (PathBuf, PathBuf) {
    std::fs::create_dir_all(directory).expect("a directory");
    let (chain, key) = (directory.join("sip.crt"), directory.join("sip.key"));
    std::fs::write(&chain, certificate().cert.pem()).expect("a file");
    std::fs::write(&key, certificate().signing_key.serialize_pem()).expect("a file");
    (chain, key)
}

/// Connects as a phone does that knows the certificate.
pub(super) async fn connect(stream: TcpStream) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(certificate().cert.der().to_vec()))
        .expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.expect("TLS")
}
