//! What a look at one thing has found.

use serde_json::{Value, json};

use crate::cli::screen::shown;

/// Something that was looked at.
pub(super) struct Check {
    what: &'static str,
    pub(super) is_well: bool,
    pub(super) seen: String,
}

impl Check {
    /// Something that is as it should be.
    pub(super) fn well(what: &'static str, seen: String) -> Self {
        Self { what, is_well: true, seen }
    }

    /// Something that needs a hand.
    pub(super) fn doubtful(what: &'static str, seen: String) -> Self {
        Self { what, is_well: false, seen }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({ "check": self.what, "isWell": self.is_well, "seen": self.seen })
    }

    pub(super) fn line(&self) -> String {
        let mark = if self.is_well { "" } else { "warning: " };
        format!("{}: {mark}{}", self.what, shown::plain(&self.seen))
    }
}
