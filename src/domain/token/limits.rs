//! What an access token may do at most, whatever its account may: a cap and repository patterns, fixed when it is made.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::domain::access::AccessLevel;
use crate::domain::name::{InvalidName, Namespace, RepositoryName};

/// Most repository patterns that one access token may hold.
pub const MAX_PATTERNS: usize = 100;

/// Why a text is no repository pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// A star elsewhere than alone after the last slash.
    #[error("`*` stands alone after `/`: alice/* is everything below alice, and there is no other wildcard")]
    Star,
    /// Not the registry's grammar.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

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
    /// [`InvalidPattern`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let (name, is_below) = text.strip_suffix("/*").map_or((text, false), |prefix| (prefix, true));
        match (name.contains('*'), is_below) {
            (true, _) => Err(InvalidPattern::Star),
            (false, true) => Ok(Self::Below(RepositoryName::parse(name)?)),
            (false, false) => Ok(Self::Exact(RepositoryName::parse_shown(name)?)),
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
    pub patterns: Patterns,
}

/// Repository patterns, in the room of one pointer: there is a list for each access token, and few have any.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Patterns(Option<Arc<Box<[Pattern]>>>);

impl Deref for Patterns {
    type Target = [Pattern];

    fn deref(&self) -> &[Pattern] {
        self.0.as_deref().map_or(&[], |patterns| patterns)
    }
}

impl FromIterator<Pattern> for Patterns {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let patterns: Box<[Pattern]> = patterns.into_iter().collect();
        Self(Some(patterns).filter(|patterns| !patterns.is_empty()).map(Arc::new))
    }
}

impl From<Vec<Pattern>> for Patterns {
    fn from(patterns: Vec<Pattern>) -> Self {
        Self::from_iter(patterns)
    }
}

impl<const N: usize> From<[Pattern; N]> for Patterns {
    fn from(patterns: [Pattern; N]) -> Self {
        Self::from_iter(patterns)
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Limits {
    /// No limit: all that the account may.
    #[must_use]
    pub fn none() -> Self {
        Self { cap: AccessLevel::Admin, patterns: Patterns::default() }
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

    #[test]
    fn a_cap_covers_those_below_it_alone() {
        let caps = [AccessLevel::ReadOnly, AccessLevel::Push, AccessLevel::ReadWrite, AccessLevel::Admin];
        for (place, cap) in caps.into_iter().enumerate() {
            let covered = caps.map(|other| limits(cap, &["a/*"]).covers(&limits(other, &["a/b"])));
            assert_eq!(covered, [0, 1, 2, 3].map(|other| other <= place), "{cap}");
        }
        let name = RepositoryName::parse("a/b").unwrap();
        let left = |level| limits(AccessLevel::Push, &["a/*"]).limit(level, &name);
        assert_eq!(caps.map(|level| left(Some(level))).map(Option::unwrap)[1..], [AccessLevel::Push; 3]);
        assert_eq!((left(Some(AccessLevel::ReadOnly)), left(None)), (Some(AccessLevel::ReadOnly), None));
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
