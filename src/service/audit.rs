//! The audit log as use-cases see it: events that wait to be summed and written, and reading.
//!
//! Changes are recorded in their own transaction. Denials and sign-ins wait here, equal ones summed, and are written
//! every half minute; what does not fit is counted, and the gap itself is recorded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Service;
use super::authority::Authority;
use super::caller::{Call, Caller};
use super::change::{Deed, Upkeep};
use super::error::Error;
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditRecord, Concerned, CredentialKind, LoggedRecord, Occurrence, Outcome};
use crate::domain::secret::without_secrets;
use crate::domain::time::Timestamp;
use crate::store::{AuditHead, State, TooLarge, Txn, Verification};

/// Most distinct events that wait.
const MAX_WAITING: usize = 4_096;
/// Records that one change writes.
const BUNDLE: usize = 512;
/// Records that one step of a filtered list reads.
const STEP: usize = 512;
/// Longest object that is recorded, in bytes.
const MAX_OBJECT: usize = 512;

#[derive(Default)]
struct Waiting {
    events: HashMap<AuditEntry, Occurrence>,
    /// Events that found no place.
    lost: u64,
}

/// Events that wait to be written.
#[derive(Default)]
pub(super) struct AuditBuffer {
    waiting: Mutex<Waiting>,
}

impl AuditBuffer {
    /// Notes an event.
    pub(super) fn note(&self, entry: AuditEntry, now: Timestamp) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() >= MAX_WAITING && !waiting.events.contains_key(&entry) {
            waiting.lost += 1;
            return;
        }
        let happened = waiting.events.get(&entry).map_or(Occurrence::once(now), |earlier| earlier.and_at(now));
        waiting.events.insert(entry, happened);
    }

    fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts events that could not be written.
    fn lose(&self, events: u64) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).lost += events;
    }
}

/// What of the audit log is asked for. Absent is everything.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Exactly this actor.
    pub actor: Option<String>,
    /// Exactly this action.
    pub action: Option<String>,
    /// Exactly this object.
    pub object: Option<String>,
    /// `success` or `denied`.
    pub outcome: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    fn matches(&self, record: &AuditRecord) -> bool {
        let same = |asked: &Option<String>, has: &str| asked.as_ref().is_none_or(|asked| asked == has);
        same(&self.actor, &record.actor)
            && same(&self.action, &record.action)
            && same(&self.object, &record.object)
            && same(&self.outcome, &record.outcome)
            && self.until.is_none_or(|until| record.time < until)
            && self.since.is_none_or(|since| record.time >= since)
    }
}

/// The entry for what a caller does.
pub(super) fn entry(caller: &Caller, deed: &Deed, outcome: Outcome) -> AuditEntry {
    AuditEntry {
        actor: caller.actor(),
        actor_id: caller.account(),
        credential: caller.credential(),
        credential_id: caller.token(),
        credential_label: None,
        address: caller.address.map(|address| address.to_string()).unwrap_or_default(),
        act: deed.act,
        object: bounded(&without_secrets(&deed.object)),
        outcome,
        concerned: deed.concerned.clone(),
        reason: None,
    }
}

