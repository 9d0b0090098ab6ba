//! Teams of organizations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Rows, UnknownFields};

/// A team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Identifier.
    pub id: String,
    /// The organization's identifier.
    #[serde(rename = "orgID")]
    pub org_id: String,
    /// Name, unique in the organization.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many members it has.
    pub members_count: usize,
}

/// A page of teams.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Teams {
    /// The teams of the page, by name.
    pub teams: Vec<Team>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many teams the whole list has.
    pub resource_count: usize,
}

impl Rows for Teams {
    type Row = Team;
    const FIELD: Option<&'static str> = Some("teams");
}

/// Fields of a [`Team`] that no request sets.
const SHOWN_ONLY: &[&str] = &["id", "orgID", "membersCount"];

/// The team to make.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateTeam {
    /// Name, unique in the organization.
    pub name: String,
    /// What it is for, at most 1,024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl JsonBody for CreateTeam {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
}

/// Changes of a team; its name never changes.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTeam {
    /// What it is for, at most 1,024 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Must be the present name; an empty one counts as omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl JsonBody for UpdateTeam {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
}
