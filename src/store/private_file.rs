//! Small files that only their owner may read: keys, the first password, markers.
//!
//! Written whole: to a temporary name, fsynced, renamed, and the directory fsynced, so that a crash leaves the old
//! file or the new one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes.
const MAX: u64 = 1024 * 1024;

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
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
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
    use std::os::unix::fs::PermissionsExt;

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
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&path), Err(PrivateFileError::Exposed { mode: 0o644, .. })));
    }
}
