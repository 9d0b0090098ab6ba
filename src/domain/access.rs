//! Access levels and the registry actions that they allow.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::words::{UnknownWord, one_of, words};

words! {
    /// What somebody may do with a repository or a namespace; each level has all that is below it.
    #[derive(PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum AccessLevel {
        /// View and pull.
        ReadOnly = "read-only",
        /// Also push, and delete nothing. A cap of access tokens and robots, and no level that is granted: see [`GrantLevel`].
        Push = "push",
        /// Also push, and delete tags and manifests.
        ReadWrite = "read-write",
        /// Also change description, visibility and access, and delete the repository.
        Admin = "admin",
    }
}

words! {
    /// A level that an account is given or has by itself: every [`AccessLevel`] but `push`, which only limits.
    #[derive(PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum GrantLevel {
        /// View and pull.
        ReadOnly = "read-only",
        /// Also push, and delete tags and manifests.
        ReadWrite = "read-write",
        /// Also change description, visibility and access, and delete the repository.
        Admin = "admin",
    }
}

/// Why a word is no level that is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// A level that only limits access tokens.
    #[error("push is a cap of access tokens, and no level that is granted: expected {}", one_of(GrantLevel::WORDS))]
    Cap,
    /// No level at all.
    #[error(transparent)]
    Unknown(#[from] UnknownWord),
}

impl GrantLevel {
    /// Reads the level that somebody shall be given.
    ///
    /// # Errors
    /// [`NotGranted`], which says what is.
    pub fn read(text: &str) -> Result<Self, NotGranted> {
        if text == AccessLevel::Push.as_str() { Err(NotGranted::Cap) } else { Ok(text.parse()?) }
    }
}

impl From<GrantLevel> for AccessLevel {
    fn from(level: GrantLevel) -> Self {
        match level {
            GrantLevel::ReadOnly => Self::ReadOnly,
            GrantLevel::ReadWrite => Self::ReadWrite,
            GrantLevel::Admin => Self::Admin,
        }
    }
}

words! {
    /// Why somebody has access to a repository.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub enum Reason {
        /// The account owns the namespace, or the repository since it was given to it.
        Owner = "owner",
        /// The account administers the organization that owns the namespace, or the repository since it was given to it.
        OrganizationAdmin = "organizationAdmin",
        /// As a member of a team, by the team's grant on the repository.
        TeamRepositoryGrant = "teamRepositoryGrant",
        /// As a member of a team, by the team's grant on the namespace.
        TeamNamespaceGrant = "teamNamespaceGrant",
        /// By a grant on the repository.
        RepositoryGrant = "repositoryGrant",
        /// By a grant on the namespace.
        NamespaceGrant = "namespaceGrant",
        /// The repository is public.
        Public = "public",
        /// The account is a system administrator, who reaches everything.
        SystemAdministrator = "systemAdministrator",
    }
}

impl Reason {
    /// Whether it is a grant on a whole namespace.
    #[must_use]
    pub fn is_by_namespace(self) -> bool {
        match self {
            Self::NamespaceGrant | Self::TeamNamespaceGrant => true,
            Self::Owner
            | Self::OrganizationAdmin
            | Self::TeamRepositoryGrant
            | Self::RepositoryGrant
            | Self::Public
            | Self::SystemAdministrator => false,
        }
    }
}

words! {
    /// One registry action.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub enum Action {
        /// Read content.
        Pull = "pull",
        /// Write content.
        Push = "push",
        /// Delete tags and manifests.
        Delete = "delete",
    }
}

impl Action {
    /// The set that has it alone.
    #[must_use]
    pub fn alone(self) -> Actions {
        match self {
            Self::Pull => Actions::PULL,
            Self::Push => Actions::PUSH,
            Self::Delete => Actions::DELETE,
        }
    }
}

words! {
    /// What stands between an account, or an access token, and an action on a repository.
    #[derive(Serialize, Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "camelCase")]
    pub enum Cut {
        /// Nothing of this name is there, or it is not for whoever asks: which of both is not told.
        Hidden = "hidden",
        /// The account is inactive.
        AccountInactive = "accountInactive",
        /// The access token is not accepted in its state.
        TokenState = "tokenState",
        /// The account neither owns the repository nor was it given access.
        NoAccess = "noAccess",
        /// The account's level is too low.
        Level = "level",
        /// The access token is for other repositories.
        Pattern = "pattern",
        /// The access token's level is too low.
        Cap = "cap",
        /// A rotation has replaced the secret, which deletes nothing.
        ReplacedSecret = "replacedSecret",
        /// There is no such repository, and the account may not make it.
        NotThere = "notThere",
        /// It was deleted, and the registry may still hold its content.
        Deleted = "deleted",
        /// A push makes no repository without a namespace.
        NoNamespace = "noNamespace",
        /// Pushes make no repositories here.
        CreateOnPushOff = "createOnPushOff",
        /// The repository cannot be made now.
        NotMade = "notMade",
    }
}

