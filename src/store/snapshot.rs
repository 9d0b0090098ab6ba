//! One moment of the whole store, read from the disk while the writer goes on.
//!
//! Before each batch, the writer hands what stands at the keys that it changes to every open snapshot. A reader goes through
//! the tables step by step, and puts these rows in the place of those that it has found: so it reads the batch that was
//! the last one when the snapshot was opened, and no other. What it has read already is not kept, nor are audit records that
//! came later, so that little has to be. If it is more than [`MOST`] all the same, the snapshot is given up.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Store;
use super::change::RowChange;
use super::engine::{Engine, Entry};
use super::error::{Error, Trouble, WriteError};
use super::seal::Seal;
use super::state::State;
use super::table::Table;

/// Rows of one step.
const STEP: usize = 256;
/// Bytes that are kept for one snapshot.
const MOST: usize = 64 * 1024 * 1024;
/// What a kept row takes beside its key and its value, in bytes.
const OVERHEAD: usize = 128;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// Changes are not accepted, and so it is not sure what the disk holds.
    #[error("the store is not read while no change is accepted: {0}")]
    Refused(Trouble),
    /// The writer does not answer.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Too much has changed since the snapshot was opened.
    #[error("more has changed meanwhile than is kept for this ({} MiB): write to a faster place, or at a quieter time", MOST >> 20)]
    Overrun,
}

/// What the writer shares with those who read a snapshot.
pub(super) struct Snapshots(Mutex<Present>);

struct Present {
    seal: Seal,
    open: Vec<Weak<Kept>>,
}

/// The rows of a snapshot that have changed since.
struct Kept {
    /// The last audit record of the snapshot.
    head: u64,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    kept: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
    bytes: usize,
    /// How far each table was read.
    read: BTreeMap<Table, Read>,
    is_overrun: bool,
}

/// How far a table was read.
enum Read {
    To(Vec<u8>),
    Whole,
}

/// A batch that the writer is about to make.
pub(super) struct Making<'m>(MutexGuard<'m, Present>);

impl Snapshots {
    pub(super) fn new(seal: Seal) -> Self {
        Self(Mutex::new(Present { seal, open: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody reads one.
    pub(super) fn is_open(&self) -> bool {
        self.lock().open.iter().any(|open| open.strong_count() > 0)
    }

    /// Keeps what a batch is about to change, which `undo` would bring back. No snapshot is opened until it is made.
    pub(super) fn making(&self, undo: &[RowChange]) -> Making<'_> {
        let mut present = self.lock();
        present.open.retain(|open| open.upgrade().is_some_and(|kept| kept.keep(undo)));
        Making(present)
    }
}

impl Making<'_> {
    /// Notes the seal of the batch, which is on the disk.
    pub(super) fn made(&mut self, seal: Seal) {
        self.0.seal = seal;
    }
}

impl Kept {
    /// Keeps these rows; false once nothing more is to be kept.
    fn keep(&self, undo: &[RowChange]) -> bool {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        for change in undo.iter().filter(|change| !self.is_later(change)) {
            rows.keep(change);
        }
        !rows.is_overrun
    }

    /// Whether it is an audit record that came after the snapshot.
    fn is_later(&self, change: &RowChange) -> bool {
        let number = change.key.as_slice().try_into().map(u64::from_be_bytes);
        change.table == Table::Audit && number.is_ok_and(|number| number > self.head)
    }
}

impl Rows {
    fn keep(&mut self, change: &RowChange) {
        let is_read = match self.read.get(&change.table) {
            None => false,
            Some(Read::To(last)) => change.key <= *last,
            Some(Read::Whole) => true,
        };
        if is_read || self.is_overrun {
            return;
        }
        let key = (change.table, change.key.clone());
        // The first one is that of the snapshot.
        if let std::collections::btree_map::Entry::Vacant(place) = self.kept.entry(key) {
            self.bytes += room_of(&change.key, change.value.as_deref());
            place.insert(change.value.clone());
        }
        if self.bytes > MOST {
            *self = Self { is_overrun: true, ..Self::default() };
        }
    }

    /// Puts a step right, which the disk has shown, and forgets what was kept for it. `last` is its last key; none at the
    /// end of the table.
    fn put_right(&mut self, table: Table, start: &[u8], last: Option<Vec<u8>>, found: &mut Vec<Entry>) {
        let rows = self
            .kept
            .range((table, start.to_vec())..)
            .take_while(|((of, key), _)| *of == table && last.as_ref().is_none_or(|last| key <= last));
        let keys: Vec<(Table, Vec<u8>)> = rows.map(|(key, _)| key.clone()).collect();
        if !keys.is_empty() {
            let mut right: BTreeMap<Vec<u8>, Vec<u8>> = std::mem::take(found).into_iter().collect();
            for key in keys {
                let value = self.kept.remove(&key).flatten();
                // What was read takes no room any more: only what waits to be is bounded.
                self.bytes = self.bytes.saturating_sub(room_of(&key.1, value.as_deref()));
                match value {
                    Some(value) => right.insert(key.1, value),
                    None => right.remove(&key.1),
                };
            }
            *found = right.into_iter().collect();
        }
        self.read.insert(table, last.map_or(Read::Whole, Read::To));
    }
}

/// What a kept row takes, in bytes.
fn room_of(key: &[u8], value: Option<&[u8]>) -> usize {
    OVERHEAD + key.len() + value.map_or(0, <[u8]>::len)
}

/// The whole store as of one batch.
pub(super) struct Snapshot<'s> {
    engine: &'s Engine,
    kept: Arc<Kept>,
    /// The seal of its last batch.
    pub(super) seal: Seal,
    /// Its state.
    pub(super) state: Arc<State>,
    /// What was counted of its rows, in bytes ([`super::space`]).
    pub(super) live: i64,
}

impl Store {
    /// The store as of the last batch. It is read once, from the first row of each table to the last.
    pub(super) fn snapshot(&self) -> Result<Snapshot<'_>, SnapshotError> {
        // At a start, the writer folds the journal in first.
        self.enqueue(|_| Ok::<(), WriteError>(()))?;
        let mut present = self.shared.snapshots.lock();
        if let Some(trouble) = **self.shared.refusal.load() {
            return Err(SnapshotError::Refused(trouble));
        }
        let (seal, state) = (present.seal, self.state());
        let live = self.shared.live.load(Ordering::Relaxed);
        let kept = Arc::new(Kept { head: state.audit().seq, rows: Mutex::default() });
        present.open.push(Arc::downgrade(&kept));
        Ok(Snapshot { engine: &self.shared.engine, kept, seal, state, live })
    }
}

