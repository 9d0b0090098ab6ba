//! Which tags of a repository are immutable: once pushed, nobody lets them point to something else.
//!
//! The rule alone: only a gateway sees a push before the registry does, so only a gateway can hold it.

use std::fmt;
use std::sync::Arc;

use super::content::{MAX_TAG, TagName, is_tag_start, is_within_tag};

/// Most patterns of one repository.
pub const MAX_TAG_PATTERNS: usize = 20;

/// Why a text is no pattern of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern is a tag in which `*` stands for any characters, such as v* or release-*: letters, digits, `_`, `.`, `-` \
     and `*`, at most {MAX_TAG}; it does not begin with `.` or `-`"
)]
pub struct InvalidTagPattern;

/// A pattern that matches whole tags, in which `*` is any run of characters, also an empty one. As in tags, case counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagPattern(Arc<str>);

impl TagPattern {
    /// Checks and takes a pattern.
    ///
    /// # Errors
    /// [`InvalidTagPattern`] says what a pattern looks like. One that no tag could match is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidTagPattern> {
        let begins = text.bytes().next().is_some_and(|byte| is_tag_start(byte) || byte == b'*');
        let goes_on = text.bytes().all(|byte| is_within_tag(byte) || byte == b'*');
        if begins && goes_on && text.len() <= MAX_TAG { Ok(Self(text.into())) } else { Err(InvalidTagPattern) }
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole tag matches. What stands between two stars is taken where it occurs first, and that is never
    /// tried again: the time is linear in the pattern and the tag.
    #[must_use]
    pub fn matches(&self, tag: &TagName) -> bool {
        let Some((first, others)) = self.0.split_once('*') else { return *self.0 == *tag.as_str() };
        let (between, last) = others.rsplit_once('*').unwrap_or(("", others));
        let inner = tag.as_str().strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
        let mut parts = between.split('*');
        inner.is_some_and(|inner| parts.try_fold(inner, |rest, part| Some(rest.split_once(part)?.1)).is_some())
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why the immutable tags of a repository cannot be these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImmutableTags {
    /// All tags are immutable: no pattern can add any.
    #[error("immutableTags is true, which is all tags: patterns need it to be false")]
    AllAndSome,
    /// Too many patterns.
    #[error("at most {MAX_TAG_PATTERNS} patterns")]
    TooMany,
}

/// Which tags of a repository are immutable: none, all, or those that a pattern matches. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImmutableTags {
    is_all: bool,
    /// Each once, in the order in which they were given; empty where `is_all`.
    patterns: Arc<[TagPattern]>,
}

impl ImmutableTags {
    /// All tags, or those that one of the patterns matches; none of them, if there is no pattern either.
    ///
    /// # Errors
    /// [`InvalidImmutableTags`]
    pub fn new(is_all: bool, patterns: Vec<TagPattern>) -> Result<Self, InvalidImmutableTags> {
        let mut distinct: Vec<TagPattern> = Vec::new();
        for pattern in patterns.into_iter().take(MAX_TAG_PATTERNS + 1) {
            if !distinct.contains(&pattern) {
                distinct.push(pattern);
            }
        }
        match (is_all, distinct.len()) {
            (true, 1..) => Err(InvalidImmutableTags::AllAndSome),
            (false, count) if count > MAX_TAG_PATTERNS => Err(InvalidImmutableTags::TooMany),
            (true, 0) | (false, _) => Ok(Self { is_all, patterns: distinct.into() }),
        }
    }

    /// These with one of the two parts given anew, or both; what is not given stays. Patterns end where all tags are
    /// asked for.
    ///
    /// # Errors
    /// [`InvalidImmutableTags`], also for patterns while all tags go on to be immutable.
    pub fn with(&self, is_all: Option<bool>, patterns: Option<Vec<TagPattern>>) -> Result<Self, InvalidImmutableTags> {
        let is_all = is_all.unwrap_or(self.is_all);
        let kept = if is_all { &[] } else { self.patterns() };
        Self::new(is_all, patterns.unwrap_or_else(|| kept.to_vec()))
    }

    /// Whether all are.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether none is.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.is_all && self.patterns.is_empty()
    }

    /// Those that match one of these are; empty where all are, and where none is.
    #[must_use]
    pub fn patterns(&self) -> &[TagPattern] {
        &self.patterns
    }

