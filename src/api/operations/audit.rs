//! The audit log.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Paged, Paging};
use crate::domain::act::ActFilter;
use crate::domain::audit::Outcome;
use crate::domain::time::Timestamp;

/// The media type of an export: one record a line.
pub const LINES: &str = "application/x-ndjson";

parameters! {
    /// Which records.
    WhichRecords {
        /// Only what this account did.
        actor "actor": Option<String>,
        /// Only this action, as `token.create`, or all of a noun, as `token`.
        action "action": Option<ActFilter>,
        /// Only what was done to this: a name, an id, the label or the owner of an access token.
        object "object": Option<String>,
        /// Only what was done to this repository. Who administers it, or its namespace, gets the refusals there.
        repository "repository": Option<String>,
        /// Only what was done with this credential: its kind, or the id or the label of an access token.
        credential "credential": Option<String>,
        /// Only what ended so.
        outcome "outcome": Option<Outcome>,
        /// Not before this time or date.
        since "since": Option<Timestamp>,
        /// Before this time or date.
        until "until": Option<Timestamp>,
    }
}

operations! { Audit:
    /// List the audit log, newest first; one record a line with `Accept: application/x-ndjson`
    ListAudit = Get "/api/v0/audit" 200 {
        act: AuditList,
        query: (WhichRecords, Paging<u64>),
        answer: Paged<api::AuditRecords>,
        media: [LINES],
        codes: [NoSuchRepository],
    }

    /// View the end of the audit chain, to be noted elsewhere
    ViewAuditHead = Get "/api/v0/audit/head" 200 {
        act: AuditHead,
        answer: api::AuditHead,
    }

    /// Check the audit chain; over the local socket only
    VerifyAudit = Post "/api/v0/audit/verify" 200 {
        act: AuditVerify,
        body: api::VerifyAudit,
        answer: api::AuditVerification,
    }
}
