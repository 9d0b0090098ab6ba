//! Gives disk space back: every row is written anew into a database beside the store, which then takes the store's place.
//!
//! sled uses the room of rows that were removed or overwritten again, but gives little of it back to the disk. The writer
//! does this piece by piece, between the changes of others:
//!
//! ```text
//! store.compact            being made: row after row in the order of their keys; what changes behind that comes after it
//!                          then it is closed and opened again, as a start would, and both are compared, row by row
//! store -> store.away      from here on no change is made
//! store.compact -> store   until here, with all names on the disk
//! store.away               removed
//! ```
//!
//! A start after an interruption puts `store.away` back where there is no store ([`super::directory`]); both are removed
//! once the store is open.
//! Until the names change, nothing that fails here touches the store; nor is the last room of the disk taken.
//! [`super::space`] says when it is worth it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::change::RowChange;
use super::directory::exists;
use super::engine::{CommitError, Engine};
use super::error::{Error, Trouble};
use super::table::Table;
use crate::data_files;
use crate::private_file::create_directory;

/// Rows of one piece: the most that a change waits for.
const PIECE: usize = 500;

/// Why the store was not written anew.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompactionError {
    /// One of the two cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// The new one cannot be written.
    #[error(transparent)]
    Write(#[from] CommitError),
    /// The new one is not the same.
    #[error("the new rows of {0} are not those of the store")]
    Differs(Table),
    /// What is left of the disk is for others.
    #[error("the disk is nearly full")]
    NoRoom,
}

impl CompactionError {
    /// Whether the store is in its place, open or not ([`Engine::exchange`]).
    pub(super) fn is_in_place(&self) -> bool {
        !matches!(self, Self::Read(Error::Missing { .. }))
    }

    /// What the file system lacked, if that may come back.
    pub(super) fn passing(&self) -> Option<Trouble> {
        match self {
            Self::Read(error) => error.passing(),
            Self::Write(CommitError::Passing { trouble, .. }) => Some(*trouble),
            Self::Write(_) | Self::Differs(_) => None,
            Self::NoRoom => Some(Trouble::Full),
        }
    }
}

/// What is being done with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Copy,
    Compare,
}

/// What comes after a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one.
    Piece,
    /// Nothing: the new database has every row, and no other.
    Exchange,
}

/// A database that is being made from the store.
pub(super) struct Compaction {
    new: Engine,
    places: Places,
    work: Work,
    /// The place of the table of the next piece among all tables.
    table: usize,
    /// The key that it begins with.
    start: Vec<u8>,
    /// Rows that were copied and have changed since.
    behind: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

/// Where a compaction is at work.
struct Places {
    store: PathBuf,
    made: PathBuf,
    away: PathBuf,
}

impl Places {
    fn of(data: &Path) -> Self {
        let [store, made, away] =
            [data_files::STORE, data_files::STORE_COMPACT, data_files::STORE_AWAY].map(|name| data.join(name));
        Self { store, made, away }
    }

