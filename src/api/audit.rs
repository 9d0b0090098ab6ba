//! The audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One audit record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Number, from 1.
    pub seq: u64,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// Who.
    pub actor: String,
    /// The account's id.
    pub actor_id: Option<String>,
    /// By what credential: its kind, and after a colon the access token's id.
    pub credential: String,
    /// From where.
    pub address: String,
    /// What.
    pub action: String,
    /// On what.
    pub object: String,
    /// `success` or `denied`.
    pub outcome: String,
    /// How many equal events it sums.
    pub count: u64,
    /// Keyed hash over the record and all before it, in lower-case hexadecimal.
    pub hash: String,
}

/// A page of audit records, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecords {
    /// The records of the page.
    pub records: Vec<AuditRecord>,
}

/// The end of the audit chain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditHead {
    /// The last record's number; 0 if there is none.
    pub seq: u64,
    /// The last record's hash.
    pub hash: String,
}

/// What a check of the audit chain found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerification {
    /// How many records were read.
    pub records: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}
