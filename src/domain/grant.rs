//! Grants: who has which access to what, beyond what follows from ownership.

use std::fmt;
use std::str::FromStr;

use super::access::Reason;
use super::id::Id;
use super::name::{InvalidName, Namespace, RepositoryName};

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

impl GrantTarget {
    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        match self {
            Self::Namespace(namespace) => namespace.clone(),
            Self::Repository(name) => name.namespace(),
        }
    }

    /// Why somebody has access by a grant on this, to a user or to a team.
    #[must_use]
    pub fn reason(&self, kind: GranteeKind) -> Reason {
        match (self, kind) {
            (Self::Repository(_), GranteeKind::User) => Reason::RepositoryGrant,
            (Self::Namespace(_), GranteeKind::User) => Reason::NamespaceGrant,
            (Self::Repository(_), GranteeKind::Team) => Reason::TeamRepositoryGrant,
            (Self::Namespace(_), GranteeKind::Team) => Reason::TeamNamespaceGrant,
        }
    }

    /// Whether a grant on this reaches something of the other: that repository, or some of that namespace.
    #[must_use]
    pub fn touches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Repository(one), Self::Repository(other)) => one == other,
            (Self::Namespace(_), _) | (_, Self::Namespace(_)) => self.namespace() == other.namespace(),
        }
    }
}

/// As people write it: `NAMESPACE/NAME`, or `NAMESPACE/*` for all of one; `_` is the empty namespace.
impl fmt::Display for GrantTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(namespace) => write!(f, "{namespace}/*"),
            Self::Repository(name) => write!(f, "{}/{}", name.namespace_str(), name.rest()),
        }
    }
}

impl FromStr for GrantTarget {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.strip_suffix("/*") {
            Some(namespace) => Namespace::parse(namespace).map(Self::Namespace),
            None => RepositoryName::parse_shown(text).map(Self::Repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_as_they_are_written_and_touch_their_own() {
        let target = |text: &str| text.parse::<GrantTarget>().unwrap();
        for text in ["alice/app", "alice/*", "_/busybox", "_/*", "team/tools/lint"] {
            assert_eq!(target(text).to_string(), text);
        }
        for text in ["", "*", "alice/", "Alice/app", "alice/a*", "alice/tools/*"] {
            assert!(text.parse::<GrantTarget>().is_err(), "{text}");
        }
        for (one, other, touches) in [
            ("alice/app", "alice/app", true),
            ("alice/app", "alice/web", false),
            ("alice/*", "alice/app", true),
            ("alice/app", "alice/*", true),
            ("_/*", "_/busybox", true),
            ("alice/*", "alicia/app", false),
        ] {
            assert_eq!(target(one).touches(&target(other)), touches, "{one} {other}");
        }
    }
}
