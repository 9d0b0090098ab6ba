//! The only place that names sled and bincode: tables, versioned records, the one writer, the published state.
//!
//! Changes go through [`Store::write`] to one thread, which answers after the fdatasync. Readers take [`Store::state`],
//! a consistent moment in memory, and never wait. Each batch is sealed, and its end noted outside sled (`seal`, `end`),
//! since sled does not notice records that a damaged disk hides. A stored kind is declared once (`row`, `record`), and
//! enters the state by one function (`State::apply`). What is deleted leaves the state at once and the disk later
//! (`purge`), and so do old records of the audit log (`retention`). That is read through an index in memory, which only
//! says where nothing is (`audit_index`). Files that are mostly free are written anew (`space`, `compaction`). A backup is a
//! `snapshot` of it (`backup`, `restore`), and so is what a `check` reads; what takes a power away has a line beside it (`ended`). Of a store of an earlier format a backup is kept (`upgrade`), and it is
//! written anew at the start if its keys have changed (`migration`). A successor of sled would
//! replace `engine` and `nudge`; `directory` and `migration` know only the name of its file.

mod audit_index;
mod audit_key;
mod audit_log;
mod audit_look;
mod backup;
mod blobs;
mod chain;
mod change;
mod check;
mod codec;
mod compaction;
mod directory;
mod end;
mod ended;
mod engine;
mod error;
mod field;
mod fold;
mod journal;
mod latest;
mod load;
mod migration;
mod nudge;
mod purge;
mod record;
mod restore;
mod retention;
mod row;
mod same_file;
mod seal;
mod sharded;
mod snapshot;
mod space;
mod state;
mod table;
mod txn;
mod upgrade;
mod usage;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;

pub use audit_index::AuditSought;
pub use audit_look::AuditLook;
pub use backup::{BackupError, BackupHeader, BackupTrouble, VerifiedBackup, verify_backup};
pub use chain::Verification;
pub use check::{CheckedStore, StoreProblem, check_directory};
pub use directory::DataDirectory;
pub use ended::{Doubt, Ended, EndedError, EndedFile, EndedGrant, EndedSince, Namespaces, read_ended};
pub use error::{Error, Trouble, WriteError};
pub use journal::Share;
pub use load::is_row;
pub use record::{KnownAddress, Meta};
pub use restore::{Restore, RestoreError};
pub use retention::{Keep, RetentionError};
pub use sharded::Sharded;
pub use snapshot::SnapshotError;
pub use space::SpaceError;
#[cfg(test)]
pub(crate) use state::lookups;
pub use state::{GroupSize, Indexed, Names, Sought, State, UserSort};
pub use table::Table;
pub use txn::{TooLarge, Txn};
pub use upgrade::{NotKept, UpgradeBackup};
pub use usage::UsageNotes;
pub use writer::room_at;

use crate::data_files;
use crate::domain::days::Days;
use crate::domain::id::Id;
use crate::domain::random;
use crate::domain::time::{Clock, Moment, Timestamp};
use crate::metrics::Metrics;
use crate::private_file::{self, PrivateFileError};
use audit_index::AuditIndex;
use audit_key::AuditKey;
use end::NotedEnd;
use ended::{EndedLog, Keeping};
use engine::Engine;
use journal::Journal;
use latest::LatestFile;
use purge::Purge;
use record::Folded;
use retention::Retention;
use seal::{Seal, SealKey};
use snapshot::Snapshots;
use space::Space;
use writer::{Job, Shared, Task, Writer};

/// Notes of last use that one change writes.
const USAGE_BUNDLE: usize = 1_000;
/// The file of the audit chain's key, in the data directory.
const AUDIT_KEY: &str = "keys/audit.key";
/// How long one batch may take before the writer counts as hung, in milliseconds.
const HUNG: i64 = 30_000;

/// A state that somebody looks at, as long as this is there.
pub type Present = arc_swap::Guard<Arc<State>>;

