//! Why a use-case refused. Knows no HTTP; the sources of internal failures are kept for the log.

use crate::store::{TooLarge, WriteError};

/// The kinds of things that can be missing or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user or an organization.
    Account,
    /// A user, where only a user will do.
    User,
    /// A repository.
    Repository,
    /// An access token.
    AccessToken,
    /// An organization, where only an organization will do.
    Organization,
    /// A team.
    Team,
    /// A member of an organization or a team.
    Member,
    /// A team's grant on a namespace.
    TeamGrant,
}

/// What stands in the way of a request that is understood and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The last active system administrator cannot go.
    LastAdministrator {
        /// What of the account would have changed; none where it would have been deleted.
        field: Option<&'static str>,
    },
    /// A limit is reached.
    Limit(&'static str),
    /// Repositories are known under the name of a new account.
    NamespaceInUse,
    /// Content of a deleted repository of this name is still being deleted.
    BeingDeleted,
    /// A repository of this name was deleted lately, and was another owner's.
    DeletedLately {
        /// Seconds until the name is free.
        retry_after: i64,
    },
    /// An inactive or expired access token gets no new secret.
    NotRotatable,
}

/// Why a use-case refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The credentials are missing, wrong, or no longer stand.
    #[error("authentication required")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("not allowed: {0}")]
    Denied(&'static str),
    /// It does not exist, or the caller may not see it.
    #[error("not found: {name}")]
    NotFound {
        /// What it would be.
        kind: Kind,
        /// Its name as it was asked for.
        name: String,
    },
    /// The name is taken.
    #[error("already exists: {name}")]
    AlreadyExists {
        /// What it is.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// A value cannot be accepted.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        reason: String,
    },
    /// A setting cannot be had.
    #[error("{field}: {reason}")]
    Setting {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        reason: String,
    },
    /// The present state stands against it.
    #[error("not possible now: {0:?}")]
    Conflict(Obstacle),
    /// Too many wrong guesses, or too many sign-ins at once.
    #[error("too many attempts")]
    TooManyRequests {
        /// Seconds to wait.
        retry_after: i64,
    },
    /// Changes are not accepted at present.
    #[error("changes are not accepted at present: {0}")]
    Unavailable(#[from] WriteError),
    /// A failure of this program or its surroundings.
    #[error("internal failure")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A value that cannot be accepted.
    pub fn invalid(field: &'static str, reason: impl ToString) -> Self {
        Self::Invalid { field, reason: reason.to_string() }
    }

    /// Something missing, or invisible.
    pub fn not_found(kind: Kind, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// A failure of this program or its surroundings.
    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(source))
    }
}

impl From<TooLarge> for Error {
    fn from(error: TooLarge) -> Self {
        Self::internal(error)
    }
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Self {
        Self::internal(error)
    }
}

impl From<crate::domain::random::NoRandomness> for Error {
    fn from(error: crate::domain::random::NoRandomness) -> Self {
        Self::internal(error)
    }
}
