//! From a backup to a data directory.
//!
//! It is made inside the directory that it is for, in [`RESTORING`], whole, and opened once as a start would; then what is
//! in there is renamed to its place, the note of the format last. A directory with [`RESTORING`] and without that note is
//! no data directory, and no server starts on it: so one that was interrupted leaves nothing half, and is begun anew.
//!
//! A directory that holds anything else is refused, untouched. The rows are written as they stand in the backup, with the
//! seal of their batch: what was restored is the very store that was backed up.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode};

use super::backup::{BackupTrouble, Checked, Checking, VerifiedBackup};
use super::change::RowChange;
use super::directory;
use super::end::NotedEnd;
use super::engine::{CommitError, Engine};
use super::error::Error;
use super::journal::Journal;
use super::migration;
use super::record::Folded;
use super::seal::SealKey;
use super::{AUDIT_KEY, audit_key, load};
use crate::data_files::{self, END, FORMAT, JOURNAL, KEYS, LOCK, RESTORING, STORE};
use crate::denied;
use crate::private_file::{self, OTHERS, PrivateFileError, create_directory, sync_directory};

/// Rows of one change.
const PIECE: usize = 1_000;
/// Bytes of one change.
const PIECE_BYTES: usize = 1024 * 1024;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupTrouble),
    /// The directory holds something.
    #[error("{} is not empty: it holds `{entry}`; a restore needs an empty directory, or one that is not there yet", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// One of its entries.
        entry: String,
    },
    /// The directory is somebody else's.
    #[error(
        "{} belongs to {}, who would be the administrator of what is restored: {}",
        path.display(), denied::user(*owner), denied::way_to_restore(path, *owner)
    )]
    Theirs {
        /// The directory.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
    },
    /// Another restore is at work.
    #[error("another restore is at work in {}", .0.display())]
    Busy(PathBuf),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The store that was made does not open.
    #[error(transparent)]
    Store(#[from] Error),
    /// What was made could not be put into its place.
    #[error("the restore was interrupted, and {} is no data directory yet: restore into it again: {source}", path.display())]
    Interrupted {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The rows cannot be written.
    #[error("the store could not be written")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<CommitError> for RestoreError {
    fn from(error: CommitError) -> Self {
        Self::Write(Box::new(error))
    }
}

/// A data directory that was made of a backup and is not in its place yet. Dropped, it leaves nothing.
pub struct Restore {
    target: PathBuf,
    inside: PathBuf,
    /// The directory, locked: nobody else restores into it.
    _lock: File,
    has_made_target: bool,
    is_done: bool,
}

impl Restore {
    /// Makes the data directory of a backup, which is checked once more on the way, to be in the place of `target`.
    ///
    /// # Errors
    /// [`RestoreError`]; then nothing is left of it.
    pub fn of(backup: impl Read, target: &Path) -> Result<(Self, VerifiedBackup), RestoreError> {
        let checking = Checking::begin(backup)?;
        let restore = Self::begin(target)?;
        let made = restore.make(checking)?;
        Ok((restore, made))
    }

    /// Whether a backup could be restored into this directory.
    ///
    /// # Errors
    /// [`RestoreError::NotEmpty`], [`RestoreError::Theirs`], [`RestoreError::File`]
    pub fn refuse_target(target: &Path) -> Result<(), RestoreError> {
        match fs::read_dir(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => {
                // Theirs first: to be let in would not be enough.
                refuse_theirs(target)?;
                Err(PrivateFileError::io(target, error).into())
            }
            Ok(entries) => refuse_foreign(target, entries).map(drop),
        }
    }

    /// The data directory, while it is made.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.inside
    }

    /// Puts the data directory into its place.
    ///
    /// # Errors
    /// [`RestoreError::Interrupted`]
    pub fn finish(mut self) -> Result<(), RestoreError> {
        // From here on nothing is taken back: what was moved would look like a data directory whose start was interrupted. The
        // next restore begins anew.
        self.is_done = true;
        self.move_out().map_err(|source| RestoreError::Interrupted { path: self.target.clone(), source })?;
        if let Err(error) = self.settle() {
            log::warn!("{}: it is restored, but that may not be durable yet: {error}", self.target.display());
        }
        Ok(())
    }

    /// Ends as a killed process does: what is made stays where it is.
    #[cfg(test)]
    pub(super) fn abandon(mut self) {
        self.is_done = true;
    }

    fn move_out(&self) -> io::Result<()> {
        // Whose lock it was has closed the store.
        remove_if_there(&self.inside.join(LOCK))?;
        for entry in fs::read_dir(&self.inside)? {
            let name = entry?.file_name();
            if name != FORMAT {
                fs::rename(self.inside.join(&name), self.target.join(&name))?;
            }
        }
        self.sync_names()?;
        // From here on it is a data directory.
        fs::rename(self.inside.join(FORMAT), self.target.join(FORMAT))
    }

    /// What is left once it is a data directory.
    fn settle(&self) -> io::Result<()> {
        self.sync_names()?;
        fs::remove_dir(&self.inside)?;
        sync_directory(&self.target)
    }

    /// Makes durable what was renamed, from the one directory to the other.
    fn sync_names(&self) -> io::Result<()> {
        sync_directory(&self.target)?;
        sync_directory(&self.inside)
    }

    fn begin(target: &Path) -> Result<Self, RestoreError> {
        // Before anything is closed to others: it may be anybody's.
        Self::refuse_target(target)?;
        let failed = |source| PrivateFileError::io(target, source);
        let has_made_target = fs::symlink_metadata(target).is_err();
        private_file::make_directory(target)?;
        rustix::process::umask(Mode::from_raw_mode(OTHERS));
        let lock = File::open(target).map_err(failed)?;
        if let Err(error) = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(match error {
                rustix::io::Errno::WOULDBLOCK => RestoreError::Busy(target.to_owned()),
                other => failed(other.into()).into(),
            });
        }
        let mut left = refuse_foreign(target, fs::read_dir(target).map_err(failed)?)?;
        // While that is there, no server takes the rest for its own.
        left.sort_by_key(|name| name == RESTORING);
        for left in left {
            remove_all(&target.join(left)).map_err(failed)?;
        }
        let inside = target.join(RESTORING);
        create_directory(&inside).map_err(failed)?;
        let restore = Self { target: target.to_owned(), inside, _lock: lock, has_made_target, is_done: false };
        for part in [KEYS, STORE] {
            create_directory(&restore.inside.join(part)).map_err(failed)?;
        }
        Ok(restore)
    }

    fn make<R: Read>(&self, mut checking: Checking<R>) -> Result<VerifiedBackup, RestoreError> {
        let engine = Engine::open(&self.inside.join(STORE))?;
        let (mut piece, mut bytes) = (Vec::new(), 0);
        while let Some(part) = checking.next()? {
            match part {
                Checked::File(name, content) => private_file::write(&self.inside.join(name), &content)?,
                Checked::Row(change) => {
                    bytes += size(&change);
                    piece.push(change);
                }
            }
            if piece.len() >= PIECE || bytes >= PIECE_BYTES {
                engine.commit(&piece)?;
                (piece, bytes) = (Vec::new(), 0);
            }
        }
        engine.commit(&piece)?;
        let verified = checking.finish()?;
        self.make_rest(&engine, verified.header.format)?;
        engine.close()?;
        Ok(verified)
    }

    /// Makes what stands beside the store, once that is whole.
    fn make_rest(&self, engine: &Engine, format: u32) -> Result<(), RestoreError> {
        let failed = |source| PrivateFileError::io(&self.inside, source);
        let key = private_file::read(&self.inside.join(AUDIT_KEY))?;
        let key = key.as_ref().and_then(|content| audit_key::read(content));
        let key = key.ok_or_else(|| failed(io::Error::other("the key of the audit log is missing")))?;
        let (key, path) = (SealKey::of(&key), self.inside.join(END));
        let (seal, folded) = if format <= migration::LAST_BEFORE {
            // Its rows are read to be written anew, by the start that follows.
            (migration::read(engine, &key, &path)?.1, Folded::default())
        } else {
            let loaded = load::load(engine, &key)?;
            (loaded.seal, loaded.folded)
        };
        let (mut end, _) = NotedEnd::open(&path).map_err(failed)?;
        end.note(seal.end());
        end.sync().map_err(failed)?;
        let journal = self.inside.join(JOURNAL);
        Journal::open(&journal, folded)?;
        // A server goes on without one where there is no room for it.
        fs::symlink_metadata(&journal).map_err(|_| failed(io::ErrorKind::StorageFull.into()))?;
        directory::note_format(&self.inside, format)?;
        Ok(())
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let removed = remove_all(&self.inside)
            .and_then(|()| if self.has_made_target { fs::remove_dir(&self.target) } else { Ok(()) });
        if let Err(error) = removed {
            log::warn!("{}: {error}", self.target.display());
        }
    }
}

fn size(change: &RowChange) -> usize {
    change.key.len() + change.value.as_ref().map_or(0, Vec::len)
}

/// Refuses a directory of another user.
fn refuse_theirs(target: &Path) -> Result<(), RestoreError> {
    let owner = private_file::owner(target).map_err(|source| PrivateFileError::io(target, source))?;
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(RestoreError::Theirs { path: target.to_owned(), owner })
}

/// What an interrupted restore has left in a directory, to be removed; refuses one that holds anything else.
fn refuse_foreign(target: &Path, entries: fs::ReadDir) -> Result<Vec<String>, RestoreError> {
    refuse_theirs(target)?;
    let failed = |source| PrivateFileError::io(target, source);
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| name != "lost+found");
    let is_ours = |name: &String| name == RESTORING || (data_files::is_known(name) && name != FORMAT);
    let is_interrupted = names.iter().any(|name| name == RESTORING) && names.iter().all(is_ours);
    match names.first() {
        Some(entry) if !is_interrupted => Err(RestoreError::NotEmpty { path: target.to_owned(), entry: entry.clone() }),
        Some(_) | None => Ok(names),
    }
}

fn remove_all(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
