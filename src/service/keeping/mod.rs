//! What an operator needs to keep a site for years: backups, their way back, and the check of the store.
//!
//! A backup has every key, and so it is for the local administrator alone; that it was made is recorded before the first
//! byte of it goes out. A restore is no use-case: no service runs then.

mod ended_again;
mod examined;
mod restored;

use std::io::Write;

use crate::domain::act::Act;
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;
use crate::service::ledger::Deed;
use crate::store::{BackupError, BackupHeader, CheckedStore, SnapshotError, WriteError};

pub use examined::{ExaminedSite, Few, LONG_EXPIRED, OLD, UNUSED};
pub use restored::{Restored, restore};

impl Service {
    /// Refuses all but the local socket.
    ///
    /// # Errors
    /// [`Error::Denied`]
    pub fn may_back_up(&self, call: &Call) -> Result<(), Error> {
        self.view(call, Act::ServerBackup, "", |authority| authority.local().map(drop))
    }

    /// Records that a backup is made.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket; [`Error::Unavailable`].
    pub fn begin_backup(&self, call: &Call) -> Result<(), Error> {
        self.change(call, Deed::new(Act::ServerBackup, ""), |change| change.authority()?.local().map(drop))
    }

    /// Writes a backup of the present moment. Blocks as long as `out` does.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket; [`Error::Unavailable`] while no change is accepted;
    /// [`Error::Internal`] if it cannot be read or written.
    pub fn write_backup(&self, call: &Call, out: impl Write) -> Result<BackupHeader, Error> {
        self.may_back_up(call)?;
        Ok(self.store.back_up(out, &self.clock)?)
    }

    /// Records that a backup is durable where it was written, and notes the time for the metrics. Only who wrote it knows that:
    /// what has gone out may never have got to a disk.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket; [`Error::Unavailable`]; [`Error::Internal`] if it cannot be noted.
    pub fn note_backup(&self, call: &Call) -> Result<(), Error> {
        self.change(call, Deed::new(Act::ServerNoteBackup, ""), |change| change.authority()?.local().map(drop))?;
        self.store.note_backup().map_err(Error::internal)
    }
}

impl Service {
    /// Reads every record of the store, and says what is wrong. Takes long.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket; [`Error::Unavailable`] while no change is accepted;
    /// [`Error::Internal`] if it cannot be read.
    pub fn check_store(&self, call: &Call) -> Result<CheckedStore, Error> {
        self.view(call, Act::ServerCheck, "", |authority| authority.local().map(drop))?;
        self.store.check().map_err(|error| BackupError::from(error).into())
    }
}

impl From<BackupError> for Error {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Snapshot(SnapshotError::Refused(trouble)) => Self::Unavailable(WriteError::Refused(trouble)),
            BackupError::Snapshot(SnapshotError::Write(error)) => Self::Unavailable(error),
            BackupError::Snapshot(SnapshotError::Read(error)) => error.into(),
            other => Self::internal(other),
        }
    }
}
