//! Access tokens: caps, repository patterns, expiry, and the rule that a token made by another is never stronger.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::access::AccessLevel;
use super::id::Id;
use super::name::{InvalidName, Namespace, RepositoryName};
use super::secret::TokenHash;
use super::time::Timestamp;

/// Most repository patterns that one access token may hold.
pub const MAX_PATTERNS: usize = 100;
/// The label of a token that was made without one.
pub const DEFAULT_LABEL: &str = "access token";
/// Longest user agent that is kept, in bytes.
pub const MAX_USER_AGENT: usize = 256;

/// A repository pattern: one name, or `ns/*` for everything below `ns/`, at every depth.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Exactly this repository.
    Exact(RepositoryName),
    /// Every repository below this prefix, which is itself a name: `ns` or `ns/group`.
    Below(RepositoryName),
}

impl Pattern {
    /// Reads `ns/name`, `_/name` or `ns/*`. There is no other wildcard.
    ///
    /// # Errors
    /// [`InvalidName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        match text.strip_suffix("/*") {
            Some(prefix) => RepositoryName::parse(prefix).map(Self::Below),
            None => RepositoryName::parse_shown(text).map(Self::Exact),
        }
    }

    /// Whether the pattern matches the repository.
    #[must_use]
    pub fn matches(&self, name: &RepositoryName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Below(prefix) => is_below(prefix, name),
        }
    }

    /// Whether this pattern matches every repository that `other` matches.
    #[must_use]
    pub fn covers(&self, other: &Pattern) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(prefix), Self::Exact(name)) => is_below(prefix, name),
            (Self::Below(prefix), Self::Below(other)) => prefix == other || is_below(prefix, other),
        }
    }
}

fn is_below(prefix: &RepositoryName, name: &RepositoryName) -> bool {
    name.as_str().strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) if name.namespace() == Namespace::Empty => write!(f, "_/{name}"),
            Self::Exact(name) => write!(f, "{name}"),
            Self::Below(prefix) => write!(f, "{prefix}/*"),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an access token may do at most, whatever its account may: a cap and patterns, fixed at creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The highest level that it reaches.
    pub cap: AccessLevel,
    /// The repositories that it reaches; all, if empty.
    pub patterns: Arc<[Pattern]>,
}

impl Limits {
    /// No limit: all that the account may.
    #[must_use]
    pub fn none() -> Self {
        Self { cap: AccessLevel::Admin, patterns: Arc::new([]) }
    }

    /// Whether it is capped: a cap below `admin`, or any pattern.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.cap < AccessLevel::Admin || !self.patterns.is_empty()
    }

    /// Whether it reaches the repository at all.
    #[must_use]
    pub fn reaches(&self, name: &RepositoryName) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(name))
    }

    /// What is left of the account's level on the repository.
    #[must_use]
    pub fn limit(&self, level: Option<AccessLevel>, name: &RepositoryName) -> Option<AccessLevel> {
        level.map(|level| level.min(self.cap)).filter(|_| self.reaches(name))
    }

    /// Whether everything that `other` reaches is also reached here, at least as strongly.
    #[must_use]
    pub fn covers(&self, other: &Limits) -> bool {
        let wide = self.patterns.is_empty()
            || (!other.patterns.is_empty()
                && other.patterns.iter().all(|pattern| self.patterns.iter().any(|mine| mine.covers(pattern))));
        self.cap >= other.cap && wide
    }
}

/// How a token came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GeneratedBy {
    /// Somebody asked for it.
    Manual,
    /// Reserved for tokens made without somebody asking, as DTR's clean-up knows them; dockpass makes none.
    Auto,
}

/// The secret that a rotation replaced, while it lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Its hash.
    pub hash: TokenHash,
    /// Until when it is accepted.
    pub until: Timestamp,
}

