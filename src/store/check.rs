//! The check of a whole store: every record is read, decoded, and taken into a state anew with all indexes, as a start does,
//! but what is wrong is gathered and does not end it.
//!
//! Of a running store one moment is checked, and compared with what the server has in memory. Without a server a copy of the
//! data directory is opened, never itself: sled writes when it opens, and on a damaged file it goes on from before the damage.

mod copy;

use std::fs;
use std::path::Path;

use copy::Copy;

use super::audit_key::AuditKey;
use super::chain::Chain;
use super::change::RowChange;
use super::directory::{DataDirectory, FORMAT};
use super::end::NotedEnd;
use super::engine::Engine;
use super::error::{Error, hex};
use super::journal::Journal;
use super::load::{self, Loaded};
use super::migration;
use super::record::Folded;
use super::seal::{SealKey, StoreDigest};
use super::snapshot::{Snapshot, SnapshotError};
use super::state::{State, TOKEN_STANDS_TWICE};
use super::table::{self, Table};
use super::{Store, key_of_audit};
use crate::data_files::{END, JOURNAL, STORE};
use crate::domain::audit::AuditHead;

/// Most problems that are told one by one.
const TOLD: usize = 100;

/// What to do about damage.
const RESTORE: &str =
    "restore a backup, as the manual says under \"Backup and restore\"; what is damaged cannot be mended";
/// What to do with what only a migration reads.
const UPGRADE: &str = "start the server once, which keeps a backup of it before it brings it to today's format; or check it with the \
                       dockpass that wrote it";
/// What to do where only the memory differs.
const RESTART: &str = "restart the server, and check again: what is on the disk counts";

/// Something that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreProblem {
    /// The table, if it is about one.
    pub table: Option<&'static str>,
    /// The key of the row in hexadecimal, if it is about one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedStore {
    /// How many records were read, without those of the audit log.
    pub records: u64,
    /// How many of the audit log.
    pub audit_records: u64,
    /// How many removed ones.
    pub audit_removed: u64,
    /// The number of the last batch of changes.
    pub batch: u64,
    /// The end of the audit log, as far as it is whole.
    pub audit: AuditHead,
    /// What is wrong.
    pub problems: Vec<StoreProblem>,
    /// How many problems more there are.
    pub more: u64,
}

impl CheckedStore {
    fn note(&mut self, table: Option<Table>, key: Option<&[u8]>, problem: impl ToString) {
        let problem = problem.to_string();
        self.add(StoreProblem { table: table.map(Table::name), key: key.map(hex), problem, remedy: RESTORE });
    }

    fn add(&mut self, problem: StoreProblem) {
        if self.problems.len() < TOLD { self.problems.push(problem) } else { self.more += 1 }
    }

    /// Notes what is wrong with a row.
    fn note_row(&mut self, change: &RowChange, error: &Error) {
        match error {
            Error::Corrupt { reason, .. } => self.note(Some(change.table), Some(&change.key), reason),
            other => self.note(Some(change.table), Some(&change.key), other),
        }
    }
}

impl Store {
    /// Reads the whole store as of this moment, while the writer goes on.
    ///
    /// # Errors
    /// [`SnapshotError`]
    pub fn check(&self) -> Result<CheckedStore, SnapshotError> {
        let snapshot = self.snapshot()?;
        let mut found = CheckedStore::default();
        let loaded = read_all(&snapshot, &self.shared.key, &mut found)?;
        let is_same = loaded.state == *snapshot.state && loaded.seal == snapshot.seal;
        if found.problems.is_empty() && !is_same {
            let problem = "the server has something else in memory than is on the disk".to_owned();
            found.add(StoreProblem { table: None, key: None, problem, remedy: RESTART });
        }
        Ok(found)
    }
}

/// Reads every row, takes it into a state, and notes what is wrong with it.
fn read_all(snapshot: &Snapshot<'_>, key: &AuditKey, found: &mut CheckedStore) -> Result<Loaded, SnapshotError> {
    let (seal_key, mut digest) = (SealKey::of(key), StoreDigest::default());
    let mut loaded = Loaded { state: State::loading(), ..Loaded::default() };
    for table in Table::in_memory() {
        for step in snapshot.table(table) {
            let Some(step) = readable(step, table, found)? else { break };
            for (key, value) in step {
                let change = RowChange { table, key, value: Some(value) };
                digest.toggle(&seal_key, &change);
                found.records += 1;
                let place = RowChange { table, key: change.key.clone(), value: None };
                if let Err(error) = loaded.take(change) {
                    found.note_row(&place, &error);
                }
            }
        }
        if table == Table::Tokens {
            let twice = loaded.state.put_arrived_tokens();
            twice.iter().for_each(|id| found.note(Some(table), Some(&table::id(*id)), TOKEN_STANDS_TWICE));
        }
    }
    loaded.state.remember_going();
    loaded.state.index_names();
    read_log(snapshot, key, &mut loaded.state, found)?;
    found.batch = loaded.seal.number;
    if loaded.seal.digest != digest {
        found.note(None, None, "records are missing, or others than were written");
    }
    if loaded.seal.audit != found.audit && !found.problems.iter().any(|it| it.table == Some(Table::Audit.name())) {
        found.note(Some(Table::Audit), None, "the audit log does not end where it did");
    }
    Ok(loaded)
}

