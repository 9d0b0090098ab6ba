//! Enums whose values are words outside this program: one line gives a value and its word, for parsing and printing.

use std::fmt;

/// The text is none of the expected words, which the error lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownWord(pub(crate) &'static [&'static str]);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", one_of(self.0))
    }
}

/// `a, b or c`.
#[must_use]
pub fn one_of(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// A flag in a query or the environment, as Go's `strconv.ParseBool` reads it: DTR did, and its clients send every form
/// (Python's `requests` writes `True`). None for any other word.
#[must_use]
pub fn flag(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The known name that another one is a near miss of: the same but for case, or two letters away. Of several, the
/// nearest.
#[must_use]
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_lowercase();
    // One that is much longer is none, and would take long to compare.
    let likely = known.filter(|known| known.len().abs_diff(name.len()) <= 8);
    let distances = likely.map(|known| (strsim::levenshtein(&name, &known.to_lowercase()), known));
    distances.filter(|(distance, _)| *distance <= 2).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// A value that is a word to the outside.
pub trait Word: Copy + Send + Sync + std::str::FromStr<Err = UnknownWord> + 'static {
    /// Every word, in the order in which messages list them.
    const WORDS: &'static [&'static str];

    /// The value's word.
    fn word(self) -> &'static str;
}

/// An enum with a word for each value: `as_str`, `Display`, and `FromStr` for exactly these words. serde has its own
/// attributes.
macro_rules! words {
    ($(#[$($about:tt)*])* pub enum $name:ident {
        $($(#[$($about_value:tt)*])* $value:ident = $word:literal,)*
    }) => {
        $(#[$($about)*])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$($about_value)*])* $value,)*
        }

        impl $crate::domain::words::Word for $name {
            const WORDS: &'static [&'static str] = $name::WORDS;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }

        impl $name {
            /// Every word.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$value),)*
                    _ => Err($crate::domain::words::UnknownWord(Self::WORDS)),
                }
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_would_do_are_named() {
        let texts = [&["a"][..], &["a", "b"], &["a", "b", "c"]].map(|words| UnknownWord(words).to_string());
        assert_eq!(texts, ["expected a", "expected a or b", "expected a, b or c"]);
    }

    #[test]
    fn a_near_miss_is_two_letters_away_at_most() {
        let known = ["name", "isActive", "visibility"];
        for (word, meant) in [
            ("Name", "name"),
            ("nmae", "name"),
            ("is_active", "isActive"),
            ("active", "isActive"),
            ("ISACTIVE", "isActive"),
            ("visibilty", "visibility"),
            ("visiblity", "visibility"),
        ] {
            assert_eq!(nearest(word, known.into_iter()), Some(meant), "{word}");
        }
        for far in ["type", "", "id", "activated", "isPublic", "visible"] {
            assert_eq!(nearest(far, known.into_iter()), None, "{far}");
        }
        assert_eq!(nearest("fast", ["east", "fasts", "fast"].into_iter()), Some("fast"));
    }
}
