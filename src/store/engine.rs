//! sled: opening, scanning, and the one way to commit.
//!
//! What was measured about sled 0.34.7 and shapes this file: `flush()` does not fsync, so a commit ends with fdatasync
//! on a handle of our own; neither are its blobs ([`super::blobs`]); an I/O error latches until the database is dropped and opened again; a left-over
//! `snap.*.generating` or a damaged `snap.*` makes the open fail although the log has everything; on damage it may
//! panic, and a damaged log may open as a shorter one ([`super::end`] finds that).

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional};

use super::blobs::Blobs;
use super::change::RowChange;
use super::codec::DecodeError;
use super::directory::{exists, rename};
use super::error::{Error, Trouble};
use super::nudge::Nudge;
use super::same_file::SameFile;
use super::table::{self, Table};
use crate::metrics::Metrics;
use crate::private_file::sync_directory;

/// sled's page cache, in bytes, each of which takes two in memory; everything hot is in [`super::State`], so little is enough.
const CACHE: u64 = 8 * 1024 * 1024;

/// How often sled flushes by itself, in milliseconds, and then makes room in its log. A commit waits for none of that. It syncs
/// the log each time, also between a commit's transaction and the sync of the blobs that this names: seldom is better.
const FLUSHES: u64 = 2_000;

/// How often and how long sled's own lock is waited for.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// How often sled's threads are waited for, before a database that they had has another name: half a minute. Each may be
/// in the middle of a sync of a slow disk.
const LET_GO_TRIES: u32 = 1_500;

/// What the names of snapshots that were set aside begin with.
const STALE: &str = "stale-";

/// The table that sled makes in every database.
const SLEDS_OWN: &[u8] = b"__sled__default";

/// Key and value of a record.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Why a commit failed. If it reached the disk, it is there whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    /// No room, or nothing may be written, now or when sled latched it.
    #[error("{trouble}: {cause}")]
    Passing {
        /// What it is.
        trouble: Trouble,
        /// What the system said.
        cause: io::Error,
    },
    /// Anything else that sled says.
    #[error("the store failed: {0}")]
    Sled(sled::Error),
    /// fdatasync failed: what the disk holds is unknown.
    #[error("fdatasync failed: {0}")]
    Sync(io::Error),
    /// The path of the store names another file by now, or none: what would be written is lost with the open one.
    #[error("{} was moved, removed or replaced", path.display())]
    Vanished {
        /// That path.
        path: PathBuf,
        /// Whether the change was written into the open file.
        is_written: bool,
    },
    /// The store is closed: it is ending, or could not be opened again.
    #[error("the store is closed")]
    Closed,
    /// A change is for a table that is not there: a fault of this program.
    #[error("there is no table {0}")]
    NoTable(Table),
    /// The seal of the batch cannot be encoded.
    #[error("the seal: {0}")]
    Seal(#[from] DecodeError),
}

struct OpenDatabase {
    /// First, so that its thread has let go of the database when that is dropped.
    nudge: Nudge,
    database: sled::Db,
    tables: Vec<Table>,
    /// In the order of the tables.
    trees: Vec<sled::Tree>,
    file: File,
    blobs: Blobs,
    path: PathBuf,
    same: SameFile,
}

/// Which tables a database is opened with.
#[derive(Clone, Copy)]
enum Tables {
    /// All; what is missing is made.
    All,
    /// Those that it has: an earlier store is kept as it was.
    Found,
}

/// The database in its directory; closed for a moment while it is opened again.
pub(super) struct Engine {
    directory: PathBuf,
    open: RwLock<Option<OpenDatabase>>,
    /// Where the times of commits are noted, if they are.
    metrics: Option<Arc<Metrics>>,
}

