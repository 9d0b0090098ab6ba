//! A data directory made of a backup.

use std::io::{self, Read};
use std::path::Path;

use super::ended_again::end_again;
use crate::domain::time::Clock;
use crate::store::{self, BackupTrouble, Ended, Opened, Restore, RestoreError, VerifiedBackup, verify_backup};

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was in the backup.
    pub backup: VerifiedBackup,
    /// How many things that were ended since were ended again.
    pub ended_again: u64,
}

/// Makes a data directory of a backup, which `open` reads from its beginning, twice: nothing is written before it is known to
/// be whole. What was `ended` since is ended again, with a record of each. The directory is opened once, as a start does, before it is put into its place.
///
/// # Errors
/// [`RestoreError`]; then nothing is left behind, unless it is [`RestoreError::Interrupted`].
pub fn restore<R: Read>(
    open: impl Fn() -> io::Result<R>,
    target: &Path,
    ended: &[Ended],
    clock: &Clock,
) -> Result<Restored, RestoreError> {
    let opened = || open().map_err(BackupTrouble::Read);
    Restore::refuse_target(target)?;
    verify_backup(opened()?)?;
    let (restore, verified) = Restore::of(opened()?, target)?;
    let Opened { store, access, .. } = store::open(restore.directory(), clock.clone())?;
    let found = store.verify_audit(Some(verified.header.audit))?;
    let ended_again = end_again(&store, &access, ended, clock.now());
    store.close();
    drop(store);
    if let Some(problem) = found.problem {
        return Err(BackupTrouble::AuditLog(problem).into());
    }
    let ended_again = ended_again.map_err(|error| RestoreError::Write(Box::new(error)))?;
    restore.finish()?;
    Ok(Restored { backup: verified, ended_again })
}