impl<'s> Snapshot<'s> {
    /// What a database holds that nobody writes to; of its seal and its state nothing is known.
    pub(super) fn alone(engine: &'s Engine) -> Self {
        let kept = Arc::new(Kept { head: u64::MAX, rows: Mutex::default() });
        Self { engine, kept, seal: Seal::default(), state: Arc::default(), live: 0 }
    }

    /// The same, whose seal and state are known.
    pub(super) fn of(engine: &'s Engine, seal: Seal, state: State) -> Self {
        Self { seal, state: Arc::new(state), ..Self::alone(engine) }
    }

    /// The tables that it has, those of the audit log last; one of an earlier dockpass has not all.
    pub(super) fn tables(&self) -> Result<Vec<Table>, Error> {
        self.engine.those_of(Table::in_memory().chain(Table::OF_LOG))
    }
}

impl Snapshot<'_> {
    /// Every row of a table, in the order of their keys.
    pub(super) fn table(&self, table: Table) -> TableOfSnapshot<'_> {
        TableOfSnapshot { snapshot: self, table, start: Some(Vec::new()) }
    }

    /// The audit log, in the order of its numbers.
    pub(super) fn log(&self) -> LogOfSnapshot<'_> {
        LogOfSnapshot { tables: Table::OF_LOG.map(|table| (table, self.table(table), VecDeque::new())) }
    }

    fn step(&self, table: Table, start: &[u8]) -> Result<(Vec<Entry>, Option<Vec<u8>>), SnapshotError> {
        if !self.engine.has(table)? {
            return Ok((Vec::new(), None));
        }
        let mut found = self.engine.scan_on(table, start, STEP)?;
        let last = found.last().map(|(key, _)| key.clone()).filter(|_| found.len() == STEP);
        let mut rows = self.kept.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.is_overrun {
            return Err(SnapshotError::Overrun);
        }
        rows.put_right(table, start, last.clone(), &mut found);
        drop(rows);
        if table == Table::Audit {
            found.retain(|(key, _)| key.as_slice() <= self.kept.head.to_be_bytes().as_slice());
        }
        Ok((found, last))
    }
}

/// The rows of the audit log in the order of their numbers: its records, and what is left of removed ones.
pub(super) struct LogOfSnapshot<'m> {
    /// In the order of [`Table::OF_LOG`].
    tables: [(Table, TableOfSnapshot<'m>, VecDeque<Entry>); 2],
}

impl LogOfSnapshot<'_> {
    /// The next row; none at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<(Table, Entry)>, SnapshotError> {
        for (_, steps, read) in &mut self.tables {
            while read.is_empty() {
                let Some(step) = steps.next() else { break };
                *read = step?.into();
            }
        }
        let number = |read: &VecDeque<Entry>| read.front().map(|(key, _)| key.clone());
        let next =
            self.tables.iter_mut().filter(|(_, _, read)| !read.is_empty()).min_by_key(|(_, _, read)| number(read));
        Ok(next.and_then(|(table, _, read)| Some((*table, read.pop_front()?))))
    }
}

/// The rows of a table, step by step.
pub(super) struct TableOfSnapshot<'m> {
    snapshot: &'m Snapshot<'m>,
    table: Table,
    /// Where the next step begins; none at the end.
    start: Option<Vec<u8>>,
}

impl Iterator for TableOfSnapshot<'_> {
    type Item = Result<Vec<Entry>, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.start.take()?;
        let step = self.snapshot.step(self.table, &start);
        Some(step.map(|(found, last)| {
            self.start = last.map(|mut last| {
                last.push(0);
                last
            });
            found
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a table that a batch is about to change.
    fn changes(table: Table, bytes: usize) -> Vec<RowChange> {
        let change = |number: u8| RowChange { table, key: vec![number], value: Some(vec![number; bytes]) };
        (0..8).map(change).collect()
    }

    #[test]
    fn only_what_waits_to_be_read_takes_room() {
        let mut rows = Rows::default();
        // Far more in all than may wait, but never more than an eighth of it at a time.
        for table in Table::in_memory() {
            changes(table, MOST / 64).iter().for_each(|change| rows.keep(change));
            assert!(!rows.is_overrun && rows.bytes > MOST / 8 && rows.bytes < MOST / 7, "{}", rows.bytes);
            let mut found = Vec::new();
            rows.put_right(table, &[], None, &mut found);
            assert_eq!((found.len(), rows.bytes, rows.kept.len()), (8, 0, 0));
        }
        changes(Table::Audit, MOST / 7).iter().for_each(|change| rows.keep(change));
        assert!(rows.is_overrun && rows.kept.is_empty());
    }
}