impl Engine {
    /// Opens the database, and makes it if the directory has none.
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        Self::open_with(directory, Tables::All)
    }

    /// Opens a database of an earlier dockpass, to be read.
    pub(super) fn open_earlier(directory: &Path) -> Result<Self, Error> {
        Self::open_with(directory, Tables::Found)
    }

    fn open_with(directory: &Path, tables: Tables) -> Result<Self, Error> {
        let open = open_whole(directory, tables)?;
        Ok(Self { directory: directory.to_owned(), open: RwLock::new(Some(open)), metrics: None })
    }

    /// The same, which notes how long its commits take.
    pub(super) fn measured(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Whether the database has a table.
    ///
    /// # Errors
    /// [`Error::Closed`]: that is no database without tables.
    pub(super) fn has(&self, table: Table) -> Result<bool, Error> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(|open| open.tree(table).is_some()).ok_or(Error::Closed)
    }

    /// Those of these tables that the database has, in their order.
    ///
    /// # Errors
    /// [`Error::Closed`]
    pub(super) fn those_of(&self, tables: impl Iterator<Item = Table>) -> Result<Vec<Table>, Error> {
        tables.filter_map(|table| self.has(table).map(|has| has.then_some(table)).transpose()).collect()
    }

    /// Closes; from then on everything fails. When it returns, nothing of sled's acts in the directory any more.
    ///
    /// # Errors
    /// [`Error`] if something may: the directory must keep its name.
    pub(super) fn close(&self) -> Result<(), Error> {
        drop_database(&mut self.open.write().unwrap_or_else(PoisonError::into_inner));
        wait_until_let_go(&self.directory)
    }

    /// Closes and opens again: the only way out of a latched error.
    pub(super) fn reopen(&self) -> Result<(), Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        drop_database(&mut open);
        // sled would make an empty one where it was moved away.
        let path = self.directory.join("db");
        if !exists(&path)? {
            return Err(Error::Missing { path });
        }
        *open = Some(open_whole(&self.directory, Tables::All)?);
        Ok(())
    }

    /// Whether it is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Puts the database of `new`, which has the same rows, in the place of this one, whose directory becomes `away`.
    /// Whoever reads waits meanwhile; nobody may write.
    ///
    /// # Errors
    /// [`Error`]; then all is as it was, or the database is closed. Unless it is [`Error::Missing`], it is in its place, and
    /// [`Engine::reopen`] opens it once there is room, or the disk has done what it hangs on.
    pub(super) fn exchange(&self, new: &Self, away: &Path) -> Result<(), Error> {
        // Before anybody has to wait.
        new.close()?;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_ref().ok_or(Error::Closed)?;
        // sled would make an empty one where it was moved away.
        database.refuse_vanished(false).map_err(|_| Error::Missing { path: database.path.clone() })?;
        let seal = database.seal()?;
        drop_database(&mut open);
        wait_until_let_go(&self.directory)?;
        let names = || rename(&self.directory, away).and_then(|()| rename(&new.directory, &self.directory));
        let error = match names().and_then(|()| open_sealed(&self.directory, seal.as_ref())) {
            Ok(opened) => {
                *open = Some(opened);
                return Ok(());
            }
            Err(error) => error,
        };
        self.put_back(&new.directory, away).map_err(|error| {
            log::error!("{} is not put back: {error}", away.display());
            Error::Missing { path: self.directory.join("db") }
        })?;
        *open = Some(open_whole(&self.directory, Tables::All)?);
        Err(error)
    }

    /// Gives the names back that an exchange has given.
    fn put_back(&self, new: &Path, away: &Path) -> Result<(), Error> {
        if exists(away)? {
            if exists(&self.directory)? {
                wait_until_let_go(&self.directory)?;
                rename(&self.directory, new)?;
            }
            rename(away, &self.directory)?;
        }
        Ok(())
    }

    /// Calls `each` for every record of a table, in key order.
    pub(super) fn scan(
        &self,
        table: Table,
        mut each: impl FnMut(&RowChange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.with_tree(table, |tree| {
            // One for all, so that its buffers are used again.
            let mut change = RowChange { table, key: Vec::new(), value: None };
            for entry in tree {
                let (key, value) = entry.map_err(Error::Sled)?;
                change.key.clear();
                change.key.extend_from_slice(&key);
                let room = change.value.get_or_insert_default();
                room.clear();
                room.extend_from_slice(&value);
                each(&change)?;
            }
            Ok(())
        })
    }

    /// At most `limit` records of a table below `end`, in falling key order.
    pub(super) fn scan_back(&self, table: Table, end: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        self.with_tree(table, |tree| collect(tree.range(..end).rev().take(limit)))
    }

    /// At most `limit` records of a table from `start` on, in key order.
    pub(super) fn scan_on(&self, table: Table, start: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        self.with_tree(table, |tree| collect(tree.range(start..).take(limit)))
    }

    /// At most `limit` records of a table whose keys begin with `prefix`, in key order.
    pub(super) fn scan_prefix(&self, table: Table, prefix: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        self.with_tree(table, |tree| collect(tree.scan_prefix(prefix).take(limit)))
    }

    fn with_tree<T>(&self, table: Table, read: impl FnOnce(&sled::Tree) -> Result<T, Error>) -> Result<T, Error> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let tree = open.as_ref().and_then(|open| open.tree(table)).ok_or(Error::Closed)?;
        // sled panics on some kinds of damage; a reader's request must not take the process with it.
        catch_unwind(AssertUnwindSafe(|| read(tree))).map_err(|_| Error::Unreadable)?
    }

    /// The changes that would undo these: what stands at their keys now.
    pub(super) fn undo_of(&self, changes: &[RowChange]) -> Result<Vec<RowChange>, CommitError> {
        self.guarded(|open| changes.iter().map(|change| open.present(change)).collect())
    }

    /// Makes the changes durable: one transaction, flush, fdatasync.
    pub(super) fn commit(&self, changes: &[RowChange]) -> Result<(), CommitError> {
        let commit = || self.guarded(|open| open.nudge.during(|| open.commit(changes, self.metrics.as_deref())));
        match &self.metrics {
            Some(metrics) => metrics.commit.time(commit),
            None => commit(),
        }
    }

    fn guarded<T>(&self, act: impl FnOnce(&OpenDatabase) -> Result<T, CommitError>) -> Result<T, CommitError> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or(CommitError::Closed)?;
        catch_unwind(AssertUnwindSafe(|| act(open)))
            .unwrap_or_else(|_| Err(CommitError::Sled(sled::Error::ReportableBug("panic".to_owned()))))
    }
}

