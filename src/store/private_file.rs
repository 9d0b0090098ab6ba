//! Small files that only their owner may read: keys, the first password, markers.
//!
//! Written whole: to a temporary name, fsynced, renamed, and the directory fsynced, so that a crash leaves the old
//! file or the new one.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
const MAX: u64 = 1024 * 1024;

/// Open flags for writing: root must not be led to another file by a symbolic link in somebody else's directory.
pub(super) const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A private file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// Reading or writing failed.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else may read it.
    #[error("{} is readable by others (mode {mode:o}): whoever read it knows its secret; set mode 600 if nobody did", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl PrivateFileError {
    /// Wraps the reason why `path` failed.
    #[must_use]
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Reads a private file; none if there is none.
///
/// # Errors
/// [`PrivateFileError`] if it cannot be read, is larger than 1 MiB, or others may read it.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, PrivateFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(PrivateFileError::io(path, error)),
    };
    let metadata = file.metadata().map_err(|error| PrivateFileError::io(path, error))?;
    if !metadata.is_file() || metadata.len() > MAX {
        return Err(PrivateFileError::io(path, io::Error::other("no file of at most 1 MiB")));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(PrivateFileError::Exposed { path: path.to_owned(), mode: metadata.mode() & 0o777 });
    }
    let mut content = Vec::new();
    file.take(MAX).read_to_end(&mut content).map_err(|error| PrivateFileError::io(path, error))?;
    Ok(Some(content))
}

/// Writes a private file, mode 0600, in place of what was there; durable when it returns.
///
/// # Errors
/// [`PrivateFileError`] if it cannot be written; the old file is then still there.
pub fn write(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let written = write_new(&temporary, content).and_then(|()| std::fs::rename(&temporary, path));
    let synced = written.and_then(|()| path.parent().map_or(Ok(()), sync_directory));
    synced.map_err(|error| PrivateFileError::io(path, error))
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).custom_flags(NO_LINK).open(path)?;
    // The temporary file may be left over from a crash, with another mode.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a directory durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write(&path, b"one").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&path), Err(PrivateFileError::Exposed { mode: 0o644, .. })));
    }

    #[test]
    fn what_is_no_small_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let large = directory.path().join("large");
        write(&large, &vec![b'x'; 1024 * 1024 + 1]).unwrap();
        assert!(matches!(read(&large), Err(PrivateFileError::Io { .. })));
        assert!(matches!(read(directory.path()), Err(PrivateFileError::Io { .. })));
    }

    #[test]
    fn a_link_in_the_place_of_the_temporary_file_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("key"), directory.path().join("other"));
        std::fs::write(&other, "theirs").unwrap();
        std::os::unix::fs::symlink(&other, directory.path().join("key.new")).unwrap();
        assert!(write(&path, b"one").is_err());
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs");
    }
}
