//! The audit log as it is published: the records of the store, and after them those of the journal, which the store does
//! not have yet.

use std::sync::Arc;

use super::engine::{Engine, Entry};
use super::error::Error;
use super::table::Table;

/// The log to read.
pub(super) struct AuditLog<'a> {
    engine: &'a Engine,
    /// The records of the journal, in the order of their numbers. Where the journal has some, the store may have others
    /// of the same numbers, left of a batch that was refused.
    unfolded: Arc<Vec<Entry>>,
}

impl<'a> AuditLog<'a> {
    pub(super) fn new(engine: &'a Engine, unfolded: Arc<Vec<Entry>>) -> Self {
        Self { engine, unfolded }
    }

    /// At most `limit` records below this number, newest first.
    pub(super) fn before(&self, end: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let end = end.to_be_bytes();
        let unfolded = self.unfolded.iter().rev().filter(|(key, _)| key.as_slice() < end.as_slice());
        let mut found: Vec<Entry> = unfolded.take(limit).cloned().collect();
        let end = self.unfolded.first().map_or(end.as_slice(), |(first, _)| first.as_slice().min(&end));
        found.extend(self.engine.scan_back(Table::Audit, end, limit - found.len())?);
        Ok(found)
    }

    /// At most `limit` records from this number on, oldest first; fewer only at the end.
    pub(super) fn from(&self, start: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let start = start.to_be_bytes();
        let Some((first, _)) = self.unfolded.first() else { return self.engine.scan_on(Table::Audit, &start, limit) };
        let mut found = Vec::new();
        if start.as_slice() < first.as_slice() {
            found = self.engine.scan_on(Table::Audit, &start, limit)?;
            found.retain(|(key, _)| key < first);
        }
        let unfolded = self.unfolded.iter().filter(|(key, _)| key.as_slice() >= start.as_slice());
        found.extend(unfolded.take(limit - found.len()).cloned());
        Ok(found)
    }

    /// What is left of removed records, in the same way.
    pub(super) fn removed_from(&self, start: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        self.engine.scan_on(Table::Removed, &start.to_be_bytes(), limit)
    }
}
