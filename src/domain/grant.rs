//! Grants: who has which access to what, beyond what follows from ownership.

use super::id::Id;
use super::name::{Namespace, RepositoryName};

/// Who a grant is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// One user.
    User(Id),
    /// Every member of a team.
    Team(Id),
}

/// Users or teams: whom a grant can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GranteeKind {
    /// Users.
    User,
    /// Teams.
    Team,
}

impl Grantee {
    /// Whether it is a user or a team.
    #[must_use]
    pub fn kind(self) -> GranteeKind {
        match self {
            Self::User(_) => GranteeKind::User,
            Self::Team(_) => GranteeKind::Team,
        }
    }

    /// The identifier of the user or the team.
    #[must_use]
    pub fn id(self) -> Id {
        match self {
            Self::User(id) | Self::Team(id) => id,
        }
    }
}

/// What a grant is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantTarget {
    /// Every repository of a namespace, also those to come.
    Namespace(Namespace),
    /// One repository.
    Repository(RepositoryName),
}
