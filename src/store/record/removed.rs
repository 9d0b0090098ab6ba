//! What is left of a record that was removed from the audit log: its hash, so that the chain goes on over it.

use serde::{Deserialize, Serialize};

use crate::store::field::Bytes32;
use crate::store::row::{frozen, record};

/// A removed record. It stands at its number, which it does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Removed {
    /// The hash that it had in the chain.
    pub(in crate::store) hash: [u8; 32],
    /// The number of the record that says so.
    pub(in crate::store) by: u64,
}

record!(Removed; RemovedV1 is 20, 1 {
    hash: Bytes32,
    by: u64,
});

/// The digest of the records that one removal took: over the numbers and hashes of all, in order. The record of the
/// removal has it, and so the chain does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct RemovedDigest([u8; 32]);

impl RemovedDigest {
    /// Goes on with one more record.
    pub(in crate::store) fn add(&mut self, seq: u64, hash: [u8; 32]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(&seq.to_be_bytes()).update(&hash);
        self.0 = *hasher.finalize().as_bytes();
    }

    /// Goes on from what was gathered before.
    pub(in crate::store) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As bytes, to go on from.
    pub(in crate::store) fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// In lower-case hexadecimal.
    pub(in crate::store) fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}
