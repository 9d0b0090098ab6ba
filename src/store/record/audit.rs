//! The audit log's records. From version 2 on a record is its canonical line, so that what is hashed is what is shown.

use serde::{Deserialize, Serialize};

use crate::domain::audit::{AuditRecord, LoggedRecord, credential};
use crate::domain::id::Id;
use crate::domain::time::Timestamp;
use crate::store::codec::{self, DecodeError, FrozenVersion};
use crate::store::field::{Bytes16, Bytes32, Field};
use crate::store::row::{Record, Row, frozen};
use crate::store::table::Table;

frozen!(AuditV1 is 8, 1;; {
    seq: u64,
    time: i64,
    actor: String,
    actor_id: Option<Bytes16>,
    credential: String,
    credential_id: Option<Bytes16>,
    address: String,
    action: String,
    object: String,
    outcome: String,
    count: u64,
    hash: Bytes32,
});

frozen!(AuditV2 is 8, 2; AuditV1 by |before| AuditV2 { line: before.line(), hash: before.hash }; {
    line: String,
    hash: Bytes32,
});

impl AuditV1 {
    /// The line that shows it. Its hash covers the bytes that were written, not this.
    fn line(&self) -> String {
        let record = AuditRecord {
            seq: self.seq,
            time: Timestamp::from_millis(self.time),
            actor: self.actor.clone(),
            actor_id: self.actor_id.and_then(Id::load),
            credential: credential(&self.credential, self.credential_id.and_then(Id::load)),
            address: self.address.clone(),
            action: self.action.clone(),
            object: self.object.clone(),
            outcome: self.outcome.clone(),
            count: self.count,
            first_time: None,
            credential_label: None,
            account: None,
            repository: None,
            access_token: None,
            reason: None,
            summed: None,
            removed: None,
        };
        // A record that cannot be written gives no line; an empty line does not read as a record.
        record.line().unwrap_or_default()
    }
}

impl Record for LoggedRecord {
    type Stored = AuditV2;

    fn store(&self) -> AuditV2 {
        AuditV2 { line: self.line.clone(), hash: self.hash.store() }
    }

    fn load(AuditV2 { line, hash }: AuditV2) -> Option<Self> {
        let record = serde_json::from_str(&line).ok()?;
        Some(Self { record, line, hash: Field::load(hash)? })
    }
}

impl Row for LoggedRecord {
    const TABLE: Table = Table::Audit;

    fn key(&self) -> Vec<u8> {
        self.record.seq.to_be_bytes().to_vec()
    }
}

/// Bytes of a hash.
const HASH: usize = size_of::<Bytes32>();

/// What the hash of a record covers, of the bytes as they are stored: in version 1 all of them, with zeros in place of the
/// hash; from version 2 on the line. These are *the* bytes of a record, and this is their one owner: a Merkle tree over the
/// log (C2SP tlog-tiles) has its leaves over them, too.
///
/// # Errors
/// [`DecodeError`]
pub(in crate::store) fn hashed(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    if codec::version(bytes) != Some(AuditV1::VERSION) {
        return codec::decode(bytes).map(|AuditV2 { line, .. }| line.into_bytes());
    }
    let (content, _) = bytes.split_last_chunk::<HASH>().ok_or(DecodeError::Damaged)?;
    Ok([content, &[0; HASH]].concat())
}
