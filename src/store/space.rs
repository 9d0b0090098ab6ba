//! How much of the store's files its rows need, and whether it is worth writing them anew ([`super::compaction`]).
//!
//! What the rows need is counted once after a start, and kept up to date by every change from then on.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, TryLockError};

use super::change::RowChange;
use super::directory::exists;
use super::engine::Entry;
use super::error::{Error, WriteError};
use super::snapshot::SnapshotError;
use super::table::Table;
use super::{Store, WriteAccess};

/// A store whose files have so many bytes less than they could have stays as it is.
const SPARE: u64 = 32 * 1024 * 1024;
/// The first looks after a start do nothing: some minutes.
const PATIENCE: u32 = 10;
/// What sled's files take for each byte of rows that were written in their order, in hundredths.
const FILL: u64 = 160;

/// Why disk space was not given back.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// The files cannot be looked at.
    #[error("the files of the store: {0}")]
    Files(#[from] std::io::Error),
    /// What stands beside the store cannot be looked at.
    #[error(transparent)]
    Beside(#[from] Error),
    /// The rows cannot be counted.
    #[error(transparent)]
    Read(#[from] SnapshotError),
    /// The writer does not answer.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What is known of the room that the store takes.
#[derive(Default)]
pub(super) struct Space {
    looks: u32,
    is_counted: bool,
    /// A compaction was asked for.
    is_asked: bool,
    /// What the last one left, or did not do, is not tried again before the files have so many bytes.
    not_before: u64,
}

/// How many more bytes of rows there are with these changes, which `undo` would take back.
pub(super) fn growth(changes: &[RowChange], undo: &[RowChange]) -> i64 {
    let bytes = |rows: &[RowChange]| -> usize { rows.iter().map(size).sum() };
    let [after, before] = [bytes(changes), bytes(undo)].map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    after - before
}

fn size(row: &RowChange) -> usize {
    row.value.as_ref().map_or(0, |value| row.key.len() + value.len())
}

fn bytes_of(rows: &[Entry]) -> i64 {
    let bytes: usize = rows.iter().map(|(key, value)| key.len() + value.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Store {
    /// Has the store written anew if more than half of its files is free, and there is room to do it. It is done later, by
    /// the writer. Not in the first minutes after a start.
    ///
    /// # Errors
    /// [`SpaceError`]
    pub fn give_space_back(&self, _access: &WriteAccess) -> Result<(), SpaceError> {
        let mut space = match self.space.try_lock() {
            Ok(space) => space,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        space.looks = space.looks.saturating_add(1);
        // What costs nothing is asked before the disk is.
        if space.looks <= PATIENCE || self.shared.compaction_is_due.load(Ordering::SeqCst) {
            return Ok(());
        }
        let files = super::size_at(&self.shared.path)?;
        // With the store of an earlier format still beside it, what names are there would tell an earlier dockpass too much.
        let keeps_earlier = || exists(&self.directory.lock().unwrap_or_else(PoisonError::into_inner).store_before());
        if files < SPARE || keeps_earlier()? {
            return Ok(());
        }
        if !space.is_counted {
            self.count_rows()?;
            space.is_counted = true;
        }
        let rows = u64::try_from(self.shared.live.load(Ordering::Relaxed)).unwrap_or_default();
        let expected = rows.saturating_mul(FILL) / 100;
        let is_worth_it = files > expected.saturating_mul(2).saturating_add(SPARE);
        if std::mem::take(&mut space.is_asked) {
            space.not_before = if is_worth_it { files.saturating_mul(2) } else { 0 };
        }
        if !is_worth_it || files < space.not_before {
            return Ok(());
        }
        if self.room().is_none_or(|room| room < expected.saturating_add(2 * SPARE)) {
            log::debug!("{files} bytes of the store could be {expected}, but there is no room to write it anew");
            return Ok(());
        }
        space.is_asked = true;
        drop(space);
        Ok(self.compact()?)
    }

    /// Counts the rows as of one moment. What changes meanwhile is counted beside it.
    pub(super) fn count_rows(&self) -> Result<(), SnapshotError> {
        self.count_rows_while(|| ())
    }

    /// The same; `meanwhile` is done after each step.
    pub(super) fn count_rows_while(&self, mut meanwhile: impl FnMut()) -> Result<(), SnapshotError> {
        let (snapshot, mut bytes) = (self.snapshot()?, 0);
        for (table, _) in Table::ALL {
            for step in snapshot.table(table) {
                bytes += bytes_of(&step?);
                meanwhile();
            }
        }
        // What was added before the snapshot is among its rows.
        self.shared.live.fetch_add(bytes - snapshot.live, Ordering::Relaxed);
        Ok(())
    }

    /// Has the store written anew, whatever it would give back.
    pub(super) fn compact(&self) -> Result<(), WriteError> {
        self.shared.compaction_is_due.store(true, Ordering::SeqCst);
        // It may be waiting for a change.
        self.enqueue(|_| Ok(()))
    }

    /// Whether the store is being written anew, or about to be.
    #[cfg(test)]
    pub(super) fn is_compacting(&self) -> bool {
        self.shared.compaction_is_due.load(Ordering::SeqCst)
    }

    /// Bytes of rows: as they were counted, and as a new count says.
    #[cfg(test)]
    pub(super) fn counted_rows(&self) -> (i64, i64) {
        let all = Table::ALL.map(|(table, _)| self.shared.engine.scan_on(table, &[], usize::MAX).unwrap_or_default());
        (self.shared.live.load(Ordering::Relaxed), all.iter().map(|rows| bytes_of(rows)).sum())
    }
}
