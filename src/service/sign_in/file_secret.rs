//! A secret of one purpose in a file: of the site's, or one that dockpass makes. Whoever shows it gets what it opens, and
//! nothing else.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::data_files;
use crate::domain::entered;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::TokenText;
use crate::private_file::{self, PrivateFileError, STRANGERS};

/// What a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOf {
    /// The path of the registry's notifications.
    Notifications,
    /// The path of the metrics.
    Metrics,
}

impl SecretOf {
    /// Its file's name among the keys of the data directory, where the site brings none of its own.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Notifications => data_files::EVENTS_SECRET,
            Self::Metrics => "metrics-secret",
        }
    }
}

impl fmt::Display for SecretOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notifications => "the secret of the registry's notifications",
            Self::Metrics => "the secret of the metrics",
        })
    }
}

/// Shortest secret that is accepted, in bytes.
const SHORTEST: usize = 16;
/// Longest secret that is accepted, in bytes.
const LONGEST: usize = 256;

/// Why the text of a file is not accepted as the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must hold one line of {SHORTEST} to {LONGEST} printable ASCII characters without spaces")]
struct NotASecret;

/// Why the secret does not open.
#[derive(Debug, thiserror::Error)]
pub enum FileSecretError {
    /// The secret cannot be read.
    #[error("{what}, {}: {source}", path.display())]
    Unreadable {
        /// What it opens.
        what: SecretOf,
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its file cannot be written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The secret, compared by its hash in constant time.
pub(in crate::service) struct FileSecret {
    text: Zeroizing<String>,
    hash: blake3::Hash,
    path: PathBuf,
}

impl fmt::Debug for FileSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileSecret")
    }
}

impl FileSecret {
    /// Reads the site's own file.
    pub(in crate::service) fn read(what: SecretOf, given: &Path) -> Result<Self, FileSecretError> {
        let (secret, file) = Self::of_site(what, given)?;
        private_file::close_elsewhere(given, &file, STRANGERS);
        Ok(secret)
    }

    /// Whether the site's own file can be used; it stays as it is.
    pub(in crate::service) fn check(what: SecretOf, given: &Path) -> Result<(), FileSecretError> {
        Self::of_site(what, given).map(drop)
    }

    fn of_site(what: SecretOf, given: &Path) -> Result<(Self, File), FileSecretError> {
        let read = private_file::read_of_site(given, 2 * LONGEST);
        let (file, content) = read.map_err(|source| unreadable(what, given, source))?;
        Ok((Self::of(what, given, &content)?, file))
    }

    /// Reads the file among the keys, which is made when missing.
    pub(in crate::service) fn open(what: SecretOf, keys: &Path) -> Result<Self, FileSecretError> {
        let path = &keys.join(what.file());
        if !path.exists() {
            // The body of an access token's text is 32 random bytes in letters and digits.
            let text = TokenText::from_random(random::bytes()?);
            let body = text.reveal().trim_start_matches(crate::domain::secret::PREFIX);
            private_file::write(path, format!("{body}\n").as_bytes())?;
        }
        let content = private_file::read(path)?;
        let content = content.ok_or_else(|| unreadable(what, path, io::ErrorKind::NotFound.into()))?;
        Self::of(what, path, &content)
    }

    fn of(what: SecretOf, path: &Path, content: &[u8]) -> Result<Self, FileSecretError> {
        let unreadable = |source| unreadable(what, path, source);
        let text = entered::secret(content).map_err(|fault| unreadable(io::Error::other(fault)))?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(unreadable(io::Error::other(NotASecret)));
        }
        let hash = blake3::hash(text.as_bytes());
        Ok(Self { text, hash, path: path.to_owned() })
    }

    /// Whether this is the secret.
    pub(in crate::service) fn is(&self, shown: &str) -> bool {
        // `blake3::Hash` compares in constant time.
        blake3::hash(shown.as_bytes()) == self.hash
    }

    /// Its text, for whoever may read the file.
    pub(super) fn text(&self) -> Zeroizing<String> {
        self.text.clone()
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn unreadable(what: SecretOf, path: &Path, source: io::Error) -> FileSecretError {
    FileSecretError::Unreadable { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const OF: SecretOf = SecretOf::Notifications;
    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn the_own_file_is_no_link_and_nobody_elses_and_a_given_one_may_be() {
        let keys = tempfile::tempdir().unwrap();
        let (own, theirs) = (keys.path().join(OF.file()), keys.path().join("theirs"));
        fs::write(&theirs, format!("{SECRET}\n")).unwrap();
        symlink(&theirs, &own).unwrap();
        assert!(matches!(FileSecret::open(OF, keys.path()), Err(FileSecretError::File(_))));
        assert_eq!(FileSecret::read(OF, &own).unwrap().text.as_str(), SECRET);
        fs::remove_file(&own).unwrap();
        fs::copy(&theirs, &own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(FileSecret::open(OF, keys.path()).unwrap().text.as_str(), SECRET);
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_given_file_is_closed_once_it_has_proved_to_be_the_secret() {
        let site = tempfile::tempdir().unwrap();
        let given = site.path().join("given");
        let read = |content: &str| {
            fs::write(&given, content).unwrap();
            fs::set_permissions(&given, fs::Permissions::from_mode(0o644)).unwrap();
            (FileSecret::read(OF, &given).is_ok(), fs::metadata(&given).unwrap().permissions().mode() & 0o777)
        };
        assert_eq!(read("root:x:0:0\nalice:x:1000\n"), (false, 0o644), "something else");
        assert_eq!(read(SECRET), (true, 0o640));
    }

    #[test]
    fn a_fifo_holds_up_no_start() {
        let keys = tempfile::tempdir().unwrap();
        let fifo = keys.path().join(OF.file());
        assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&fifo).status().unwrap().success());
        assert!(FileSecret::open(OF, keys.path()).is_err() && FileSecret::read(OF, &fifo).is_err());
    }
}
