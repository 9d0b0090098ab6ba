//! How far a comparison with the registry is, for whoever looks.

use crate::domain::content::TagName;
use crate::domain::name::RepositoryName;
use crate::domain::registry::{Counts, Phase};
use crate::domain::time::Timestamp;
use crate::service::Compared;

/// Most that is named of what could not be read; all of it is counted.
const NAMED: usize = 100;

/// What could not be read in the registry, and so was left as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The repository.
    pub repository: RepositoryName,
    /// One tag of it; none if nothing of it could be read.
    pub tag: Option<TagName>,
    /// Why.
    pub reason: String,
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
    /// What it left out, as far as it is named: at most 100.
    pub left_out: Vec<LeftOut>,
    /// Why it failed; empty if it did not.
    pub error: String,
    /// How many repositories in a row had no answer at all.
    silences: u64,
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
        self.silences = 0;
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

    /// Counts a repository that could not be read, and returns how many in a row had no answer at all.
    pub(super) fn note_failure(&mut self, repository: RepositoryName, reason: String, is_silence: bool) -> u64 {
        self.counts.compared += 1;
        self.counts.failed += 1;
        self.silences = if is_silence { self.silences + 1 } else { 0 };
        self.name(LeftOut { repository, tag: None, reason });
        self.silences
    }

    /// Counts a tag that could not be read.
    pub(super) fn note_unread(&mut self, repository: RepositoryName, tag: TagName, reason: String) {
        self.counts.unread_tags += 1;
        self.name(LeftOut { repository, tag: Some(tag), reason });
    }

    fn name(&mut self, left_out: LeftOut) {
        if self.left_out.len() < NAMED {
            self.left_out.push(left_out);
        }
    }

    /// Ends it.
    pub(super) fn end(&mut self, phase: Phase, now: Timestamp, error: String) {
        self.phase = phase;
        self.finished_at = Some(now);
        self.error = error;
    }
}