    /// Removes what is there beside the store; the one that is away only if another is in its place.
    fn clear(&self) -> Result<(), Error> {
        let away = exists(&self.store)?.then_some(&self.away);
        for path in [&self.made].into_iter().chain(away) {
            match fs::remove_dir_all(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::Io { path: path.clone(), source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// Removes what an interrupted compaction has left. The store is open.
pub(super) fn clear(data: &Path) {
    if let Err(error) = Places::of(data).clear() {
        log::warn!("left from giving disk space back: {error}");
    }
}

impl Compaction {
    /// Begins one in this data directory.
    pub(super) fn begin(data: &Path) -> Result<Self, CompactionError> {
        let places = Places::of(data);
        places.clear()?;
        create_directory(&places.made).map_err(|source| Error::Io { path: places.made.clone(), source })?;
        match Engine::open(&places.made) {
            Ok(new) => Ok(Self { new, places, work: Work::Copy, table: 0, start: Vec::new(), behind: BTreeMap::new() }),
            Err(error) => {
                places.clear()?;
                Err(error.into())
            }
        }
    }

    /// Takes note of changes that are in the store.
    pub(super) fn follow(&mut self, changes: &[RowChange]) {
        for change in changes {
            if self.is_behind(change) {
                self.behind.insert((change.table, change.key.clone()), change.value.clone());
            }
        }
    }

    fn is_behind(&self, change: &RowChange) -> bool {
        let reached = Table::ALL.get(self.table).map(|(table, _)| (*table, self.start.as_slice()));
        self.work == Work::Compare || reached.is_none_or(|reached| (change.table, change.key.as_slice()) < reached)
    }

    /// Does the next piece.
    pub(super) fn piece(&mut self, store: &Engine) -> Result<Next, CompactionError> {
        self.catch_up()?;
        let Some((table, _)) = Table::ALL.get(self.table).copied() else {
            (self.table, self.start) = (0, Vec::new());
            return match std::mem::replace(&mut self.work, Work::Compare) {
                Work::Copy => {
                    // What is compared is what a start would find; and the open in the exchange, for which everybody waits,
                    // has little left to read.
                    self.new.reopen()?;
                    Ok(Next::Piece)
                }
                Work::Compare => Ok(Next::Exchange),
            };
        };
        let found = store.scan_on(table, &self.start, PIECE)?;
        let last = found.last().map(|(key, _)| key.clone()).filter(|_| found.len() == PIECE);
        match self.work {
            Work::Copy => {
                let row = |(key, value)| RowChange { table, key, value: Some(value) };
                self.put(&found.into_iter().map(row).collect::<Vec<_>>())?;
            }
            Work::Compare if self.new.scan_on(table, &self.start, PIECE)? == found => {}
            Work::Compare => return Err(CompactionError::Differs(table)),
        }
        if let Some(mut last) = last {
            last.push(0);
            self.start = last;
        } else {
            (self.table, self.start) = (self.table + 1, Vec::new());
        }
        Ok(Next::Piece)
    }

    fn catch_up(&mut self) -> Result<(), CompactionError> {
        let row = |((table, key), value)| RowChange { table, key, value };
        let changes: Vec<RowChange> = std::mem::take(&mut self.behind).into_iter().map(row).collect();
        self.put(&changes)
    }

    fn put(&self, changes: &[RowChange]) -> Result<(), CompactionError> {
        if changes.is_empty() { Ok(()) } else { Ok(self.new.commit(changes)?) }
    }

    /// Puts the new database in the place of the store, and removes the old one.
    ///
    /// # Errors
    /// [`CompactionError`]; the store is as it was, unless it is closed then ([`Engine::exchange`]).
    pub(super) fn exchange(self, store: &Engine) -> Result<(), CompactionError> {
        let exchanged = store.exchange(&self.new, &self.places.away).map_err(CompactionError::from);
        // On a full disk, this makes room for the store to be opened again.
        if store.is_open() || exchanged.as_ref().map_or_else(CompactionError::is_in_place, |()| true) {
            self.places.clear().unwrap_or_else(|error| log::warn!("left from giving disk space back: {error}"));
        }
        exchanged
    }

    /// Gives it up.
    pub(super) fn give_up(self) {
        if let Err(error) = self.new.close().and_then(|()| self.places.clear()) {
            log::warn!("left from giving disk space back: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u8) -> Vec<RowChange> {
        let row = |number| RowChange { table: Table::Accounts, key: vec![number], value: Some(vec![number; 3]) };
        (0..count).map(row).collect()
    }

    #[test]
    fn tables_are_in_the_order_in_which_they_are_copied() {
        assert!(Table::ALL.is_sorted_by(|one, other| one.0 < other.0));
    }

    #[test]
    fn what_a_start_would_not_find_does_not_get_the_place_of_the_store() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(data_files::STORE);
        create_directory(&path).unwrap();
        let store = Engine::open(&path).unwrap();
        let row = |number: u32| RowChange {
            table: Table::Accounts,
            key: number.to_be_bytes().to_vec(),
            value: Some(vec![7; 400]),
        };
        store.commit(&(0..4_000).map(row).collect::<Vec<_>>()).unwrap();
        let mut compaction = Compaction::begin(data.path()).unwrap();
        while compaction.table < Table::ALL.len() {
            compaction.piece(&store).unwrap();
        }
        // A disk that has lost half of what it said it has. What is open does not notice.
        let file = fs::File::options().write(true).open(compaction.places.made.join("db")).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        let ended = std::iter::repeat_with(|| compaction.piece(&store)).find(|it| !matches!(it, Ok(Next::Piece)));
        assert!(ended.unwrap().is_err());
        compaction.give_up();
    }

    #[test]
    fn rows_that_differ_are_noticed_and_the_store_stays() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(data_files::STORE);
        create_directory(&path).unwrap();
        let store = Engine::open(&path).unwrap();
        store.commit(&rows(9)).unwrap();
        let harm = |table, key: &[u8], value: Option<&[u8]>| RowChange {
            table,
            key: key.to_vec(),
            value: value.map(<[u8]>::to_vec),
        };
        for harm in [
            harm(Table::Accounts, &[3], None),
            harm(Table::Accounts, &[3], Some(b"other")),
            harm(Table::Removed, b"more", Some(b"")),
        ] {
            let mut compaction = Compaction::begin(data.path()).unwrap();
            while compaction.work == Work::Copy {
                assert_eq!(compaction.piece(&store).unwrap(), Next::Piece);
            }
            compaction.new.commit(std::slice::from_ref(&harm)).unwrap();
            let error = std::iter::repeat_with(|| compaction.piece(&store)).find_map(Result::err).unwrap();
            assert!(matches!(error, CompactionError::Differs(table) if table == harm.table), "{error}");
            compaction.give_up();
            assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
        }
        assert_eq!(store.scan_on(Table::Accounts, &[], 99).unwrap().len(), 9);
    }
}
