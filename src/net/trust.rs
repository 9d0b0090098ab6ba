//! Trusted certificates: the system's roots, and those of a file beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

use super::Cause;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file with certificates cannot be used.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The crypto provider does not support the protocol.
    #[error("TLS cannot be used")]
    Provider(#[source] rustls::Error),
}

/// TLS that trusts the system's roots (or those of `SSL_CERT_FILE`) and the certificates in `ca`, a PEM file. Both are
/// read now and not again.
///
/// # Errors
/// [`TrustError::File`] if `ca` cannot be read or holds no certificate, [`TrustError::Provider`] if the program was
/// built without usable ciphers. A system without roots is no error: then only `ca` is trusted.
pub fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let certificates = ca.map(certificates).transpose()?.unwrap_or_default();
    trusting(certificates, ca.unwrap_or(Path::new("")))
}

/// The same with certificates that were read already: `pem` is their text, and `from` the file for messages.
///
/// # Errors
/// As [`trust`].
pub fn trust_text(pem: &[u8], from: &Path) -> Result<Arc<ClientConfig>, TrustError> {
    trusting(some(CertificateDer::pem_slice_iter(pem), from)?, from)
}

/// Trusts the system's roots and these certificates, which come from the file `from`.
fn trusting(certificates: Vec<CertificateDer<'static>>, from: &Path) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for cause in &system.errors {
        log::debug!("roots of the system: {cause}");
    }
    roots.add_parsable_certificates(system.certs);
    for certificate in certificates {
        roots.add(certificate).map_err(|cause| unreadable(from, cause))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(TrustError::Provider)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    some(CertificateDer::pem_file_iter(path).map_err(|cause| unreadable(path, cause))?, path)
}

/// All certificates that stand there; at least one must.
fn some(
    read: impl Iterator<Item = Result<CertificateDer<'static>, pem::Error>>,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let found = read.collect::<Result<Vec<_>, _>>().map_err(|cause| unreadable(path, cause))?;
    if found.is_empty() { Err(unreadable(path, "it holds no PEM certificate")) } else { Ok(found) }
}

fn unreadable(path: &Path, cause: impl Into<Cause>) -> TrustError {
    TrustError::File { path: PathBuf::from(path), cause: cause.into() }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = trust(Some(file.path())).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read {}", file.path().display()));
        assert_eq!(error.source().unwrap().to_string(), "it holds no PEM certificate");
        assert!(trust(Some(Path::new("/nonexistent/ca.pem"))).is_err());
        assert!(trust(None).is_ok());
        let error = trust_text(b"nothing", Path::new("ca.pem")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read ca.pem");
    }
}
