//! A place in a list of access tokens by owner: where its next page begins.

use std::fmt;
use std::str::FromStr;

use super::id::{Id, InvalidId};

/// Behind what the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerPlace {
    /// The owner.
    pub owner: Id,
    /// Behind which of the owner's.
    pub within: Within,
}

/// A place among the access tokens of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    /// Behind this many, where none is named.
    Count(u32),
    /// Behind this one.
    Token(Id),
    /// Behind all.
    All,
}

impl fmt::Display for OwnerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Within::Count(count) => write!(f, "{}.{count}", self.owner),
            Within::Token(id) => write!(f, "{}.{id}", self.owner),
            Within::All => write!(f, "{}", self.owner),
        }
    }
}

impl FromStr for OwnerPlace {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let Some((owner, within)) = text.split_once('.') else {
            return Ok(Self { owner: text.parse()?, within: Within::All });
        };
        let count = within.parse().map(Within::Count).ok();
        let within = count.map_or_else(|| within.parse().map(Within::Token), Ok)?;
        Ok(Self { owner: owner.parse()?, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_as_they_are_written() {
        let owner = Id::from_bytes([7; 16]);
        for within in [Within::Count(0), Within::Count(u32::MAX), Within::Token(Id::MAX), Within::All] {
            let place = OwnerPlace { owner, within };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for text in ["", ".", "x", "alice.1", &format!("{owner}."), &format!("{owner}.x"), &format!("{owner}.1.1")] {
            assert!(text.parse::<OwnerPlace>().is_err(), "{text}");
        }
    }
}
