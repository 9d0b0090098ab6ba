//! The data directory: who owns it, who holds it, and whether it ever held a store.
//!
//! ```text
//! dockpass-data/   0700
//!   format         "dockpass data 1", written last at the first start: from then on a missing store is damage
//!   lock           flock and process number of who has it open
//!   store/         sled
//!   keys/          key files
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode};

use super::error::Error;
use super::private_file;

/// The newest format of the data directory that this dockpass knows.
pub(super) const FORMAT: u32 = 1;

const FORMAT_WORDS: &str = "dockpass data ";

/// The data directory, held by this process alone until dropped.
pub struct DataDirectory {
    path: PathBuf,
    /// Its flock ends with it.
    _lock: File,
    was_used: bool,
}

impl DataDirectory {
    /// Makes the directory if there is none, checks it, and takes its lock.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it, [`Error::NewerFormat`] untouched, [`Error::Missing`] if its store is
    /// gone, [`Error::Exposed`] if others may look into it and that cannot be changed.
    pub fn open(path: &Path) -> Result<Self, Error> {
        rustix::process::umask(Mode::from_raw_mode(0o077));
        make_private(path)?;
        let lock = take_lock(path)?;
        let was_used = check_format(path)?;
        for part in ["keys", "store"] {
            make_private(&path.join(part))?;
        }
        let database = path.join("store").join("db");
        if was_used && !database.exists() {
            return Err(Error::Missing { path: database });
        }
        Ok(Self { path: path.to_owned(), _lock: lock, was_used })
    }

    /// Whether it has held a store before.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.was_used
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the key files are.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Notes that from now on the store must be there.
    pub(super) fn mark_used(&mut self) -> Result<(), Error> {
        if !self.was_used {
            private_file::write(&self.path.join("format"), format!("{FORMAT_WORDS}{FORMAT}\n").as_bytes())?;
            self.was_used = true;
        }
        Ok(())
    }

    /// Gives every file to the directory's owner: a command run by root must not leave files that the server's user
    /// cannot open.
    ///
    /// # Errors
    /// [`Error::Io`] if the operating system refuses.
    pub fn give_to_owner(&self) -> Result<(), Error> {
        let metadata = std::fs::metadata(&self.path).map_err(|source| io_error(&self.path, source))?;
        if rustix::process::geteuid().is_root() && metadata.uid() != 0 {
            return give(&self.path, metadata.uid(), metadata.gid());
        }
        Ok(())
    }
}

fn give(directory: &Path, uid: u32, gid: u32) -> Result<(), Error> {
    let entries = std::fs::read_dir(directory).map_err(|source| io_error(directory, source))?;
    for entry in entries.flatten() {
        let path = entry.path();
        std::os::unix::fs::lchown(&path, Some(uid), Some(gid)).map_err(|source| io_error(&path, source))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            give(&path, uid, gid)?;
        }
    }
    Ok(())
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_owned(), source }
}

/// Makes the directory with mode 0700, or takes everybody else's permissions from it.
fn make_private(path: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| io_error(path, source))?;
    let metadata = std::fs::metadata(path).map_err(|source| io_error(path, source))?;
    if metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    log::warn!("{} was open to others (mode {:o}); it is private now", path.display(), metadata.mode() & 0o777);
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(path, private).map_err(|_| Error::Exposed { path: path.to_owned() })
}

fn take_lock(directory: &Path) -> Result<File, Error> {
    let path = directory.join("lock");
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = opened.map_err(|source| io_error(&path, source))?;
    if let Err(error) = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            return Err(io_error(&path, error.into()));
        }
        let mut pid = String::new();
        // Who holds the lock may be between taking it and writing its number; the lock alone is what counts.
        let _ = (&mut file).take(20).read_to_string(&mut pid);
        let pid = pid.trim().to_owned();
        return Err(Error::Locked { path: directory.to_owned(), pid });
    }
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(|source| io_error(&path, source))?;
    Ok(file)
}

/// Whether the directory held a store; refuses what a later dockpass wrote.
fn check_format(directory: &Path) -> Result<bool, Error> {
    let path = directory.join("format");
    let Some(content) = private_file::read(&path)? else { return Ok(false) };
    let text = String::from_utf8_lossy(&content);
    let format = text.trim_end().strip_prefix(FORMAT_WORDS).and_then(|number| number.parse::<u32>().ok());
    match format {
        Some(FORMAT) => Ok(true),
        Some(found) if found > FORMAT => Err(Error::NewerFormat { found, known: FORMAT }),
        Some(_) | None => Err(Error::Io { path, source: io::Error::other("this is no data directory of dockpass") }),
    }
}
