//! The writer while the disk is full or read-only: it makes endings, into the journal, and refuses all else; once that is over it
//! opens the store again, takes back what the failed batch left, and folds the journal into it.

use std::sync::Arc;

use super::super::error::{Trouble, WriteError};
use super::super::fold;
use super::super::journal::NotNoted;
use super::super::load::{self, Loaded};
use super::super::row;
use super::super::state::State;
use super::super::txn::TxnOutcome;
use super::{Job, Mode, Stuck, Writer, audit_rows, last_of_each_key};

impl Writer {
    /// Makes the change if it is an ending for which the journal has room; refuses it with `failure` if not.
    pub(super) fn write_ending(&mut self, mut job: Box<dyn Job>, stuck: &Stuck, failure: WriteError) {
        let mut state = State::clone(&self.shared.state.load_full());
        let answer = match self.run_job(job.as_mut(), &mut state) {
            // The job says itself why it failed.
            None => None,
            Some(outcome) if outcome.changes.is_empty() => None,
            Some(outcome) => self.note_ending(state, outcome, stuck, failure),
        };
        job.answer(answer);
    }

    fn note_ending(
        &mut self,
        state: State,
        outcome: TxnOutcome,
        stuck: &Stuck,
        failure: WriteError,
    ) -> Option<WriteError> {
        let Some(share) = outcome.ending else { return Some(failure) };
        let changes = last_of_each_key(outcome.changes);
        let audited = audit_rows(&changes);
        match self.journal.note(share, stuck.stored.audit().seq, changes) {
            Err(NotNoted::NoRoom) => return Some(failure),
            Err(NotNoted::Unknown) => return Some(WriteError::Unknown(stuck.trouble)),
            Ok(()) => {}
        }
        self.ended.waits_in_journal();
        // Before the state, whose end of the audit log they lead to.
        let unfolded = self.shared.unfolded.load_full();
        self.shared.unfolded.store(Arc::new(unfolded.iter().cloned().chain(audited).collect()));
        self.shared.state.store(Arc::new(state));
        self.take_leave(&outcome.removed_tokens, outcome.leftovers);
        None
    }

    /// Opens the store again once there is room, undoes what the failed batch left, compares, and folds the journal in.
    pub(super) fn recover(&mut self, mode: Mode) -> Mode {
        let Mode::Full(stuck) = mode else { return mode };
        if !self.shared.has_room() || !self.shared.is_writable() {
            return Mode::Full(stuck);
        }
        let engine = &self.shared.engine;
        if let Err(error) = engine.reopen() {
            if !stuck.is_told {
                log::warn!("the disk can be written, but the store does not open yet: {error}");
            }
            return Mode::Full(Stuck { is_told: true, ..stuck });
        }
        let Stuck { trouble, undo, stored, .. } = stuck;
        if let Err(error) = engine.commit(&undo) {
            return self.refuse(error, undo, stored).0;
        }
        // Before the journal is folded in: its records have the numbers of those that were undone.
        self.shared.undone.store(Arc::default());
        let loaded = load::load(engine, &self.seal_key);
        let is_same = |loaded: Loaded| loaded.seal == self.seal && loaded.state == *stored;
        if !loaded.is_ok_and(is_same) {
            log::error!("the reopened store is not what was published; no change is accepted until a restart");
            return self.break_off(Trouble::Broken);
        }
        match self.fold(stored) {
            Mode::Ready => {
                log::info!("{trouble}: that is over, changes are accepted again");
                self.journal.make_up();
                self.shared.refusal.store(Arc::new(None));
                Mode::Ready
            }
            mode => mode,
        }
    }

    /// Makes the endings of the journal in the store, which has the state `stored`, and empties the journal.
    pub(super) fn fold(&mut self, stored: Arc<State>) -> Mode {
        // One that may be noted, and was not answered for, must not come back over what is done from now on.
        if self.journal.entries().is_empty() && !self.journal.is_unsettled() {
            return Mode::Ready;
        }
        let (folded, published) = (self.journal.all(), self.shared.state.load_full());
        let repeated = fold::repeated(self.journal.entries(), &stored, &self.shared.engine, &self.shared.key);
        let sealed = repeated.map_err(|error| error.to_string()).and_then(|(state, outcome)| {
            if state != *published {
                return Err("it comes to another state".to_owned());
            }
            let mut changes = outcome.changes;
            changes.push(row::put(&folded).map_err(|error| error.to_string())?);
            self.seal_batch(changes, state.audit(), true).map_err(|error| error.to_string())
        });
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                log::error!("the journal of endings cannot be folded into the store: {error}");
                return self.break_off(Trouble::Broken);
            }
        };
        let shared = Arc::clone(&self.shared);
        let mut making = shared.snapshots.making(&sealed.undo);
        if let Err(error) = shared.engine.commit(&sealed.changes) {
            return self.refuse(error, sealed.undo, stored).0;
        }
        making.made(sealed.seal);
        shared.grows_by(&sealed);
        drop(making);
        self.seal = sealed.seal;
        self.end.note(self.seal.end());
        log::warn!("{} endings of the journal are in the store now", self.journal.entries().len());
        self.shared.unfolded.store(Arc::default());
        self.journal.clear(folded);
        Mode::Ready
    }
}