/// The store of one data directory, open for one process.
pub struct Store {
    shared: Arc<Shared>,
    queue: RwLock<Option<SyncSender<Box<dyn Job>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    directory: Mutex<DataDirectory>,
    /// Whether an earlier start has kept the store of an earlier dockpass.
    keeps_earlier: bool,
    keeping: Arc<Keeping>,
    retention: Mutex<Retention>,
    space: Mutex<Space>,
    audit_index: RwLock<AuditIndex>,
    audit_is_too_large: AtomicBool,
    latest: Mutex<LatestFile>,
}

/// The right to change a store. Opening a store gives one; its holder decides which changes are allowed.
pub struct WriteAccess(());

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The right to change it.
    pub access: WriteAccess,
    /// The addresses that accounts have signed in from.
    pub known_addresses: Vec<KnownAddress>,
}

impl Store {
    /// Opens the store of a data directory, or makes an empty one where there never was one. Of one of an earlier format a backup is
    /// kept before it is brought to today's, as `upgrade` says. How long its commits take and how many changes wait is noted
    /// in `metrics`.
    ///
    /// # Errors
    /// [`Error`] says what stands in the way; a damaged store is refused, never replaced.
    pub fn open(
        mut directory: DataDirectory,
        upgrade: &UpgradeBackup,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Opened, Error> {
        let key = key_of_audit(&directory)?;
        upgrade::prepare(&directory, &key, upgrade, &clock)?;
        let seal_key = SealKey::of(&key);
        let had_journal = directory.had_journal();
        let keeps_earlier = migration::run(&mut directory, &seal_key)?;
        let engine = open_engine(&directory)?.measured(Arc::clone(&metrics));
        let mut loaded = load::load(&engine, &seal_key)?;
        let seal = loaded.seal;
        if loaded.state.anchor().is_some_and(|anchor| !anchor.is_made_with(&key)) {
            return Err(Error::corrupt(Table::Meta, table::ANCHOR, "it was made with another key"));
        }
        if directory.was_used() && loaded.state.meta().is_none() {
            return Err(Error::corrupt(Table::Meta, table::META, "the store is empty"));
        }
        let end = noted_end(&directory, &seal)?;
        let journal = journal(&directory, had_journal, loaded.folded)?;
        let (published, made) = fold::repeated(journal.entries(), &loaded.state, &engine, &key)?;
        loaded.forget_missing(&published);
        if directory.was_used() {
            // Before anything is written that an earlier dockpass would take for damage.
            directory.mark_used()?;
        }
        compaction::clear(directory.path());
        let mut ended = EndedLog::of(directory.path(), Namespaces::new(key.derive(Namespaces::PURPOSE)));
        ended.begin(published.meta().map(|meta| meta.instance), seal.number, loaded.last_ending, clock.now());
        directory.give_to_owner()?;
        let shared = Arc::new(Shared {
            engine,
            state: ArcSwap::from_pointee(published),
            usage: Arc::new(UsageNotes::new(loaded.usage)),
            key,
            refusal: ArcSwap::from_pointee(None),
            unfolded: ArcSwap::from_pointee(writer::audit_rows(&made.changes)),
            undone: ArcSwap::default(),
            busy_since: AtomicI64::new(0),
            live: AtomicI64::new(0),
            compaction_is_due: AtomicBool::new(false),
            metrics,
            snapshots: Snapshots::new(seal),
            path: directory.path().to_owned(),
        });
        let (sender, queue) = sync_channel(writer::QUEUE);
        let writer = Writer {
            shared,
            queue,
            seal,
            seal_key,
            end,
            journal,
            ended,
            clock,
            purge: Purge::new(loaded.leftovers.into_iter().chain(made.leftovers).collect()),
            purge_failed: false,
            compaction: None,
        };
        let store = Self::start(writer, loaded.state, sender, directory, keeps_earlier)?;
        Ok(Opened { store, access: WriteAccess(()), known_addresses: loaded.known_addresses })
    }

    /// Starts the writer on what is stored.
    fn start(
        writer: Writer,
        stored: State,
        sender: SyncSender<Box<dyn Job>>,
        directory: DataDirectory,
        keeps_earlier: bool,
    ) -> Result<Self, Error> {
        let (shared, keeping) = (Arc::clone(&writer.shared), Arc::clone(writer.ended.keeping()));
        let latest = LatestFile::of(&shared.path, shared.state.load().latest());
        let run = move || writer.run(Arc::new(stored));
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(run);
        let thread = thread.map_err(|source| Error::Io { path: directory.path().to_owned(), source })?;
        Ok(Self {
            shared,
            queue: RwLock::new(Some(sender)),
            writer: Mutex::new(Some(thread)),
            directory: Mutex::new(directory),
            keeps_earlier,
            keeping,
            retention: Mutex::default(),
            space: Mutex::default(),
            audit_index: RwLock::default(),
            audit_is_too_large: AtomicBool::new(false),
            latest: Mutex::new(latest),
        })
    }

    /// The present moment, consistent, never waiting for the writer.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.shared.state.load_full()
    }

