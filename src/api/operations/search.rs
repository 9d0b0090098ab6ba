//! Search for repositories and accounts by a part of their names.

use crate::api::operation::operations;
use crate::api::query::parameters;
use crate::api::{self, Number, Text};

parameters! {
    /// What `docker search` asks for.
    SearchQuery {
        /// A part of the name.
        text "q": Option<String>,
        /// At most so many; 25 if omitted or 0, never more than 100.
        limit "n": Number,
    }
}

parameters! {
    /// What is to be completed.
    Completion {
        /// A part of the name.
        text "query": Text,
        /// Whether repositories are searched; true if omitted.
        repositories "includeRepositories": Option<bool>,
        /// Whether accounts are searched; true if omitted.
        accounts "includeAccounts": Option<bool>,
        /// Only repositories of this namespace.
        namespace "namespace": Option<String>,
        /// At most so many of each; 25 if omitted or 0, never more than 100.
        limit "limit": Number,
    }
}

operations! { Search:
    /// Whether `docker search` can be asked
    PingSearch = Get "/v1/_ping" 200 {
        answer: bool,
        access: Open,
    }

    /// What `docker search` asks; anonymous callers find public repositories
    DockerSearchV1 = Get "/v1/search" 200 {
        act: RepositorySearch,
        query: SearchQuery,
        answer: api::SearchResults,
        access: Anybody,
        codes: [NotAuthenticated, TooManyRequests, NotFound],
    }

    /// Search repositories; anonymous callers find public ones
    DockerSearch = Get "/api/v0/index/dockersearch" 200 {
        act: RepositorySearch,
        query: SearchQuery,
        answer: api::SearchResults,
        access: Anybody,
        codes: [NotAuthenticated, TooManyRequests],
    }

    /// Complete the name of a repository or an account
    Autocomplete = Get "/api/v0/index/autocomplete" 200 {
        act: RepositorySearch,
        query: Completion,
        answer: api::Autocomplete,
        access: Anybody,
        needs: ["query"],
        codes: [NotAuthenticated, TooManyRequests],
    }
}
