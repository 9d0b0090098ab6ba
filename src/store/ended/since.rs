//! What was ended after a backup, and whether the files that were given tell all of it.

use super::Ended;
use super::read::{EndedFile, Line};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::store::backup::BackupHeader;

/// What files of endings say of the time since a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedSince {
    /// What was ended, oldest first.
    pub ended: Vec<Ended>,
    /// Why it may not be all.
    pub doubts: Vec<Doubt>,
    /// When the last of it was ended; none if nothing was.
    pub until: Option<Timestamp>,
}

/// Why files of endings may not tell all that was ended since a backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// They begin later.
    #[error(
        "they are complete after batch {from} only, and the backup is of batch {backup}: name the file before, `ended.log.1`, too"
    )]
    Begins {
        /// From which batch on they are complete.
        from: u64,
        /// That of the backup.
        backup: u64,
    },
    /// The backup was made in another life of the store.
    #[error(
        "none of them is of the life of the store in which the backup was made: it was restored, or its ended.log was removed, \
         before or after"
    )]
    OtherLife,
    /// They go on elsewhere.
    #[error("they go on in another file, which was not named: `ended.log`")]
    GoesOn,
    /// Lines are damaged.
    #[error("{0} lines of them are damaged")]
    Damaged(u64),
}

impl EndedSince {
    /// What these files, which are of the backup's store, say of the time since it was made.
    #[must_use]
    pub fn of(files: &[EndedFile], backup: &BackupHeader) -> Self {
        let created = backup.created_at.whole_seconds();
        let counts = |file: &EndedFile, line: &Line| match (backup.life, file.life) {
            (Some(of_backup), Some(life)) if of_backup == life => line.batch > backup.batch,
            // In another life, the numbers of batches say nothing.
            (Some(_), _) => line.at >= created,
            (None, _) => line.batch > backup.batch || line.at >= created,
        };
        let lines = files.iter().flat_map(|file| file.lines.iter().filter(move |line| counts(file, line)));
        let mut lines: Vec<&Line> = lines.collect();
        lines.sort_by_key(|line| (line.at, line.batch));
        let damaged = files.iter().map(|file| file.damaged).sum();
        let damaged = (damaged > 0).then_some(Doubt::Damaged(damaged));
        Self {
            ended: lines.iter().map(|line| line.ended.clone()).collect(),
            doubts: uncovered(files, backup).into_iter().chain(damaged).collect(),
            until: lines.last().map(|line| line.at),
        }
    }
}

/// Why the files do not reach from the backup to the end of the last of them; none if they do.
fn uncovered(files: &[EndedFile], backup: &BackupHeader) -> Option<Doubt> {
    let mut own: Vec<&EndedFile> = files.iter().filter(|file| is_of_life(file, backup.life)).collect();
    own.sort_by_key(|file| file.from);
    let mut reached = backup.batch;
    for file in &own {
        if file.from > reached {
            return Some(Doubt::Begins { from: file.from, backup: reached });
        }
        match file.continued {
            Some(batch) => reached = reached.max(batch),
            None => return None,
        }
    }
    Some(if own.is_empty() { Doubt::OtherLife } else { Doubt::GoesOn })
}

/// Whether a file tells of the life in which a backup was made. Up to version 1 neither said so; a file that does not is older
/// than a backup that does.
fn is_of_life(file: &EndedFile, of_backup: Option<Id>) -> bool {
    of_backup.is_none() || file.life == of_backup
}