/// Opens the database if its files can be read to their end.
fn open_whole(directory: &Path, tables: Tables) -> Result<OpenDatabase, Error> {
    set_stale_snapshots_aside(directory)?;
    read_through(directory)?;
    open_database(directory, tables)
}

/// The same, of one that must end with this seal.
fn open_sealed(directory: &Path, seal: Option<&sled::IVec>) -> Result<OpenDatabase, Error> {
    let opened = open_whole(directory, Tables::All)?;
    if opened.seal()?.as_ref() == seal {
        return Ok(opened);
    }
    drop_database(&mut Some(opened));
    Err(Error::corrupt(Table::Meta, table::SEAL, "the new store ends before it"))
}

/// Opens the database; waits a moment if its lock is taken. We hold the lock of the data directory, so only threads of
/// sled's that are ending can have it, or a child of this process between fork and exec.
fn open_database(directory: &Path, tables: Tables) -> Result<OpenDatabase, Error> {
    let open = || catch_unwind(|| OpenDatabase::new(directory, tables)).unwrap_or(Err(Error::Unreadable));
    for _ in 0..LOCK_TRIES {
        match open() {
            Err(Error::Sled(error)) if is_locked(&error) => std::thread::sleep(LOCK_PAUSE),
            opened => return opened,
        }
    }
    open()
}

/// sled tells it in the message only.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock"))
}

