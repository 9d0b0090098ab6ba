//! When access tokens were last used in one repository: of very many, of those that used it last.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::Id;
use super::time::Timestamp;

/// Most access tokens whose last use in a repository is kept.
pub const MAX_TOKEN_USES: usize = 100;

/// The last use of each of these access tokens, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenUses(Arc<[(Id, Timestamp)]>);

impl TokenUses {
    /// Of these uses the last of each access token, as many as are kept.
    #[must_use]
    pub fn of(uses: impl IntoIterator<Item = (Id, Timestamp)>) -> Self {
        let mut last = BTreeMap::new();
        for (token, at) in uses {
            let known = last.entry(token).or_insert(at);
            *known = at.max(*known);
        }
        let mut last: Vec<_> = last.into_iter().collect();
        last.sort_by_key(|(token, at)| (std::cmp::Reverse(*at), *token));
        last.truncate(MAX_TOKEN_USES);
        Self(last.into())
    }

    /// When this access token was last used, as far as that is kept.
    #[must_use]
    pub fn last(&self, token: Id) -> Option<Timestamp> {
        self.iter().find(|(known, _)| *known == token).map(|(_, at)| at)
    }

    /// Each with its last use, the latest first.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Timestamp)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(token: u8, at: i64) -> (Id, Timestamp) {
        (Id::from_bytes([token; 16]), Timestamp::from_seconds(at))
    }

    #[test]
    fn the_last_use_of_each_is_kept_and_of_very_many_the_latest() {
        let uses = TokenUses::of([used(1, 10), used(2, 30), used(1, 20), used(1, 5)]);
        assert_eq!(uses.iter().collect::<Vec<_>>(), [used(2, 30), used(1, 20)]);
        assert_eq!((uses.last(used(1, 0).0), uses.last(used(3, 0).0)), (Some(used(1, 20).1), None));
        let many = TokenUses::of((0..=u8::MAX).map(|number| used(number, number.into())));
        assert_eq!(many.iter().count(), MAX_TOKEN_USES);
        assert!(many.last(used(u8::MAX, 0).0).is_some() && many.last(used(0, 0).0).is_none());
    }
}
