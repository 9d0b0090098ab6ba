//! The seal: one record, written with every batch, about all the others.
//!
//! sled checks a record's bytes when it reads them, but does not notice that records are missing: one flipped bit on
//! the disk can hide a range of keys, or bring back the store as it was weeks ago, with every revoked access token
//! accepted again. So the seal holds the number of the batch, the end of the audit log, and a digest of every other
//! record: the exclusive or of their keyed hashes, which changes with a batch without reading the rest. The audit log
//! has its chain. [`super::end`] notes the seal outside the store.

use super::audit_key::AuditKey;
use super::change::RowChange;
use super::codec::DecodeError;
use super::field::{Bytes32, Field};
use super::row;
use super::table::{self, Table};
use crate::domain::audit::AuditHead;

/// Number and content of the store after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Seal {
    /// How many batches were written.
    pub(super) number: u64,
    /// Of every record but the seal and the audit log.
    pub(super) digest: StoreDigest,
    /// The end of the audit log.
    pub(super) audit: AuditHead,
}

/// What is noted of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) number: u64,
    pub(super) digest: StoreDigest,
}

impl Seal {
    /// The seal after these changes, which `undo` would take back one by one.
    pub(super) fn after(&self, changes: &[RowChange], undo: &[RowChange], audit: AuditHead, key: &SealKey) -> Self {
        let mut digest = self.digest;
        changes.iter().chain(undo).for_each(|change| digest.toggle(key, change));
        Self { number: self.number.saturating_add(1), digest, audit }
    }

    /// The part that is noted outside the store.
    pub(super) fn end(&self) -> End {
        End { number: self.number, digest: self.digest }
    }

    /// The change that writes the seal.
    pub(super) fn change(&self) -> Result<RowChange, DecodeError> {
        row::put(self)
    }
}

/// A digest of records in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct StoreDigest(pub(super) [u8; 32]);

impl Field for StoreDigest {
    type Stored = Bytes32;

    fn store(&self) -> Bytes32 {
        self.0.store()
    }

    fn load(stored: Bytes32) -> Option<Self> {
        Field::load(stored).map(Self)
    }
}

impl StoreDigest {
    /// Adds what another digest has, or takes it away.
    pub(super) fn toggle_all(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(byte, other)| *byte ^= other);
    }

    /// Adds the record of a change, or takes it away if it is in.
    pub(super) fn toggle(&mut self, seal_key: &SealKey, change: &RowChange) {
        let RowChange { table, key, value: Some(value) } = change else { return };
        if Table::OF_LOG.contains(table) || (*table == Table::Meta && key == table::SEAL) {
            return;
        }
        let mut hasher = blake3::Hasher::new_keyed(&seal_key.0);
        for part in [table.name().as_bytes(), key, value] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        self.toggle_all(Self(hasher.finalize().into()));
    }
}

/// The key of the digest.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub(super) struct SealKey([u8; 32]);

impl SealKey {
    /// Derived from the key of the audit chain, so that neither hash is ever one of the other kind.
    pub(super) fn of(key: &AuditKey) -> Self {
        Self(key.derive("dockpass 2026-11-21 store seal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_from_one_part_of_a_record_to_another_changes_the_digest() {
        let key = SealKey([7; 32]);
        let digest = |table, name: &str, value: &str| {
            let mut digest = StoreDigest::default();
            let (key_of_row, value) = (name.as_bytes().to_vec(), Some(value.as_bytes().to_vec()));
            digest.toggle(&key, &RowChange { table, key: key_of_row, value });
            digest.0
        };
        let all = [
            digest(Table::Accounts, "ab", "c"),
            digest(Table::Accounts, "a", "bc"),
            digest(Table::Accounts, "abc", ""),
            digest(Table::Accounts, "", "abc"),
        ];
        assert!(all.iter().enumerate().all(|(place, one)| !all[..place].contains(one)));
    }
}
