//! Removes old records of the audit log, by age and by size, a bounded number per change.
//!
//! Age takes whatever is too old. Size takes what strangers fill the log with first, then other denials, then sign-ins,
//! then changes, but none that is younger than 90 days; of each the oldest first. What was removed stays in the chain:
//! its hash has a row of its own ([`super::record::Removed`]), and each removal is a record that names them all. So
//! [`super::chain`] goes on over it. Once nothing is left that is older, these rows and records are summed up (`sum`). An
//! interrupted removal goes on from where it was: each piece is one change.

mod census;
mod rank;
pub(super) mod sum;

use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError, TryLockError};

use super::engine::Engine;
use super::error::{Error, WriteError};
use super::load;
use super::record::RemovedDigest;
use super::table::Table;
use super::txn::{TooLarge, Txn};
use super::{Store, WriteAccess};
use crate::domain::act::Act;
use crate::domain::audit::{AuditEntry, AuditRecord, CHANGES_STAY, LoggedRecord, Occurrence, RemovedRecords};
use crate::domain::time::Timestamp;
use census::Census;
use rank::Rank;

/// Records that one change removes: the most that others wait for.
pub(super) const PIECE: usize = 500;
/// Pieces of one call.
const PIECES: usize = 64;
/// Blocks of the log that one piece looks through.
const BLOCKS: usize = 64;
/// How often records must have been found too old before they are removed, so that a clock that is wrong for some minutes
/// after a start removes nothing: about an hour.
const PATIENCE: u32 = 120;
/// How often, if they are fewer than one change removes: each removal adds a record.
const LONG_PATIENCE: u32 = 12 * PATIENCE;

/// How much of the audit log is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// For how many seconds; for ever if none.
    pub seconds: Option<i64>,
    /// How many bytes of records; all if none.
    pub bytes: Option<u64>,
}

/// Why old records were not removed.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// The change was not made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The record of the removal cannot be written.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// What is known of the log, and of what is to go.
#[derive(Default)]
pub(super) struct Retention {
    census: Census,
    /// How often records were found too old.
    looks: u32,
    /// Removal for lack of room is under way: it goes on until there is some to spare.
    is_making_room: bool,
    /// How often there was a look since it was tried to sum the oldest part up.
    sum_looks: u32,
}

/// Why records go.
#[derive(Clone, Copy)]
enum Reason {
    /// They are older than this moment.
    Age(Timestamp),
    /// The log is too large: of this rank, older than this moment, at least so many bytes.
    Size(Rank, Timestamp, u64),
}

/// A removal in one change.
#[derive(Clone, Default)]
struct Removal {
    records: Vec<Going>,
}

/// A record that goes.
#[derive(Clone)]
struct Going {
    seq: u64,
    hash: [u8; 32],
    rank: Rank,
    bytes: u64,
}

impl Store {
    /// Removes what is older or more than is kept; returns how many records. Does nothing while the log is verified, and
    /// not all at once: what is left goes next time. Counts the log on the way, which it does not know after a start.
    ///
    /// # Errors
    /// [`RetentionError`]
    pub fn shorten_audit(&self, _access: &WriteAccess, keep: Keep, now: Timestamp) -> Result<u64, RetentionError> {
        let mut retention = match self.retention.try_lock() {
            Ok(retention) => retention,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(0),
        };
        // The end first: what is noted in the journal after it is not looked at.
        let head = self.state().audit().seq;
        // On a full disk nothing can be removed, and the journal's records are not in the store yet.
        if !self.shared.unfolded.load().is_empty() {
            return Ok(0);
        }
        let is_counted = retention.census.count(&self.shared.engine, head, |counted| {
            let mut index = self.audit_index_mut();
            counted.iter().for_each(|counted| index.add(&counted.record));
        })?;
        self.audit_index_mut().reach(retention.census.next());
        if !is_counted {
            return Ok(0);
        }
        let mut removed = self.remove_aged(&mut retention, keep, now)?;
        removed += self.make_room(&mut retention, keep, now)?;
        self.sum_up(&mut retention, keep, now)?;
        Ok(removed)
    }

    /// Whether the audit log is larger than it shall be, since all that is left is too young to go.
    #[must_use]
    pub fn audit_is_too_large(&self) -> bool {
        self.audit_is_too_large.load(Ordering::Relaxed)
    }

    /// The right to read the log while nothing is removed from it.
    pub(super) fn hold_retention(&self) -> MutexGuard<'_, Retention> {
        self.retention.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove_aged(&self, retention: &mut Retention, keep: Keep, now: Timestamp) -> Result<u64, RetentionError> {
        let cutoff = keep.seconds.map(|seconds| now.plus_seconds(-seconds));
        let Some(cutoff) = cutoff.filter(|cutoff| retention.census.reaches_before(*cutoff)) else {
            retention.looks = 0;
            return Ok(0);
        };
        retention.looks = retention.looks.saturating_add(1);
        if !retention.looks.is_multiple_of(PATIENCE) {
            return Ok(0);
        }
        let mut removed = 0;
        for _ in 0..PIECES {
            let removal = retention.census.gather(&self.shared.engine, Reason::Age(cutoff))?;
            if removal.records.is_empty() {
                break;
            }
            if removal.records.len() < PIECE && removed == 0 && retention.looks < LONG_PATIENCE {
                return Ok(0);
            }
            removed += self.remove(retention, removal, now)?;
        }
        // What is left over was found as often.
        retention.looks = if retention.census.reaches_before(cutoff) { PATIENCE - 1 } else { 0 };
        Ok(removed)
    }

