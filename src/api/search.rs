//! Search.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, Repository};

/// The answer of `docker search`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResults {
    /// How many repositories the answer has.
    pub num_results: usize,
    /// What was searched for.
    pub query: String,
    /// Always 1.
    pub page: usize,
    /// Always 1.
    pub num_pages: usize,
    /// The limit: at most this many.
    pub page_size: usize,
    /// The repositories, by name.
    pub results: Vec<SearchResult>,
}

/// A repository that was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// Name, as the registry knows it.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// Always 0.
    pub star_count: u64,
    /// Always false.
    pub is_official: bool,
    /// Always false.
    pub is_trusted: bool,
    /// Always false.
    pub is_automated: bool,
}

/// What a name may be completed to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autocomplete {
    /// Accounts, by name; none for anonymous callers.
    pub account_results: Vec<Account>,
    /// Repositories that the caller sees, by name.
    pub repository_results: Vec<Repository>,
}
