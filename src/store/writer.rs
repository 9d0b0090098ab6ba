//! The one writer: a thread that takes the waiting changes, makes them durable together, and only then answers.
//!
//! Each change is checked against the state as the changes before it leave it, all go into one transaction, flush and
//! fdatasync, then the new state is published and its end noted, then everybody is answered. A change that fails leaves
//! no trace; when the commit fails, none of the batch does. On a full disk, only endings are made ([`full`]).

mod full;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::audit_key::AuditKey;
use super::audit_log::Undone;
use super::change::RowChange;
use super::compaction::{Compaction, CompactionError, Next as NextPiece};
use super::end::NotedEnd;
use super::ended::{EndedLog, ended_by};
use super::engine::{CommitError, Engine, Entry};
use super::error::{Trouble, WriteError};
use super::journal::Journal;
use super::purge::Purge;
use super::record::LastEnding;
use super::row;
use super::seal::{Seal, SealKey};
use super::snapshot::Snapshots;
use super::space;
use super::state::State;
use super::table::Table;
use super::txn::{Txn, TxnOutcome};
use super::usage::UsageNotes;
use crate::data_files::END;
use crate::domain::audit::AuditHead;
use crate::domain::id::Id;
use crate::domain::time::Clock;
use crate::metrics::Metrics;

/// Most changes that wait; more are refused as busy.
pub(super) const QUEUE: usize = 1_024;
/// Most changes of one batch.
const BATCH_JOBS: usize = 256;
/// A batch takes no further change once it has this many records.
const BATCH_RECORDS: usize = 4_096;
/// Room that must be there before a database is opened, in bytes.
const ROOM: u64 = 8 * 1024 * 1024;
/// How often the writer looks for room while the disk is full.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(500);

/// What the writer shares with the readers.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) state: ArcSwap<State>,
    pub(super) usage: Arc<UsageNotes>,
    pub(super) key: AuditKey,
    pub(super) refusal: ArcSwap<Option<Trouble>>,
    /// The audit records of the journal, which the store does not have yet.
    pub(super) unfolded: ArcSwap<Vec<Entry>>,
    /// What the last batch that was refused may have left in the log.
    pub(super) undone: ArcSwap<Undone>,
    /// Since when the present batch is being written, in milliseconds since 1970; 0 if none is.
    pub(super) busy_since: AtomicI64,
    /// Bytes of all rows, once they were counted; until then what changes have added.
    pub(super) live: AtomicI64,
    /// Whether the store is to be written anew, or is being.
    pub(super) compaction_is_due: AtomicBool,
    /// Counts the changes that wait.
    pub(super) metrics: Arc<Metrics>,
    /// The present batch, and what is kept for those who read an earlier one.
    pub(super) snapshots: Snapshots,
    pub(super) path: PathBuf,
}

impl Shared {
    /// Room that is left on its file system, as [`room_at`] tells it.
    pub(super) fn room(&self) -> Option<u64> {
        room_at(&self.path)
    }

    /// Whether there is room to open a database: less is left to others.
    pub(super) fn has_room(&self) -> bool {
        self.room().is_none_or(|room| room >= ROOM)
    }

    /// Whether the file system lets its files be opened for writing.
    pub(super) fn is_writable(&self) -> bool {
        let opened = OpenOptions::new().write(true).open(self.path.join(END));
        !opened.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem)
    }

    /// Counts what a batch has added to the rows: with the snapshots closed, so that each of them knows what was counted
    /// when it was opened.
    fn grows_by(&self, batch: &Sealed) {
        self.live.fetch_add(space::growth(&batch.changes, &batch.undo), Ordering::Relaxed);
    }
}

/// Room that is left on the file system of a directory, in bytes; none if the system does not tell, as one does not that has no
/// size.
#[must_use]
pub fn room_at(directory: &Path) -> Option<u64> {
    let room = rustix::fs::statvfs(directory).ok().filter(|room| room.f_blocks > 0)?;
    Some(room.f_bavail.saturating_mul(room.f_frsize))
}

