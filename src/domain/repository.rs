//! Repositories: the records that dockpass keeps for the names in the registry.

use super::id::Id;
use super::name::RepositoryName;
use super::time::Timestamp;

/// Longest short description, in characters.
pub const MAX_SHORT_DESCRIPTION: usize = 140;
/// Longest long description, in bytes.
pub const MAX_LONG_DESCRIPTION: usize = 25_000;

/// A repository as it is now. Its name never changes; who owns it follows from the account of its namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Identifier; a re-created repository of the same name has another.
    pub id: Id,
    /// Name, as the registry knows it.
    pub name: RepositoryName,
    /// Whether everybody may view and pull.
    pub is_public: bool,
    /// One line about it.
    pub short_description: String,
    /// More about it.
    pub long_description: String,
    /// When the record was made.
    pub created_at: Timestamp,
}
