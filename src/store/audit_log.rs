//! The audit log as it is published: the records of the store, without what a batch has left there that was refused, and
//! after them those of the journal, which the store does not have yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::RowChange;
use super::engine::{Engine, Entry};
use super::error::Error;
use super::table::Table;

/// Rows as they were before a batch that was refused, by table and key; none for a row that was not there. sled shows
/// what it could not write until it is opened again.
#[derive(Debug, Default)]
pub(super) struct Undone(BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>);

impl Undone {
    /// The rows of the log among these.
    pub(super) fn of(undo: &[RowChange]) -> Self {
        let logged = undo.iter().filter(|change| matches!(change.table, Table::Audit | Table::Removed));
        Self(logged.map(|change| ((change.table, change.key.clone()), change.value.clone())).collect())
    }

    /// Puts right what the store has shown of a table, whose keys it has from `first` to `last`, both included.
    fn put_right(&self, table: Table, found: &mut Vec<Entry>, first: &[u8], last: &[u8]) {
        let rows = self.0.range((table, first.to_vec())..=(table, last.to_vec()));
        let rows: Vec<_> = rows.map(|((_, key), value)| (key, value)).collect();
        if rows.is_empty() {
            return;
        }
        found.retain(|(key, _)| rows.binary_search_by(|(row, _)| (*row).cmp(key)).is_err());
        found.extend(rows.into_iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))));
        found.sort_unstable();
    }
}

/// The log to read.
pub(super) struct AuditLog<'a> {
    engine: &'a Engine,
    /// The records of the journal, in the order of their numbers. Where the journal has some, the store may have others
    /// of the same numbers, left of a batch that was refused.
    unfolded: Arc<Vec<Entry>>,
    undone: Arc<Undone>,
}

/// A key above all numbers.
const ABOVE_ALL: [u8; 9] = [u8::MAX; 9];

impl<'a> AuditLog<'a> {
    pub(super) fn new(engine: &'a Engine, unfolded: Arc<Vec<Entry>>, undone: Arc<Undone>) -> Self {
        Self { engine, unfolded, undone }
    }

    /// At most `limit` records below this number, newest first.
    pub(super) fn before(&self, end: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let end = end.to_be_bytes();
        let unfolded = self.unfolded.iter().rev().filter(|(key, _)| key.as_slice() < end.as_slice());
        let mut found: Vec<Entry> = unfolded.take(limit).cloned().collect();
        let end = self.unfolded.first().map_or(end.as_slice(), |(first, _)| first.as_slice().min(&end));
        found.extend(self.stored_before(end, limit - found.len())?);
        Ok(found)
    }

    /// At most `limit` records of the store below this key, newest first.
    fn stored_before(&self, end: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let (mut found, mut end) = (Vec::new(), end.to_vec());
        while found.len() < limit {
            let mut step = self.engine.scan_back(Table::Audit, &end, limit)?;
            let (is_first, newest) = (step.len() < limit, end.clone());
            end = step.last().filter(|_| !is_first).map_or_else(Vec::new, |(key, _)| key.clone());
            self.undone.put_right(Table::Audit, &mut step, &end, &newest);
            step.sort_unstable_by(|one, other| other.cmp(one));
            found.extend(step.into_iter().filter(|(key, _)| *key < newest));
            if is_first {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// At most `limit` rows of the store from this key on, in order; fewer only at the end.
    fn stored_from(&self, table: Table, start: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let (mut found, mut start) = (Vec::new(), start.to_vec());
        while found.len() < limit {
            let mut step = self.engine.scan_on(table, &start, limit)?;
            let last = step.last().filter(|_| step.len() == limit).map(|(key, _)| key.clone());
            self.undone.put_right(table, &mut step, &start, last.as_deref().unwrap_or(&ABOVE_ALL));
            found.append(&mut step);
            let Some(mut after) = last else { break };
            after.push(0);
            start = after;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// At most `limit` records from this number on, oldest first; fewer only at the end.
    pub(super) fn from(&self, start: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let start = start.to_be_bytes();
        let Some((first, _)) = self.unfolded.first() else { return self.stored_from(Table::Audit, &start, limit) };
        let mut found = Vec::new();
        if start.as_slice() < first.as_slice() {
            found = self.stored_from(Table::Audit, &start, limit)?;
            found.retain(|(key, _)| key < first);
        }
        let unfolded = self.unfolded.iter().filter(|(key, _)| key.as_slice() >= start.as_slice());
        found.extend(unfolded.take(limit - found.len()).cloned());
        Ok(found)
    }

    /// What is left of removed records, in the same way.
    pub(super) fn removed_from(&self, start: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        self.stored_from(Table::Removed, &start.to_be_bytes(), limit)
    }
}
