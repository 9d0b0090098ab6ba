//! What the journal holds: an ending, and where the journal begins and ends.

use serde::{Deserialize, Serialize};

use crate::domain::id::Id;
use crate::store::change::RowChange;
use crate::store::field::{Bytes16, Field};
use crate::store::load;
use crate::store::row::{Record, frozen, record};
use crate::store::table::Table;

/// Whose part of the journal an ending takes room in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// That of an account.
    Account {
        /// The account.
        account: Id,
        /// Whether it signed in with an access token, which gets half of it: a stolen one must not take the room in
        /// which its owner revokes it.
        by_token: bool,
    },
    /// That of administrators who signed in with their password.
    Administrator,
    /// That of the local socket.
    Local,
}

/// A change that took a power away, and waits to be folded into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Entry {
    /// Its number, from 1; never used again.
    pub(in crate::store) sequence: u64,
    /// Who pays for its room.
    pub(in crate::store) share: Share,
    /// The number of the last audit record that the store had before the first ending.
    pub(in crate::store) audit_before: u64,
    /// The rows that it changed, in the order of their keys.
    pub(in crate::store) changes: Vec<RowChange>,
}

impl Entry {
    /// What was done, in a line each, from its audit records.
    pub(super) fn deeds(&self) -> impl Iterator<Item = String> {
        self.changes.iter().filter(|change| change.table == Table::Audit).filter_map(|change| {
            let record = load::audit_record(&change.key, change.value.as_deref()?).ok()?.record;
            Some(format!("{} {} {} {}", record.time, record.actor, record.action, record.object.escape_debug()))
        })
    }
}

frozen!(EntryV1 is 22, 1;; {
    sequence: u64,
    share: (u8, Option<Bytes16>),
    audit_before: u64,
    changes: Vec<(String, Vec<u8>, Option<Vec<u8>>)>,
});

impl Record for Entry {
    type Stored = EntryV1;

    fn store(&self) -> EntryV1 {
        let share = match self.share {
            Share::Local => (1, None),
            Share::Administrator => (2, None),
            Share::Account { account, by_token: false } => (3, Some(account.store())),
            Share::Account { account, by_token: true } => (4, Some(account.store())),
        };
        let changes = self.changes.iter().map(|it| (it.table.name().to_owned(), it.key.clone(), it.value.clone()));
        EntryV1 { sequence: self.sequence, share, audit_before: self.audit_before, changes: changes.collect() }
    }

    fn load(stored: EntryV1) -> Option<Self> {
        let share = match stored.share {
            (1, None) => Share::Local,
            (2, None) => Share::Administrator,
            (3, Some(account)) => Share::Account { account: Field::load(account)?, by_token: false },
            (4, Some(account)) => Share::Account { account: Field::load(account)?, by_token: true },
            _ => return None,
        };
        let change = |(name, key, value): (String, Vec<u8>, Option<Vec<u8>>)| {
            Some(RowChange { table: Table::named(&name)?, key, value })
        };
        let changes: Option<Vec<RowChange>> = stored.changes.into_iter().map(change).collect();
        Some(Self { sequence: stored.sequence, share, audit_before: stored.audit_before, changes: changes? })
    }
}

/// Which entries the journal has. Two slots hold it in turn, so that a torn one leaves the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Head {
    /// How often it was written.
    pub(in crate::store) turn: u64,
    /// The number of the first entry.
    pub(in crate::store) first: u64,
    /// The number after that of the last entry; the same if there is none.
    pub(in crate::store) next: u64,
}

record!(Head; HeadV1 is 23, 1 {
    turn: u64,
    first: u64,
    next: u64,
});