    /// Whether this tag must go on to point where it points, for everybody: only its deletion frees it.
    #[must_use]
    pub fn holds(&self, tag: &TagName) -> bool {
        self.is_all || self.patterns.iter().any(|pattern| pattern.matches(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(text: &str) -> TagName {
        TagName::parse(text).unwrap()
    }

    fn pattern(text: &str) -> TagPattern {
        TagPattern::parse(text).unwrap()
    }

    fn matching(patterns: &[&str]) -> ImmutableTags {
        ImmutableTags::new(false, patterns.iter().map(|text| pattern(text)).collect()).unwrap()
    }

    #[test]
    fn patterns_are_tags_with_stars() {
        let longest = "*".repeat(MAX_TAG);
        for text in ["v*", "release-*", "*", "*.1", "*-rc", "1.0", "_a", "v*.*.*", longest.as_str()] {
            assert_eq!(TagPattern::parse(text).map(|it| it.to_string()).as_deref(), Ok(text));
        }
        let too_long = "a".repeat(MAX_TAG + 1);
        for text in ["", ".*", "-*", "v?", "v[0-9]", "a/b", "a:b", "v *", "ä*", "a\0", "v,w", too_long.as_str()] {
            assert_eq!(TagPattern::parse(text), Err(InvalidTagPattern), "{text}");
        }
    }

    #[test]
    fn a_pattern_matches_whole_tags() {
        let cases = [
            ("v*", &["v", "v1", "v1.0"][..], &["V1", "rv1", "1v"][..]),
            ("*-rc", &["1-rc", "a-rc-rc"], &["1-rc1", "rc"]),
            ("v*.*", &["v1.0", "v.", "v1.2.3"], &["v1", "1.0"]),
            ("1.0", &["1.0"], &["1x0", "1.0.0", "11.0"]),
            ("*", &["a", "latest"], &[]),
            ("**", &["a"], &[]),
            ("ab*ba", &["abba", "abxba"], &["aba", "ab", "ba"]),
            ("a*bc*bc*d", &["abcbcd", "aXbcYbcZd"], &["abcd", "abcbd"]),
        ];
        for (text, matched, unmatched) in cases {
            for it in matched {
                assert!(pattern(text).matches(&tag(it)), "{text} {it}");
            }
            for it in unmatched {
                assert!(!pattern(text).matches(&tag(it)), "{text} {it}");
            }
        }
    }

    #[test]
    fn none_all_or_some_are_immutable() {
        let (none, all, some) =
            (ImmutableTags::default(), ImmutableTags::new(true, Vec::new()).unwrap(), matching(&["v*", "stable"]));
        let held = |it: &ImmutableTags| ["v1", "stable", "latest"].map(|name| it.holds(&tag(name)));
        assert_eq!((held(&none), none.is_none(), none.is_all()), ([false; 3], true, false));
        assert_eq!((held(&all), all.is_none(), all.is_all()), ([true; 3], false, true));
        assert_eq!((held(&some), some.is_none(), some.is_all()), ([true, true, false], false, false));
        assert_eq!(ImmutableTags::new(false, Vec::new()), Ok(none));
    }

    #[test]
    fn patterns_stand_once_within_their_number_and_not_beside_all() {
        assert_eq!(matching(&["v*", "a", "v*"]).patterns(), [pattern("v*"), pattern("a")]);
        let many = |count: usize| (0..count).map(|number| pattern(&format!("v{number}"))).collect();
        assert!(ImmutableTags::new(false, many(MAX_TAG_PATTERNS)).is_ok());
        assert_eq!(ImmutableTags::new(false, many(MAX_TAG_PATTERNS + 1)), Err(InvalidImmutableTags::TooMany));
        assert_eq!(ImmutableTags::new(true, many(1)), Err(InvalidImmutableTags::AllAndSome));
    }

    #[test]
    fn what_a_change_does_not_give_stays() {
        let (none, all, some) =
            (ImmutableTags::default(), ImmutableTags::new(true, Vec::new()).unwrap(), matching(&["v*"]));
        let other = Some(vec![pattern("w*")]);
        for before in [&none, &all, &some] {
            assert_eq!(before.with(None, None).as_ref(), Ok(before));
            assert_eq!(before.with(Some(true), None).as_ref(), Ok(&all));
            assert_eq!(before.with(Some(false), Some(Vec::new())).as_ref(), Ok(&none));
            assert_eq!(before.with(Some(false), other.clone()), Ok(matching(&["w*"])));
            assert_eq!(before.with(Some(true), other.clone()), Err(InvalidImmutableTags::AllAndSome));
        }
        // A client of DTR, which knows no patterns, sends back the `false` that it was shown.
        assert_eq!(some.with(Some(false), None).as_ref(), Ok(&some));
        assert_eq!(all.with(Some(false), None).as_ref(), Ok(&none));
        // Fewer tags than all must be meant.
        assert_eq!(all.with(None, other), Err(InvalidImmutableTags::AllAndSome));
    }

    #[test]
    fn no_pattern_makes_a_match_slow() {
        // A matcher that goes back would try more ways than there are atoms in the world.
        let worst = pattern(&"*a".repeat(MAX_TAG / 2));
        assert!(!worst.matches(&tag(&format!("{}b", "a".repeat(MAX_TAG - 1)))));
        assert!(worst.matches(&tag(&"a".repeat(MAX_TAG))));
    }

    /// What a pattern means, tried letter by letter.
    fn means(pattern: &[u8], tag: &[u8]) -> bool {
        match (pattern.split_first(), tag.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => means(rest, tag),
            (Some((b'*', rest)), Some((_, behind))) => means(rest, tag) || means(pattern, behind),
            (Some((letter, rest)), Some((same, behind))) => letter == same && means(rest, behind),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn a_match_is_what_the_pattern_means(text in "[ab*]{1,8}", name in "[ab]{1,10}") {
            let matches = pattern(&text).matches(&tag(&name));
            prop_assert_eq!(matches, means(text.as_bytes(), name.as_bytes()));
        }

        #[test]
        fn what_was_cut_out_of_a_tag_is_matched_by_a_star(name in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", cut in any::<(usize, usize)>()) {
            let (one, other) = (cut.0 % (name.len() + 1), cut.1 % (name.len() + 1));
            let text = format!("{}*{}", &name[..one.min(other)], &name[one.max(other)..]);
            if let Ok(pattern) = TagPattern::parse(&text) {
                prop_assert!(pattern.matches(&tag(&name)));
            } else {
                prop_assert!(text.len() > MAX_TAG);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,140}") {
            let _ = TagPattern::parse(&text);
        }

        #[test]
        fn without_a_star_a_pattern_is_a_tag(text in "[A-Za-z0-9._/-]{0,130}") {
            prop_assert_eq!(TagPattern::parse(&text).is_ok(), TagName::parse(&text).is_ok());
        }
    }
}
