//! The one writer: a thread that takes the waiting changes, makes them durable together, and only then answers.
//!
//! Each change is checked against the state as the changes before it leave it, all go into one transaction, flush and
//! fdatasync, then the new state is published and its end noted, then everybody is answered. A change that fails leaves
//! no trace; when the commit fails, none of the batch does.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::audit_key::AuditKey;
use super::change::RowChange;
use super::end::NotedEnd;
use super::engine::{CommitError, Engine};
use super::error::WriteError;
use super::load::{self, Loaded};
use super::purge::Purge;
use super::seal::{Seal, SealKey};
use super::state::State;
use super::table::Table;
use super::txn::{Txn, TxnOutcome};
use super::usage::UsageNotes;
use crate::domain::audit::AuditHead;
use crate::domain::time::Clock;

/// Most changes that wait; more are refused as busy.
pub(super) const QUEUE: usize = 1_024;
/// Most changes of one batch.
const BATCH_JOBS: usize = 256;
/// A batch takes no further change once it has this many records.
const BATCH_RECORDS: usize = 4_096;
/// How often the writer looks for room while the disk is full.
const LOOK_FOR_ROOM: Duration = Duration::from_millis(500);
/// Room that must be there before the store is opened again, in bytes.
const ROOM: u64 = 8 * 1024 * 1024;

/// What the writer shares with the readers.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) state: ArcSwap<State>,
    pub(super) usage: Arc<UsageNotes>,
    pub(super) key: AuditKey,
    pub(super) refusal: ArcSwap<Option<WriteError>>,
    /// Since when the present batch is being written, in milliseconds since 1970; 0 if none is.
    pub(super) busy_since: AtomicI64,
    pub(super) path: PathBuf,
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
    /// No room; these changes undo what the failed batch may have left.
    Full(Vec<RowChange>),
    Broken,
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
    pub(super) clock: Clock,
    pub(super) purge: Purge,
    /// The purge has failed and waits for the next start.
    pub(super) purge_failed: bool,
}

/// The writer's next step.
enum Next {
    /// A change that a caller waits for.
    Job(Box<dyn Job>),
    /// A piece of the purge.
    Purge,
    /// A look whether there is room again.
    Look,
    /// Nothing any more.
    End,
}

impl Writer {
    /// Runs until no sender is left and nothing waits.
    pub(super) fn run(mut self) {
        let mut mode = Mode::Ready;
        loop {
            match self.next(&mode) {
                Next::Job(job) => {
                    mode = self.watched(|writer| writer.handle(mode, job));
                    // Changes and the purge take turns: a steady stream of changes would leave it no room.
                    if self.has_to_purge(&mode) {
                        mode = self.watched(Self::purge_piece);
                    }
                }
                Next::Purge => mode = self.watched(Self::purge_piece),
                Next::Look => mode = self.watched(|writer| writer.recover(mode)),
                Next::End => break,
            }
        }
        if let Err(error) = self.end.sync() {
            log::warn!("the note of the last batch is not durable: {error}");
        }
    }

    fn next(&self, mode: &Mode) -> Next {
        let received = match mode {
            Mode::Full(_) => self.queue.recv_timeout(LOOK_FOR_ROOM),
            Mode::Ready if self.has_to_purge(mode) => match self.queue.try_recv() {
                Err(TryRecvError::Empty) => return Next::Purge,
                Err(TryRecvError::Disconnected) => return Next::End,
                Ok(job) => Ok(job),
            },
            Mode::Ready | Mode::Broken => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(job) => Next::Job(job),
            Err(RecvTimeoutError::Timeout) => Next::Look,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    fn has_to_purge(&self, mode: &Mode) -> bool {
        let is_ready = matches!(mode, Mode::Ready);
        is_ready && !self.purge_failed && self.purge.is_pending(&self.shared.state.load())
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
        let (mode, failure) = self.commit(state, batch);
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
            self.shared.refusal.store(Arc::new(Some(WriteError::Broken)));
            Mode::Broken
        })
    }

