//! Removes the rows of what is gone from the disk: a bounded number per change, between the changes of others.
//!
//! Nobody sees it: the change that deleted them took these rows out of the state ([`super::state`], gone). It goes by
//! identifiers, never by names. Identifiers without rows are skipped, so an interrupted purge goes on from where it
//! was, also after a restart. Only if very many repositories were deleted at once, it also writes the audit record of
//! each when it removes its row.

use std::collections::VecDeque;

use super::engine::Engine;
use super::error::Error;
use super::record::{Gone, Part};
use super::row;
use super::state::State;
use super::table::Table;
use super::txn::{TooLarge, Txn};
use crate::domain::audit::{AuditRecord, AuditedRepository};
use crate::domain::id::Id;
use crate::domain::repository::Repository;
use crate::domain::time::Timestamp;

/// Rows that one change removes: the most that others wait for.
const PIECE: usize = 1_000;

/// Why a piece was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PurgeError {
    /// The rows cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// A record that follows cannot be written.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// How far the purge has come.
#[derive(Default)]
pub(super) struct Purge {
    /// Rows that name something gone, but do not begin with its identifier.
    leftovers: VecDeque<(Table, Vec<u8>)>,
    at: PurgePoint,
}

/// A place among what is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PurgePoint {
    number: u64,
    /// How many identifiers of that number are done.
    done: usize,
}

/// A piece that is part of a change, to be passed to [`Purge::done`] once that is durable.
#[must_use]
pub(super) struct Piece {
    leftovers: usize,
    at: PurgePoint,
}

impl Purge {
    /// Begins with the leftovers that were found when the store was loaded.
    pub(super) fn new(leftovers: Vec<(Table, Vec<u8>)>) -> Self {
        Self { leftovers: leftovers.into(), at: PurgePoint::default() }
    }

    /// Adds rows to remove.
    pub(super) fn add(&mut self, leftovers: Vec<(Table, Vec<u8>)>) {
        self.leftovers.extend(leftovers);
    }

    /// Whether something is to be removed.
    pub(super) fn is_pending(&self, state: &State) -> bool {
        !self.leftovers.is_empty() || state.is_purging()
    }

    /// Puts the next piece into a change.
    pub(super) fn piece(&self, engine: &Engine, txn: &mut Txn<'_>, now: Timestamp) -> Result<Piece, PurgeError> {
        let leftovers = self.leftovers.len().min(PIECE);
        for (table, key) in self.leftovers.iter().take(leftovers) {
            txn.erase(*table, key.clone());
        }
        let mut work = Work { engine, txn, now, room: PIECE - leftovers };
        let mut at = self.at;
        // Leftovers go first: once a number is forgotten, nothing leads to the rows that name what it stood for.
        while leftovers == self.leftovers.len() && work.room > 0 {
            let Some(gone) = work.txn.state().gone().next().cloned() else { break };
            if at.number != gone.number {
                at = PurgePoint { number: gone.number, done: 0 };
            }
            at.done = work.remove_of(&gone, at.done)?;
            if at.done < gone.ids.len() {
                break;
            }
            work.txn.forget_gone(gone.number);
            // Numbers begin anew once nothing is left.
            at = PurgePoint::default();
        }
        Ok(Piece { leftovers, at })
    }

    /// Counts a piece that is durable.
    pub(super) fn done(&mut self, piece: &Piece) {
        self.leftovers.drain(..piece.leftovers.min(self.leftovers.len()));
        self.at = piece.at;
    }
}

/// A piece in the making.
struct Work<'w, 's> {
    engine: &'w Engine,
    txn: &'w mut Txn<'s>,
    now: Timestamp,
    /// How many rows may still go.
    room: usize,
}

impl Work<'_, '_> {
    /// Removes rows of what is gone, from the identifier after `done` on. Returns how many identifiers are done then.
    fn remove_of(&mut self, gone: &Gone, done: usize) -> Result<usize, PurgeError> {
        for (place, (part, id)) in gone.ids.iter().enumerate().skip(done) {
            for table in part.tables() {
                self.remove_in(gone, *table, *part, *id)?;
                if self.room == 0 {
                    return Ok(place);
                }
            }
        }
        Ok(gone.ids.len())
    }

    fn remove_in(&mut self, gone: &Gone, table: Table, part: Part, id: Id) -> Result<(), PurgeError> {
        for (key, value) in self.engine.scan_prefix(table, &id.to_bytes(), self.room)? {
            self.room -= 1;
            if (part, table) == (Part::Repository, Table::Repositories) {
                self.settle(gone, &key, &value)?;
            } else {
                self.txn.erase(table, key);
            }
        }
        Ok(())
    }

    /// Removes the row of a repository, and records its deletion if that was left to the purge.
    fn settle(&mut self, gone: &Gone, key: &[u8], value: &[u8]) -> Result<(), PurgeError> {
        let damaged = |_| Error::corrupt(Table::Repositories, key, "it does not decode");
        let Repository { id, name, .. } = row::decode(value).map_err(damaged)?;
        self.txn.settle_deleted(id, &name)?;
        let Some(line) = &gone.record else { return Ok(()) };
        let damaged = |_| Error::corrupt(Table::Gone, &gone.number.to_be_bytes(), "it does not decode");
        let record: AuditRecord = serde_json::from_str(line).map_err(damaged)?;
        let repository = Some(AuditedRepository { name: name.to_string(), id: Some(id) });
        // The log is read by the time of writing; the deletion itself begins the span.
        let first_time = Some(record.time);
        let record = AuditRecord { object: name.to_string(), repository, time: self.now, first_time, ..record };
        Ok(self.txn.log(record)?)
    }
}
