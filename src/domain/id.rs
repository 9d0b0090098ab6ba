//! Identifiers: ULIDs in upper case, so that no identifier is a valid name (names are lower case).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::Timestamp;

/// Crockford's base 32, as the ULID specification (github.com/ulid/spec) lists it.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of the text form.
const LENGTH: usize = 26;

/// A 128-bit identifier: 48 bits of milliseconds since 1970, then 80 random bits. Orders by creation time.
///
/// Bytes and no number, since the numbers of this size stand at multiples of 16: beside a pointer, one takes 24 bytes so, and
/// not 32, and there are millions of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id([u8; 16]);

impl Ord for Id {
    /// As the bytes, but in two instructions, since every look-up in memory compares some twenty of them.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
    }
}

impl PartialOrd for Id {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Id {
    /// The smallest identifier, for the start of a range.
    pub const MIN: Id = Id([0; 16]);
    /// The largest identifier, for the end of a range.
    pub const MAX: Id = Id([u8::MAX; 16]);

    /// An identifier made at `now`.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u128::from(u64::try_from(now.millis()).unwrap_or(0) & 0xFFFF_FFFF_FFFF);
        let random = random.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        Self(((millis << 80) | random).to_be_bytes())
    }

    /// The sixteen bytes, most significant first: their order is the order of the identifiers.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The identifier of these sixteen bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u128::from_be_bytes(self.0);
        let mut text = [b'0'; LENGTH];
        for letter in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or(0);
            *letter = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Id {
    /// As its text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an identifier of 26 characters")]
pub struct InvalidId;

impl FromStr for Id {
    type Err = InvalidId;

    /// Reads the upper-case form only: one identifier has one text.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != LENGTH {
            return Err(InvalidId);
        }
        let mut value: u128 = 0;
        for (place, letter) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|known| *known == letter).ok_or(InvalidId)?;
            if place == 0 && digit > 7 {
                return Err(InvalidId);
            }
            value = (value << 5) | digit as u128;
        }
        Ok(Self(value.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_round_trip() {
        for id in [Id::MIN, Id::MAX, Id::new(Timestamp::from_millis(1_732_221_720_000), [7; 10])] {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(Id::from_bytes(id.to_bytes()), id);
        }
        assert_eq!(Id::MAX.to_string(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "alice", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "01ARZ3NDEKTSV4RRFFQ69G5FAI"]
        {
            assert_eq!(text.parse::<Id>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn identifiers_are_ordered_as_their_bytes() {
        let bytes = |place: usize, byte: u8| std::array::from_fn(|at| if at == place { byte } else { 7 });
        let all: Vec<[u8; 16]> = (0..16).flat_map(|place| [0, 7, 255].map(|byte| bytes(place, byte))).collect();
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            assert_eq!(Id::from_bytes(*one).cmp(&Id::from_bytes(*other)), one.cmp(other));
        }
    }

    #[test]
    fn later_ids_are_greater() {
        let at = |millis| Id::new(Timestamp::from_millis(millis), [255; 10]);
        assert!(at(1) < at(2) && at(255) < at(256));
    }
}
