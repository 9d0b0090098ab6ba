//! Reading certificates and keys from PEM files, and what a certificate says of itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use zeroize::Zeroizing;

use super::error::TlsError;
use crate::domain::time::Timestamp;

/// Longest PEM file, in bytes.
const MAX: u64 = 1024 * 1024;
/// Characters of a line of base64.
const PEM_WIDTH: usize = 64;

/// The content of a PEM file of the operator.
pub(super) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // As large as the file, since a buffer that grows would leave its old copies behind.
    let length = file.metadata().map_err(failed)?.len().min(MAX);
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(64)));
    file.take(MAX).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

/// Every certificate of a PEM text, the server's own first.
pub(super) fn chain(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = read.map_err(|source| TlsError::Pem { path: path.to_owned(), source })?;
    if chain.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(chain) }
}

/// The certificate as PEM (RFC 7468).
pub(super) fn to_pem(der: &CertificateDer<'_>) -> String {
    let body = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at_checked(PEM_WIDTH).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

/// The first private key of a PEM text.
pub(super) fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey { path: path.to_owned() },
        source => TlsError::Pem { path: path.to_owned(), source },
    })
}

/// Chain and key together, if the key is the one of the first certificate. The paths are for the error.
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

/// What a certificate says of itself.
pub(super) struct Facts {
    /// First second.
    pub(super) not_before: Timestamp,
    /// Last second.
    pub(super) not_after: Timestamp,
    /// The names it is for: host names, and IP addresses in their usual form.
    pub(super) names: BTreeSet<String>,
    /// The issuer's name, as DER.
    pub(super) issuer: Vec<u8>,
    /// Its own name, as DER.
    pub(super) subject: Vec<u8>,
}

impl Facts {
    /// Reads the certificate in `path`.
    pub(super) fn read(path: &Path, der: &CertificateDer<'_>) -> Result<Self, TlsError> {
        let damaged = |source| TlsError::Certificate { path: path.to_owned(), source };
        let (_, read) = x509_parser::parse_x509_certificate(der).map_err(|error| {
            damaged(match error {
                x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error,
                x509_parser::nom::Err::Incomplete(_) => X509Error::InvalidCertificate,
            })
        })?;
        Ok(Self {
            not_before: Timestamp::from_seconds(read.validity().not_before.timestamp()),
            not_after: Timestamp::from_seconds(read.validity().not_after.timestamp()),
            names: names(&read).map_err(damaged)?,
            issuer: read.issuer().as_raw().to_vec(),
            subject: read.subject().as_raw().to_vec(),
        })
    }
}

fn names(read: &X509Certificate<'_>) -> Result<BTreeSet<String>, X509Error> {
    let Some(extension) = read.subject_alternative_name()? else {
        return Ok(BTreeSet::new());
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    Ok(extension.value.general_names.iter().filter_map(name).collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
