//! Audit events that wait to be written: denials, sign-ins and whatever comes without a change. Equal events are one
//! record. Refusals beyond their budgets are summed, and so is what finds no room in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::budget::{Budgets, Common, Place};
use super::deed::{Deed, label};
use super::sums::Sums;
use super::target::Target;
use crate::domain::audit::{AuditEntry, Occurrence, Outcome, Summed};
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Call, Caller};
use crate::service::error::Error;

/// Most distinct refusals that wait, and as many successes: neither takes the others' room.
const MAX_WAITING: usize = 8_192;

/// What is to be written.
pub(super) struct Waiting {
    pub(super) events: Vec<(AuditEntry, Occurrence)>,
    /// How many events could not be written before.
    pub(super) lost: u64,
}

#[derive(Default)]
struct Kept {
    refused: HashMap<AuditEntry, Occurrence>,
    done: HashMap<AuditEntry, Occurrence>,
    budgets: Budgets,
    sums: Sums,
    lost: u64,
}

/// Events that wait to be written.
#[derive(Default)]
pub(in crate::service) struct AuditBuffer {
    kept: Mutex<Kept>,
}

impl AuditBuffer {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event, which is about `target`.
    pub(super) fn note(&self, entry: AuditEntry, target: Target, now: Timestamp) {
        let mut kept = self.lock();
        kept.begin(now);
        match entry.outcome {
            Outcome::Success => kept.note_done(entry, now),
            Outcome::Denied => kept.note_refused(entry, target, now),
        }
    }

    /// Takes what is to be written now: at the end of the process, all that waits.
    pub(super) fn take(&self, now: Timestamp, is_end: bool) -> Waiting {
        let mut kept = self.lock();
        kept.begin(now);
        let (refused, done) = (std::mem::take(&mut kept.refused), std::mem::take(&mut kept.done));
        let mut events: Vec<_> = refused.into_iter().chain(done).chain(kept.sums.take(now, is_end)).collect();
        events.sort_by_key(|(_, when)| when.last);
        Waiting { events, lost: std::mem::take(&mut kept.lost) }
    }

    /// Counts events that could not be written.
    pub(super) fn lose(&self, events: u64) {
        self.lock().lost += events;
    }
}

impl Kept {
    fn begin(&mut self, now: Timestamp) {
        if self.budgets.begin(now) {
            self.sums.end_hour();
        }
    }

    fn note_refused(&mut self, entry: AuditEntry, target: Target, now: Timestamp) {
        if let Some(happened) = self.refused.get_mut(&entry) {
            *happened = happened.and_at(now);
            return;
        }
        let place = match self.budgets.place(&entry, target) {
            Place::Own if self.refused.len() >= MAX_WAITING => Place::Sum(vec![everybody(&entry)]),
            place => place,
        };
        match place {
            Place::Own => drop(self.refused.insert(entry, Occurrence::once(now))),
            Place::Sum(candidates) => self.sums.add(&entry, candidates, Occurrence::once(now)),
        }
    }

    /// What succeeded is summed only if one has more of it than fits into memory.
    fn note_done(&mut self, entry: AuditEntry, now: Timestamp) {
        if let Some(happened) = self.done.get_mut(&entry) {
            *happened = happened.and_at(now);
        } else if self.done.len() < MAX_WAITING {
            self.done.insert(entry, Occurrence::once(now));
        } else {
            let caller = Common { by: Summed::Caller, of: entry.actor.clone() };
            self.sums.add(&entry, vec![caller, everybody(&entry)], Occurrence::once(now));
        }
    }
}

fn everybody(entry: &AuditEntry) -> Common {
    let by = if entry.is_by_stranger() { Summed::Strangers } else { Summed::Callers };
    Common { by, of: String::new() }
}

impl Service {
    /// Notes a denial, if the result is one.
    pub(in crate::service) fn note_denial<T>(&self, call: &Call, deed: &Deed, result: &Result<T, Error>) {
        if let Some(reason) = result.as_ref().err().and_then(Error::denial) {
            let entry = deed.entry(&call.caller, Outcome::Denied);
            self.note_event(&call.caller, AuditEntry { reason: Some(reason.to_owned()), ..entry }, call.now);
        }
    }

    /// Notes an event, to be written later.
    pub(in crate::service) fn note_event(&self, caller: &Caller, entry: AuditEntry, now: Timestamp) {
        let state = self.store.state();
        let (credential_label, target) = (label(&state, caller), Target::of(&state, &entry));
        self.audit.note(AuditEntry { credential_label, ..entry }, target, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::act::Act;

    #[test]
    fn what_finds_no_room_is_summed_and_not_lost() {
        let (buffer, now) = (AuditBuffer::default(), Timestamp::from_seconds(0));
        let all = MAX_WAITING + 500;
        for number in 0..all {
            buffer.note(AuditEntry::by_system(Act::AccountSignIn, number.to_string()), Target::Nothing, now);
        }
        let Waiting { events, lost } = buffer.take(now, true);
        assert_eq!(events.iter().map(|(_, when)| when.count).sum::<u64>(), all as u64);
        assert!((MAX_WAITING + 1..MAX_WAITING + 5).contains(&events.len()), "{}", events.len());
        assert_eq!(lost, 0);
    }
}