/// An access token as it is now. Owner, limits and expiry never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Identifier, the same through rotations.
    pub id: Id,
    /// The account that it belongs to.
    pub owner: Id,
    /// Hash of its text.
    pub hash: TokenHash,
    /// The replaced secret, after a rotation with overlap.
    pub previous: Option<PreviousSecret>,
    /// What people call it.
    pub label: String,
    /// Whether it is accepted.
    pub is_active: bool,
    /// Cap and patterns.
    pub limits: Limits,
    /// When it ends; never, if none.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it came to be.
    pub generated_by: GeneratedBy,
    /// The user agent that made it.
    pub creator_ua: Arc<str>,
    /// The access token that made it, if one did.
    pub parent: Option<Id>,
    /// Whether it may set its owner's password once.
    pub temporary_password: bool,
    /// How many secrets came before the current one; a registry token names this number and ends with its secret.
    pub generation: u64,
}

impl AccessToken {
    /// The access token with another secret; the old one is accepted until `until`, if given.
    #[must_use]
    pub fn with_secret(self, hash: TokenHash, until: Option<Timestamp>) -> Self {
        let previous = until.map(|until| PreviousSecret { hash: self.hash, until });
        Self { hash, previous, generation: self.generation.saturating_add(1), ..self }
    }

    /// The generation of the secret of this hash: the present one, or the one that it replaced.
    #[must_use]
    pub fn generation_of(&self, hash: &TokenHash) -> u64 {
        if self.hash == *hash { self.generation } else { self.generation.saturating_sub(1) }
    }

    /// Whether the secret of this generation is still accepted.
    #[must_use]
    pub fn accepts_generation(&self, generation: u64, now: Timestamp) -> bool {
        let lives_on = self.previous.is_some_and(|previous| now < previous.until);
        generation == self.generation || (lives_on && Some(generation) == self.generation.checked_sub(1))
    }

    /// Whether it has expired.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the secret with this hash is accepted for it.
    #[must_use]
    pub fn answers_to(&self, hash: &TokenHash, now: Timestamp) -> bool {
        self.hash == *hash || self.previous.is_some_and(|previous| previous.hash == *hash && now < previous.until)
    }
}

/// When and from where an access token was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The moment.
    pub at: Timestamp,
    /// The client's address.
    pub address: std::net::IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(cap: AccessLevel, patterns: &[&str]) -> Limits {
        Limits { cap, patterns: patterns.iter().map(|text| Pattern::parse(text).unwrap()).collect() }
    }

    #[test]
    fn patterns_are_names_or_whole_namespaces() {
        for good in ["alice/app", "alice/*", "alice/group/*", "_/busybox"] {
            assert_eq!(Pattern::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "*", "*/app", "alice/a*", "alice/**", "_/*", "alice/", "Alice/app", "/*"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wildcard_reaches_every_depth_and_no_sibling() {
        let pattern = Pattern::parse("team/*").unwrap();
        let meant = |name| pattern.matches(&RepositoryName::parse(name).unwrap());
        assert!(meant("team/a") && meant("team/a/b"));
        assert!(!meant("team") && !meant("team-x/a") && !meant("teamx/a"));
    }

    #[test]
    fn no_patterns_are_wider_than_any() {
        let all = Limits::none();
        let some = limits(AccessLevel::Admin, &["a/*"]);
        assert!(all.covers(&some) && !some.covers(&all));
        assert!(some.is_capped() && !all.is_capped() && limits(AccessLevel::ReadWrite, &[]).is_capped());
    }

    proptest! {
        #[test]
        fn what_covers_reaches_at_least_as_much(
            mine in prop::collection::vec("[ab](/[ab]){0,2}(/\\*)?", 0..3),
            theirs in prop::collection::vec("[ab](/[ab]){0,2}(/\\*)?", 0..3),
            name in "[ab](/[ab]){0,3}",
        ) {
            let read = |texts: &[String]| limits(AccessLevel::Admin, &texts.iter().map(String::as_str).collect::<Vec<_>>());
            let (mine, theirs) = (read(&mine), read(&theirs));
            let name = RepositoryName::parse(&name).unwrap();
            prop_assert!(!mine.covers(&theirs) || !theirs.reaches(&name) || mine.reaches(&name));
        }
    }
}
