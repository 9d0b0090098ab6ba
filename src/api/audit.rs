//! The audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Rows};
use crate::domain::audit;
use crate::domain::time::Timestamp;

/// One audit record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// The record as the log has it. The hash covers these fields in this form.
    #[serde(flatten)]
    pub record: audit::AuditRecord,
    /// Keyed hash over the record and all before it, in lower-case hexadecimal; empty for all but administrators.
    pub hash: String,
}

/// A page of audit records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecords {
    /// The records of the page.
    pub records: Vec<AuditRecord>,
    /// The number of the last record of the log, up to which was looked; 0 for all but administrators.
    pub head: u64,
    /// The hash of that record: with the number, the head of the log; empty for all but administrators. Lines come with both
    /// in the header `X-Audit-Head`.
    #[serde(default, rename = "headHash")]
    pub head_hash: String,
    /// The same as `after` takes it to find what comes later.
    #[serde(default)]
    pub reached: String,
}

impl Rows for AuditRecords {
    type Row = AuditRecord;
    const FIELD: Option<&'static str> = Some("records");
}

/// What an account or an access token did, or what was done to it, for those whom it concerns.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnRecord {
    /// When it happened; of summed events, when the last did.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// When the first of the summed events happened; null if it sums none.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub first_time: Option<Timestamp>,
    /// How many equal events it sums.
    pub count: u64,
    /// Who, as the audit log names it.
    pub actor: String,
    /// By what credential: its kind, and of the account's own after a colon the access token's id.
    pub credential: String,
    /// The label of that access token, at that moment; null if it was none.
    pub credential_label: Option<String>,
    /// From where; empty where another account acted.
    pub address: String,
    /// What: a word of the audit log.
    pub action: String,
    /// On what.
    pub object: String,
    /// `success` or `denied`.
    pub outcome: String,
    /// Why it ended so; null where nothing more is to be said.
    pub reason: Option<String>,
}

/// A page of what was done, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OwnRecords {
    /// The records of the page.
    pub records: Vec<OwnRecord>,
}

impl From<audit::AuditRecord> for OwnRecord {
    /// What of a record those see whom it concerns.
    fn from(record: audit::AuditRecord) -> Self {
        Self {
            time: record.time,
            first_time: record.first_time,
            count: record.count,
            actor: record.actor,
            credential: record.credential,
            credential_label: record.credential_label,
            address: record.address,
            action: record.action,
            object: record.object,
            outcome: record.outcome,
            reason: record.reason,
        }
    }
}

impl Rows for OwnRecords {
    type Row = OwnRecord;
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
    /// How many were removed by their age or for lack of room: all up to `anchor`, and those of which the hashes are in the chain.
    #[serde(default)]
    pub removed: u64,
    /// Where what is kept begins, if the oldest part was removed and is summed up: that part's last number, and the hash that the
    /// chain has there.
    #[serde(default)]
    pub anchor: Option<AuditAnchor>,
    /// The end of the chain.
    pub head: AuditHead,
    /// What the `head` that was asked about is to this log; null if none was, or if the chain is not whole before it.
    #[serde(default)]
    pub noted: Option<AuditNoted>,
    /// What is wrong, or cannot be told; none if the chain is whole and has the head that was asked about.
    pub problem: Option<String>,
}

/// What the oldest part of the audit log is summed up to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditAnchor {
    /// The last number of that part, which begins with the first record.
    pub seq: u64,
    /// The hash that the chain has there.
    pub hash: String,
    /// When it was summed up.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
}

/// What a head that was noted elsewhere is to the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuditNoted {
    /// The log has it.
    There,
    /// It lies before the anchor, in what was removed and summed up: whether it was of this log, nobody can tell any more.
    SummedUp,
    /// The log does not have it: it was cut, or is another.
    Missing,
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
