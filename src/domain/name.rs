//! Names of accounts, namespaces and repositories, by the grammar that the registry itself demands.
//!
//! Names are compared byte for byte and never folded or trimmed. A repository name is one or more components joined
//! by `/`; its order is by component, which makes `/` sort below every other character, as the registry lists them.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

/// Longest component, in bytes.
pub const MAX_COMPONENT: usize = 128;
/// Longest repository name, in bytes.
pub const MAX_REPOSITORY: usize = 255;
/// How the empty namespace of one-component repository names is written.
pub const EMPTY_NAMESPACE: &str = "_";
/// A character that sorts above all that names have.
const ABOVE: &str = "~";

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// Beyond [`MAX_COMPONENT`] or [`MAX_REPOSITORY`].
    #[error("a name component has at most {MAX_COMPONENT} characters, a whole repository name {MAX_REPOSITORY}")]
    TooLong,
    /// Not the grammar of the registry.
    #[error("a name has lower-case letters and digits, joined by one `.`, one or two `_`, or any number of `-`")]
    Grammar,
}

/// Checks one component against `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn check_component(text: &str) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.len() > MAX_COMPONENT {
        return Err(InvalidName::TooLong);
    }
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators =
        text.split(|letter: char| letter.is_ascii() && is_word(letter as u8)).filter(|part| !part.is_empty());
    for separator in separators {
        let joined = matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
        if !joined {
            return Err(InvalidName::Grammar);
        }
    }
    let ends = [text.bytes().next(), text.bytes().next_back()];
    if ends.into_iter().flatten().all(is_word) { Ok(()) } else { Err(InvalidName::Grammar) }
}

/// The name of a user, an organization or a team; an account's name is also a namespace.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`InvalidName`] says what a name looks like.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        check_component(text)?;
        Ok(Self(text.into()))
    }

    /// A key that sorts below every name. It is a bound for ranges and no name.
    #[must_use]
    pub fn first() -> Self {
        Self("".into())
    }

    /// A key that sorts above every name. It is a bound for ranges and no name.
    #[must_use]
    pub fn last() -> Self {
        Self(ABOVE.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first component of a repository name, or the empty namespace of a one-component name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Namespace {
    /// The namespace of repositories with one component; no account owns it, and system administrators make them.
    Empty,
    /// The namespace of the account of this name.
    Of(Name),
}

impl Namespace {
    /// Reads a namespace as the API writes it: a name, or `_`.
    ///
    /// # Errors
    /// [`InvalidName`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text == EMPTY_NAMESPACE { Ok(Self::Empty) } else { Name::parse(text).map(Self::Of) }
    }

    /// The namespace as the API writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Empty => EMPTY_NAMESPACE,
            Self::Of(name) => name.as_str(),
        }
    }

    /// The account name it belongs to; none for the empty namespace.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Empty => None,
            Self::Of(name) => Some(name),
        }
    }

    /// Between which names its repositories are; others, too, only where it is the empty one.
    #[must_use]
    pub fn bounds(&self) -> (Bound<RepositoryName>, Bound<RepositoryName>) {
        match self {
            Self::Empty => (Bound::Unbounded, Bound::Unbounded),
            Self::Of(name) => (
                Bound::Excluded(RepositoryName::first_within(name.as_str())),
                Bound::Excluded(RepositoryName::last_within(name.as_str())),
            ),
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A whole repository name, as the registry knows it: `alice/app`, `app`, `team/tools/lint`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RepositoryName(Arc<str>);

impl RepositoryName {
    /// Checks and takes a repository name.
    ///
    /// # Errors
    /// [`InvalidName`] says what a name looks like.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        if text.len() > MAX_REPOSITORY {
            return Err(InvalidName::TooLong);
        }
        text.split('/').try_for_each(check_component)?;
        Ok(Self(text.into()))
    }

    /// The name of the repository that the API calls `{namespace}/{rest}`.
    ///
    /// # Errors
    /// [`InvalidName`] if `rest` is no name, or has several components in the empty namespace.
    pub fn within(namespace: &Namespace, rest: &str) -> Result<Self, InvalidName> {
        match namespace {
            Namespace::Empty if rest.contains('/') => Err(InvalidName::Grammar),
            Namespace::Empty => Self::parse(rest),
            Namespace::Of(name) => Self::parse(&format!("{name}/{rest}")),
        }
    }

    /// Reads a name as people write it for the API and the command line: as the registry knows it, or `_/app` for a
    /// name of one component.
    ///
    /// # Errors
    /// [`InvalidName`] says what a name looks like.
    pub fn parse_shown(text: &str) -> Result<Self, InvalidName> {
        match text.strip_prefix("_/") {
            Some(rest) => Self::within(&Namespace::Empty, rest),
            None => Self::parse(text),
        }
    }

    /// The name as the registry knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace: the first component, if more follow.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        match self.0.split_once('/') {
            Some((first, _)) => Namespace::Of(Name(first.into())),
            None => Namespace::Empty,
        }
    }

    /// The namespace's text, without taking a copy; `_` for the empty one.
    #[must_use]
    pub fn namespace_str(&self) -> &str {
        self.0.split_once('/').map_or(EMPTY_NAMESPACE, |(first, _)| first)
    }

    /// The name as people write it: [`Self::parse_shown`] reads it back.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}/{}", self.namespace_str(), self.rest())
    }

    /// What follows the namespace.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, rest)| rest)
    }

    /// A key that sorts below every repository `{name}/…` and above everything that sorts before them. It is a bound
    /// for ranges and no name.
    #[must_use]
    pub fn first_within(name: &str) -> Self {
        Self(format!("{name}/").into())
    }

    /// A key that sorts above every repository `{name}/…` and below everything that sorts after them. It is a bound
    /// for ranges and no name.
    #[must_use]
    pub fn last_within(name: &str) -> Self {
        Self(format!("{name}/{ABOVE}").into())
    }

    /// A key that sorts below every name. It is a bound for ranges and no name.
    #[must_use]
    pub fn first() -> Self {
        Self("".into())
    }

    /// A key that sorts above every name. It is a bound for ranges and no name.
    #[must_use]
    pub fn last() -> Self {
        Self(ABOVE.into())
    }
}

