//! Sums up the oldest part of the audit log once all of it was removed: its rows go, and one anchor stays
//! ([`crate::store::record::Anchor`]), so that the store does not grow with what it does not have any more.
//!
//! A part is summed up a bounded number of rows per change, each with the anchor that they come to; it ends before the first
//! record that is kept. Records of removals are kept as long as changes are, and go with what they speak of. What goes was
//! checked before, as a verification would: whoever has changed it is not helped by its being summed up, it stays as it is.
//!
//! So a store of format 9, which has a row for each record that was ever removed, becomes small in the hours after its first
//! start, piece by piece: an interruption leaves a log that is whole, and the next piece goes on.

use std::collections::BTreeMap;

use super::{Keep, PATIENCE, Retention, RetentionError};
use crate::domain::audit::{AuditHead, CHANGES_STAY, LoggedRecord, RemovedRecords};
use crate::domain::time::Timestamp;
use crate::store::audit_key::AuditKey;
use crate::store::audit_log::AuditLog;
use crate::store::chain::{Chain, Rows};
use crate::store::engine::Entry;
use crate::store::error::Error;
use crate::store::record::{self, Anchor, OpenRemoval, Removed};
use crate::store::{Store, load, row};

/// Rows that one change sums up: the most that others wait for.
pub(in crate::store) const PIECE: usize = 1_000;
/// With fewer than these it waits for more.
const LEAST: usize = 500;
/// Pieces of one call.
const PIECES: usize = 16;

/// A part of the log of which nothing is kept, right behind what is summed up.
struct Part {
    anchor: Anchor,
    /// The numbers of removed records.
    removed: Vec<u64>,
    /// Those of records of removals.
    removals: Vec<u64>,
}

impl Store {
    /// Sums up what can be, about once an hour, and goes on at once with what is left then. A snapshot that is being read would
    /// have to keep all that goes: it is waited for.
    pub(super) fn sum_up(&self, retention: &mut Retention, keep: Keep, now: Timestamp) -> Result<(), RetentionError> {
        let Some(cutoff) = removals_stay_until(keep, now) else { return Ok(()) };
        retention.sum_looks = retention.sum_looks.saturating_add(1);
        if retention.sum_looks < PATIENCE || self.shared.snapshots.is_open() {
            return Ok(());
        }
        retention.sum_looks = 0;
        for _ in 0..PIECES {
            let state = self.state();
            let reading = Reading { key: &self.shared.key, log: self.audit_log(), head: state.audit(), cutoff };
            let part = match reading.part(state.anchor(), now)? {
                Ok(Some(part)) => part,
                Ok(None) => return Ok(()),
                Err(why) => {
                    // Once an hour.
                    log::error!("the oldest part of the audit log stays as it is: {why}");
                    return Ok(());
                }
            };
            let Part { anchor, removed, removals } = part;
            let gone = removals.clone();
            self.enqueue(move |txn| {
                txn.sum_audit_up(anchor.clone(), &removed, &removals).map_err(RetentionError::from)
            })?;
            self.recount(retention, gone.into_iter())?;
        }
        retention.sum_looks = PATIENCE;
        Ok(())
    }
}

/// Until when a record of a removal must be from to go with what it speaks of; none if nothing goes.
fn removals_stay_until(keep: Keep, now: Timestamp) -> Option<Timestamp> {
    let stay = keep.seconds.map_or(CHANGES_STAY, |seconds| seconds.min(CHANGES_STAY));
    (keep != Keep::default()).then(|| now.plus_seconds(-stay))
}

/// The reading of the log behind what is summed up.
struct Reading<'s> {
    key: &'s AuditKey,
    log: AuditLog<'s>,
    head: AuditHead,
    /// Records of removals go that are older.
    cutoff: Timestamp,
}

impl Reading<'_> {
    /// The next part; none if there is too little; or why it has to stay: if something is wrong with it, a verification finds it.
    fn part(&self, anchor: Option<&Anchor>, now: Timestamp) -> Result<Result<Option<Part>, String>, Error> {
        let mut closing = Closing { reading: self, chain: Chain::new(self.key.clone()), named: BTreeMap::new() };
        match closing.read(anchor)? {
            Ok(read) if read.removed.len() + read.removals.len() >= LEAST => {
                let open = match closing.open() {
                    Ok(open) => open,
                    Err(problem) => return Ok(Err(not_whole(&problem))),
                };
                let anchor = Anchor::new(self.key, closing.chain.reached(), now, open);
                Ok(Ok(Some(Part { anchor, removed: read.removed, removals: read.removals })))
            }
            Ok(Read { no_room_for: Some(seq), .. }) => Ok(Err(format!(
                "{} removals took records before record {seq} and after it, and an anchor notes no more; it goes on once what \
                 they took is summed up",
                Anchor::MOST
            ))),
            Ok(_) => Ok(Ok(None)),
            Err(problem) => Ok(Err(not_whole(&problem))),
        }
    }

    /// What the record of this number says that it removed; none if it is no such record, or not as it was written.
    fn named(&self, by: u64) -> Result<Option<RemovedRecords>, Error> {
        let Some(before) = by.checked_sub(1) else { return Ok(None) };
        let records = self.log.from(before, 2)?;
        let at = |seq: u64| records.iter().find(|(key, _)| *key == seq.to_be_bytes());
        let Some(removal) = at(by).filter(|_| by <= self.head.seq) else { return Ok(None) };
        let previous = match at(before) {
            Some((key, value)) => load::audit_record(key, value)?.hash,
            None => match self.log.removed_from(before, 1)?.first().filter(|(key, _)| *key == before.to_be_bytes()) {
                Some((_, value)) => row::decode::<Removed>(value).map_or([0; 32], |removed| removed.hash),
                None => return Ok(None),
            },
        };
        let (found, content) = (load::audit_record(&removal.0, &removal.1)?, record::hashed(&removal.1));
        let is_true = content.is_ok_and(|content| self.key.hash(previous, by, &content) == found.hash);
        Ok(found.record.removed.filter(|_| is_true))
    }

    /// Whether a record is that of a removal which may go.
    fn is_old_removal(&self, (key, value): &Entry) -> Result<bool, Error> {
        let LoggedRecord { record, .. } = load::audit_record(key, value)?;
        Ok(record.removed.is_some() && record.time < self.cutoff)
    }
}

