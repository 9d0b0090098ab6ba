//! What can go wrong with the signing keys. Each message about a file names it and the way out.

use std::io;
use std::path::PathBuf;

use aws_lc_rs::error::{KeyRejected, Unspecified};
use x509_parser::error::X509Error;

use crate::denied;
use crate::domain::key_header::KeyHeader;
use crate::domain::time::Timestamp;
use crate::pki::pem::NotPem;
use crate::private_file::PrivateFileError;

/// The shortest `registry.leaf_lifetime`, in seconds.
pub(super) const MIN_LEAF_LIFETIME: i64 = 300;

/// Why keys could not be opened, made, renewed or used.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// `registry.leaf_lifetime` is too short for renewal to keep up.
    #[error("registry.leaf_lifetime is {0} seconds; set it to at least {MIN_LEAF_LIFETIME}")]
    LeafLifetime(i64),
    /// The key header is for registries that know one key only, but the key renews itself.
    #[error(
        "registry.key_header = \"{0}\" is for a registry that knows one key only, but without registry.fixed_key the \
         signing key renews itself and that registry would refuse every token from then on; set registry.fixed_key = \
         true, or registry.key_header = \"x5c\""
    )]
    NeedsFixedKey(KeyHeader),
    /// The operating system refused something.
    #[error("cannot {action} {}", denied::told(path, source))]
    Io {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The directory or a file is open to others, and not ours to close.
    #[error(transparent)]
    Exposed(PrivateFileError),
    /// A key file is there but cannot be used.
    #[error("the key file {} cannot be used; {way_out}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How to go on.
        way_out: &'static str,
        /// What is wrong with it.
        source: Damage,
    },
    /// The CA's file is gone, while something that it signed is there.
    #[error(
        "{} is missing, but {} was signed with it; put it back from a copy, or move {} away as well: a new CA is then \
         made, and the registry must be given the new /auth/ca.pem",
        .path.display(), .witness.display(), .witness.display()
    )]
    AuthorityMissing {
        /// The CA's file.
        path: PathBuf,
        /// The file that shows there was a CA.
        witness: PathBuf,
    },
    /// A certificate does not hold at this moment, so the registry would refuse every token.
    #[error(
        "the certificate in {} holds from {not_before} to {not_after}, not now ({now}); if the clock is right, \
         {way_out}",
        .path.display()
    )]
    NotValidNow {
        /// The file.
        path: PathBuf,
        /// When it begins.
        not_before: Timestamp,
        /// When it ends.
        not_after: Timestamp,
        /// The present moment.
        now: Timestamp,
        /// How to go on.
        way_out: &'static str,
    },
    /// A key could not be made.
    #[error("cannot make a signing key")]
    Generate(#[source] Unspecified),
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Issue(#[source] rcgen::Error),
    /// A certificate or key that was just made cannot be used; nothing was written.
    #[error("a key that was just made cannot be used")]
    Unusable(#[source] Damage),
    /// The claims could not be written as JSON.
    #[error("cannot write the claims of a registry token")]
    Encode(#[source] serde_json::Error),
    /// The signature could not be made.
    #[error("cannot sign a registry token")]
    Sign(#[source] Unspecified),
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Not a PEM text.
    #[error(transparent)]
    Pem(#[from] NotPem),
    /// Not a regular file, or far too long for one.
    #[error("it is no ordinary file of at most 1 MiB")]
    NotAKeyFile,
    /// A certificate without its key.
    #[error("it holds no private key")]
    NoKey,
    /// A key without its certificate.
    #[error("it holds no certificate")]
    NoCertificate,
    /// More than one of a kind, or something else.
    #[error("it holds more than it should")]
    Surplus,
    /// The key is no P-256 key in PKCS #8.
    #[error("its private key is no P-256 key in PKCS #8")]
    Key(#[source] KeyRejected),
    /// The certificate cannot be read.
    #[error("its certificate cannot be read")]
    Certificate(#[source] X509Error),
    /// The certificate is for a key of another kind.
    #[error("its certificate is for a key that is no P-256 key")]
    OtherKind,
    /// The certificate is for another key.
    #[error("its certificate does not belong to its private key")]
    Mismatch,
    /// The leaf was signed by another CA.
    #[error("its certificate was not signed by the CA that stands beside it")]
    OtherAuthority,
}