/// A change that waits in the queue, and the caller that waits for it.
pub(super) trait Job: Send {
    /// Does the work; returns whether it succeeded.
    fn run(&mut self, txn: &mut Txn<'_>) -> bool;
    /// Answers, with the failure of the commit if it failed.
    fn answer(self: Box<Self>, failure: Option<WriteError>);
}

pub(super) struct Task<F, T, E> {
    pub(super) work: F,
    pub(super) result: Option<Result<T, E>>,
    pub(super) reply: SyncSender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: Fn(&mut Txn<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<WriteError> + Send,
{
    fn run(&mut self, txn: &mut Txn<'_>) -> bool {
        // If it panics, an earlier run must not answer for this one.
        self.result = None;
        self.result = Some((self.work)(txn));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failure: Option<WriteError>) {
        let result = match (self.result, failure) {
            (Some(Err(error)), _) => Err(error),
            (_, Some(failure)) => Err(failure.into()),
            (Some(result), None) => result,
            (None, None) => Err(WriteError::Failed.into()),
        };
        // The caller may have gone; the change stands all the same.
        let _ = self.reply.send(result);
    }
}

enum Mode {
    Ready,
    /// Only endings are made, until there is room, or the file system can be written, or the store opens again.
    Full(Stuck),
    Broken(Trouble),
}

/// What waits for room, or for the store to open.
struct Stuck {
    /// Why: it passes.
    trouble: Trouble,
    /// Whether it was said that the store does not open.
    is_told: bool,
    /// These changes undo what the failed batch may have left.
    undo: Vec<RowChange>,
    /// The state without the endings of the journal.
    stored: Arc<State>,
}

/// A change of a batch, and how it went.
struct Done {
    job: Box<dyn Job>,
    succeeded: bool,
    is_ending: bool,
}

/// A batch as it goes to the disk.
struct Sealed {
    seal: Seal,
    changes: Vec<RowChange>,
    undo: Vec<RowChange>,
}

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: Receiver<Box<dyn Job>>,
    pub(super) seal: Seal,
    pub(super) seal_key: SealKey,
    pub(super) end: NotedEnd,
    pub(super) journal: Journal,
    pub(super) ended: EndedLog,
    pub(super) clock: Clock,
    pub(super) purge: Purge,
    /// The purge has failed and waits for the next start.
    pub(super) purge_failed: bool,
    /// The store as it is being written anew.
    pub(super) compaction: Option<Compaction>,
}

/// The writer's next step.
enum Next {
    /// A change that a caller waits for.
    Job(Box<dyn Job>),
    /// A piece of what is done between the changes of others.
    Upkeep,
    /// A look whether there is room again.
    Look,
    /// Nothing any more.
    End,
}

impl Writer {
    /// Folds what the journal holds into the store, then runs until no sender is left and nothing waits. What was
    /// opened counts from `ready` on.
    pub(super) fn run(mut self, stored: Arc<State>) {
        let mut mode = self.watched(|writer| writer.fold(stored));
        loop {
            match self.next(&mode) {
                Next::Job(job) => {
                    mode = self.watched(|writer| writer.handle(mode, job));
                    // Changes and upkeep take turns: a steady stream of changes would leave it no room.
                    mode = self.upkeep(mode);
                }
                Next::Upkeep => mode = self.upkeep(mode),
                Next::Look => mode = self.watched(|writer| writer.recover(mode)),
                Next::End => break,
            }
        }
        self.compaction.take().into_iter().for_each(Compaction::give_up);
        // Once more, if it could not be written.
        let instance = self.shared.state.load().meta().map(|meta| meta.instance);
        self.ended.note(instance, self.seal.number.saturating_add(1), &[], self.clock.now());
        if let Err(error) = self.end.sync() {
            log::warn!("the note of the last batch is not durable: {error}");
        }
    }

    /// A piece of the purge, and one of writing the store anew, if they have to be done.
    fn upkeep(&mut self, mut mode: Mode) -> Mode {
        if self.has_to_purge(&mode) {
            mode = self.watched(Self::purge_piece);
        }
        if self.has_to_compact() {
            mode = self.watched(|writer| writer.compaction_piece(mode));
        }
        mode
    }

