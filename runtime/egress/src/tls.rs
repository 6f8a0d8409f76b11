//! TLS, and which certificates are trusted. The check cannot be turned off; more authorities can be trusted.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::SendError;
use crate::target::{Host, Target};

/// The additional root certificates cannot be used; the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the additional root certificates cannot be used: {0}")]
pub struct BadRoots(String);

/// Wraps connections in TLS.
pub(crate) struct Tls {
    /// `Err`: this machine has no root certificates, so only plain HTTP works.
    connector: Result<TlsConnector, String>,
}

impl Tls {
    /// Trusts the system's authorities and those in `more_roots` (PEM). Reading the system's certificates takes some
    /// milliseconds.
    pub(crate) fn new(more_roots: &[u8]) -> Result<Tls, BadRoots> {
        let more_roots = read_roots(more_roots)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let made = Verifier::new_with_extra_roots(more_roots, Arc::clone(&provider)).and_then(|verifier| {
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .dangerous() // rustls calls every other verifier dangerous; this one asks the system
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(TlsConnector::from(Arc::new(config)))
        });
        Ok(Tls { connector: made.map_err(|cause| cause.to_string()) })
    }

    /// Does the handshake. The certificate must be for the name or address in the URL, whichever address was dialled.
    pub(crate) async fn wrap(&self, target: &Target, stream: TcpStream) -> Result<TlsStream<TcpStream>, SendError> {
        let connector = self.connector.as_ref().map_err(|cause| SendError::Tls(cause.clone()))?;
        let name = match target.named() {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|cause| SendError::Tls(cause.to_string()))?
            }
        };
        connector.connect(name, stream).await.map_err(|cause| SendError::Tls(cause.to_string()))
    }
}

fn read_roots(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadRoots> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let roots = read.map_err(|cause| BadRoots(cause.to_string()))?;
    let mut usable = RootCertStore::empty();
    for root in &roots {
        usable.add(root.clone()).map_err(|cause| BadRoots(cause.to_string()))?;
    }
    if roots.is_empty() && !pem.is_empty() {
        return Err(BadRoots("there is no certificate in the text".to_owned()));
    }
    Ok(roots)
}
