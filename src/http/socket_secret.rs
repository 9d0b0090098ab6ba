//! The secret of the local socket. The peer's user id says who connects, not who asks: a proxy of the same user would
//! lend its rights to the whole network. So each request shows what only a reader of the data directory has: the text of
//! a private file, made anew at each start.

use std::path::Path;

use zeroize::Zeroizing;

use crate::data_files;
use crate::domain::random::{self, NoRandomness};
use crate::domain::secret::{PREFIX, TokenText};
use crate::private_file::{self, PrivateFileError};

/// The header of each request over the local socket, with the secret.
pub const SOCKET_SECRET_HEADER: &str = "dockpass-socket-secret";

/// Why the secret can be neither made nor read.
#[derive(Debug, thiserror::Error)]
pub enum SocketSecretError {
    /// Its file.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// Something else stands there.
    #[error("{0} does not hold the secret of the local socket; the next start of the server writes it anew")]
    Foreign(String),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The secret as the server keeps it: its hash, which is compared in constant time.
#[derive(Clone, Copy)]
pub(crate) struct SocketSecret(blake3::Hash);

impl SocketSecret {
    /// Makes a new one and writes it to its file. Where there is no room for that, the one of the start before goes on.
    pub(super) fn make(directory: &Path) -> Result<Self, SocketSecretError> {
        let text = TokenText::from_random(random::bytes()?);
        let text = Zeroizing::new(text.reveal().trim_start_matches(PREFIX).to_owned());
        let path = directory.join(data_files::SOCKET_SECRET);
        match private_file::write(&path, Zeroizing::new(format!("{}\n", *text)).as_bytes()) {
            Ok(()) => Ok(Self(blake3::hash(text.as_bytes()))),
            Err(error) => match read_socket_secret(directory) {
                Ok(Some(before)) => {
                    log::warn!("the local socket keeps its secret: {}", crate::causes::with_causes(&error));
                    Ok(Self(blake3::hash(before.as_bytes())))
                }
                Ok(None) | Err(_) => Err(error.into()),
            },
        }
    }

    pub(super) fn is(self, shown: &[u8]) -> bool {
        blake3::hash(shown) == self.0
    }
}

/// The secret of the socket in this data directory; none where no server of this version has started yet.
///
/// # Errors
/// [`SocketSecretError`] if its file cannot be read, is somebody else's and open to others, or holds anything else: that is
/// nobody's to send.
pub fn read_socket_secret(directory: &Path) -> Result<Option<Zeroizing<String>>, SocketSecretError> {
    let path = directory.join(data_files::SOCKET_SECRET);
    let Some(content) = private_file::read(&path)? else { return Ok(None) };
    let text = std::str::from_utf8(&content).ok().and_then(|text| text.strip_suffix('\n'));
    let is_ours = |text: &&str| TokenText::parse(&Zeroizing::new(format!("{PREFIX}{text}"))).is_ok();
    let text = text.filter(is_ours).ok_or_else(|| SocketSecretError::Foreign(path.display().to_string()))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_start_makes_another_that_is_private_and_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read_socket_secret(directory.path()).unwrap().is_none());
        let first = SocketSecret::make(directory.path()).unwrap();
        let shown = read_socket_secret(directory.path()).unwrap().unwrap();
        assert!(first.is(shown.as_bytes()) && !first.is(b"") && !first.is(&shown.as_bytes()[1..]));
        let second = SocketSecret::make(directory.path()).unwrap();
        assert!(!second.is(shown.as_bytes()));
        let mode = fs::metadata(directory.path().join(data_files::SOCKET_SECRET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_room_for_a_new_one_the_old_one_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        SocketSecret::make(directory.path()).unwrap();
        let before = read_socket_secret(directory.path()).unwrap().unwrap();
        // A directory in the place of the temporary file: nothing can be written.
        fs::create_dir_all(directory.path().join("socket-secret.new/in-the-way")).unwrap();
        assert!(SocketSecret::make(directory.path()).unwrap().is(before.as_bytes()));
        fs::remove_file(directory.path().join(data_files::SOCKET_SECRET)).unwrap();
        assert!(matches!(SocketSecret::make(directory.path()), Err(SocketSecretError::File(_))));
    }

    #[test]
    fn what_is_no_such_secret_is_sent_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        SocketSecret::make(directory.path()).unwrap();
        let path = directory.path().join(data_files::SOCKET_SECRET);
        let ours = fs::read_to_string(&path).unwrap();
        for content in ["", "\n", "root:x:0:0\n", &ours[1..], ours.trim_end(), &format!("{ours}\n")] {
            fs::write(&path, content).unwrap();
            assert!(matches!(read_socket_secret(directory.path()), Err(SocketSecretError::Foreign(_))), "{content:?}");
        }
        fs::write(&path, &ours).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_socket_secret(directory.path()).unwrap().is_some());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "closed, as everything else is");
    }
}
