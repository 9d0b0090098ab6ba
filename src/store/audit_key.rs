//! The key of the audit log's hash chain: a file outside the store. Someone who can write the store but not read the key
//! cannot forge a chain.
//!
//! A record's hash is keyed BLAKE3 over the hash before it, its number, and its content behind its length, so that no
//! two contents run together.

use super::codec::DecodeError;
use crate::domain::audit::{AuditHead, AuditRecord, LoggedRecord};

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
    pub(super) fn link(&self, head: AuditHead, record: AuditRecord) -> Result<LoggedRecord, DecodeError> {
        let record = AuditRecord { seq: head.seq + 1, ..record };
        let line = record.line().ok_or(DecodeError::Damaged)?;
        let hash = self.hash(head.hash, record.seq, line.as_bytes());
        Ok(LoggedRecord { record, line, hash })
    }

    /// What the hash of a record must be.
    pub(super) fn hash(&self, previous: [u8; 32], seq: u64, content: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&previous);
        hasher.update(&seq.to_le_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content);
        *hasher.finalize().as_bytes()
    }
}

/// The key in a file, as hexadecimal digits; none if it is no key.
pub(super) fn read(content: &[u8]) -> Option<AuditKey> {
    let key = blake3::Hash::from_hex(content.trim_ascii_end()).ok()?;
    Some(AuditKey::new(*key.as_bytes()))
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}
