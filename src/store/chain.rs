//! The hash chain of the audit log.
//!
//! A record's hash is keyed BLAKE3 over the hash before it, its number, and its content behind its length, so that no
//! two contents run together. The key is a file outside the store: who can write the store but not read the key cannot
//! forge a chain. A cut tail is found with a head noted elsewhere.

use super::codec::{self, DecodeError};
use super::row::Record;
use super::state::AuditHead;
use crate::domain::audit::{AuditEntry, AuditRecord};
use crate::domain::time::Timestamp;

/// The key of the chain.
#[derive(Clone, zeroize::ZeroizeOnDrop)]
pub(super) struct AuditKey([u8; 32]);

impl AuditKey {
    /// The key of these bytes.
    #[must_use]
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for another purpose.
    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }

    /// The record that continues the chain after `head`.
    pub(super) fn link(
        &self,
        head: AuditHead,
        entry: &AuditEntry,
        count: u64,
        at: Timestamp,
    ) -> Result<AuditRecord, DecodeError> {
        let mut record = AuditRecord {
            seq: head.seq + 1,
            time: at,
            actor: entry.actor.clone(),
            actor_id: entry.actor_id,
            credential: entry.credential.as_str().to_owned(),
            credential_id: entry.credential_id,
            address: entry.address.clone(),
            action: entry.action.to_owned(),
            object: entry.object.clone(),
            outcome: entry.outcome.as_str().to_owned(),
            count,
            hash: [0; 32],
        };
        record.hash = self.hash(head.hash, &record)?;
        Ok(record)
    }

    /// What the hash of a record must be.
    pub(super) fn hash(&self, previous: [u8; 32], record: &AuditRecord) -> Result<[u8; 32], DecodeError> {
        let content = AuditRecord { hash: [0; 32], ..record.clone() };
        let content = codec::encode(&content.store())?;
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&previous);
        hasher.update(&record.seq.to_le_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(&content);
        Ok(*hasher.finalize().as_bytes())
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}