    fn handle(&mut self, mode: Mode, job: Box<dyn Job>) -> Mode {
        // Recover here too: a steady stream of changes would leave no quiet moment to look for room.
        match self.recover(mode) {
            Mode::Ready => self.write_batch(job),
            full @ Mode::Full(_) => {
                job.answer(Some(WriteError::Full));
                full
            }
            Mode::Broken => {
                job.answer(Some(WriteError::Broken));
                Mode::Broken
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
            self.run_job(job.as_mut(), &mut state, &mut batch);
            jobs.push(job);
            let is_full = jobs.len() >= BATCH_JOBS || batch.changes.len() >= BATCH_RECORDS;
            next = if is_full { None } else { self.queue.try_recv().ok() };
        }
        let (mode, failure) = self.commit(state, batch);
        jobs.into_iter().for_each(|job| job.answer(failure.clone()));
        mode
    }

    /// Lets one job work on the state; undoes all that it did if it fails.
    fn run_job(&self, job: &mut dyn Job, state: &mut State, batch: &mut TxnOutcome) {
        let before = state.clone();
        let mut txn = Txn::new(state, &self.shared.key);
        let succeeded = catch_unwind(AssertUnwindSafe(|| job.run(&mut txn)));
        let outcome = txn.finish();
        if let Ok(true) = succeeded {
            batch.changes.extend(outcome.changes);
            batch.removed_tokens.extend(outcome.removed_tokens);
            batch.leftovers.extend(outcome.leftovers);
        } else {
            *state = before;
        }
    }

    fn commit(&mut self, state: State, batch: TxnOutcome) -> (Mode, Option<WriteError>) {
        if batch.changes.is_empty() {
            return (Mode::Ready, None);
        }
        let sealed = match self.seal_batch(batch.changes, state.audit()) {
            Ok(sealed) => sealed,
            Err(error) => return self.refuse(error, Vec::new()),
        };
        if let Err(error) = self.shared.engine.commit(&sealed.changes) {
            return self.refuse(error, sealed.undo);
        }
        #[cfg(test)]
        follow(&self.shared.state.load_full(), &sealed.changes, &state);
        self.seal = sealed.seal;
        self.end.note(self.seal.end());
        self.shared.state.store(Arc::new(state));
        batch.removed_tokens.iter().for_each(|token| self.shared.usage.forget(*token));
        self.purge.add(batch.leftovers);
        (Mode::Ready, None)
    }

    fn seal_batch(&self, changes: Vec<RowChange>, audit: AuditHead) -> Result<Sealed, CommitError> {
        let mut changes = last_of_each_key(changes);
        let mut undo = self.shared.engine.undo_of(&changes)?;
        let seal = self.seal.after(&changes, &undo, audit, &self.seal_key);
        changes.push(seal.change()?);
        undo.push(self.seal.change()?);
        Ok(Sealed { seal, changes, undo })
    }

    fn refuse(&self, error: CommitError, undo: Vec<RowChange>) -> (Mode, Option<WriteError>) {
        log::error!("a change was not made: {error}");
        let (mode, refusal) = match error {
            CommitError::Full(_) => (Mode::Full(undo), WriteError::Full),
            CommitError::Sled(_)
            | CommitError::Sync(_)
            | CommitError::Closed
            | CommitError::NoTable(_)
            | CommitError::Seal(_) => (Mode::Broken, WriteError::Broken),
        };
        self.shared.refusal.store(Arc::new(Some(refusal.clone())));
        (mode, Some(refusal))
    }

    /// Opens the store again once there is room, undoes what the failed batch left, and compares.
    fn recover(&self, mode: Mode) -> Mode {
        let Mode::Full(undo) = mode else { return mode };
        if !self.has_room() {
            return Mode::Full(undo);
        }
        let engine = &self.shared.engine;
        if let Err(error) = engine.reopen() {
            log::warn!("there is room again, but the store does not open yet: {error}");
            return Mode::Full(undo);
        }
        if let Err(error) = engine.commit(&undo) {
            return self.refuse(error, undo).0;
        }
        let loaded = load::load(engine, &self.seal_key);
        let is_same = |loaded: Loaded| loaded.seal == self.seal && loaded.state == *self.shared.state.load_full();
        if !loaded.is_ok_and(is_same) {
            log::error!("the reopened store is not what was published; no change is accepted until a restart");
            self.shared.refusal.store(Arc::new(Some(WriteError::Broken)));
            return Mode::Broken;
        }
        log::info!("there is room again: changes are accepted");
        self.shared.refusal.store(Arc::new(None));
        Mode::Ready
    }

    fn has_room(&self) -> bool {
        rustix::fs::statvfs(&self.shared.path).is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) >= ROOM)
    }
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

/// Of several changes to one key in a batch, only the last counts.
fn last_of_each_key(changes: Vec<RowChange>) -> Vec<RowChange> {
    let keyed = changes.into_iter().map(|RowChange { table, key, value }| ((table, key), value));
    let last: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>> = keyed.collect();
    last.into_iter().map(|((table, key), value)| RowChange { table, key, value }).collect()
}