    fn next(&self, mode: &Mode) -> Next {
        let received = match mode {
            Mode::Full(_) => self.queue.recv_timeout(LOOK_FOR_ROOM),
            Mode::Ready if self.has_to_purge(mode) || self.has_to_compact() => match self.queue.try_recv() {
                Err(TryRecvError::Empty) => return Next::Upkeep,
                Err(TryRecvError::Disconnected) => return Next::End,
                Ok(job) => Ok(job),
            },
            Mode::Ready | Mode::Broken(_) => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(job) => {
                self.shared.metrics.queue.leave();
                Next::Job(job)
            }
            Err(RecvTimeoutError::Timeout) => Next::Look,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    fn has_to_purge(&self, mode: &Mode) -> bool {
        let is_ready = matches!(mode, Mode::Ready);
        is_ready && !self.purge_failed && self.purge.is_pending(&self.shared.state.load())
    }

    fn has_to_compact(&self) -> bool {
        self.shared.compaction_is_due.load(Ordering::SeqCst)
    }

    /// Writes a piece of the store anew, and in the end exchanges it. What fails is given up: the store stays as it is.
    fn compaction_piece(&mut self, mode: Mode) -> Mode {
        let begun = self.compaction.take();
        let written = match mode {
            Mode::Ready => self.write_anew(begun),
            Mode::Full(_) | Mode::Broken(_) => {
                self.shared.compaction_is_due.store(false, Ordering::SeqCst);
                begun.into_iter().for_each(Compaction::give_up);
                log::warn!("the store is not written anew: no change is accepted");
                return mode;
            }
        };
        let mode = match written {
            Ok(Some(compaction)) => {
                self.compaction = Some(compaction);
                return Mode::Ready;
            }
            Ok(None) => {
                log::info!("the store was written anew: what was free has gone back to the disk");
                Mode::Ready
            }
            Err(error) => {
                log::warn!("the store was not written anew: {error}");
                self.after_no_exchange(&error)
            }
        };
        // Last: whoever waits for the end finds what comes after it.
        self.shared.compaction_is_due.store(false, Ordering::SeqCst);
        mode
    }

    /// The next piece; none once the new database has the place of the store.
    fn write_anew(&self, begun: Option<Compaction>) -> Result<Option<Compaction>, CompactionError> {
        if !self.shared.has_room() {
            begun.into_iter().for_each(Compaction::give_up);
            return Err(CompactionError::NoRoom);
        }
        let begin = || Compaction::begin(&self.shared.path).inspect(|_| log::info!("the store is being written anew"));
        let mut compaction = begun.map_or_else(begin, Ok)?;
        match compaction.piece(&self.shared.engine) {
            Ok(NextPiece::Piece) => Ok(Some(compaction)),
            Ok(NextPiece::Exchange) => compaction.exchange(&self.shared.engine).map(|()| None),
            Err(error) => {
                compaction.give_up();
                Err(error)
            }
        }
    }

    /// What comes after a store that was not written anew: it is as it was, unless the exchange had begun, and the disk filled
    /// up just then, or hung. Where it is in its place, it opens again once that is over.
    fn after_no_exchange(&self, error: &CompactionError) -> Mode {
        if self.shared.engine.is_open() {
            return Mode::Ready;
        }
        if error.is_in_place() {
            let trouble = error.passing().unwrap_or(Trouble::Closed);
            return self.be_stuck(trouble, Vec::new(), self.shared.state.load_full());
        }
        log::error!("the store is closed; no change is accepted until a restart");
        self.break_off(Trouble::Broken)
    }

    /// Only endings are accepted until this trouble has passed.
    fn be_stuck(&self, trouble: Trouble, undo: Vec<RowChange>, stored: Arc<State>) -> Mode {
        self.shared.refusal.store(Arc::new(Some(trouble)));
        Mode::Full(Stuck { trouble, is_told: false, undo, stored })
    }

    /// Removes a piece of what is gone from the disk.
    fn purge_piece(&mut self) -> Mode {
        let mut state = State::clone(&self.shared.state.load_full());
        let mut txn = Txn::new(&mut state, &self.shared.key);
        let piece = match self.purge.piece(&self.shared.engine, &mut txn, self.clock.now()) {
            Ok(piece) => piece,
            Err(error) => {
                // Nothing of it is visible; the next start tries again.
                log::error!("what was deleted stays on the disk for now: {error}");
                self.purge_failed = true;
                return Mode::Ready;
            }
        };
        let batch = txn.finish();
        // What goes now was ended by the change that deleted it.
        let (mode, failure) = self.commit(state, batch, false);
        if failure.is_none() {
            self.purge.done(&piece);
        }
        mode
    }

    /// Does a step that the watchdog watches. A panic in it would be a fault of this program that no batch outlives:
    /// the callers are answered, and no change is accepted any more.
    fn watched(&mut self, step: impl FnOnce(&mut Self) -> Mode) -> Mode {
        self.shared.busy_since.store(self.clock.moment().millis(), Ordering::SeqCst);
        let mode = catch_unwind(AssertUnwindSafe(|| step(self)));
        self.shared.busy_since.store(0, Ordering::SeqCst);
        mode.unwrap_or_else(|_| {
            log::error!("the writer failed inside; no change is accepted until a restart");
            self.break_off(Trouble::Broken)
        })
    }

    /// No change is accepted any more.
    fn break_off(&self, trouble: Trouble) -> Mode {
        self.shared.refusal.store(Arc::new(Some(trouble)));
        Mode::Broken(trouble)
    }

    fn handle(&mut self, mode: Mode, job: Box<dyn Job>) -> Mode {
        // Recover here too: a steady stream of changes would leave no quiet moment to look for room.
        match self.recover(mode) {
            Mode::Ready => self.write_batch(job),
            Mode::Full(stuck) => {
                self.write_ending(job, &stuck, WriteError::Refused(stuck.trouble));
                Mode::Full(stuck)
            }
            Mode::Broken(trouble) => {
                job.answer(Some(WriteError::Refused(trouble)));
                Mode::Broken(trouble)
            }
        }
    }

    fn write_batch(&mut self, first: Box<dyn Job>) -> Mode {
        let published = self.shared.state.load_full();
        let mut state = State::clone(&published);
        let mut jobs = Vec::new();
        let mut batch = TxnOutcome::default();
        let mut next = Some(first);
        while let Some(mut job) = next {
            let outcome = self.run_job(job.as_mut(), &mut state);
            jobs.push(Done { job, succeeded: outcome.is_some(), is_ending: is_ending(outcome.as_ref()) });
            batch.add(outcome.unwrap_or_default());
            let is_full = jobs.len() >= BATCH_JOBS || batch.changes.len() >= BATCH_RECORDS;
            next = if is_full { None } else { self.queue.try_recv().ok() };
            next.iter().for_each(|_| self.shared.metrics.queue.leave());
        }
        let (mode, failure) = self.commit(state, batch, true);
        for Done { job, succeeded, is_ending } in jobs {
            match (&mode, &failure) {
                (Mode::Full(stuck), Some(failure)) if succeeded && is_ending => {
                    self.write_ending(job, stuck, failure.clone());
                }
                (_, failure) => job.answer(failure.clone()),
            }
        }
        mode
    }

    /// Lets one job work on the state; undoes all that it did if it fails, and returns none.
    fn run_job(&self, job: &mut dyn Job, state: &mut State) -> Option<TxnOutcome> {
        let before = state.clone();
        let mut txn = Txn::new(state, &self.shared.key);
        let succeeded = catch_unwind(AssertUnwindSafe(|| job.run(&mut txn)));
        let outcome = txn.finish();
        if let Ok(true) = succeeded {
            return Some(outcome);
        }
        *state = before;
        None
    }

    fn commit(&mut self, state: State, batch: TxnOutcome, may_end: bool) -> (Mode, Option<WriteError>) {
        if batch.changes.is_empty() {
            return (Mode::Ready, None);
        }
        let sealed = match self.seal_batch(batch.changes, state.audit(), may_end) {
            Ok(sealed) => sealed,
            Err(error) => {
                let (mode, failure) = self.refuse(error, Vec::new(), self.shared.state.load_full());
                // Nothing was written yet.
                return (mode, failure.map(WriteError::before_writing));
            }
        };
        let shared = Arc::clone(&self.shared);
        let mut making = shared.snapshots.making(&sealed.undo);
        if let Err(error) = shared.engine.commit(&sealed.changes) {
            return self.refuse(error, sealed.undo, shared.state.load_full());
        }
        making.made(sealed.seal);
        shared.grows_by(&sealed);
        if let Some(compaction) = &mut self.compaction {
            compaction.follow(&sealed.changes);
        }
        #[cfg(test)]
        follow(&self.shared.state.load_full(), &sealed.changes, &state);
        self.seal = sealed.seal;
        self.end.note(self.seal.end());
        self.shared.state.store(Arc::new(state));
        drop(making);
        self.take_leave(&batch.removed_tokens, batch.leftovers);
        (Mode::Ready, None)
    }

    /// Notes what a batch is about to end, and says what the store is to note of that. A line of a batch that fails says too much, which a restore may; one that is
    /// missing would let live what was ended.
    fn note_ended(&mut self, changes: &[RowChange], undo: &[RowChange]) -> Option<LastEnding> {
        let instance = self.shared.state.load().meta().map(|meta| meta.instance);
        let batch = self.seal.number.saturating_add(1);
        let ended = ended_by(changes, undo, self.ended.namespaces());
        self.ended.note(instance, batch, &ended, self.clock.now())
    }

    /// Forgets what a change that stands has removed.
    fn take_leave(&mut self, removed_tokens: &[Id], leftovers: Vec<(Table, Vec<u8>)>) {
        removed_tokens.iter().for_each(|token| self.shared.usage.forget(*token));
        self.purge.add(leftovers);
    }

    /// The batch as it goes to the disk. What it ends is noted in `ended.log` before, and in the store with it, unless all of it
    /// was ended by another.
    fn seal_batch(&mut self, changes: Vec<RowChange>, audit: AuditHead, may_end: bool) -> Result<Sealed, CommitError> {
        let mut changes = last_of_each_key(changes);
        let mut undo = self.shared.engine.undo_of(&changes)?;
        let noted = if may_end { self.note_ended(&changes, &undo) } else { None };
        if let Some(noted) = noted {
            let noted = [row::put(&noted)?];
            undo.extend(self.shared.engine.undo_of(&noted)?);
            changes.extend(noted);
        }
        let seal = self.seal.after(&changes, &undo, audit, &self.seal_key);
        changes.push(seal.change()?);
        undo.push(self.seal.change()?);
        Ok(Sealed { seal, changes, undo })
    }

    /// Takes note that a batch failed, which began with the state `stored`.
    fn refuse(&self, error: CommitError, undo: Vec<RowChange>, stored: Arc<State>) -> (Mode, Option<WriteError>) {
        log::error!("a change was not made: {error}");
        self.shared.undone.store(Arc::new(Undone::of(&undo)));
        let failure = match error {
            CommitError::Passing { trouble, .. } => WriteError::Unknown(trouble),
            CommitError::Sled(_) | CommitError::Sync(_) => WriteError::Unknown(Trouble::Broken),
            CommitError::Vanished { is_written: true, .. } => WriteError::Unknown(Trouble::Vanished),
            CommitError::Vanished { is_written: false, .. } => WriteError::Refused(Trouble::Vanished),
            CommitError::Closed | CommitError::NoTable(_) | CommitError::Seal(_) => {
                WriteError::Refused(Trouble::Broken)
            }
        };
        let (WriteError::Unknown(trouble) | WriteError::Refused(trouble)) = failure else {
            return (self.break_off(Trouble::Broken), Some(failure));
        };
        let mode = match trouble {
            Trouble::Full | Trouble::ReadOnly | Trouble::Closed => self.be_stuck(trouble, undo, stored),
            Trouble::Broken | Trouble::Vanished => self.break_off(trouble),
        };
        (mode, Some(failure))
    }
}

fn is_ending(outcome: Option<&TxnOutcome>) -> bool {
    outcome.is_some_and(|outcome| outcome.ending.is_some())
}

/// Replaying the log of changes gives the same state: checked in every test.
#[cfg(test)]
fn follow(before: &State, changes: &[RowChange], after: &State) {
    let mut followed = before.clone();
    // Changes of a batch are in order of their keys, not of time: a name that passes from an account that goes to a new
    // one is free only after the other's change.
    let mut left: Vec<&RowChange> = changes.iter().collect();
    while !left.is_empty() {
        let count = left.len();
        left.retain(|change| followed.apply(change).is_err());
        assert!(left.len() < count, "no change of these can be followed: {:?}", followed.apply(left[0]));
    }
    followed.remember_going();
    assert!(followed == *after, "who follows the changes comes to another state");
}

/// The rows of the audit log among these.
pub(super) fn audit_rows(changes: &[RowChange]) -> Vec<Entry> {
    let audited = changes.iter().filter(|change| change.table == Table::Audit);
    audited.filter_map(|change| Some((change.key.clone(), change.value.clone()?))).collect()
}

/// Of several changes to one key in a batch, only the last counts.
fn last_of_each_key(changes: Vec<RowChange>) -> Vec<RowChange> {
    let keyed = changes.into_iter().map(|RowChange { table, key, value }| ((table, key), value));
    let last: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>> = keyed.collect();
    last.into_iter().map(|((table, key), value)| RowChange { table, key, value }).collect()
}
