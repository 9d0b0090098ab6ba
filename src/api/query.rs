//! Parameters of query strings and forms: each is declared once, with its name, its type and what it does. The server
//! reads them, the command line writes them, the OpenAPI document describes them.
//!
//! Unless a parameter's type says otherwise, an empty value counts as omitted, and of a repeated parameter the first
//! value counts.

use std::borrow::Cow;

use crate::domain::act::{ActFilter, UnknownAct};
use crate::domain::content::{Digest, TagName};
use crate::domain::id::Id;
use crate::domain::name::{Name, RepositoryName};
use crate::domain::order::Order;
use crate::domain::owner_place::OwnerPlace;
use crate::domain::sealed_number::{LogPlace, SealedNumber};
use crate::domain::time::{InvalidTime, Timestamp};
use crate::domain::token_order::TokenPlace;
use crate::domain::words::{Word, flag, one_of};

/// Entries of a page by default.
const DEFAULT_SIZE: usize = 10;
/// Most entries of a page, also when all are asked for: the start of a next page then says that there is more.
const MAX_SIZE: usize = 100_000;

/// One parameter, as the OpenAPI document describes it.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub kind: ParameterKind,
    /// What it does.
    pub text: &'static str,
}

/// What a parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A text.
    Text,
    /// Several texts, each a parameter of this name.
    Texts,
    /// A whole number, not below 0.
    Number,
    /// `true` or `false`, in the spellings of [`flag`]; an empty value is `true`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A value that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParameter {
    /// The parameter's name.
    pub name: &'static str,
    /// Why, or what it should be.
    pub reason: String,
}

/// Names and values of a query string or a form, in their order. Where nothing is encoded, they stand where they came.
pub type Pairs<'p> = [(Cow<'p, str>, Cow<'p, str>)];

/// A set of parameters.
pub trait Parameters: Sized {
    /// The parameters of the set.
    fn all() -> Vec<Parameter>;

