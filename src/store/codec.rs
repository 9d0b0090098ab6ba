//! The form of every stored record: `[magic][kind][version, two bytes, little-endian]` and one frozen struct in bincode.
//!
//! bincode does not describe itself: two fields of one type exchanged decode without an error. So the structs of
//! [`super::record`] are never edited ([`super::row`]), trailing bytes and oversized lengths are refused, and an unknown
//! version stops the start.

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// First byte of every record.
const MAGIC: u8 = 0xD7;
/// Largest record, in bytes; sled would move values above about 128 KiB to files of their own.
const LIMIT: u64 = 96 * 1024;
const HEADER: usize = 4;

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    /// Not this kind of record, or damaged.
    #[error("damaged record")]
    Damaged,
    /// A version that this dockpass does not know.
    #[error("record of version {0}")]
    Newer(u16),
}

/// One version of the frozen struct of a kind.
pub(super) trait FrozenVersion: Serialize + DeserializeOwned {
    /// The kind, the same through all versions.
    const KIND: u8;
    /// The number of this version, from 1.
    const VERSION: u16;
    /// The version before; [`NoVersion`] before the first.
    type Previous: FrozenVersion;
    /// Converts the version before to this one.
    fn migrate(previous: Self::Previous) -> Self;
}

/// Stands before the first version of a kind.
#[derive(Serialize, Deserialize)]
pub(super) enum NoVersion {}

impl FrozenVersion for NoVersion {
    const KIND: u8 = 0;
    const VERSION: u16 = 0;
    type Previous = NoVersion;

    fn migrate(previous: NoVersion) -> Self {
        match previous {}
    }
}

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_little_endian().with_limit(LIMIT).reject_trailing_bytes()
}

/// Whether bytes begin as a record of any kind and version does.
pub(super) fn is_record(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes.first() == Some(&MAGIC)
}

/// The version that bytes say they have; none if they are too short for a record.
pub(super) fn version(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [_, _, low, high, ..] => Some(u16::from_le_bytes([*low, *high])),
        _ => None,
    }
}

/// The record's bytes.
///
/// # Errors
/// [`DecodeError::Damaged`] if it is larger than a record may be; callers bound their fields far below that.
pub(super) fn encode<R: FrozenVersion>(record: &R) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = vec![MAGIC, R::KIND];
    bytes.extend(R::VERSION.to_le_bytes());
    options().serialize_into(&mut bytes, record).map_err(|_| DecodeError::Damaged)?;
    Ok(bytes)
}

/// The record of these bytes, of this kind, in the version `R`: an older one is read through the chain of migrations.
///
/// # Errors
/// [`DecodeError`]
pub(super) fn decode<R: FrozenVersion>(bytes: &[u8]) -> Result<R, DecodeError> {
    let (header, payload) = bytes.split_at_checked(HEADER).ok_or(DecodeError::Damaged)?;
    let [magic, kind, low, high] = header else { return Err(DecodeError::Damaged) };
    if *magic != MAGIC || *kind != R::KIND {
        return Err(DecodeError::Damaged);
    }
    match u16::from_le_bytes([*low, *high]) {
        newer if newer > R::VERSION => Err(DecodeError::Newer(newer)),
        version => read(version, payload),
    }
}

/// The payload of a record of this version, which is `R`'s or one before.
fn read<R: FrozenVersion>(version: u16, payload: &[u8]) -> Result<R, DecodeError> {
    match R::VERSION {
        0 => Err(DecodeError::Damaged),
        own if own == version => options().deserialize(payload).map_err(|_| DecodeError::Damaged),
        _ => read(version, payload).map(R::migrate),
    }
}
