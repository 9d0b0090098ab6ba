//! In which order access tokens are listed, and where a page of such a list begins.

use std::fmt;
use std::str::FromStr;

use super::id::Id;
use super::time::Timestamp;
use super::token::AccessToken;
use super::words::words;

words! {
    /// In which order access tokens are listed.
    #[derive(Default)]
    pub enum TokenOrder {
        /// The newest first.
        #[default]
        Newest = "newest",
        /// Those that ended or end first, first; those without an end last.
        End = "end",
    }
}

/// The last access token of a page: the next one begins after it, also when it is gone by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenPlace {
    /// Its end, in a list by end; one that never ends has the last moment.
    pub end: Option<Timestamp>,
    /// Its identifier.
    pub id: Id,
}

impl TokenPlace {
    /// The place of an access token in a list by end.
    #[must_use]
    pub fn by_end(token: &AccessToken) -> Self {
        Self { end: Some(token.expires_at.unwrap_or(Timestamp::LAST)), id: token.id }
    }
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            None => write!(f, "{}", self.id),
            Some(end) => write!(f, "{}_{}", end.millis(), self.id),
        }
    }
}

/// The text is no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the start of a page")]
pub struct InvalidPlace;

impl FromStr for TokenPlace {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let id = |text: &str| text.parse::<Id>().map_err(|_| InvalidPlace);
        match text.split_once('_') {
            None => Ok(Self { end: None, id: id(text)? }),
            Some((end, rest)) => {
                let end = end.parse::<i64>().map(Timestamp::from_millis).map_err(|_| InvalidPlace)?;
                Ok(Self { end: Some(end), id: id(rest)? })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        let end = Timestamp::parse("2026-11-21T20:42:00.123Z").unwrap();
        for end in [None, Some(end), Some(Timestamp::LAST)] {
            let place = TokenPlace { end, id: Id::MAX };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for wrong in ["", "_", "1_", "x_01A", "99999999999999999999_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            assert_eq!(wrong.parse::<TokenPlace>(), Err(InvalidPlace), "{wrong}");
        }
    }
}