/// A step that was read; none, and noted, if the disk does not give it.
fn readable<T>(
    step: Result<T, SnapshotError>,
    table: Table,
    found: &mut CheckedStore,
) -> Result<Option<T>, SnapshotError> {
    match step {
        Ok(step) => Ok(Some(step)),
        Err(SnapshotError::Read(error @ (Error::Sled(_) | Error::Unreadable))) => {
            found.note(Some(table), None, format!("it cannot be read any further: {}", with_source(&error)));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn with_source(error: &Error) -> String {
    match error {
        Error::Sled(source) => source.to_string(),
        other => other.to_string(),
    }
}

/// Follows the chain of the audit log, as far as it is whole.
fn read_log(
    snapshot: &Snapshot<'_>,
    key: &AuditKey,
    state: &mut State,
    found: &mut CheckedStore,
) -> Result<(), SnapshotError> {
    let (mut chain, mut log, mut last) = (Chain::new(key.clone()), snapshot.log(), None);
    let mut problem = state.anchor().and_then(|anchor| chain.begin_after(anchor).err());
    while problem.is_none()
        && let Some(Some((table, entry))) = readable(log.next_row(), Table::Audit, found)?
    {
        if let Err(wrong) = chain.next(table, &entry) {
            problem = Some(wrong);
            break;
        }
        if table == Table::Audit {
            last = Some(RowChange { table, key: entry.0, value: Some(entry.1) });
        }
    }
    let reached = chain.found(None);
    (found.audit_records, found.audit_removed, found.audit) = (reached.records, reached.removed, reached.head);
    let problem = problem.or_else(|| chain.problem_at(reached.head).map(str::to_owned));
    problem.into_iter().for_each(|problem| found.note(Some(Table::Audit), None, problem));
    if let Some(last) = last
        && let Err(error) = state.apply(&last)
    {
        found.note_row(&last, &error);
    }
    Ok(())
}

/// Reads the whole store of a data directory without a server. What is there stays as it is: a copy is opened, which needs
/// as much room, for as long as this takes.
///
/// # Errors
/// [`Error`] if the directory is in use, cannot be copied, or holds no store.
pub fn check_directory(path: &Path) -> Result<CheckedStore, Error> {
    let directory = DataDirectory::open(path)?;
    if !directory.was_used() {
        return Err(Error::Missing { path: directory.store() });
    }
    let mut found = CheckedStore::default();
    if let Some(format) = directory.format().filter(|format| *format <= migration::LAST_BEFORE) {
        let problem = format!("it is of format {format}, whose records this dockpass only reads to write them anew");
        found.add(StoreProblem { table: None, key: None, problem, remedy: UPGRADE });
        return Ok(found);
    }
    let key = match key_of_audit(&directory) {
        Ok(key) => key,
        Err(error) => {
            found.note(None, None, error);
            return Ok(found);
        }
    };
    let copy = Copy::of(&directory)?;
    let engine = match Engine::open_earlier(&copy.path.join(STORE)) {
        Ok(engine) => engine,
        Err(error) => {
            found.note(None, None, format!("it does not open: {}", with_source(&error)));
            return Ok(found);
        }
    };
    let checked = check_copy(&directory, &copy, &engine, &key, &mut found);
    engine.close()?;
    checked?;
    Ok(found)
}

fn check_copy(
    directory: &DataDirectory,
    copy: &Copy,
    engine: &Engine,
    key: &AuditKey,
    found: &mut CheckedStore,
) -> Result<(), Error> {
    let all = || Table::ALL.into_iter().map(|(table, _)| table);
    let present = engine.those_of(all())?;
    let missing = all().find(|table| !present.contains(table));
    // One of an earlier dockpass has not all.
    if let Some(table) = missing.filter(|_| directory.format() == Some(FORMAT)) {
        found.note(Some(table), None, "the table is missing");
        return Ok(());
    }
    let snapshot = Snapshot::alone(engine);
    let loaded = read_all(&snapshot, key, found).map_err(|error| match error {
        SnapshotError::Read(error) => error,
        SnapshotError::Refused(_) | SnapshotError::Write(_) | SnapshotError::Overrun => Error::Closed,
    })?;
    check_end(copy, &loaded, found)?;
    if directory.had_journal() { check_journal(copy, loaded.folded, found) } else { Ok(()) }
}

/// The note of the end beside the store.
fn check_end(copy: &Copy, loaded: &Loaded, found: &mut CheckedStore) -> Result<(), Error> {
    let path = copy.path.join(END);
    let (_, noted) = NotedEnd::open(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
    match noted.map_or(Ok(()), |noted| load::check_end(&loaded.seal, noted, &copy.of.join(END))) {
        Err(error) => found.note(None, None, error),
        Ok(()) if noted.is_none() && loaded.seal.number > 0 => found.note(None, None, "`end` says nothing"),
        Ok(()) => {}
    }
    Ok(())
}

fn check_journal(copy: &Copy, folded: Folded, found: &mut CheckedStore) -> Result<(), Error> {
    let path = copy.path.join(JOURNAL);
    if fs::symlink_metadata(&path).is_err() {
        found.note(None, None, "the journal of endings is missing: what was revoked on a full disk may be in force");
        return Ok(());
    }
    match Journal::open(&path, folded) {
        Ok(_) => Ok(()),
        Err(error @ Error::Io { .. }) => Err(error),
        Err(error) => {
            // It names the copy.
            let [copied, own] = [&copy.path, &copy.of].map(|path| path.display().to_string());
            found.note(None, None, error.to_string().replace(&copied, &own));
            Ok(())
        }
    }
}
