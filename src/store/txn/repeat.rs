//! Makes an ending of the journal again, on the state that the store has.
//!
//! That is the state on which the ending was made, or one batch later: the batch that the full disk refused may be on
//! the disk all the same when the process ends before there is room. So what is numbered is numbered anew, and what does
//! not fit any more is left out.

use super::{DeletedRepositories, Txn};
use crate::domain::audit::AuditRecord;
use crate::domain::id::Id;
use crate::store::change::RowChange;
use crate::store::error::Error;
use crate::store::journal::Entry;
use crate::store::load;
use crate::store::record::{Gone, Part};
use crate::store::state::{Taken, decode};
use crate::store::table::{self, Table};

impl Txn<'_> {
    /// Makes an ending again. `recorded` are audit records that the store has of the batch that was refused, with number
    /// 0: one of them may record this very ending.
    ///
    /// # Errors
    /// [`Error`] if it holds what cannot be read.
    pub(in crate::store) fn repeat(&mut self, entry: &Entry, recorded: &[AuditRecord]) -> Result<(), Error> {
        entry.changes.iter().try_for_each(|change| self.repeat_row(change, recorded))
    }

    fn repeat_row(&mut self, change: &RowChange, recorded: &[AuditRecord]) -> Result<(), Error> {
        let too_large = |_| Error::corrupt(change.table, &change.key, "it is too large");
        match (change.table, &change.value) {
            (Table::Audit, Some(value)) => {
                let record = AuditRecord { seq: 0, ..load::audit_record(&change.key, value)?.record };
                if recorded.contains(&record) { Ok(()) } else { self.log(record).map_err(too_large) }
            }
            (Table::Gone, Some(value)) => {
                let gone: Gone = decode(change.table, &change.key, value)?;
                let ids: Vec<(Part, Id)> = gone.ids.iter().copied().filter(|(part, id)| self.has(*part, *id)).collect();
                let (owner, record) = (gone.owner, gone.record);
                let repositories = gone.deletion.map(|deletion| DeletedRepositories { deletion, owner, record });
                self.bury(&ids, repositories.as_ref()).map_err(too_large)
            }
            (Table::Tokens, None) => {
                self.removed_tokens.extend(table::id_of(&change.key));
                self.repeat_plain(change)
            }
            _ => self.repeat_plain(change),
        }
    }

    fn repeat_plain(&mut self, change: &RowChange) -> Result<(), Error> {
        match self.state.apply(change) {
            Ok(Taken::In) => self.changes.push(change.clone()),
            Ok(Taken::Gone | Taken::Leftover) => {}
            Err(error @ Error::Corrupt { .. }) => log::warn!("part of an ending of the journal fits no more: {error}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn has(&self, part: Part, id: Id) -> bool {
        match part {
            Part::Account => self.state.account(id).is_some(),
            Part::Team => self.state.team(id).is_some(),
            Part::Token => self.state.token(id).is_some(),
            Part::Repository => self.state.repository_of(id).is_some(),
        }
    }
}