/// The numbers of a part.
#[derive(Default)]
struct Read {
    removed: Vec<u64>,
    removals: Vec<u64>,
    /// The removed record that it ends before, for want of room in the anchor.
    no_room_for: Option<u64>,
}

/// The chain through a part, and what the records say whose removals begin in it.
struct Closing<'r, 's> {
    reading: &'r Reading<'s>,
    chain: Chain,
    named: BTreeMap<u64, RemovedRecords>,
}

impl Closing<'_, '_> {
    /// Goes through at most one piece, up to the first record that is kept, and never to the last one of the log; or says what
    /// is wrong.
    fn read(&mut self, anchor: Option<&Anchor>) -> Result<Result<Read, String>, Error> {
        if let Some(anchor) = anchor {
            if let Err(problem) = self.chain.begin_after(anchor) {
                return Ok(Err(problem));
            }
            for open in &anchor.open {
                if let Err(problem) = self.look_up(open.by)? {
                    return Ok(Err(problem));
                }
            }
        }
        let (log, last) = (&self.reading.log, self.reading.head.seq);
        let begin = self.chain.reached().seq.saturating_add(1);
        let mut records = Rows::new(|start, limit| log.from(start, limit), begin, last);
        let mut left = Rows::new(|start, limit| log.removed_from(start, limit), begin, last);
        let mut read = Read::default();
        for seq in (begin..last).take(PIECE) {
            let step = match (records.take(seq)?, left.take(seq)?) {
                (None, Some(removed)) => {
                    if !self.may_go_over(seq, &removed) {
                        read.no_room_for = Some(seq);
                        break;
                    }
                    read.removed.push(seq);
                    self.go_over(seq, &removed)?
                }
                (Some(record), None) if self.reading.is_old_removal(&record)? => {
                    read.removals.push(seq);
                    self.chain.go_on(seq, &record)
                }
                (Some(_), None) => break,
                (Some(_), Some(_)) => Err(format!("record {seq} is there, and was removed")),
                (None, None) => Err(format!("record {seq} is missing")),
            };
            if let Err(problem) = step {
                return Ok(Err(problem));
            }
        }
        Ok(Ok(read))
    }

    /// Whether the anchor has room for the removal that took this one, should it still be open in the end.
    fn may_go_over(&self, seq: u64, (_, value): &Entry) -> bool {
        let is_known = row::decode::<Removed>(value).is_ok_and(|removed| self.named.contains_key(&removed.by));
        is_known || self.named.values().filter(|named| named.last > seq).count() < Anchor::MOST
    }

    fn go_over(&mut self, seq: u64, removed: &Entry) -> Result<Result<(), String>, Error> {
        if let Err(problem) = self.chain.go_over(seq, removed) {
            return Ok(Err(problem));
        }
        match row::decode::<Removed>(&removed.1) {
            Ok(Removed { by, .. }) => self.look_up(by),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    fn look_up(&mut self, by: u64) -> Result<Result<(), String>, Error> {
        if self.named.contains_key(&by) {
            return Ok(Ok(()));
        }
        let named = self.reading.named(by)?;
        Ok(named.map(|named| _ = self.named.insert(by, named)).ok_or_else(|| format!("record {by} says of no removal")))
    }

    /// The removals that the anchor has to note: those that took later records as well. The others must have taken what their
    /// records say.
    fn open(&self) -> Result<Vec<OpenRemoval>, String> {
        let last = self.chain.reached().seq;
        let mut open = Vec::new();
        for (by, gathered) in self.chain.removals() {
            match self.named.get(&by) {
                Some(named) if named.last > last => open.push(gathered.open(by)),
                Some(named) if *named == gathered.named() => {}
                Some(_) | None => return Err(format!("what was removed is not what record {by} says")),
            }
        }
        Ok(open)
    }
}

fn not_whole(problem: &str) -> String {
    format!("the log is not whole: {problem}; see `dockpass audit verify`")
}

/// Why the next part of a log has to stay, if it has to.
#[cfg(test)]
pub(in crate::store) fn why_it_stays(store: &Store, cutoff: Timestamp) -> Option<String> {
    let state = store.state();
    let reading = Reading { key: &store.shared.key, log: store.audit_log(), head: state.audit(), cutoff };
    reading.part(state.anchor(), cutoff).unwrap().err()
}
