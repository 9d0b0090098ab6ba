//! Audit events that wait to be written: denials, sign-ins and whatever comes without a change. Equal events are
//! summed; those that find no room are only counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::deed::{Deed, label};
use crate::domain::audit::{AuditEntry, Occurrence, Outcome};
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Call, Caller};
use crate::service::error::Error;

/// Most distinct events that wait.
const MAX_WAITING: usize = 4_096;

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) events: HashMap<AuditEntry, Occurrence>,
    /// How many events found no room.
    pub(super) lost: u64,
}

/// Events that wait to be written.
#[derive(Default)]
pub(in crate::service) struct AuditBuffer {
    waiting: Mutex<Waiting>,
}

impl AuditBuffer {
    /// Adds an event; without room for it, counts it as lost.
    pub(in crate::service) fn note(&self, entry: AuditEntry, now: Timestamp) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() >= MAX_WAITING && !waiting.events.contains_key(&entry) {
            waiting.lost += 1;
            return;
        }
        let happened = waiting.events.get(&entry).map_or(Occurrence::once(now), |earlier| earlier.and_at(now));
        waiting.events.insert(entry, happened);
    }

    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts events that could not be written.
    pub(super) fn lose(&self, events: u64) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).lost += events;
    }
}

impl Service {
    /// Notes a denial, if the result is one.
    pub(in crate::service) fn note_denial<T>(&self, call: &Call, deed: &Deed, result: &Result<T, Error>) {
        if let Err(Error::Denied(reason)) = result {
            let entry = deed.entry(&call.caller, Outcome::Denied);
            self.note_event(&call.caller, AuditEntry { reason: Some((*reason).to_owned()), ..entry }, call.now);
        }
    }

    /// Notes an event, to be written later.
    pub(in crate::service) fn note_event(&self, caller: &Caller, entry: AuditEntry, now: Timestamp) {
        let credential_label = label(&self.store.state(), caller);
        self.audit.note(AuditEntry { credential_label, ..entry }, now);
    }
}
