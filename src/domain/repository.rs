//! Repositories: the records that dockpass keeps for the names in the registry.

use super::id::Id;
use super::immutable_tags::ImmutableTags;
use super::name::RepositoryName;
use super::time::Timestamp;

/// Longest short description, in characters.
pub const MAX_SHORT_DESCRIPTION: usize = 140;
/// Longest long description, in bytes.
pub const MAX_LONG_DESCRIPTION: usize = 25_000;

/// A repository as it is now. Its name never changes. The account of its namespace owns it, until it is transferred to
/// another one.
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
    /// The account that it was transferred to; none while it belongs to whoever has its namespace. If that account is
    /// gone, nobody owns the repository.
    pub owner: Option<Id>,
    /// Which tags nobody overwrites, where a gateway is before the registry.
    pub immutable_tags: ImmutableTags,
}
