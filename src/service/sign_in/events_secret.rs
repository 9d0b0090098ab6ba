//! The secret that the registry sends with its notifications: from a file of the site's, or one that dockpass makes.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::domain::act::Act;
use crate::domain::entered;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::TokenText;
use crate::private_file::{self, NO_WAIT, PrivateFileError, STRANGERS};
use crate::service::Service;
use crate::service::access::{Call, Caller, Subject};
use crate::service::error::Error;

/// The file's name among the keys of the data directory.
const FILE: &str = "registry-events-secret";
/// Shortest secret that is accepted, in bytes.
const SHORTEST: usize = 16;
/// Longest secret that is accepted, in bytes.
const LONGEST: usize = 256;

/// Why the text of a file is not accepted as the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must hold one line of {SHORTEST} to {LONGEST} printable ASCII characters without spaces")]
struct NoEventsSecret;

/// Why the secret does not open.
#[derive(Debug, thiserror::Error)]
pub enum EventsSecretError {
    /// The secret cannot be read.
    #[error("the secret of the registry's notifications, {}: {source}", path.display())]
    Unreadable {
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
pub(in crate::service) struct EventsSecret {
    text: Zeroizing<String>,
    hash: blake3::Hash,
    path: PathBuf,
}

impl fmt::Debug for EventsSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventsSecret")
    }
}

impl EventsSecret {
    /// Reads the site's own file.
    pub(in crate::service) fn read(given: &Path) -> Result<Self, EventsSecretError> {
        let (file, content) = read_given(given).map_err(|source| unreadable(given, source))?;
        let secret = Self::of(given, &content)?;
        private_file::close_elsewhere(given, &file, STRANGERS);
        Ok(secret)
    }

    /// Whether the site's own file can be used; it stays as it is.
    pub(in crate::service) fn check(given: &Path) -> Result<(), EventsSecretError> {
        let (_, content) = read_given(given).map_err(|source| unreadable(given, source))?;
        Self::of(given, &content).map(|_| ())
    }

    /// Reads the file among the keys, which is made when missing.
    pub(in crate::service) fn open(keys: &Path) -> Result<Self, EventsSecretError> {
        let path = &keys.join(FILE);
        if !path.exists() {
            // The body of an access token's text is 32 random bytes in letters and digits.
            let text = TokenText::from_random(random::bytes()?);
            let body = text.reveal().trim_start_matches(crate::domain::secret::PREFIX);
            private_file::write(path, format!("{body}\n").as_bytes())?;
        }
        let content = private_file::read(path)?.ok_or_else(|| unreadable(path, io::ErrorKind::NotFound.into()))?;
        Self::of(path, &content)
    }

    fn of(path: &Path, content: &[u8]) -> Result<Self, EventsSecretError> {
        let unreadable = |source| unreadable(path, source);
        let text = entered::secret(content).map_err(|fault| unreadable(io::Error::other(fault)))?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_plain || !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(unreadable(io::Error::other(NoEventsSecret)));
        }
        let hash = blake3::hash(text.as_bytes());
        Ok(Self { text, hash, path: path.to_owned() })
    }

    fn is(&self, shown: &str) -> bool {
        // `blake3::Hash` compares in constant time.
        blake3::hash(shown.as_bytes()) == self.hash
    }
}

fn unreadable(path: &Path, source: io::Error) -> EventsSecretError {
    EventsSecretError::Unreadable { path: path.to_owned(), source }
}

/// Reads the site's own file. It may be a link, and belong to somebody else, as files do that an orchestrator mounts.
fn read_given(path: &Path) -> io::Result<(File, Zeroizing<Vec<u8>>)> {
    let file = OpenOptions::new().read(true).custom_flags(NO_WAIT).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::other("no ordinary file"));
    }
    let mut content = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    (&file).take(2 * LONGEST as u64).read_to_end(&mut content)?;
    Ok((file, content))
}

impl Service {
    /// The registry as a caller, if `secret` is that of its notifications.
    #[must_use]
    pub fn authenticate_registry(&self, secret: &str) -> Option<Caller> {
        self.events_secret.is(secret).then(Self::registry)
    }

    /// The registry as a caller, also for what dockpass reads there on its own account. It may tell what the registry
    /// holds, and do nothing else.
    #[must_use]
    pub fn registry() -> Caller {
        Caller::new(Subject::Registry, None)
    }

    /// The secret of the registry's notifications, for the local socket; none for everybody else, even administrators,
    /// since it must not go over the network.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands.
    pub fn events_secret(&self, call: &Call) -> Result<Option<Zeroizing<String>>, Error> {
        self.view(call, Act::RegistryView, "", |authority| {
            Ok(authority.local().is_ok().then(|| self.events_secret.text.clone()))
        })
    }

    /// The file that holds the secret of the registry's notifications.
    #[must_use]
    pub fn events_secret_file(&self) -> &Path {
        &self.events_secret.path
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn the_own_file_is_no_link_and_nobody_elses_and_a_given_one_may_be() {
        let keys = tempfile::tempdir().unwrap();
        let (own, theirs) = (keys.path().join(FILE), keys.path().join("theirs"));
        fs::write(&theirs, format!("{SECRET}\n")).unwrap();
        symlink(&theirs, &own).unwrap();
        assert!(matches!(EventsSecret::open(keys.path()), Err(EventsSecretError::File(_))));
        assert_eq!(EventsSecret::read(&own).unwrap().text.as_str(), SECRET);
        fs::remove_file(&own).unwrap();
        fs::copy(&theirs, &own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(EventsSecret::open(keys.path()).unwrap().text.as_str(), SECRET);
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_given_file_is_closed_once_it_has_proved_to_be_the_secret() {
        let site = tempfile::tempdir().unwrap();
        let given = site.path().join("given");
        let read = |content: &str| {
            fs::write(&given, content).unwrap();
            fs::set_permissions(&given, fs::Permissions::from_mode(0o644)).unwrap();
            (EventsSecret::read(&given).is_ok(), fs::metadata(&given).unwrap().permissions().mode() & 0o777)
        };
        assert_eq!(read("root:x:0:0\nalice:x:1000\n"), (false, 0o644), "something else");
        assert_eq!(read(SECRET), (true, 0o640));
    }

    #[test]
    fn a_fifo_holds_up_no_start() {
        let keys = tempfile::tempdir().unwrap();
        let fifo = keys.path().join(FILE);
        assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&fifo).status().unwrap().success());
        assert!(EventsSecret::open(keys.path()).is_err() && EventsSecret::read(&fifo).is_err());
    }
}
