//! What was ended after a backup, and whether the files that were given tell all of it.

use std::collections::BTreeMap;

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
    /// They are of several lives of the store.
    #[error(
        "they are of more than one life of the store, and what was ended between one and the next may be in none of them: it was \
         restored meanwhile, or its ended.log was removed"
    )]
    Lives,
    /// The backup does not say in which life it was made.
    #[error("the backup is of an earlier dockpass, and does not tell whether they are of the same life of the store")]
    Untold,
    /// They go on elsewhere.
    #[error("they go on in another file, which was not named: `ended.log`")]
    GoesOn,
    /// Lines are damaged.
    #[error("{0} lines of them are damaged")]
    Damaged(u64),
    /// A last line is cut off.
    #[error("the last line of one of them is cut off: copy it again, if it is still there")]
    Cut,
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
        let mut lives: BTreeMap<Option<Id>, Vec<&Line>> = BTreeMap::new();
        for file in files {
            lives.entry(file.life).or_default().extend(file.lines.iter().filter(|line| counts(file, line)));
        }
        // A clock may be set back: within a life, the numbers of batches tell the order.
        let mut lives: Vec<Vec<&Line>> = lives.into_values().collect();
        lives.iter_mut().for_each(|lines| lines.sort_by_key(|line| line.batch));
        lives.sort_by_key(|lines| lines.iter().map(|line| line.at).min());
        let lines: Vec<&Line> = lives.into_iter().flatten().collect();
        let damaged = files.iter().map(|file| file.damaged).sum();
        let damaged = (damaged > 0).then_some(Doubt::Damaged(damaged));
        let cut = files.iter().any(|file| file.is_cut).then_some(Doubt::Cut);
        Self {
            ended: lines.iter().map(|line| line.ended.clone()).collect(),
            doubts: uncovered(files, backup).into_iter().chain(damaged).chain(cut).collect(),
            until: lines.iter().map(|line| line.at).max(),
        }
    }
}

/// Why the files may not reach from the backup to the end of the last of them.
fn uncovered(files: &[EndedFile], backup: &BackupHeader) -> Vec<Doubt> {
    let mut own: Vec<&EndedFile> = files.iter().filter(|file| is_of_life(file, backup.life)).collect();
    if own.is_empty() {
        return vec![Doubt::OtherLife];
    }
    own.sort_by_key(|file| file.from);
    let mut doubts = Vec::new();
    let mut reached = backup.batch;
    for file in &own {
        if file.from > reached {
            doubts.push(Doubt::Begins { from: file.from, backup: reached });
        }
        reached = reached.max(file.last());
    }
    let continued = own.iter().filter_map(|file| file.continued).max();
    let is_end = |at: u64| own.iter().any(|file| file.continued.is_none() && (file.from >= at || file.last() > at));
    doubts.extend(continued.filter(|at| !is_end(*at)).map(|_| Doubt::GoesOn));
    doubts.extend(backup.life.is_none().then_some(Doubt::Untold));
    let is_of_many = files.iter().any(|file| file.life != files.first().and_then(|first| first.life));
    doubts.extend(is_of_many.then_some(Doubt::Lives));
    doubts
}

/// Whether a file tells of the life in which a backup was made. Up to version 1 neither said so; a file that does not is older
/// than a backup that does.
fn is_of_life(file: &EndedFile, of_backup: Option<Id>) -> bool {
    of_backup.is_none() || file.life == of_backup
}
