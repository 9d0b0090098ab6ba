//! What the oldest part of the audit log is summed up to, once retention has removed all of it: where the chain is there.
//!
//! Whoever can write the directory and has not the key must not put an anchor of theirs before a part of the log: so it has
//! a code of its own ([`Anchor::is_made_with`]), by a key that only derives from that of the chain. An anchor that was true
//! once, put back, needs the rows that were summed up since, which nobody can make: that is the log as it was, rows and all.
//!
//! A Merkle tree over the log (C2SP tlog-tiles) would note here, in a next version, the hashes of its right edge at this
//! number: leaves and tiles below may go then as the rows do.

use serde::{Deserialize, Serialize};

use crate::domain::audit::AuditHead;
use crate::domain::time::Timestamp;
use crate::store::audit_key::AuditKey;
use crate::store::field::{Bytes32, Field};
use crate::store::row::{frozen, record};
use crate::store::table;

/// The end of the part that is summed up. No record up to it is left, and no row of a removed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Anchor {
    /// The last number of that part, which begins with 1, and the hash that the chain has there.
    pub(in crate::store) head: AuditHead,
    /// When it was summed up.
    pub(in crate::store) at: Timestamp,
    /// Removals of which a part is summed up, and the rest is not; at most [`Anchor::MOST`].
    pub(in crate::store) open: Vec<OpenRemoval>,
    /// Of all that.
    code: [u8; 32],
}

/// What one removal took, as far as it is summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct OpenRemoval {
    /// The number of the record that says so.
    pub(in crate::store) by: u64,
    pub(in crate::store) first: u64,
    pub(in crate::store) last: u64,
    pub(in crate::store) count: u64,
    /// The digest up to there.
    pub(in crate::store) digest: [u8; 32],
}

impl Field for OpenRemoval {
    type Stored = ([u64; 4], Bytes32);

    fn store(&self) -> Self::Stored {
        ([self.by, self.first, self.last, self.count], self.digest.store())
    }

    fn load(([by, first, last, count], digest): Self::Stored) -> Option<Self> {
        Some(Self { by, first, last, count, digest: Field::load(digest)? })
    }
}

impl Anchor {
    /// Most removals of one record, which then has some 64 kB. At one number there are a handful, unless a clock was wrong.
    pub(in crate::store) const MOST: usize = 1_000;

    /// An anchor by the key of the chain.
    pub(in crate::store) fn new(key: &AuditKey, head: AuditHead, at: Timestamp, open: Vec<OpenRemoval>) -> Self {
        let code = code(key, head, at, &open).into();
        Self { head, at, open, code }
    }

    /// Whether it was made with this key.
    pub(in crate::store) fn is_made_with(&self, key: &AuditKey) -> bool {
        // In constant time.
        code(key, self.head, self.at, &self.open) == blake3::Hash::from_bytes(self.code)
    }
}

fn code(key: &AuditKey, head: AuditHead, at: Timestamp, open: &[OpenRemoval]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(&key.derive("dockpass 2026-11-30 audit anchor 1"));
    hasher.update(&head.seq.to_le_bytes()).update(&head.hash).update(&at.millis().to_le_bytes());
    for removal in open {
        let (numbers, _) = removal.store();
        numbers.iter().for_each(|number| _ = hasher.update(&number.to_le_bytes()));
        hasher.update(&removal.digest);
    }
    hasher.finalize()
}

record!(Anchor, in Meta at |_it| table::ANCHOR.to_vec(); AnchorV1 is 27, 1 {
    head: (u64, Bytes32),
    at: i64,
    open: Vec<([u64; 4], Bytes32)>,
    code: Bytes32,
});
