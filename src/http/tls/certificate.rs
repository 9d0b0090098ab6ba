//! Reads certificates and keys from PEM files into the types of rustls.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroizing;

use super::error::TlsError;
use crate::pki::Certificate;

/// How much of a PEM file is read, in bytes; the rest is ignored.
const MAX: u64 = 1024 * 1024;

/// The content of one of the operator's PEM files, which this key of the configuration names, with the open
/// file.
pub(super) fn read_file(key: &'static str, path: &Path) -> Result<(File, Zeroizing<Vec<u8>>), TlsError> {
    let failed = |source| TlsError::Read { key, path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // As large as the file: a growing buffer would leave copies behind that are not wiped.
    let length = file.metadata().map_err(failed)?.len().min(MAX);
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(64)));
    (&file).take(MAX).read_to_end(&mut content).map_err(failed)?;
    Ok((file, content))
}

/// Every certificate of a PEM text, the server's own first.
pub(super) fn chain(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = read.map_err(|source| TlsError::Pem { path: path.to_owned(), source })?;
    if chain.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(chain) }
}

/// The first private key of a PEM text.
pub(super) fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey { path: path.to_owned() },
        source => TlsError::Pem { path: path.to_owned(), source },
    })
}

/// Chain and key together, if the key belongs to the first certificate. The paths are for errors.
pub(super) fn certified(
    (cert_path, chain): (&Path, Vec<CertificateDer<'static>>),
    (key_path, key): (&Path, PrivateKeyDer<'static>),
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    CertifiedKey::from_der(chain, key, provider).map_err(|source| match source {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { cert: cert_path.to_owned(), key: key_path.to_owned() }
        }
        source => TlsError::Key { path: key_path.to_owned(), source },
    })
}

/// Parses a certificate. The path is for errors.
pub(super) fn read(path: &Path, der: &CertificateDer<'_>) -> Result<Certificate, TlsError> {
    Certificate::parse(der).map_err(|source| TlsError::Certificate { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_file_one_mib_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let length = |bytes: u64| {
            file.as_file().set_len(bytes).unwrap();
            read_file("tls.cert_file", file.path()).unwrap().1.len() as u64
        };
        assert_eq!([0, MAX, MAX + 1, 3 * MAX].map(length), [0, MAX, MAX, MAX]);
    }
}
