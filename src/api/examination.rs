//! What an examination of the whole site found (`dockpass doctor`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::checkup::{Check, CheckState};

/// What an examination of the site found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    /// When it was made. Within some seconds, everybody who asks gets the same one.
    #[schemars(extend("format" = "date-time"))]
    pub examined_at: String,
    /// The worst state of all checks.
    pub state: CheckState,
    /// Every check once, always in the same order.
    pub checks: Vec<ExaminedCheck>,
}

/// One check, and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExaminedCheck {
    /// What was looked at.
    pub check: Check,
    /// What people call it.
    pub title: String,
    /// How it came out.
    pub state: CheckState,
    /// What was seen, or why there is nothing to see.
    pub seen: String,
    /// What to do about it; null where nothing is to be done.
    pub remedy: Option<String>,
}
