//! The audit log for what hands it on: its end, and what comes after a record, without a filter.

use crate::domain::act::Act;
use crate::domain::audit::{AuditHead, LoggedRecord, NotedHead};
use crate::service::Service;
use crate::service::access::Call;
use crate::service::error::Error;

impl Service {
    /// The end of the audit chain as it is published, whatever waits to be written.
    #[must_use]
    pub fn audit_end(&self) -> AuditHead {
        self.store.state().audit()
    }

    /// The records after this number, oldest first, at most so many. Numbers that are missing are those of removed records.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket and the process itself.
    pub fn audit_after(&self, call: &Call, after: u64, limit: usize) -> Result<Vec<LoggedRecord>, Error> {
        self.view(call, Act::AuditList, "", |authority| authority.local().map(drop))?;
        Ok(self.store.audit_after(after, limit)?)
    }

    /// Whether the log has a record of this number and hash, or what is left of a removed one, as far as that can be told; also
    /// whether it has nothing where nothing was noted.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket and the process itself.
    pub fn audit_has(&self, call: &Call, head: AuditHead) -> Result<NotedHead, Error> {
        self.view(call, Act::AuditVerify, "", |authority| authority.local().map(drop))?;
        Ok(self.store.audit_has(head)?)
    }
}
