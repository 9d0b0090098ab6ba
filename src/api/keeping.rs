//! What a check of the store found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::AuditHead;

/// What a check of the store found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreCheck {
    /// How many records were read, without those of the audit log.
    pub records: u64,
    /// How many records of the audit log.
    pub audit_records: u64,
    /// How many of the audit log were removed, of which the hashes were read.
    pub audit_removed: u64,
    /// The number of the last batch of changes.
    pub batch: u64,
    /// The end of the audit log, as far as it is whole.
    pub audit_head: AuditHead,
    /// What is wrong; empty if all is well.
    pub problems: Vec<StoreProblem>,
    /// How many problems there are beside these.
    pub more_problems: u64,
}

/// Something that is wrong with the store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StoreProblem {
    /// The table; null if it is about none.
    pub table: Option<String>,
    /// The key of the record in hexadecimal; null if it is about none.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}
