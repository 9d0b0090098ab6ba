//! TLS of the HTTP server: which certificate it shows, and how that changes without a restart.
//!
//! It shows either the operator's certificate (`tls.cert`, `tls.key`), whose files are read again when they change, or
//! one of our own CA (`tls.self_signed`), which is renewed in time. TLS 1.2 and 1.3 by rustls with aws-lc-rs; nothing
//! older can be set up. It has no sockets and no clock: the caller binds, and calls [`Tls::refresh`] now and then.

mod certificate;
mod error;
mod files;
mod self_signed;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

pub use error::TlsError;

use crate::doctor::dates::Renewal;

use crate::config::{BaseUrl, Config};
use crate::domain::host::PublicHost;
use crate::domain::time::Timestamp;
use crate::pki::Certificate;
use files::Files;
use self_signed::SelfSigned;

/// The TLS side of the server: the certificate in use, and where the next one comes from.
pub struct Tls {
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    source: CertificateSource,
}

/// The certificates of TLS by their files, each with what it is and how it is replaced; none where TLS is not spoken.
pub(super) fn certificate_files(config: &Config, keys: &Path) -> Vec<(&'static str, PathBuf, Renewal)> {
    match &config.tls.cert {
        Some(cert) => vec![("the TLS certificate", cert.clone(), Renewal::ByHand)],
        None if config.tls.self_signed => self_signed::certificate_files(keys),
        None => Vec::new(),
    }
}

/// How clients come to trust a certificate that dockpass made itself.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The file of the CA.
    pub ca: PathBuf,
    /// What to print: where docker, podman and containerd look for it.
    pub instructions: String,
}

enum CertificateSource {
    Files(Files),
    SelfSigned(Box<SelfSigned>),
}

/// The certificate and key that new connections get.
struct Current(ArcSwap<CertifiedKey>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads or makes the certificate; none if the server speaks plain HTTP. With `tls.self_signed`, the CA and the
    /// certificate live in `keys_dir` (made with mode 0700 if missing); the certificate is for localhost, the host of
    /// the public URL, the address in `bound` and `tls.names`, and a new one is made when these have changed.
    ///
    /// # Errors
    /// [`TlsError`] names the file: missing, damaged, readable by others, or a key that is not the certificate's.
    pub fn open(config: &Config, keys_dir: &Path, bound: SocketAddr, now: Timestamp) -> Result<Option<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let (certified, source) = match (&config.tls.cert, &config.tls.key) {
            (Some(cert), Some(key)) => {
                let (files, certified) = Files::open(cert, key, &provider, now)?;
                (certified, CertificateSource::Files(files))
            }
            (None, None) if config.tls.self_signed => {
                let names = self_signed::names(config, bound);
                let (own, certified) = SelfSigned::open(keys_dir, names, &provider, now)?;
                (certified, CertificateSource::SelfSigned(Box::new(own)))
            }
            (None, None) => return Ok(None),
            (Some(_), None) | (None, Some(_)) => return Err(TlsError::HalfAPair),
        };
        let current = Arc::new(Current(ArcSwap::from_pointee(certified)));
        Ok(Some(Self { provider, current, source }))
    }

    /// Reads the operator's certificate, if there is one, and changes nothing.
    ///
    /// # Errors
    /// [`TlsError`], as of a start.
    pub fn check(config: &Config, now: Timestamp) -> Result<(), TlsError> {
        match (&config.tls.cert, &config.tls.key) {
            (Some(cert), Some(key)) => Files::check(cert, key, &aws_lc_rs::default_provider(), now),
            (None, None) => Ok(()),
            (Some(_), None) | (None, Some(_)) => Err(TlsError::HalfAPair),
        }
    }

    /// What actix-web's `listen_rustls_0_23` takes: TLS 1.2 and 1.3, HTTP/1.1, always the certificate in use.
    ///
    /// # Errors
    /// [`TlsError::Protocol`] if the crypto provider cannot do both versions.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Protocol)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Takes changed files into use, or renews the self-signed certificate when a third of its life is left. True if
    /// new connections get another certificate from now on; open ones keep theirs. Files that cannot be used are logged
    /// once and the old certificate stays. It reads and may fsync files: not for an async thread.
    ///
    /// # Errors
    /// [`TlsError`] if the self-signed certificate cannot be renewed; the old one stays, and the next call tries again.
    pub fn refresh(&self, now: Timestamp) -> Result<bool, TlsError> {
        let changed = match &self.source {
            CertificateSource::Files(files) => files.reload_if_changed(&self.provider, now),
            CertificateSource::SelfSigned(own) => own.renew_if_due(&self.provider, now)?,
        };
        let is_changed = changed.is_some();
        if let Some(certified) = changed {
            self.current.0.store(Arc::new(certified));
        }
        Ok(is_changed)
    }

    /// When the certificate in use ends.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        let current = self.current.0.load();
        Some(Certificate::parse(current.cert.first()?).ok()?.not_after)
    }

    /// The CA of the self-signed certificate as PEM, for `/ca.pem`; none if the operator brought the certificate.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        match &self.source {
            CertificateSource::Files(_) => None,
            CertificateSource::SelfSigned(own) => Some(own.ca_pem()),
        }
    }

    /// How clients come to trust it; none if the operator brought the certificate. `registry` is how they reach the
    /// registry.
    #[must_use]
    pub fn trust(&self, public: &BaseUrl, registry: &PublicHost) -> Option<Trust> {
        match &self.source {
            CertificateSource::Files(_) => None,
            CertificateSource::SelfSigned(own) => Some(own.trust(public, registry)),
        }
    }
}