    /// Reads them.
    ///
    /// # Errors
    /// [`InvalidParameter`]
    fn read(pairs: &Pairs<'_>) -> Result<Self, InvalidParameter>;

    /// Writes those that are set.
    fn write(&self, pairs: &mut Vec<(&'static str, String)>);
}

/// The type of a parameter's value.
pub trait Value: Sized {
    /// What it may hold.
    const KIND: ParameterKind;

    /// Reads it from the values sent under its name; there are none if it was omitted.
    ///
    /// # Errors
    /// Why it cannot be accepted, or what it should be.
    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String>;

    /// The values to send; none if it is omitted.
    fn write(&self) -> Vec<String>;
}

/// Reads one parameter.
pub(super) fn read<V: Value>(pairs: &Pairs<'_>, name: &'static str) -> Result<V, InvalidParameter> {
    let values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
    V::read(values).map_err(|reason| InvalidParameter { name, reason })
}

/// Writes one parameter.
pub(super) fn write(value: &impl Value, name: &'static str, pairs: &mut Vec<(&'static str, String)>) {
    pairs.extend(value.write().into_iter().map(|value| (name, value)));
}

/// Declares a set of parameters: what each does, its name in Rust, its name in requests, its type.
macro_rules! parameters {
    ($(#[$doc:meta])* $set:ident { $($(#[doc = $text:literal])+ $field:ident $name:literal: $value:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $set { $($(#[doc = $text])+ pub $field: $value,)* }

        impl $crate::api::Parameters for $set {
            fn all() -> Vec<$crate::api::Parameter> {
                vec![$($crate::api::Parameter {
                    name: $name,
                    kind: <$value as $crate::api::query::Value>::KIND,
                    text: concat!($($text),+),
                }),*]
            }

            fn read(pairs: &$crate::api::query::Pairs<'_>) -> Result<Self, $crate::api::InvalidParameter> {
                Ok(Self { $($field: $crate::api::query::read(pairs, $name)?,)* })
            }

            fn write(&self, pairs: &mut Vec<(&'static str, String)>) {
                $($crate::api::query::write(&self.$field, $name, pairs);)*
            }
        }
    };
}
pub(super) use parameters;

/// Makes tuples of sets of parameters one set.
macro_rules! beside {
    ($($set:ident $place:tt),*) => {
        impl<$($set: Parameters),*> Parameters for ($($set,)*) {
            fn all() -> Vec<Parameter> {
                [$($set::all()),*].into_iter().flatten().collect()
            }

            fn read(pairs: &Pairs<'_>) -> Result<Self, InvalidParameter> {
                Ok(($($set::read(pairs)?,)*))
            }

            fn write(&self, pairs: &mut Vec<(&'static str, String)>) {
                $(self.$place.write(pairs);)*
            }
        }
    };
}
beside!(A 0, B 1);
beside!(A 0, B 1, C 2);
beside!(A 0, B 1, C 2, D 3);
beside!(A 0, B 1, C 2, D 3, E 4);

impl Parameters for () {
    fn all() -> Vec<Parameter> {
        Vec::new()
    }

    fn read(_pairs: &Pairs<'_>) -> Result<Self, InvalidParameter> {
        Ok(())
    }

    fn write(&self, _pairs: &mut Vec<(&'static str, String)>) {}
}

fn first<'p>(mut values: impl Iterator<Item = &'p str>) -> Option<&'p str> {
    values.next().filter(|value| !value.is_empty())
}

impl Value for Option<String> {
    const KIND: ParameterKind = ParameterKind::Text;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        Ok(first(values).map(str::to_owned))
    }

    fn write(&self) -> Vec<String> {
        self.iter().cloned().collect()
    }
}

impl Value for Vec<String> {
    const KIND: ParameterKind = ParameterKind::Texts;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        Ok(values.map(str::to_owned).collect())
    }

    fn write(&self) -> Vec<String> {
        self.clone()
    }
}

/// Declares a parameter that is taken as it was sent, even empty: its reader has rules of its own.
macro_rules! as_sent {
    ($(#[$doc:meta])* $name:ident: $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub struct $name(pub Option<String>);

        impl $crate::api::query::Value for $name {
            const KIND: $crate::api::ParameterKind = $kind;

            fn read<'p>(mut values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
                Ok(Self(values.next().map(str::to_owned)))
            }

            fn write(&self) -> Vec<String> {
                self.0.iter().cloned().collect()
            }
        }
    };
}
pub(super) use as_sent;

as_sent! {
    /// A text of which an empty one is not the same as none.
    Text: ParameterKind::Text
}

as_sent! {
    /// A number: each list has its own bounds for it.
    Number: ParameterKind::Number
}

impl Value for Option<u64> {
    const KIND: ParameterKind = ParameterKind::Number;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        first(values).map(str::parse).transpose().map_err(|_| "a number".to_owned())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(u64::to_string).collect()
    }
}

impl Value for Option<LogPlace> {
    const KIND: ParameterKind = ParameterKind::Text;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        first(values).map(str::parse).transpose().map_err(|_| "`reached` of an answer, or a number".to_owned())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl Value for Option<Timestamp> {
    const KIND: ParameterKind = ParameterKind::Text;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        first(values).map(read_time).transpose().map_err(|error| error.to_string())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// A time in a query, where `+` means a blank: one before an offset can have been nothing but a `+` that the client did
/// not encode.
fn read_time(text: &str) -> Result<Timestamp, InvalidTime> {
    Timestamp::parse(text).or_else(|error| {
        let (time, offset) = text.rsplit_once(' ').ok_or(error)?;
        Timestamp::parse(&format!("{time}+{offset}"))
    })
}

impl Value for Option<bool> {
    const KIND: ParameterKind = ParameterKind::Flag;

    fn read<'p>(mut values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        match values.next() {
            None => Ok(None),
            Some("") => Ok(Some(true)),
            Some(text) => flag(text).map(Some).ok_or_else(|| "true or false".to_owned()),
        }
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl Value for Option<ActFilter> {
    const KIND: ParameterKind = ParameterKind::Text;

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        first(values).map(str::parse).transpose().map_err(|error: UnknownAct| error.to_string())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(|acts| acts.as_str().to_owned()).collect()
    }
}

impl<W: Word> Value for Option<W> {
    const KIND: ParameterKind = ParameterKind::Word(W::WORDS);

    fn read<'p>(values: impl Iterator<Item = &'p str>) -> Result<Self, String> {
        first(values).map(str::parse).transpose().map_err(|_| one_of(W::WORDS))
    }

    fn write(&self) -> Vec<String> {
        self.map(|value| value.word().to_owned()).into_iter().collect()
    }
}

parameters! {
    /// Which way a list by name goes.
    Ordering {
        /// Which way, by name; asc if omitted.
        order "order": Option<Order>,
    }
}

parameters! {
    /// Whether a list is counted.
    Counting {
        /// Whether `X-Resource-Count` tells how many the whole list has.
        count "count": Option<bool>,
    }
}

impl Counting {
    /// Whether it is counted.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.count.unwrap_or(false)
    }
}

/// The key that a page of a list begins after: that of the last entry of the page before.
pub trait PageStart: Sized {
    /// Reads a key; none if the text is not a key.
    fn parse_start(text: &str) -> Option<Self>;
}

macro_rules! page_starts {
    ($($key:ty: $parse:expr;)*) => {
        $(impl PageStart for $key {
            fn parse_start(text: &str) -> Option<Self> {
                $parse(text).ok()
            }
        })*
    };
}
page_starts! {
    Id: str::parse;
    OwnerPlace: str::parse;
    SealedNumber: str::parse;
    LogPlace: str::parse;
    Name: Name::parse;
    RepositoryName: RepositoryName::parse;
    TagName: TagName::parse;
    Digest: Digest::parse;
    TokenPlace: str::parse;
}

/// Which page of a list: `pageStart` and `pageSize`.
#[derive(Clone, Debug)]
pub struct Paging<K> {
    /// The last key of the page before; none for the first.
    pub start: Option<K>,
    /// At most this many entries.
    pub size: usize,
}

/// [`Paging`] as DTR's lists of accounts name it: `start` and `limit`.
#[derive(Clone, Debug, Default)]
pub struct NamePaging(pub Paging<Name>);

impl<K: PageStart> Paging<K> {
    fn read_as(pairs: &Pairs<'_>, start: &'static str, size: &'static str) -> Result<Self, InvalidParameter> {
        let entries = match read::<Number>(pairs, size)?.0.as_deref() {
            None | Some("") => DEFAULT_SIZE,
            Some(text) => read_size(text)
                .ok_or_else(|| InvalidParameter { name: size, reason: "a number; 0 is all".to_owned() })?,
        };
        let key = read::<Option<String>>(pairs, start)?;
        let no_start = || InvalidParameter { name: start, reason: "not the start of a page".to_owned() };
        let key = key.map(|text| K::parse_start(&text).ok_or_else(no_start)).transpose()?;
        Ok(Self { start: key, size: entries })
    }
}

/// A size too large for a number asks for all that remains, as 0 does.
fn read_size(text: &str) -> Option<usize> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match text.parse::<usize>() {
        Ok(0) | Err(_) => MAX_SIZE,
        Ok(size) => size.min(MAX_SIZE),
    })
}

