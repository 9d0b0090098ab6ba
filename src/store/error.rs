//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

use super::table::Table;
use crate::denied;
use crate::private_file::PrivateFileError;

/// Why the store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("{}", denied::told(path, source))]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data directory could not be made where this user may not write.
    #[error("{}", denied::unmade(path, source))]
    Unmade {
        /// The data directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data directory lies beyond one that does not let this user in.
    #[error("{}", denied::told_of_site(path, source))]
    Unreachable {
        /// The data directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A data directory that does not let this user in.
    #[error("{}", denied::closed(path, *owner))]
    ClosedToUs {
        /// The data directory.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
    },
    /// A private file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// sled refused.
    #[error(
        "the store does not open; if the disk is full, make room; if it is damaged, put a copy of the data directory in its place, as the manual says under \"A copy, and back\""
    )]
    Sled(#[source] sled::Error),
    /// sled stopped in the middle, which it does on damage.
    #[error(
        "the store is damaged and does not open; put a copy of the data directory in its place, as the manual says under \"A copy, and back\""
    )]
    Unreadable,
    /// The store is closed, or being opened again.
    #[error("the store is closed, or being opened again; try again in a moment")]
    Closed,
    /// The store ends before, or otherwise than, what was noted outside it: the damaged end of a log looks like its end.
    #[error(
        "the store has lost its last changes: it ends with batch {found}, but batch {noted} was noted in {}; put a copy of the data directory in its place, as the manual says under \"A copy, and back\", or remove that file to go on without those changes",
        path.display()
    )]
    Shortened {
        /// The number of the last batch of changes in the store.
        found: u64,
        /// The number that was noted.
        noted: u64,
        /// The file with the note.
        path: PathBuf,
    },
    /// The journal of endings is damaged.
    #[error(
        "{}, the journal of what was revoked while the disk was full, is damaged: {reason}; without it, that may be in force again: put back a copy of the data directory, or remove the file to go on, and revoke again what it held",
        path.display()
    )]
    Journal {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Part of the data directory is gone.
    #[error("{} is missing: this data directory held a store before; put a copy of the data directory in its place, as the manual says under \"A copy, and back\"", path.display())]
    Missing {
        /// What is missing.
        path: PathBuf,
    },
    /// A record does not decode, or contradicts another.
    #[error(
        "the record {key} of {table} is damaged ({reason}); put a copy of the data directory in its place, as the manual says under \"A copy, and back\""
    )]
    Corrupt {
        /// The table.
        table: Table,
        /// The key, in hexadecimal.
        key: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Another process has it.
    #[error("{} is in use by the server (pid {pid})", path.display())]
    Locked {
        /// The data directory.
        path: PathBuf,
        /// That process.
        pid: String,
    },
    /// A later dockpass wrote it.
    #[error(
        "this data was written by a later dockpass (format {found}, this one knows {known}); nothing was changed; run that dockpass again, or go back: move this directory away, and `dockpass restore` into its place a backup from before the upgrade, such as the one that the upgrade has kept (`upgrade-backups` in it, unless the configuration says otherwise)"
    )]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// No backup was kept of a store of an earlier format, which is to be.
    #[error(
        "the store is of format {format}, and is to be brought to format {known}, which no earlier dockpass opens; the backup of it that is kept before cannot be written into {}; nothing was changed: make it possible, let server.upgrade_backup_dir name another directory, or set server.upgrade_backup = false (`serve --no-upgrade-backup`) to go on without one",
        place.display()
    )]
    NotKept {
        /// The format found.
        format: u32,
        /// Today's.
        known: u32,
        /// Where it was to be.
        place: PathBuf,
        /// Why it is not there.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store cannot be brought to today's format.
    #[error(
        "the store was not brought to today's format; nothing is lost, what was done stays and the next start goes on; the store as it was is {}",
        before.display()
    )]
    NotMigrated {
        /// The store as it was.
        before: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A store of an earlier dockpass stands beside one that was kept from a migration.
    #[error(
        "{} is of an earlier dockpass, and {} was kept from a migration: move one of them elsewhere; nothing was changed",
        store.display(), before.display()
    )]
    TwoStores {
        /// The store.
        store: PathBuf,
        /// The one that was kept.
        before: PathBuf,
    },
    /// The disk has no room for the store in today's format beside the one that is there.
    #[error(
        "{} is of an earlier dockpass and is to be written anew in today's format: that needs {} MiB of free disk space, there are {}; nothing was changed",
        path.display(), needed.div_ceil(1 << 20), free >> 20
    )]
    NoRoomToMigrate {
        /// The store.
        path: PathBuf,
        /// So much room is needed, in bytes.
        needed: u64,
        /// So much there is, in bytes.
        free: u64,
    },
    /// A later dockpass wrote part of it.
    #[error("this data was written by a later dockpass ({what}); nothing was changed")]
    Newer {
        /// What is not known here.
        what: String,
    },
    /// The directory's permissions let others in and cannot be mended.
    #[error(
        "{} is open to others and not ours to close: {}", path.display(), denied::way_to_own(path)
    )]
    Exposed {
        /// The directory or file.
        path: PathBuf,
    },
    /// A directory that holds something else.
    #[error("{} is no data directory of dockpass: it holds `{entry}`; name an empty directory, or one that is not there yet", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of its entries that dockpass did not make.
        entry: String,
    },
    /// An empty directory of another user.
    #[error(
        "{} is empty and belongs to {}, who would be the administrator of what is made there: {}",
        path.display(), denied::user(*owner), denied::way_to_start(path, *owner, "")
    )]
    Theirs {
        /// The directory.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
    },
}