/// sled syncs when it is dropped, and panics if that fails.
fn drop_database(open: &mut Option<OpenDatabase>) {
    let open = open.take();
    if catch_unwind(AssertUnwindSafe(|| drop(open))).is_err() {
        log::error!("sled did not close cleanly; everything that was answered for is on the disk");
    }
}

/// Waits until no thread of sled's has the database any more: what they do later they do by its path, where another may stand
/// by then. Each of them holds the file, and with it sled's lock.
fn wait_until_let_go(directory: &Path) -> Result<(), Error> {
    let path = directory.join("db");
    let failed = |source| Error::Io { path: path.clone(), source };
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(failed)?,
    };
    for _ in 0..LET_GO_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            // Merely closing it would leave the lock to a child process between fork and exec.
            Ok(()) => return rustix::fs::flock(&file, FlockOperation::Unlock).map_err(|error| failed(error.into())),
            Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(LOCK_PAUSE),
            Err(error) => return Err(failed(error.into())),
        }
    }
    Err(failed(io::Error::other("a write that hangs still has it")))
}

fn collect(found: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>) -> Result<Vec<Entry>, Error> {
    found.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(Error::Sled)).collect()
}

/// Files that this user may not open are no damage.
fn not_opened(directory: &Path, error: sled::Error) -> Error {
    match error {
        sled::Error::Io(source) if source.kind() == io::ErrorKind::PermissionDenied => {
            Error::Io { path: directory.to_owned(), source }
        }
        other => Error::Sled(other),
    }
}

fn classify(error: sled::Error) -> CommitError {
    match error {
        sled::Error::Io(cause) => match Trouble::passing(&cause) {
            Some(trouble) => CommitError::Passing { trouble, cause },
            None => CommitError::Sled(sled::Error::Io(cause)),
        },
        other => CommitError::Sled(other),
    }
}

impl OpenDatabase {
    fn new(directory: &Path, tables: Tables) -> Result<Self, Error> {
        let database = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE)
            .flush_every_ms(Some(FLUSHES))
            .mode(sled::Mode::LowSpace)
            .open()
            .map_err(|error| not_opened(directory, error))?;
        refuse_unknown_tables(&database)?;
        let found = database.tree_names();
        let is_meant = |name: &str| matches!(tables, Tables::All) || found.iter().any(|found| found == name.as_bytes());
        let meant = Table::ALL.into_iter().filter(|(_, name)| is_meant(name));
        let (tables, names): (Vec<Table>, Vec<&str>) = meant.unzip();
        let trees = names.into_iter().map(|name| database.open_tree(name)).collect::<Result<_, _>>();
        let trees = trees.map_err(Error::Sled)?;
        let path = directory.join("db");
        let nudge = Nudge::new(&database).map_err(|source| Error::Io { path: path.clone(), source })?;
        nudge.during(|| database.flush()).map_err(Error::Sled)?;
        let blobs = Blobs::of(directory);
        let synced = OpenOptions::new().read(true).write(true).open(&path).and_then(|file| {
            file.sync_all()?;
            // sled writes it once and syncs it never; torn by a power cut it would be refused for good.
            File::open(directory.join("conf"))?.sync_all()?;
            blobs.sync()?;
            sync_directory(directory)?;
            Ok((SameFile::of(&file)?, file))
        });
        let (same, file) = synced.map_err(|source| Error::Io { path: path.clone(), source })?;
        Ok(Self { nudge, database, tables, trees, file, blobs, path, same })
    }

    fn tree(&self, table: Table) -> Option<&sled::Tree> {
        let place = self.tables.iter().position(|known| *known == table)?;
        self.trees.get(place)
    }

    /// The row of the seal.
    fn seal(&self) -> Result<Option<sled::IVec>, Error> {
        let tree = self.tree(Table::Meta).ok_or(Error::Closed)?;
        tree.get(table::SEAL).map_err(Error::Sled)
    }

    fn present(&self, change: &RowChange) -> Result<RowChange, CommitError> {
        let tree = self.tree(change.table).ok_or(CommitError::NoTable(change.table))?;
        let value = tree.get(&change.key).map_err(classify)?.map(|value| value.to_vec());
        Ok(RowChange { table: change.table, key: change.key.clone(), value })
    }

    fn refuse_vanished(&self, is_written: bool) -> Result<(), CommitError> {
        if self.same.is_at(&self.path) {
            return Ok(());
        }
        Err(CommitError::Vanished { path: self.path.clone(), is_written })
    }

    fn commit(&self, changes: &[RowChange], metrics: Option<&Metrics>) -> Result<(), CommitError> {
        self.refuse_vanished(false)?;
        let result = self.trees.as_slice().transaction(|trees| {
            for change in changes {
                let place = self.tables.iter().position(|table| *table == change.table);
                // A change that cannot be made must not be reported as made.
                let Some(tree) = place.and_then(|place| trees.get(place)) else {
                    return Err(ConflictableTransactionError::Abort(change.table));
                };
                match &change.value {
                    Some(value) => tree.insert(change.key.as_slice(), value.as_slice())?,
                    None => tree.remove(change.key.as_slice())?,
                };
            }
            Ok(())
        });
        match result {
            Ok(()) => {}
            Err(TransactionError::Storage(error)) => return Err(classify(error)),
            Err(TransactionError::Abort(table)) => return Err(CommitError::NoTable(table)),
        }
        // Before the log that names them, and again, since that may write some as well.
        self.blobs.sync().map_err(CommitError::Sync)?;
        self.database.flush().map_err(classify)?;
        let sync = || self.blobs.sync().and_then(|()| self.file.sync_data());
        metrics.map_or_else(sync, |metrics| metrics.fdatasync.time(sync)).map_err(CommitError::Sync)?;
        self.refuse_vanished(true)
    }
}

