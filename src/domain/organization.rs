//! Organizations: who belongs to them, and their teams.

use super::id::Id;
use super::name::Name;
use super::time::Timestamp;
use super::words::words;

/// Longest description of a team, in characters.
pub const MAX_TEAM_DESCRIPTION: usize = 1_024;

/// The membership of a user in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: Id,
    /// The user.
    pub user: Id,
    /// Whether the user administers the organization.
    pub is_admin: bool,
}

/// A team of an organization. Its name never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Identifier; a re-created team of the same name has another.
    pub id: Id,
    /// The organization.
    pub organization: Id,
    /// Name, unique in the organization.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The membership of a user in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamMembership {
    /// The team.
    pub team: Id,
    /// The user, who is a member of the team's organization.
    pub user: Id,
}

words! {
    /// Which members a list shows.
    #[derive(Default)]
    pub enum MemberFilter {
        /// Every one.
        #[default]
        All = "all",
        /// Administrators of the organization.
        Admins = "admins",
        /// Members who do not administer it.
        NonAdmins = "non-admins",
    }
}
