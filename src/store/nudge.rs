//! Wakes a flush that sled forgot.
//!
//! The end of a transaction begins a write. If that fails, sled 0.34.7 keeps the error and tells nobody
//! (`Log::exit_reservation`), so a flush that waits for that write waits for good; on a full disk this was seen with
//! one failed write. A flush after the error finds it and wakes the others. So a thread watches for commits that take
//! long, and then flushes too, each time on a new thread, since that one may hang as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// How often the thread looks.
const TICK: Duration = Duration::from_millis(250);

/// The thread, which ends when this is dropped.
pub(super) struct Nudge {
    /// Odd while a commit is under way.
    commits: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Nudge {
    pub(super) fn new(database: &sled::Db) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let commits = Arc::new(AtomicU64::new(0));
        let (database, watched) = (database.clone(), Arc::clone(&commits));
        let thread = Builder::new().name("nudge".to_owned()).spawn(move || watch(&database, &watched, &stopped))?;
        Ok(Self { commits, stop: Some(stop), thread: Some(thread) })
    }

    /// Runs a commit, which may hang, and has it watched.
    pub(super) fn during<T>(&self, commit: impl FnOnce() -> T) -> T {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let done = Done(&self.commits);
        let outcome = commit();
        drop(done);
        outcome
    }
}

impl Drop for Nudge {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that wakes the flush ended badly");
        }
    }
}

/// Counts the end of a commit, also if it ends with a panic.
struct Done<'a>(&'a AtomicU64);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn watch(database: &sled::Db, commits: &AtomicU64, stopped: &Receiver<()>) {
    let mut seen = 0;
    let mut ticks = 0_u32;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
        let now = commits.load(Ordering::SeqCst);
        let is_waiting = now == seen && now % 2 == 1;
        ticks = if is_waiting { ticks.saturating_add(1) } else { 0 };
        seen = now;
        // Less and less often: a slow disk must not gather threads.
        if ticks.is_power_of_two() {
            nudge(database.clone());
        }
    }
}

fn nudge(database: sled::Db) {
    let spawned = Builder::new().name("nudge-flush".to_owned()).spawn(move || {
        if let Err(error) = database.flush() {
            log::warn!("a commit was waiting for a write that had failed: {error}");
        }
    });
    if let Err(error) = spawned {
        log::warn!("a commit is waiting, and no thread can be started to look why: {error}");
    }
}
