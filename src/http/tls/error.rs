//! Why TLS cannot be set up. Each error about a file names the file.

use std::path::PathBuf;

use rustls::pki_types::pem;
use x509_parser::error::X509Error;

use crate::denied;
use crate::private_file::PrivateFileError;

/// Why TLS cannot be set up, or a certificate cannot be renewed.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate without a key, or the other way round.
    #[error("tls.cert and tls.key belong together: set both or none")]
    HalfAPair,
    /// A file cannot be read.
    #[error("{key}: cannot read {}", denied::told_of_site(path, source))]
    Read {
        /// The key of the configuration that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not valid PEM.
    #[error("{} is damaged, or no PEM file", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// A PEM file without a certificate.
    #[error("{} holds no certificate", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A PEM file without a key.
    #[error("{} holds no private key (an encrypted one cannot be used)", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be read.
    #[error("the certificate in {} cannot be read", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: X509Error,
    },
    /// The key belongs to another certificate.
    #[error("the private key in {} does not belong to the certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The key is damaged, or of a kind that rustls does not support.
    #[error("the private key in {} cannot be used", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The directory of the keys cannot be made.
    #[error("cannot make {}", denied::told(path, source))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of a self-signed certificate cannot be read or written.
    #[error("the TLS keys cannot be read or written")]
    File(#[from] PrivateFileError),
    /// The CA's key is missing, though its certificate is there and clients may trust it.
    #[error(
        "{} is missing, but {} is there: put the key back from a copy, or move the certificate away as well; a new CA \
         is then made, and every client must get it", key.display(), certificate.display()
    )]
    AuthorityMissing {
        /// The file that is missing.
        key: PathBuf,
        /// The file that shows that there was a CA.
        certificate: PathBuf,
    },
    /// A key or certificate could not be made, or the CA's key not be used.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// The crypto provider lacks a protocol version.
    #[error("TLS cannot be set up")]
    Protocol(#[source] rustls::Error),
}
