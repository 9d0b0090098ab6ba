//! Reading the audit log: what may be sought, where the index does not rule it out, and the check of the whole chain.

use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use super::audit_index::{AuditIndex, AuditSought};
use super::audit_log::AuditLog;
use super::error::Error;
use super::record::Removed;
use super::{Store, Verification, chain, load, row};
use crate::domain::audit::{AuditHead, LoggedRecord, NotedHead};
use crate::domain::order::Order;

/// What one look into the log has found.
#[derive(Debug)]
pub struct AuditLook {
    /// Records that may be those that are sought, in the order that was asked for.
    pub records: Vec<LoggedRecord>,
    /// The number from which the next look begins; none if nothing is left.
    pub next: Option<u64>,
}

impl Store {
    /// The next records that may be sought, from number `from` on, up to `head`, which is a published end: the writer has not
    /// answered for later ones yet. May be none before the log ends.
    ///
    /// # Errors
    /// [`Error`]
    pub fn audit_look(&self, order: Order, from: u64, head: u64, sought: &AuditSought) -> Result<AuditLook, Error> {
        let Some(range) = self.audit_index().next(order, from, head, sought) else {
            return Ok(AuditLook { records: Vec::new(), next: None });
        };
        let (log, most) = (self.audit_log(), usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
        let (found, next) = match order {
            Order::Ascending => (log.from(range.start, most)?, Some(range.end)),
            Order::Descending => (log.before(range.end, most)?, range.start.checked_sub(1)),
        };
        let records = found.iter().map(|(key, value)| load::audit_record(key, value));
        let within = |logged: &LoggedRecord| range.contains(&logged.record.seq);
        let records = records.filter(|logged| logged.as_ref().map_or(true, within)).collect::<Result<_, _>>()?;
        Ok(AuditLook { records, next })
    }

    /// Reads the whole audit chain, and checks that it is whole, and that `noted` (an end that was noted elsewhere)
    /// is in it.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read at all.
    pub fn verify_audit(&self, noted: Option<AuditHead>) -> Result<Verification, Error> {
        let _held = self.hold_retention();
        let state = self.state();
        chain::verify(&self.shared.key, &self.audit_log(), (state.anchor(), state.audit()), noted)
    }

    /// The records after this number, oldest first, at most so many, up to the published end.
    ///
    /// # Errors
    /// [`Error`]
    pub fn audit_after(&self, after: u64, limit: usize) -> Result<Vec<LoggedRecord>, Error> {
        let end = self.state().audit().seq;
        if after >= end {
            return Ok(Vec::new());
        }
        let found = self.audit_log().from(after + 1, limit)?;
        let records = found.iter().map(|(key, value)| load::audit_record(key, value));
        let within = |logged: &Result<LoggedRecord, Error>| logged.as_ref().map_or(true, |it| it.record.seq <= end);
        records.filter(within).collect()
    }

    /// What a head that was noted elsewhere is to this log, by its row alone: that of a record, or of a removed one. Nothing
    /// else of the chain is read.
    ///
    /// # Errors
    /// [`Error`]
    pub fn audit_has(&self, noted: AuditHead) -> Result<NotedHead, Error> {
        let state = self.state();
        let found =
            (1..=state.audit().seq).contains(&noted.seq).then(|| self.audit_hash(noted.seq)).transpose()?.flatten();
        // After the row, which may be summed up meanwhile.
        let anchor = self.state().anchor().map_or_else(AuditHead::default, |anchor| anchor.head);
        Ok(if noted == anchor || noted == AuditHead::default() {
            NotedHead::There
        } else if (1..anchor.seq).contains(&noted.seq) {
            // Whatever row is there: none of the log's is.
            NotedHead::SummedUp
        } else if found == Some(noted.hash) {
            NotedHead::There
        } else {
            NotedHead::Missing
        })
    }

    /// The hash that the chain has at this number: of a record, or of one that was removed.
    fn audit_hash(&self, seq: u64) -> Result<Option<[u8; 32]>, Error> {
        let (log, key) = (self.audit_log(), seq.to_be_bytes());
        if let Some((_, value)) = log.from(seq, 1)?.first().filter(|(at, _)| *at == key) {
            return Ok(Some(load::audit_record(&key, value)?.hash));
        }
        let removed = log.removed_from(seq, 1)?;
        let removed = removed.first().filter(|(at, _)| *at == key).map(|(_, value)| row::decode::<Removed>(value));
        Ok(removed.and_then(Result::ok).map(|removed| removed.hash))
    }

    /// The audit log; taken after the state whose end of it is meant.
    pub(super) fn audit_log(&self) -> AuditLog<'_> {
        let (unfolded, undone) = (self.shared.unfolded.load_full(), self.shared.undone.load_full());
        AuditLog::new(&self.shared.engine, unfolded, undone)
    }

    pub(super) fn audit_index(&self) -> RwLockReadGuard<'_, AuditIndex> {
        self.audit_index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn audit_index_mut(&self) -> RwLockWriteGuard<'_, AuditIndex> {
        self.audit_index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// At most `limit` records below number `before` (from the newest, if none), newest first, whatever the index says: what
    /// tests compare it with.
    #[cfg(test)]
    pub(crate) fn audit_before(&self, before: Option<u64>, limit: usize) -> Result<Vec<LoggedRecord>, Error> {
        let end = before.unwrap_or(u64::MAX).min(self.state().audit().seq.saturating_add(1));
        let found = self.audit_log().before(end, limit)?;
        found.iter().map(|(key, value)| load::audit_record(key, value)).collect()
    }
}
