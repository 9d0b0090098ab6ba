//! The operator's certificate and key: read at the start, and again whenever one of the files changes.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use super::certificate;
use super::error::TlsError;
use crate::causes::with_causes;
use crate::domain::time::Timestamp;
use crate::private_file::{OTHERS_WRITE, STRANGERS, close_elsewhere};

/// A warning is logged if a certificate ends within this time when it is read, in seconds.
const SOON: i64 = 14 * 86_400;

/// The two files, and their stamps when they were last read.
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    seen: Mutex<[Option<Stamp>; 2]>,
}

/// The state of a file that changes when it is replaced or written: device, inode, length, and modification time with
/// its nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// None if there is no such file now.
    fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        let modified = (found.mtime(), found.mtime_nsec());
        Some(Self { device: found.dev(), inode: found.ino(), length: found.len(), modified })
    }
}

impl Files {
    /// Reads both files.
    pub(super) fn open(
        cert: &Path,
        key: &Path,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<(Self, CertifiedKey), TlsError> {
        let files = Self { cert: cert.to_owned(), key: key.to_owned(), seen: Mutex::new([None, None]) };
        *files.seen.lock().unwrap_or_else(PoisonError::into_inner) = files.stamps();
        let certified = files.load(provider, now)?;
        Ok((files, certified))
    }

    /// The new pair, if a file has changed and both can be used. An unusable pair, such as one with only its first file
    /// replaced yet, is logged once and read again when a file changes again.
    pub(super) fn reload_if_changed(&self, provider: &CryptoProvider, now: Timestamp) -> Option<CertifiedKey> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken before reading: a change during the read is then noticed the next time.
        let stamps = self.stamps();
        if *seen == stamps {
            return None;
        }
        *seen = stamps;
        match self.load(provider, now) {
            Ok(certified) => {
                log::info!("the certificate in {} is in use from now on", self.cert.display());
                Some(certified)
            }
            Err(error) => {
                log::warn!("the changed certificate is not taken, the old one stays in use: {}", with_causes(&error));
                None
            }
        }
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        [Stamp::of(&self.cert), Stamp::of(&self.key)]
    }

    /// Reads both files, and leaves them as they are.
    pub(super) fn check(cert: &Path, key: &Path, provider: &CryptoProvider, now: Timestamp) -> Result<(), TlsError> {
        let files = Self { cert: cert.to_owned(), key: key.to_owned(), seen: Mutex::new([None, None]) };
        files.read(provider, now).map(|_| ())
    }

    /// The pair. What others may do with its files too much is taken from them once they have proved to belong together.
    fn load(&self, provider: &CryptoProvider, now: Timestamp) -> Result<CertifiedKey, TlsError> {
        let (certified, [cert_file, key_file]) = self.read(provider, now)?;
        close_elsewhere(&self.cert, &cert_file, OTHERS_WRITE);
        close_elsewhere(&self.key, &key_file, STRANGERS);
        Ok(certified)
    }

    /// The pair, and its files as they were read.
    fn read(&self, provider: &CryptoProvider, now: Timestamp) -> Result<(CertifiedKey, [File; 2]), TlsError> {
        let (cert_file, text) = certificate::read_file("tls.cert", &self.cert)?;
        let chain = certificate::chain(&self.cert, &text)?;
        let (key_file, text) = certificate::read_file("tls.key", &self.key)?;
        let key = certificate::private_key(&self.key, &text)?;
        let ends = chain.first().map(|own| certificate::read(&self.cert, own)).transpose()?.map(|own| own.not_after);
        let certified = certificate::certified((&self.cert, chain), (&self.key, key), provider)?;
        if let Some(end) = ends.filter(|end| *end < now.plus_seconds(SOON)) {
            log::warn!("the certificate in {} ends at {end}", self.cert.display());
        }
        Ok((certified, [cert_file, key_file]))
    }
}
