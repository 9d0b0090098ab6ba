//! The hash chain of the audit log.
//!
//! A record's hash is keyed BLAKE3 over the hash before it, its number, and its content behind its length, so that no
//! two contents run together. The content is what is stored ([`super::record::hashed`]), whichever version it has: a
//! log of several versions is one chain. The key is a file outside the store: someone who can write the store but not
//! read the key cannot forge a chain. A cut tail is found with a head noted elsewhere.

use super::codec::DecodeError;
use super::engine::Engine;
use super::error::Error;
use super::load;
use super::record;
use super::table::Table;
use crate::domain::audit::{AuditHead, AuditRecord, LoggedRecord};

/// Audit records that one step of a verification reads.
const VERIFY_STEP: usize = 1_000;

/// What a check of the audit chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}

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

    /// Reads the whole chain up to `head`, and checks that it is whole, and that `noted` (an end that was noted
    /// elsewhere) is in it.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read at all.
    pub(super) fn verify(
        &self,
        engine: &Engine,
        head: AuditHead,
        noted: Option<AuditHead>,
    ) -> Result<Verification, Error> {
        let mut reached = AuditHead::default();
        let mut found_noted = noted.is_none_or(|noted| noted == reached);
        let found = |reached: AuditHead, problem| Ok(Verification { records: reached.seq, head: reached, problem });
        while reached.seq < head.seq {
            let start = (reached.seq + 1).to_be_bytes();
            // Not beyond the published end: records there are being written, or are left of a failed change.
            let limit = usize::try_from(head.seq - reached.seq).map_or(VERIFY_STEP, |left| left.min(VERIFY_STEP));
            let step = engine.scan_on(Table::Audit, &start, limit)?;
            if step.is_empty() {
                return found(reached, Some("records are missing at the end".to_owned()));
            }
            for (key, value) in step {
                match self.next(reached, &key, &value) {
                    Ok(next) => reached = next,
                    Err(problem) => return found(reached, Some(problem)),
                }
                found_noted |= noted == Some(reached);
            }
        }
        let problem = if reached != head {
            Some("the last record is not the one that was written last")
        } else if !found_noted {
            Some("the noted end is not in this chain: its tail was cut or it is another")
        } else {
            None
        };
        found(reached, problem.map(str::to_owned))
    }

    /// The end of the chain with one more record; or what is wrong with it.
    fn next(&self, reached: AuditHead, key: &[u8], value: &[u8]) -> Result<AuditHead, String> {
        let seq = reached.seq + 1;
        let undecodable = || format!("record {seq} does not decode");
        let found = load::audit_record(key, value).map_err(|_| undecodable())?;
        if found.record.seq != seq {
            return Err(format!("record {seq} is missing"));
        }
        let content = record::hashed(value).map_err(|_| undecodable())?;
        if self.hash(reached.hash, seq, &content) != found.hash {
            return Err(format!("record {seq} was changed"));
        }
        Ok(AuditHead { seq, hash: found.hash })
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey")
    }
}