/// A table of a later dockpass would not be read, and so be taken for a damaged store.
fn refuse_unknown_tables(database: &sled::Db) -> Result<(), Error> {
    let is_known = |name: &[u8]| Table::ALL.into_iter().any(|(_, known)| known.as_bytes() == name);
    let unknown = database.tree_names().into_iter().find(|name| name != SLEDS_OWN && !is_known(name));
    unknown.map_or(Ok(()), |name| {
        Err(Error::Newer { what: format!("the table {}", String::from_utf8_lossy(&name).escape_default()) })
    })
}

/// Refuses a log that cannot be read to its end: sled takes what it cannot read for the end, and writes over the rest.
fn read_through(directory: &Path) -> Result<(), Error> {
    let path = directory.join("db");
    match File::open(&path).and_then(|mut file| io::copy(&mut file, &mut io::sink())) {
        // Of one that is not there, or may not be opened, sled says so.
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => Ok(()),
        Err(source) => Err(Error::Io { path, source }),
        Ok(_) => Ok(()),
    }
}

/// Renames the snapshots that sled would refuse the store for: those left by an interrupted write, and damaged ones.
/// They only shorten the open; the log has everything.
fn set_stale_snapshots_aside(directory: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io { path: directory.to_owned(), source };
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let names: Vec<OsString> = entries.map_err(failed)?.into_iter().map(|entry| entry.file_name()).collect();
    let starts = |name: &OsString, prefix: &str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
    let snapshots = names.iter().filter(|name| starts(name, "snap."));
    let stale: Vec<&OsString> = snapshots.filter(|name| !is_whole_snapshot(&directory.join(name))).collect();
    if stale.is_empty() {
        return Ok(());
    }
    // Only the latest are kept, for an investigation; a crash loop must not fill the disk with them.
    for old in names.iter().filter(|name| starts(name, STALE)) {
        std::fs::remove_file(directory.join(old)).map_err(failed)?;
    }
    for name in stale {
        log::warn!("setting {} aside: an interrupted or damaged snapshot, nothing is lost", name.display());
        let mut aside = OsString::from(STALE);
        aside.push(name);
        std::fs::rename(directory.join(name), directory.join(aside)).map_err(failed)?;
    }
    Ok(())
}

