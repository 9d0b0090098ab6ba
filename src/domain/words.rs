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
    use super::UnknownWord;

    #[test]
    fn the_words_that_would_do_are_named() {
        let texts = [&["a"][..], &["a", "b"], &["a", "b", "c"]].map(|words| UnknownWord(words).to_string());
        assert_eq!(texts, ["expected a", "expected a or b", "expected a, b or c"]);
    }
}