impl Error {
    /// A damaged record.
    #[must_use]
    pub fn corrupt(table: Table, key: &[u8], reason: &'static str) -> Self {
        Self::Corrupt { table, key: hex(key), reason }
    }

    /// Whether the store can be read again soon: it is being opened again, or will be as soon as there is room, until when sled
    /// answers everything with the write that failed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let is_latched = matches!(self, Self::Sled(_)) && self.passing().is_some();
        is_latched || matches!(self, Self::Closed)
    }

    /// What the file system lacked, if that may come back.
    pub(super) fn passing(&self) -> Option<Trouble> {
        let (Self::Io { source, .. } | Self::Sled(sled::Error::Io(source))) = self else { return None };
        Trouble::passing(source)
    }
}

/// The bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Whether the file system has no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What keeps the store from making changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// There is no room; changes are accepted again as soon as there is.
    #[error("the disk is full")]
    Full,
    /// The file system is read-only; changes are accepted again as soon as it can be written.
    #[error("the file system of the data directory is read-only")]
    ReadOnly,
    /// The store was closed to be exchanged, and does not open yet; changes are accepted again as soon as it does.
    #[error("the store is closed, as it does not open again yet")]
    Closed,
    /// The disk failed; no change is accepted until a restart.
    #[error("the disk failed: no change is accepted until a restart")]
    Broken,
    /// The data directory or its store was moved, removed or replaced under the running server: what it writes would be
    /// lost. No change is accepted until a restart.
    #[error("the files of the store were moved, removed or replaced: no change is accepted until a restart")]
    Vanished,
}

impl Trouble {
    /// What a failed write tells, if it was not begun and may be done later.
    pub(super) fn passing(error: &io::Error) -> Option<Self> {
        if error.kind() == io::ErrorKind::ReadOnlyFilesystem {
            return Some(Self::ReadOnly);
        }
        is_full(error).then_some(Self::Full)
    }
}

/// Why a change was not made, or may not have been. It left no trace in the running process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More changes wait than are let in.
    #[error("too many changes are waiting")]
    Busy,
    /// The change was refused: nothing of it is anywhere.
    #[error(transparent)]
    Refused(Trouble),
    /// The change had been written when the trouble was noticed: it may be there after a restart, whole.
    #[error("it is not known whether the change was made; {0}")]
    Unknown(Trouble),
    /// This program failed in the middle of the change.
    #[error("the change failed inside; the log says more")]
    Failed,
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

impl WriteError {
    /// The same for a change of which nothing was written yet.
    pub(super) fn before_writing(self) -> Self {
        match self {
            Self::Unknown(trouble) => Self::Refused(trouble),
            other => other,
        }
    }

    /// Whether the change may be there after a restart.
    #[must_use]
    pub fn may_be_made(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Busy | Self::Refused(_) | Self::Failed | Self::Closed => false,
        }
    }
}