    /// The same for as long as a request looks at it: nobody counts that, while all threads that count in one place wait for
    /// each other.
    #[must_use]
    pub fn present(&self) -> Present {
        self.shared.state.load()
    }

    /// The data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.shared.path
    }

    /// A key of this data directory for a purpose, the same at each start.
    #[must_use]
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        self.shared.key.derive(purpose)
    }

    /// When access tokens were last used; a change takes it along.
    #[must_use]
    pub fn usage(&self) -> &Arc<UsageNotes> {
        &self.shared.usage
    }

    /// Makes a change: runs `work` on the writer's thread against the state as it is then, and returns when the change
    /// is durable and published. It can be run again on a newer state. Blocks; never call it on a thread that serves
    /// requests.
    ///
    /// # Errors
    /// What `work` returns, or a [`WriteError`]; in both cases nothing has changed, unless
    /// [`WriteError::may_be_made`].
    pub fn write<T, E>(
        &self,
        _access: &WriteAccess,
        work: impl Fn(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        self.enqueue(work)
    }

    fn enqueue<T, E>(&self, work: impl Fn(&mut Txn<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let task = Task { work, result: None, reply };
        {
            let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
            let queue = queue.as_ref().ok_or(WriteError::Closed)?;
            // Before it is sent: the writer counts it off at once.
            self.shared.metrics.queue.enter();
            queue.try_send(Box::new(task)).map_err(|error| {
                self.shared.metrics.queue.leave();
                match error {
                    TrySendError::Full(_) => WriteError::Busy,
                    TrySendError::Disconnected(_) => WriteError::Closed,
                }
            })?;
        }
        // The writer failed inside, perhaps after the commit.
        answer.recv().unwrap_or_else(|_| Err(WriteError::Unknown(Trouble::Broken).into()))
    }

    /// Why changes are refused at present; none if they are not.
    #[must_use]
    pub fn refusal(&self, now: Moment) -> Option<String> {
        if let Some(refusal) = self.shared.refusal.load().as_ref() {
            return Some(refusal.to_string());
        }
        self.hangs(now).then(|| "the writer hangs".to_owned())
    }

    /// For how many milliseconds the present batch is being written; 0 if none is.
    #[must_use]
    pub fn busy_millis(&self, now: Moment) -> i64 {
        match self.shared.busy_since.load(Ordering::SeqCst) {
            0 => 0,
            since => now.millis().saturating_sub(since).max(0),
        }
    }

    /// Whether that is so long that the writer counts as hung: changes wait for it, and nothing else does.
    #[must_use]
    pub fn hangs(&self, now: Moment) -> bool {
        self.busy_millis(now) > HUNG
    }

    /// Notes that a backup is durable where it was written.
    ///
    /// # Errors
    /// [`PrivateFileError`]
    pub fn note_backup(&self) -> Result<(), PrivateFileError> {
        private_file::write(&self.shared.path.join(data_files::LAST_BACKUP), b"")
    }

    /// Keeps the date if the end of an access token has come: a clock that is set back does not open it again.
    pub fn keep_ends(&self) {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).keep_ends(&self.state());
    }

    /// The life of this store, as `ended.log` tells; none if that could not be opened.
    #[must_use]
    pub fn ended_life(&self) -> Option<Id> {
        self.keeping.life()
    }

    /// Whether `ended.log` cannot be written: what is ended is not noted for a restore.
    #[must_use]
    pub fn is_ended_log_failing(&self) -> bool {
        self.keeping.is_failing()
    }

    /// What tells namespaces apart in `ended.log`.
    #[must_use]
    pub fn namespaces(&self) -> Namespaces {
        Namespaces::new(self.shared.key.derive(Namespaces::PURPOSE))
    }

    /// Room that is left on the file system of the data directory, in bytes; none if the system does not tell.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        self.shared.room()
    }

    /// Writes the notes of last use that are not on disk yet.
    ///
    /// # Errors
    /// [`WriteError`]; the notes stay for the next time.
    pub fn save_usage(&self) -> Result<(), WriteError> {
        for ids in self.shared.usage.unsaved().chunks(USAGE_BUNDLE) {
            let bundle = self.shared.usage.noted(ids);
            let notes = bundle.clone();
            self.enqueue(move |txn| {
                notes.iter().try_for_each(|(id, usage)| txn.put_usage(*id, usage)).map_err(|_| WriteError::Failed)
            })?;
            self.shared.usage.saved(&bundle);
            // A request under way may have noted a use of a token that was deleted meanwhile.
            let state = self.state();
            let gone = bundle.iter().filter(|(id, _)| state.token(*id).is_none());
            gone.for_each(|(id, _)| self.shared.usage.forget(*id));
        }
        Ok(())
    }

    /// What is written of a repository's use day by day. Reads the disk.
    ///
    /// # Errors
    /// [`Error`]
    pub fn days(&self, repository: Id) -> Result<Days, Error> {
        let found = self.shared.engine.scan_prefix(Table::Days, &repository.to_bytes(), 1)?;
        found.first().map_or(Ok(Days::default()), |(key, value)| load::days(key, value))
    }

    /// Damages the record of a repository's days, as a disk may; false if there is none.
    #[cfg(test)]
    pub(crate) fn damage_days(&self, repository: Id) -> bool {
        let found = self.shared.engine.scan_prefix(Table::Days, &repository.to_bytes(), 1).unwrap_or_default();
        let damage = |(key, _)| change::RowChange { table: Table::Days, key, value: Some(vec![0xff]) };
        let damaged: Vec<_> = found.into_iter().map(damage).collect();
        !damaged.is_empty() && self.shared.engine.commit(&damaged).is_ok()
    }

    /// Notes that the first start is done: from now on an empty store is damage.
    ///
    /// # Errors
    /// [`Error`]
    pub fn finish_first_start(&self) -> Result<(), Error> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).mark_used()
    }

    /// The server is ready: removes the store of an earlier dockpass that an earlier start has kept.
    pub fn forget_earlier(&self) {
        if self.keeps_earlier {
            migration::forget_before(&self.directory.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Saves what is noted, waits for the changes under way, and closes. Does nothing the second time.
    pub fn close(&self) {
        if self.queue.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            return;
        }
        if let Err(error) = self.save_usage() {
            log::warn!("the last uses of access tokens were not saved: {error}");
        }
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).keep(&self.state());
        self.queue.write().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            log::error!("the writer ended badly");
        }
        // Before the files are given away: closing may make some.
        if let Err(error) = self.shared.engine.close() {
            log::warn!("the store was not closed in time: {error}");
        }
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = directory.give_to_owner() {
            log::warn!("new files keep their owner: {error}");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

/// Bytes of the files of the store in a data directory. It asks the disk for each of them.
///
/// # Errors
/// What the system says.
pub fn size_at(directory: &Path) -> std::io::Result<u64> {
    let store = directory.join(data_files::STORE);
    std::fs::metadata(&store)?;
    bytes_below(&store)
}

/// When the last backup of a data directory was durable where it was written; none if none ever was.
#[must_use]
pub fn last_backup_at(directory: &Path) -> Option<Timestamp> {
    let noted = std::fs::metadata(directory.join(data_files::LAST_BACKUP)).and_then(|file| file.modified());
    let since = noted.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp::from_millis)
}

/// Bytes of the files below a directory. What is not there any more has none: sled replaces its snapshots, and removes what is
/// large with the directory that it had for it.
fn bytes_below(directory: &Path) -> std::io::Result<u64> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        read => read?,
    };
    let mut bytes = 0_u64;
    for entry in entries {
        let entry = entry?;
        bytes = bytes.saturating_add(match entry.metadata() {
            Ok(found) if found.is_dir() => bytes_below(&entry.path())?,
            Ok(found) => found.len(),
            Err(_) => 0,
        });
    }
    Ok(bytes)
}

