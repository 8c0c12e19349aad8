//! Certificates of the TLS side: ours for the listener, those we trust for connections we dial.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

/// Where systems keep the certificates they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// A file that cannot be used.
#[derive(Debug)]
pub(crate) struct BadCertificate {
    /// Which file.
    pub(crate) path: PathBuf,
    /// What is wrong with it.
    pub(crate) source: io::Error,
}

/// Both sides' settings.
#[derive(Clone)]
pub(crate) struct Certificates {
    acceptor: Option<TlsAcceptor>,
    connector: TlsConnector,
}

impl Certificates {
    /// Reads the listener's certificate and key, and the certificates to trust: those of `trust`, or
    /// the system's.
    ///
    /// # Errors
    /// A file that is named cannot be read or used.
    pub(crate) fn load(
        ours: Option<(&Path, &Path)>,
        trust: Option<&Path>,
    ) -> Result<Certificates, BadCertificate> {
        let provider = Arc::new(ring::default_provider());
        let acceptor = match ours {
            Some((chain, key)) => Some(acceptor(&provider, chain, key)?),
            None => None,
        };
        Ok(Certificates {
            acceptor,
            connector: connector(&provider, trust)?,
        })
    }

    /// For connections that come in.
    pub(super) fn acceptor(&self) -> Option<&TlsAcceptor> {
        self.acceptor.as_ref()
    }

    /// For connections that go out.
    pub(super) fn connector(&self) -> &TlsConnector {
        &self.connector
    }
}

/// The name a peer's certificate must carry: a host name or an IP address.
pub(super) fn server_name(name: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).ok()
}

fn bad(path: &Path, kind: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BadCertificate {
    BadCertificate {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, kind),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BadCertificate> {
    std::fs::read(path).map_err(|source| BadCertificate {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, BadCertificate> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(bad(path, "no certificate in it")),
        Err(e) => Err(bad(path, e)),
    }
}

fn acceptor(
    provider: &Arc<CryptoProvider>,
    chain: &Path,
    key: &Path,
) -> Result<TlsAcceptor, BadCertificate> {
    let certificates = certificates(chain)?;
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|e| bad(key, e))?;
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(chain, e))?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .map_err(|e| bad(key, e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn connector(
    provider: &Arc<CryptoProvider>,
    trust: Option<&Path>,
) -> Result<TlsConnector, BadCertificate> {
    let mut roots = RootCertStore::empty();
    match trust {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| bad(path, e))?;
            }
        }
        None => {
            let bundle = SYSTEM_BUNDLES.iter().map(Path::new).find(|p| p.exists());
            let certificates = bundle.map(certificates).transpose();
            roots.add_parsable_certificates(certificates.ok().flatten().unwrap_or_default());
        }
    }
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(Path::new("tls"), e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
