//! What is handed to a receiver, and why it was not taken.

use std::time::Duration;

use crate::domain::audit::{AuditHead, LoggedRecord};

/// What is handed on, in the order of the log.
pub(super) enum Parcel {
    /// A record.
    Record(Box<LoggedRecord>),
    /// That these records are not in the log any more.
    Gap { first: u64, last: u64 },
}

impl Parcel {
    /// The place of a record in the chain.
    pub(super) fn head(&self) -> Option<AuditHead> {
        match self {
            Self::Record(logged) => Some(AuditHead { seq: logged.record.seq, hash: logged.hash }),
            Self::Gap { .. } => None,
        }
    }
}

/// Why something was not taken.
#[derive(Debug)]
pub(super) struct Fault {
    /// In words, without what the place may keep secret.
    pub(super) text: String,
    /// When the receiver wants to be asked again.
    pub(super) retry_after: Option<Duration>,
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), retry_after: None }
    }
}
