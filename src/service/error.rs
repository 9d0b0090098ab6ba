//! The errors of use-cases. They know no HTTP, and keep the sources of internal failures for the log.

use crate::domain::id::Id;
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
    /// A robot of an organization.
    Robot,
    /// An organization, where only an organization will do.
    Organization,
    /// A team.
    Team,
    /// A member of an organization or a team.
    Member,
    /// A team's grant on a namespace.
    TeamGrant,
    /// A session of the web pages.
    Session,
}

/// What stands in the way of a request that is understood and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The request would leave no active system administrator who can sign in, or none who can for good.
    LastAdministrator {
        /// The field that the request would have changed; `None` if it would have deleted the account.
        field: Option<&'static str>,
    },
    /// A limit is reached.
    Limit(&'static str),
    /// Repositories are known under the name of a new account.
    NamespaceInUse,
    /// Content of a deleted repository of this name is still being deleted.
    BeingDeleted,
    /// Another owner's repository of this name was deleted recently.
    DeletedLately {
        /// Seconds until the name is free.
        retry_after: i64,
    },
    /// An inactive or expired access token gets no new secret.
    NotRotatable,
    /// An access token that was ended for good is neither activated nor given a new secret.
    Revoked,
    /// No gateway is before the registry, so nothing would hold tags as they are.
    NoGateway,
    /// What was named by the hash of a secret that has ended is changed by the present one.
    SecretEnded {
        /// The access token that the secret was of.
        token: Id,
    },
}

/// Why a use-case refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The credentials are missing, wrong, or no longer valid.
    #[error("authentication required")]
    Unauthenticated,
    /// The caller may not do this.
    #[error("not allowed: {0}")]
    Denied(&'static str),
    /// As [`Error::Denied`], to one whose account may: the cap of its access token, which the reason names, does not.
    #[error("not allowed: {0}")]
    Capped(String),
    /// It does not exist, or the caller may not see it.
    #[error("not found: {name}")]
    NotFound {
        /// What kind of thing was asked for.
        kind: Kind,
        /// Its name, as the request gave it.
        name: String,
    },
    /// As [`Error::NotFound`], to one who may not know whether it exists: the answer is the same, whichever it is.
    #[error("not there, or no access: {name}")]
    Hidden {
        /// What kind of thing was asked for.
        kind: Kind,
        /// Its name, as the request gave it.
        name: String,
        /// Which it is, and why. For the audit log, never for the caller.
        reason: String,
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
        /// The field.
        field: &'static str,
        /// Why, and what would be accepted.
        reason: String,
    },
    /// A setting cannot have this value.
    #[error("{field}: {reason}")]
    Setting {
        /// The field.
        field: &'static str,
        /// Why, and what would be accepted.
        reason: String,
    },
    /// The present state rules the request out.
    #[error("not possible now: {0:?}")]
    Conflict(Obstacle),
    /// Too many wrong guesses, or too many sign-ins at once.
    #[error("too many attempts")]
    TooManyRequests {
        /// Seconds to wait.
        retry_after: i64,
    },
    /// The account has changed too much within a minute.
    #[error("too many changes")]
    TooManyChanges {
        /// Seconds to wait.
        retry_after: i64,
    },
    /// Changes are not accepted at present.
    #[error("changes are not accepted at present: {0}")]
    Unavailable(#[from] WriteError),
    /// The disk cannot be read at present: the store is being opened again, as after a full disk, or is closed.
    #[error("the store is being opened again, or is closed")]
    Unread,
    /// A failure of this program or its surroundings.
    #[error("internal failure")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A value that cannot be accepted.
    pub fn invalid(field: &'static str, reason: impl ToString) -> Self {
        Self::Invalid { field, reason: reason.to_string() }
    }

    /// Something that does not exist, or that the caller may not see.
    pub fn not_found(kind: Kind, name: impl ToString) -> Self {
        Self::NotFound { kind, name: name.to_string() }
    }

    /// Something that the caller may not see, or that is not there, and which of both.
    pub(in crate::service) fn hidden(kind: Kind, name: impl ToString, reason: impl ToString) -> Self {
        Self::Hidden { kind, name: name.to_string(), reason: reason.to_string() }
    }

    /// The reason for the audit log, if a caller was refused what it may not do or see.
    #[must_use]
    pub fn denial(&self) -> Option<&str> {
        match self {
            Self::Denied(reason) => Some(reason),
            Self::Capped(reason) | Self::Hidden { reason, .. } => Some(reason),
            Self::Unauthenticated
            | Self::NotFound { .. }
            | Self::AlreadyExists { .. }
            | Self::Invalid { .. }
            | Self::Setting { .. }
            | Self::Conflict(_)
            | Self::TooManyRequests { .. }
            | Self::TooManyChanges { .. }
            | Self::Unavailable(_)
            | Self::Unread
            | Self::Internal(_) => None,
        }
    }

    /// Whether the change that was answered with this may have been made all the same, now or at a restart.
    #[must_use]
    pub fn leaves_open_what_was_done(&self) -> bool {
        matches!(self, Self::Unavailable(reason) if reason.may_be_made())
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
    /// While a disk is full, the store is opened again every half second, and not read meanwhile.
    fn from(error: crate::store::Error) -> Self {
        if error.is_passing() { Self::Unread } else { Self::internal(error) }
    }
}

impl From<crate::domain::random::NoRandomness> for Error {
    fn from(error: crate::domain::random::NoRandomness) -> Self {
        Self::internal(error)
    }
}
