//! How far a comparison with the registry is, for whoever looks.

use std::fmt;

use crate::domain::registry::Phase;
use crate::domain::time::Timestamp;
use crate::service::Compared;

/// Numbers of repositories by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were looked at.
    pub compared: u64,
    /// Those that were not known.
    pub adopted: u64,
    /// Those whose tags came, went or moved.
    pub changed: u64,
    /// Those of which the registry has none of the known tags any more.
    pub gone: u64,
    /// Those that were deleted here and of which the registry has content.
    pub deleted: u64,
    /// Those for which asking the registry failed.
    pub failed: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { compared, adopted, changed, gone, deleted, failed } = self;
        write!(f, "{compared} repositories, {adopted} new, {changed} changed, {gone} gone, ")?;
        write!(f, "{deleted} deleted here, {failed} not told of")
    }
}

/// The present comparison, or the last one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub phase: Phase,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How many repositories were known when it began: those come first.
    pub known: u64,
    /// What it found so far.
    pub counts: Counts,
    /// Why it failed; empty if it did not.
    pub error: String,
    failures_in_a_row: u64,
}

impl Progress {
    /// One that begins.
    #[must_use]
    pub(super) fn begun(now: Timestamp, known: usize) -> Self {
        let known = u64::try_from(known).unwrap_or(u64::MAX);
        Self { phase: Phase::Running, started_at: Some(now), known, ..Self::default() }
    }

    /// Counts a repository.
    pub(super) fn note(&mut self, compared: Compared) {
        self.failures_in_a_row = 0;
        let counts = &mut self.counts;
        counts.compared += 1;
        match compared {
            Compared::Same | Compared::Empty => {}
            Compared::Adopted => counts.adopted += 1,
            Compared::Changed => counts.changed += 1,
            Compared::Gone => counts.gone += 1,
            Compared::Deleted => counts.deleted += 1,
        }
    }

    /// Counts a failure, and returns how many there are in a row.
    pub(super) fn note_failure(&mut self) -> u64 {
        self.counts.compared += 1;
        self.counts.failed += 1;
        self.failures_in_a_row += 1;
        self.failures_in_a_row
    }

    /// Ends it.
    pub(super) fn end(&mut self, phase: Phase, now: Timestamp, error: String) {
        self.phase = phase;
        self.finished_at = Some(now);
        self.error = error;
    }
}
