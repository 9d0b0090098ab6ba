//! Declares a stored kind once: its table, its key, its frozen struct with one line per field, the version before.
//!
//! A frozen struct is never edited, since bincode does not describe itself. A changed record is a new struct with the
//! next number, which names the one before and is made from it: an older record is read through that chain, and written
//! in the newest version at its next change. Golden bytes under `tests/golden/records` hold every version that was ever
//! written.

use super::change::RowChange;
use super::codec::{self, DecodeError, FrozenVersion};
use super::table::Table;

/// A value that is stored.
pub(super) trait Record: Sized {
    /// Its newest frozen struct.
    type Stored: FrozenVersion;
    /// What to write.
    fn store(&self) -> Self::Stored;
    /// What was written; none if it breaks a rule of the domain.
    fn load(stored: Self::Stored) -> Option<Self>;
}

/// A stored value that says where it stands.
pub(super) trait Row: Record {
    /// In which table.
    const TABLE: Table;
    /// At which key.
    fn key(&self) -> Vec<u8>;
}

/// The bytes to write for a value.
///
/// # Errors
/// [`DecodeError::Damaged`] if it is too large.
pub(super) fn encode<R: Record>(value: &R) -> Result<Vec<u8>, DecodeError> {
    codec::encode(&value.store())
}

/// The value that these bytes stand for, whichever version they have.
///
/// # Errors
/// [`DecodeError`]
pub(super) fn decode<R: Record>(bytes: &[u8]) -> Result<R, DecodeError> {
    codec::decode(bytes).and_then(|stored| R::load(stored).ok_or(DecodeError::Damaged))
}

/// The change that writes a value at its key.
///
/// # Errors
/// [`DecodeError::Damaged`] if it is too large.
pub(super) fn put<R: Row>(value: &R) -> Result<RowChange, DecodeError> {
    Ok(RowChange { table: R::TABLE, key: value.key(), value: Some(encode(value)?) })
}

/// A frozen struct of plain values that is a version of a kind.
macro_rules! frozen {
    ($stored:ident is $kind:literal, $version:literal; $($previous:ident by $migrate:expr)?; {
        $($field:ident: $type:ty,)*
    }) => {
        #[derive(Serialize, Deserialize)]
        pub(in crate::store) struct $stored {
            $(pub(in crate::store) $field: $type,)*
        }

        impl $crate::store::codec::FrozenVersion for $stored {
            const KIND: u8 = $kind;
            const VERSION: u16 = $version;
            frozen!(@previous $($previous by $migrate)?);
        }
    };
    (@previous) => {
        type Previous = $crate::store::codec::NoVersion;

        fn migrate(previous: Self::Previous) -> Self {
            match previous {}
        }
    };
    (@previous $previous:ident by $migrate:expr) => {
        type Previous = $previous;

        fn migrate(previous: Self::Previous) -> Self {
            let migrate: fn($previous) -> Self = $migrate;
            migrate(previous)
        }
    };
}

/// A kind of record: the value and its newest frozen struct, whose fields have the value's names; and its table and
/// key, if the value determines them. The line of a field that a newer version adds gives its value for older records.
macro_rules! record {
    ($value:ty $(, in $table:ident at |$it:ident| $key:expr)?; $first:ident is $kind:literal, $number:literal {
        $($field:ident: $type:ty,)*
    } $($versions:tt)*) => {
        frozen!($first is $kind, $number;; { $($field: $type,)* });
        record!(@versions $value; $kind; $first { $($field: $type,)* } $($versions)*);
        $(record!(@place $value, in $table at |$it| $key);)?
    };
    (@versions $value:ty; $kind:literal; $newest:ident { $($field:ident: $type:ty,)* }) => {
        record!(@fields $value; $newest { $($field,)* });
    };
    (@versions $value:ty; $kind:literal; $before:ident { $($field:ident: $type:ty,)* }
        then $next:ident is $number:literal, adding |$older:ident| {
            $($added:ident: $added_type:ty = $in_older:expr,)*
        } $($versions:tt)*) => {
        frozen!($next is $kind, $number;
            $before by |$older| {
                $(let $added = $in_older;)*
                $next { $($field: $older.$field,)* $($added,)* }
            }; {
            $($field: $type,)*
            $($added: $added_type,)*
        });
        record!(@versions $value; $kind; $next { $($field: $type,)* $($added: $added_type,)* } $($versions)*);
    };
    (@fields $value:ty; $stored:ident { $($field:ident,)* }) => {
        impl $crate::store::row::Record for $value {
            type Stored = $stored;

            fn store(&self) -> $stored {
                $stored { $($field: $crate::store::field::Field::store(&self.$field),)* }
            }

            fn load(stored: $stored) -> Option<Self> {
                Some(Self { $($field: $crate::store::field::Field::load(stored.$field)?,)* })
            }
        }
    };
    (@place $value:ty, in $table:ident at |$it:ident| $key:expr) => {
        impl $crate::store::row::Row for $value {
            const TABLE: $crate::store::table::Table = $crate::store::table::Table::$table;

            fn key(&self) -> Vec<u8> {
                let $it = self;
                $key
            }
        }
    };
}

/// A frozen struct that is a part of others.
macro_rules! part {
    ($value:ty; $stored:ident { $($field:ident: $type:ty,)* }) => {
        #[derive(Serialize, Deserialize)]
        pub(in crate::store) struct $stored {
            $($field: $type,)*
        }

        impl $crate::store::field::Field for $value {
            type Stored = $stored;

            fn store(&self) -> $stored {
                $stored { $($field: $crate::store::field::Field::store(&self.$field),)* }
            }

            fn load(stored: $stored) -> Option<Self> {
                Some(Self { $($field: $crate::store::field::Field::load(stored.$field)?,)* })
            }
        }
    };
}

pub(super) use {frozen, part, record};
