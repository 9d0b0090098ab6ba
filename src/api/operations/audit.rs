//! The audit log.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Paged, Paging};
use crate::domain::act::ActFilter;
use crate::domain::audit::Outcome;
use crate::domain::sealed_number::{LogPlace, SealedNumber};
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
        /// Only what this access token did and what was done to it: its id, its hash while it exists, or its label of that
        /// moment.
        token "token": Option<String>,
        /// Only what concerns this account, by name or id: what it did, what was done to it, to its access tokens, and to what
        /// is in its namespace. By a name that an account has now, nothing of an earlier one of that name.
        account "account": Option<String>,
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

parameters! {
    /// Which way the log is read.
    FromRecord {
        /// Only records after this one, oldest first: `reached` of an answer, or `0` for the whole log; for administrators
        /// also the number of a record. The list is then newest last.
        after "after": Option<LogPlace>,
    }
}

parameters! {
    /// Which activity.
    WhichActivity {
        /// Only this action, as `token.create`, or all of a noun, as `token`.
        action "action": Option<ActFilter>,
        /// Only what ended so.
        outcome "outcome": Option<Outcome>,
        /// Not before this time or date.
        since "since": Option<Timestamp>,
        /// Before this time or date.
        until "until": Option<Timestamp>,
    }
}

operations! { Audit:
    /// List the audit log, newest first unless it is read `after` a record; one record a line with `Accept: application/x-ndjson`
    ListAudit = Get "/api/v0/audit" 200 {
        act: AuditList,
        query: (WhichRecords, FromRecord, Paging<LogPlace>),
        answer: Paged<api::AuditRecords>,
        media: [LINES],
        codes: [NoSuchRepository, NoSuchApiToken, Unavailable],
    }

    /// List what an access token did and what was done to it, newest first; for its owner and administrators
    ListTokenActivity = Get "/api/v0/api_tokens/{hashedtoken}/activity" 200 {
        act: TokenActivity,
        query: (WhichActivity, Paging<SealedNumber>),
        answer: Paged<api::OwnRecords>,
        codes: [NoSuchApiToken, Unavailable],
    }

    /// List what an account did, and what was done to it and its access tokens, newest first; for itself and administrators
    ListAccountActivity = Get "/api/v0/accounts/{name}/activity" 200 {
        act: AccountActivity,
        query: (WhichActivity, Paging<SealedNumber>),
        answer: Paged<api::OwnRecords>,
        codes: [NoSuchAccount, Unavailable],
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