/// Opens the database. That of a first start which was cut off before its first batch is made anew if it does not open: sled
/// syncs nothing of a database while it makes it, and this one was never answered for.
fn open_engine(directory: &DataDirectory) -> Result<Engine, Error> {
    let opened = Engine::open(&directory.store());
    let Err(error @ (Error::Sled(sled::Error::Corruption { .. }) | Error::Unreadable)) = opened else { return opened };
    let path = directory.end();
    let (_, noted) = NotedEnd::open(&path).map_err(|source| Error::Io { path, source })?;
    if directory.was_used() || noted.is_some_and(|end| end.number > 0) {
        return Err(error);
    }
    log::warn!("the first start was cut off while it made the store, which does not open: it is made anew");
    directory.make_store_anew()?;
    Engine::open(&directory.store())
}

/// Opens the note of the store's end, and refuses a store that does not reach it.
fn noted_end(directory: &DataDirectory, seal: &Seal) -> Result<NotedEnd, Error> {
    let path = directory.end();
    let (mut end, noted) = NotedEnd::open(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
    match noted {
        Some(noted) => load::check_end(seal, noted, &path)?,
        None if seal.number > 0 => log::warn!("{} says nothing; the end of the store is not checked", path.display()),
        None => {}
    }
    end.note(seal.end());
    Ok(end)
}

/// Opens the journal of endings; `had_one` says whether one should be there.
fn journal(directory: &DataDirectory, had_one: bool, folded: Folded) -> Result<Journal, Error> {
    let path = directory.journal();
    if had_one && std::fs::symlink_metadata(&path).is_err() {
        log::warn!("{} is missing; what was revoked while the disk was full may be in force again", path.display());
    }
    let journal = Journal::open(&path, folded)?;
    let count = journal.entries().len();
    if count > 0 {
        log::warn!("{count} endings that were made while the disk was full are in force");
    }
    Ok(journal)
}

/// Reads the key of the audit chain, or makes it where there never was a store.
fn key_of_audit(directory: &DataDirectory) -> Result<AuditKey, Error> {
    let path = directory.path().join(AUDIT_KEY);
    let invalid = |source: std::io::Error| Error::Io { path: path.clone(), source };
    if let Some(content) = private_file::read(&path)? {
        return audit_key::read(&content).ok_or_else(|| invalid(std::io::Error::other("not a key")));
    }
    if directory.was_used() {
        return Err(Error::Missing { path });
    }
    let bytes = random::bytes().map_err(|error| invalid(std::io::Error::other(error)))?;
    private_file::write(&path, format!("{}\n", blake3::Hash::from_bytes(bytes).to_hex()).as_bytes())?;
    Ok(AuditKey::new(bytes))
}

/// Opens the data directory at `path` and its store; of one of an earlier format no backup is kept.
///
/// # Errors
/// [`Error`]
pub fn open(path: &Path, clock: Clock) -> Result<Opened, Error> {
    let metrics = Metrics::new(&clock);
    Store::open(DataDirectory::open(path)?, &UpgradeBackup::Off, clock, metrics)
}
