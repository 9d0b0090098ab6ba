//! A number that goes through the hands of a client and tells it nothing: where the next page of a list begins that is a part of
//! the audit log. The number itself would tell how much was recorded of others in between.
//!
//! The bytes are a keyed tag of the number, and the number under a pad that is made from the tag (SIV, as in RFC 5297): so
//! the same number is the same text, and no text can be made without the key.

use std::fmt;
use std::str::FromStr;

/// A sealed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SealedNumber {
    tag: u64,
    covered: u64,
}

/// The text is no sealed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no place in a list")]
pub struct InvalidSeal;

impl SealedNumber {
    /// Seals a number.
    #[must_use]
    pub fn seal(key: &[u8; 32], number: u64) -> Self {
        let tag = keyed(key, *b"tag", number);
        Self { tag, covered: number ^ keyed(key, *b"pad", tag) }
    }

    /// The number; none if it was sealed with another key.
    #[must_use]
    pub fn open(self, key: &[u8; 32]) -> Option<u64> {
        let number = self.covered ^ keyed(key, *b"pad", self.tag);
        (keyed(key, *b"tag", number) == self.tag).then_some(number)
    }
}

fn keyed(key: &[u8; 32], purpose: [u8; 3], number: u64) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    let mut made = [0; 8];
    hasher.update(&purpose).update(&number.to_le_bytes()).finalize_xof().fill(&mut made);
    u64::from_le_bytes(made)
}

impl fmt::Display for SealedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.tag, self.covered)
    }
}

impl FromStr for SealedNumber {
    type Err = InvalidSeal;

    fn from_str(text: &str) -> Result<Self, InvalidSeal> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (tag, covered) = text.split_at_checked(16).filter(|_| is_hex).ok_or(InvalidSeal)?;
        let number = |digits| u64::from_str_radix(digits, 16).map_err(|_| InvalidSeal);
        Ok(Self { tag: number(tag)?, covered: number(covered)? })
    }
}

/// A record of the audit log after which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPlace {
    /// By its number, which only administrators know; 0 is before the first.
    Number(u64),
    /// By what an answer said.
    Sealed(SealedNumber),
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Sealed(sealed) => sealed.fmt(f),
        }
    }
}

impl FromStr for LogPlace {
    type Err = InvalidSeal;

    fn from_str(text: &str) -> Result<Self, InvalidSeal> {
        text.parse().map(Self::Sealed).or_else(|_| text.parse().map(Self::Number).map_err(|_| InvalidSeal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_with_its_key_alone(number: u64, key: [u8; 32], other: [u8; 32], bit in 0..128_u32) {
            let sealed = SealedNumber::seal(&key, number);
            prop_assert_eq!(sealed.to_string().parse(), Ok(sealed));
            prop_assert_eq!(sealed.to_string().parse(), Ok(LogPlace::Sealed(sealed)));
            prop_assert_eq!(sealed.open(&key), Some(number));
            prop_assert!(key == other || sealed.open(&other).is_none());
            let flip = |word: u64, first: u32| {
                if (first..first + 64).contains(&bit) { word ^ (1 << (bit - first)) } else { word }
            };
            let forged = SealedNumber { tag: flip(sealed.tag, 0), covered: flip(sealed.covered, 64) };
            prop_assert_eq!(forged.open(&key), None);
        }
    }

    #[test]
    fn neighbours_have_nothing_in_common() {
        let key = [7; 32];
        let texts = [1, 2, 3].map(|number| SealedNumber::seal(&key, number).to_string());
        let alike = |one: &str, other: &str| one.bytes().zip(other.bytes()).filter(|(one, other)| one == other).count();
        assert!(alike(&texts[0], &texts[1]) < 12 && alike(&texts[1], &texts[2]) < 12, "{texts:?}");
    }

    #[test]
    fn what_is_no_place_is_refused() {
        assert_eq!("17".parse(), Ok(LogPlace::Number(17)));
        let upper = "A".repeat(32);
        assert!("0".repeat(31).parse::<SealedNumber>().is_err());
        for text in ["", "-1", "x", "+", &"g".repeat(32), &upper, &"é".repeat(16)] {
            assert!(text.parse::<SealedNumber>().is_err() && text.parse::<LogPlace>().is_err(), "{text}");
        }
    }
}
