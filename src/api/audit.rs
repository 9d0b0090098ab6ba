//! The audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Rows};
use crate::domain::audit;

/// One audit record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// The record as the log has it. The hash covers these fields in this form.
    #[serde(flatten)]
    pub record: audit::AuditRecord,
    /// Keyed hash over the record and all before it, in lower-case hexadecimal.
    pub hash: String,
}

/// A page of audit records, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecords {
    /// The records of the page.
    pub records: Vec<AuditRecord>,
}

impl Rows for AuditRecords {
    type Row = AuditRecord;
    const FIELD: Option<&'static str> = Some("records");
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
    /// How many were removed by their age or for lack of room; their hashes are in the chain.
    #[serde(default)]
    pub removed: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}

/// What to check the audit chain against.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyAudit {
    /// The end of the chain as it was noted elsewhere: number, colon, hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

impl JsonBody for VerifyAudit {}