/// The place of a byte in the order of names: `/` below every other character.
fn place(byte: u8) -> u8 {
    if byte == b'/' { 0 } else { byte }
}

impl Ord for RepositoryName {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        // Up to there the places are the same, too: no name has a byte with the place of another.
        let same = common(one, other);
        match (one.get(same), other.get(same)) {
            (Some(one), Some(other)) => place(*one).cmp(&place(*other)),
            _ => one.len().cmp(&other.len()),
        }
    }
}

/// How many bytes two texts have in common at their beginning: eight at a time, since what names begin with is mostly alike,
/// and every look-up compares many.
fn common(one: &[u8], other: &[u8]) -> usize {
    let (chunks, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    let pairs = chunks.iter().zip(others);
    let differing = pairs.map(|(one, other)| u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other));
    let mut same = 0;
    for bits in differing {
        if bits != 0 {
            // The lowest bit that differs is in the first byte that does.
            return same + (bits.trailing_zeros() / 8) as usize;
        }
        same += 8;
    }
    let rest = one.iter().zip(other).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}

impl PartialOrd for RepositoryName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_follow_the_grammar_of_the_registry() {
        for good in ["a", "0", "alice", "a.b", "a_b", "a__b", "a-b", "a---b", "x1.y2_z3", &"a".repeat(128)] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "A",
            ".a",
            "a.",
            "a..b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "a b",
            "a/b",
            "ä",
            "a\0b",
            "_",
            "a\n",
            &"a".repeat(129),
        ] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn repository_names_have_components() {
        let app = RepositoryName::parse("alice/app/web").unwrap();
        assert_eq!((app.namespace_str(), app.rest()), ("alice", "app/web"));
        let old = RepositoryName::parse("busybox").unwrap();
        assert_eq!((old.namespace(), old.rest()), (Namespace::Empty, "busybox"));
        assert_eq!((old.shown().as_str(), app.shown().as_str()), ("_/busybox", "alice/app/web"));
        assert_eq!(RepositoryName::parse_shown("_/busybox"), Ok(old));
        for bad in ["", "/", "a/", "/a", "a//b", "_/a/b", "a/B", "host:5000/a", &"a/".repeat(128)] {
            assert!(RepositoryName::parse_shown(bad).is_err(), "{bad}");
        }
        assert!(RepositoryName::within(&Namespace::Empty, "a/b").is_err());
    }

    #[test]
    fn a_slash_sorts_below_everything() {
        let mut names =
            ["a-b/c", "a/b", "a", "a.b/c", "a/b/c", "a/b-c", "a0/b"].map(|text| RepositoryName::parse(text).unwrap());
        names.sort();
        assert_eq!(names.map(|name| name.to_string()), ["a", "a/b", "a/b/c", "a/b-c", "a-b/c", "a.b/c", "a0/b"]);
    }

    #[test]
    fn bounds_enclose_what_they_are_for_and_nothing_else() {
        let names = ["a", "a/0", "a/b", "a/z/z", "a-b/c", "a.b", "a0/b", "z/z"];
        let name = |text: &str| RepositoryName::parse(text).unwrap();
        for text in names {
            let is_within =
                name(text) > RepositoryName::first_within("a") && name(text) < RepositoryName::last_within("a");
            assert_eq!(is_within, text.starts_with("a/"), "{text}");
            assert!(name(text) > RepositoryName::first() && name(text) < RepositoryName::last(), "{text}");
        }
        for text in ["0", "a", "z", "z-z.9"] {
            assert!((Name::first()..Name::last()).contains(&Name::parse(text).unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,300}") {
            let _ = Name::parse(&text);
            let _ = RepositoryName::parse_shown(&text);
            let _ = Namespace::parse(&text);
        }

        #[test]
        fn names_sort_letter_by_letter_however_much_they_have_in_common(
            common in "[a-b/]{0,20}", one in "[a-c/-]{0,9}", other in "[a-c/-]{0,9}"
        ) {
            let [one, other] = [one, other].map(|rest| RepositoryName(format!("{common}{rest}").into()));
            let letters = |name: &RepositoryName| name.0.bytes().map(place).collect::<Vec<_>>();
            prop_assert_eq!(one.cmp(&other), letters(&one).cmp(&letters(&other)));
        }

        #[test]
        fn a_name_reads_back_as_itself(text in "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,3}(/[a-z0-9]{1,5}){0,3}") {
            let name = RepositoryName::parse(&text).unwrap();
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