    fn make_room(&self, retention: &mut Retention, keep: Keep, now: Timestamp) -> Result<u64, RetentionError> {
        let mut removed = 0;
        for _ in 0..PIECES {
            let excess = keep.bytes.map_or(0, |most| retention.excess(most));
            if excess == 0 {
                break;
            }
            let Some(removal) = retention.next_for_room(&self.shared.engine, excess, now)? else {
                let is_too_large = keep.bytes.is_some_and(|most| retention.census.bytes() > most);
                self.note_too_large(is_too_large);
                return Ok(removed);
            };
            removed += self.remove(retention, removal, now)?;
        }
        self.note_too_large(false);
        Ok(removed)
    }

    fn note_too_large(&self, is_too_large: bool) {
        if self.audit_is_too_large.swap(is_too_large, Ordering::Relaxed) != is_too_large && is_too_large {
            log::warn!("the audit log is larger than it shall be: what is left are changes of the last 90 days");
        }
    }

    fn remove(&self, retention: &mut Retention, removal: Removal, now: Timestamp) -> Result<u64, RetentionError> {
        let going = removal.clone();
        self.enqueue(move |txn| going.write(txn, now).map_err(RetentionError::from))?;
        self.recount(retention, removal.records.iter().map(|going| going.seq))?;
        Ok(removal.records.len() as u64)
    }

    /// Counts anew where records were removed.
    fn recount(&self, retention: &mut Retention, removed: impl Iterator<Item = u64>) -> Result<(), Error> {
        retention.census.recount(&self.shared.engine, removed, |numbers, left| {
            self.audit_index_mut().forget(numbers, left.iter().map(|counted| counted.going.seq));
        })
    }
}

impl Retention {
    /// How many bytes too many there are. Once there are any, a sixteenth more goes, so that removals are few and large.
    fn excess(&mut self, most: u64) -> u64 {
        let bytes = self.census.bytes();
        let goal = if self.is_making_room { most - most / 16 } else { most };
        self.is_making_room = bytes > goal;
        if self.is_making_room { bytes - (most - most / 16) } else { 0 }
    }

    /// What goes next for lack of room; none if nothing may go.
    fn next_for_room(&self, engine: &Engine, excess: u64, now: Timestamp) -> Result<Option<Removal>, Error> {
        for rank in Rank::ALL {
            let cutoff = match rank {
                // Also what a clock that was ahead has written.
                Rank::StrangersSum | Rank::Denial | Rank::SignIn => Timestamp::from_millis(i64::MAX),
                Rank::Change => now.plus_seconds(-CHANGES_STAY),
                Rank::Kept => continue,
            };
            let removal = self.census.gather(engine, Reason::Size(rank, cutoff, excess))?;
            if !removal.records.is_empty() {
                return Ok(Some(removal));
            }
        }
        Ok(None)
    }
}

impl Reason {
    fn takes(self, rank: Rank, time: Timestamp) -> bool {
        match self {
            Self::Age(cutoff) => rank != Rank::Kept && time < cutoff,
            Self::Size(taken, cutoff, _) => rank == taken && time <= cutoff,
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Self::Age(_) => u64::MAX,
            Self::Size(_, _, bytes) => bytes,
        }
    }
}

impl Removal {
    fn write(&self, txn: &mut Txn<'_>, now: Timestamp) -> Result<(), TooLarge> {
        let by = txn.state().audit().seq + 1;
        let mut digest = RemovedDigest::default();
        for going in &self.records {
            digest.add(going.seq, going.hash);
            txn.remove_audit(going.seq, going.hash, by)?;
        }
        let (first, last) = (self.records.first().map_or(0, |it| it.seq), self.records.last().map_or(0, |it| it.seq));
        let count = self.records.len() as u64;
        let removed = RemovedRecords { first, last, count, hash: digest.to_hex() };
        let record = AuditRecord::of(&entry(first, last), 0, Occurrence::once(now));
        txn.log(AuditRecord { removed: Some(removed), ..record })
    }
}

fn entry(first: u64, last: u64) -> AuditEntry {
    AuditEntry::by_system(Act::AuditRemove, format!("{first}-{last}"))
}

/// A record of the log, as it is counted.
struct Counted {
    record: AuditRecord,
    going: Going,
}

impl Counted {
    fn read(key: &[u8], value: &[u8]) -> Result<Self, Error> {
        let LoggedRecord { record, hash, .. } = load::audit_record(key, value)?;
        let bytes = (key.len() + value.len()) as u64;
        let going = Going { seq: record.seq, hash, rank: Rank::of(&record), bytes };
        Ok(Self { record, going })
    }

    fn goes_for(&self, reason: Reason) -> bool {
        reason.takes(self.going.rank, self.record.time)
    }
}

/// A step of the log.
fn step(engine: &Engine, from: u64, limit: usize) -> Result<Vec<Counted>, Error> {
    let found = engine.scan_on(Table::Audit, &from.to_be_bytes(), limit)?;
    found.iter().map(|(key, value)| Counted::read(key, value)).collect()
}