/// The label of the access token that a caller signed in with.
pub(super) fn label(state: &State, caller: &Caller) -> Option<String> {
    caller.token().and_then(|id| state.token(id)).map(|token| without_secrets(&token.label))
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(MAX_OBJECT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

impl Service {
    /// Writes the events that wait.
    pub(super) fn write_audit(&self, now: Timestamp) {
        let waiting = self.audit.take();
        let mut events: Vec<(AuditEntry, Occurrence)> = waiting.events.into_iter().collect();
        events.sort_by_key(|(_, when)| when.last);
        if waiting.lost > 0 {
            events.push((lost_events(), Occurrence { count: waiting.lost, ..Occurrence::once(now) }));
        }
        for bundle in events.chunks(BUNDLE) {
            let bundle = bundle.to_vec();
            let count = bundle.iter().map(|(_, when)| when.count).sum();
            if let Err(error) = self.keep(Upkeep::AuditEvents, move |txn| append(txn, &bundle)) {
                log::error!("{count} audit events were not written: {error}");
                self.audit.lose(count);
            }
        }
    }

    /// A page of the audit log, newest first, below number `before`, and the number to go on below.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn list_audit(
        &self,
        call: &Call,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<LoggedRecord>, Option<u64>), Error> {
        self.view(call, Act::AuditList, "", |authority| authority.administrator().map(drop))?;
        self.write_audit(call.now);
        let mut found = Vec::new();
        let mut next = before;
        loop {
            let step = self.store.audit_before(next, STEP)?;
            let is_last = step.len() < STEP;
            for logged in step {
                let record = &logged.record;
                if filter.since.is_some_and(|since| record.time < since) && is_long_before(record, filter) {
                    return Ok((found, None));
                }
                if found.len() == limit {
                    return Ok((found, next));
                }
                next = Some(record.seq);
                if filter.matches(record) {
                    found.push(logged);
                }
            }
            if is_last {
                return Ok((found, None));
            }
        }
    }

    /// The end of the audit chain, to be noted elsewhere.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn audit_head(&self, call: &Call) -> Result<AuditHead, Error> {
        self.view(call, Act::AuditHead, "", |authority| authority.administrator().map(drop))?;
        self.write_audit(call.now);
        Ok(self.store.state().audit())
    }

    /// Checks the whole audit chain, and that a noted end is in it.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but the local socket.
    pub fn verify_audit(&self, call: &Call, noted: Option<AuditHead>) -> Result<Verification, Error> {
        self.view(call, Act::AuditVerify, "", |authority| authority.local().map(drop))?;
        Ok(self.store.verify_audit(noted)?)
    }

    /// Reads under a rule: `allow` decides; a denial is recorded.
    pub(super) fn view<T>(
        &self,
        call: &Call,
        act: Act,
        object: &str,
        allow: impl FnOnce(&Authority<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let state = self.store.state();
        let result = Authority::of(&state, &call.caller, call.now).and_then(|authority| allow(&authority));
        self.note_denial(call, &Deed::new(act, object), &result);
        result
    }

    /// Records a denial.
    pub(super) fn note_denial<T>(&self, call: &Call, deed: &Deed, result: &Result<T, Error>) {
        if let Err(Error::Denied(reason)) = result {
            let entry = entry(&call.caller, deed, Outcome::Denied);
            self.note_event(&call.caller, AuditEntry { reason: Some((*reason).to_owned()), ..entry }, call.now);
        }
    }

    /// Notes an event, to be written later.
    pub(super) fn note_event(&self, caller: &Caller, entry: AuditEntry, now: Timestamp) {
        let credential_label = label(&self.store.state(), caller);
        self.audit.note(AuditEntry { credential_label, ..entry }, now);
    }
}

/// Records are written up to a minute after what they sum, so times fall only roughly with the numbers.
fn is_long_before(record: &AuditRecord, filter: &AuditFilter) -> bool {
    filter.since.is_some_and(|since| record.time.plus_seconds(120) < since)
}

fn append(txn: &mut Txn<'_>, bundle: &[(AuditEntry, Occurrence)]) -> Result<(), Error> {
    let written: Result<(), TooLarge> = bundle.iter().try_for_each(|(entry, when)| txn.audit(entry, *when));
    Ok(written?)
}

fn lost_events() -> AuditEntry {
    AuditEntry {
        actor: "system".to_owned(),
        actor_id: None,
        credential: CredentialKind::System,
        credential_id: None,
        credential_label: None,
        address: String::new(),
        act: Act::AuditGap,
        object: String::new(),
        outcome: Outcome::Success,
        concerned: Concerned::default(),
        reason: None,
    }
}