const SIZE_TEXT: &str = "At most so many entries; 10 if omitted, 0 for all.";

impl<K: PageStart> Parameters for Paging<K> {
    fn all() -> Vec<Parameter> {
        let start = "Where the page begins: `X-Next-Page-Start` of the page before.";
        vec![
            Parameter { name: "pageStart", kind: ParameterKind::Text, text: start },
            Parameter { name: "pageSize", kind: ParameterKind::Number, text: SIZE_TEXT },
        ]
    }

    fn read(pairs: &Pairs<'_>) -> Result<Self, InvalidParameter> {
        Self::read_as(pairs, "pageStart", "pageSize")
    }

    /// Nothing: the client of a list adds the start and the size of each page itself.
    fn write(&self, _pairs: &mut Vec<(&'static str, String)>) {}
}

impl Parameters for NamePaging {
    fn all() -> Vec<Parameter> {
        let start = "Where the page begins: `nextPageStart` of the page before.";
        vec![
            Parameter { name: "start", kind: ParameterKind::Text, text: start },
            Parameter { name: "limit", kind: ParameterKind::Number, text: SIZE_TEXT },
        ]
    }

    fn read(pairs: &Pairs<'_>) -> Result<Self, InvalidParameter> {
        Paging::read_as(pairs, "start", "limit").map(Self)
    }

    /// Nothing: the client of a list adds the start and the size of each page itself.
    fn write(&self, _pairs: &mut Vec<(&'static str, String)>) {}
}

impl<K> Default for Paging<K> {
    fn default() -> Self {
        Self { start: None, size: DEFAULT_SIZE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one<V: Value>(text: &str) -> Result<V, String> {
        V::read(std::iter::once(text))
    }

    #[test]
    fn a_flag_has_the_spellings_of_go() {
        for (is_set, spellings) in
            [(true, ["1", "t", "T", "true", "TRUE", "True"]), (false, ["0", "f", "F", "false", "FALSE", "False"])]
        {
            for text in spellings {
                assert_eq!(read_one(text), Ok(Some(is_set)), "{text}");
            }
        }
        assert_eq!(read_one(""), Ok(Some(true)));
        for other in ["yes", "tRUE", "on", "2", " true", "true "] {
            assert_eq!(read_one::<Option<bool>>(other), Err("true or false".to_owned()), "{other}");
        }
    }

    #[test]
    fn a_blank_before_an_offset_was_a_plus() {
        let time = |text: &str| read_one::<Option<Timestamp>>(text).map(Option::unwrap);
        let encoded = time("2026-11-01T00:00:00+02:00");
        for text in ["2026-11-01T00:00:00 02:00", "2026-11-01 00:00:00 02:00", "2026-11-01T00:00:00.000 02:00"] {
            assert_eq!(time(text), encoded, "{text}");
        }
        assert!(encoded.is_ok());
        for bad in
            ["2026-11-01 02:00", "2026-11-01T00:00:00  02:00", "2026-11-01T00:00:00 Z", "now 02:00", " ", "2026-11-01 "]
        {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