/// A snapshot ends with its length and the CRC32 of what stands before both.
fn is_whole_snapshot(path: &Path) -> bool {
    let is_interrupted = path.extension().is_some_and(|extension| extension == "generating");
    let Ok(content) = std::fs::read(path) else { return false };
    let Some((content, [.., a, b, c, d])) = content.split_last_chunk::<12>() else { return false };
    !is_interrupted && !content.is_empty() && crc32fast::hash(content) == u32::from_le_bytes([*a, *b, *c, *d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> [RowChange; 2] {
        [Table::Meta, Table::Accounts].map(|table| RowChange {
            table,
            key: b"key".to_vec(),
            value: Some(b"x".to_vec()),
        })
    }

    #[test]
    fn a_closed_store_says_that_it_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(directory.path()).unwrap();
        engine.commit(&changes()).unwrap();
        engine.close().unwrap();
        let error = engine.commit(&changes()).unwrap_err();
        assert!(matches!(error, CommitError::Closed), "{error}");
        assert!(matches!(engine.undo_of(&changes()), Err(CommitError::Closed)));
    }

    #[test]
    fn a_change_for_a_table_that_is_not_there_is_an_error_and_nothing_of_its_batch_is_done() {
        let directory = tempfile::tempdir().unwrap();
        sled::open(directory.path()).unwrap().open_tree("meta").unwrap();
        let engine = Engine::open_earlier(directory.path()).unwrap();
        for error in [engine.commit(&changes()).unwrap_err(), engine.undo_of(&changes()).unwrap_err()] {
            assert_eq!(error.to_string(), format!("there is no table {}", Table::Accounts));
        }
        assert_eq!(engine.scan_on(Table::Meta, b"", 1).unwrap(), []);
    }

    /// A database beside another, with the same rows, to be put in its place.
    fn pair(data: &Path) -> (Engine, Engine) {
        let pair = ["store", "new"].map(|name| {
            std::fs::create_dir(data.join(name)).unwrap();
            let engine = Engine::open(&data.join(name)).unwrap();
            engine.commit(&changes()).unwrap();
            engine
        });
        pair.into()
    }

    #[test]
    fn nothing_changes_its_name_while_a_thread_of_sled_may_act_by_it() {
        let home = tempfile::tempdir().unwrap();
        let (store, new) = pair(home.path());
        let away = home.path().join("away");
        for engine in [&new, &store] {
            let held = engine.open.read().unwrap().as_ref().map(|open| open.database.clone());
            let (done, is_done) = std::sync::mpsc::channel();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    store.exchange(&new, &away).unwrap();
                    done.send(()).unwrap();
                });
                assert!(is_done.recv_timeout(Duration::from_millis(300)).is_err() && !away.exists());
                drop(held);
                is_done.recv_timeout(Duration::from_mins(1)).unwrap();
            });
            // Back again, for the other.
            store.close().unwrap();
            std::fs::remove_dir_all(&away).unwrap();
            std::fs::create_dir(home.path().join("new")).unwrap();
            *store.open.write().unwrap() = Some(open_whole(&store.directory, Tables::All).unwrap());
            *new.open.write().unwrap() = Some(open_whole(&new.directory, Tables::All).unwrap());
            new.commit(&changes()).unwrap();
        }
    }

    #[test]
    fn a_database_that_is_gone_is_not_opened_as_an_empty_one() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = pair(home.path());
        rename(&home.path().join("store"), &home.path().join("elsewhere")).unwrap();
        assert!(matches!(store.reopen(), Err(Error::Missing { .. })));
        assert!(!home.path().join("store").exists() && !store.is_open());
    }
}
