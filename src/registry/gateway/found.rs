//! What dockpass has found out about the registry behind the gateway by itself, for whoever looks.

use crate::domain::registry::Outcome;
use crate::domain::time::Timestamp;

/// What a look at the registry has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// What came out.
    pub outcome: Outcome,
    /// When the look ended; none if there was none since the start.
    pub found_at: Option<Timestamp>,
    /// In words for the operator: what is wrong, or why it is not known; empty if all is well.
    pub reason: String,
}

/// All that was found since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether the registry keeps the blobs of one repository from the others.
    pub blobs_apart: Finding,
    /// Whether nobody but dockpass gets anything from it.
    pub closed_to_others: Finding,
}

impl Finding {
    pub(super) fn good() -> Self {
        Self { outcome: Outcome::Good, ..Self::default() }
    }

    pub(super) fn bad(reason: String) -> Self {
        Self { outcome: Outcome::Bad, reason, ..Self::default() }
    }

    pub(super) fn unknown(reason: String) -> Self {
        Self { outcome: Outcome::Unknown, reason, ..Self::default() }
    }
}