impl AccessLevel {
    /// The registry actions of this level.
    #[must_use]
    pub fn actions(self) -> Actions {
        match self {
            Self::ReadOnly => Actions::PULL,
            Self::Push => Actions::PUSH.with_implied(),
            Self::ReadWrite | Self::Admin => Actions::ALL,
        }
    }
}

/// A set of registry actions on one repository: `pull`, `push`, `delete`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Actions(u8);

impl Actions {
    /// No action.
    pub const NONE: Actions = Actions(0);
    /// Read content.
    pub const PULL: Actions = Actions(1);
    /// Write content.
    pub const PUSH: Actions = Actions(2);
    /// Delete tags and manifests.
    pub const DELETE: Actions = Actions(4);
    /// Every action.
    pub const ALL: Actions = Actions(7);

    /// Each single action with its name, in the order in which they are written.
    const NAMED: [(Actions, &'static str); 3] = [(Self::PULL, "pull"), (Self::PUSH, "push"), (Self::DELETE, "delete")];

    /// The actions of either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The actions of both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every action of `other` is here.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The same, with what others imply: `push` is of no use without `pull`.
    #[must_use]
    pub fn with_implied(self) -> Self {
        if self.contains(Self::PUSH) { self.union(Self::PULL) } else { self }
    }

    /// The actions that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is no action.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The action of this name; `*` is every action. Unknown names are no action.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name == "*" {
            return Self::ALL;
        }
        Self::NAMED.into_iter().find(|(_, known)| *known == name).map_or(Self::NONE, |(action, _)| action)
    }

    /// The names of the actions, in a fixed order.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        self.each().collect()
    }

    /// The names of the actions, one by one, in a fixed order.
    pub fn each(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().filter(move |(action, _)| self.contains(*action)).map(|(_, name)| name)
    }
}

impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_and_read_back() {
        let levels = [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::Admin];
        assert!(levels.is_sorted_by(|one, next| one < next && next.actions().contains(one.actions())));
        for level in levels {
            assert_eq!(level.as_str().parse(), Ok(level));
            assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
        }
        let expected = "expected read-only, push, read-write or admin";
        assert_eq!("Admin".parse::<AccessLevel>().unwrap_err().to_string(), expected);
    }

    #[test]
    fn every_level_but_the_cap_push_is_granted() {
        for word in AccessLevel::WORDS {
            let granted = GrantLevel::read(word).map(AccessLevel::from);
            if *word == "push" {
                let told = "push is a cap of access tokens, and no level that is granted: expected read-only, read-write or admin";
                assert_eq!(granted.unwrap_err().to_string(), told);
            } else {
                assert_eq!(granted.unwrap().as_str(), *word);
                assert_eq!(serde_json::to_string(&GrantLevel::read(word).unwrap()).unwrap(), format!("\"{word}\""));
            }
        }
        assert_eq!(GrantLevel::read("Admin").unwrap_err().to_string(), "expected read-only, read-write or admin");
    }

    #[test]
    fn a_star_is_every_action_and_an_unknown_one_is_none() {
        assert_eq!(Actions::named("*"), Actions::ALL);
        assert_eq!(Actions::named("overwrite"), Actions::NONE);
        assert_eq!(Actions::named("PULL"), Actions::NONE);
        assert_eq!(Actions::ALL.names(), ["pull", "push", "delete"]);
        assert_eq!(Actions::PUSH.with_implied().names(), ["pull", "push"]);
        assert_eq!(Actions::DELETE.with_implied().names(), ["delete"]);
        assert_eq!(Actions::ALL.without(Actions::PUSH).names(), ["pull", "delete"]);
        assert_eq!(AccessLevel::ReadOnly.actions().names(), ["pull"]);
        assert_eq!(AccessLevel::Push.actions().names(), ["pull", "push"]);
    }
}
