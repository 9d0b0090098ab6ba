//! When access tokens were last used, and by which of their secrets.
//!
//! In the overlap of a rotation two secrets sign in: the last use of each is kept, so that it can be seen whether the
//! replaced one is still used somewhere.

use std::net::IpAddr;

use super::secret::TokenHash;
use super::time::Timestamp;

/// The last use of one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// The hash of the secret.
    pub secret: TokenHash,
    /// The moment.
    pub at: Timestamp,
    /// The client's address.
    pub address: IpAddr,
}

/// When and from where an access token was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The moment.
    pub at: Timestamp,
    /// The client's address.
    pub address: IpAddr,
    /// The hash of the secret that was shown; none if an earlier dockpass noted the use.
    pub secret: Option<TokenHash>,
    /// The last use of the other secret, where two sign in.
    pub other: Option<SecretUse>,
}

impl Usage {
    /// What is known after this use, with what was known `before`. `other` is the other secret that signs in at present;
    /// the uses of all others are forgotten.
    #[must_use]
    pub fn after(before: Option<&Self>, used: SecretUse, other: Option<TokenHash>) -> Self {
        let other = other.and_then(|other| before?.of(&other));
        Self { at: used.at, address: used.address, secret: Some(used.secret), other }
    }

    /// The last use of the secret of this hash, as far as it is known.
    #[must_use]
    pub fn of(&self, secret: &TokenHash) -> Option<SecretUse> {
        let last = self.secret.map(|secret| SecretUse { secret, at: self.at, address: self.address });
        last.into_iter().chain(self.other).find(|used| used.secret == *secret)
    }

    /// The last use of a replaced secret. One that an earlier dockpass noted, of either secret, counts as its own: nobody
    /// is to end a secret that may be in use.
    #[must_use]
    pub fn of_replaced(&self, secret: &TokenHash) -> Option<SecretUse> {
        let unknown = SecretUse { secret: *secret, at: self.at, address: self.address };
        self.of(secret).or(Some(unknown).filter(|_| self.secret.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u8) -> TokenHash {
        TokenHash::from_bytes([number; 32])
    }

    fn used(number: u8, at: i64) -> SecretUse {
        SecretUse { secret: hash(number), at: Timestamp::from_seconds(at), address: [192, 0, 2, number].into() }
    }

    #[test]
    fn each_of_two_secrets_keeps_its_last_use() {
        let first = Usage::after(None, used(1, 10), None);
        // A rotation: 2 is new, 1 is replaced.
        let both = Usage::after(Some(&first), used(2, 20), Some(hash(1)));
        assert_eq!((both.of(&hash(1)), both.of(&hash(2))), (Some(used(1, 10)), Some(used(2, 20))));
        let again = Usage::after(Some(&both), used(1, 30), Some(hash(2)));
        assert_eq!((again.of(&hash(1)), again.of(&hash(2))), (Some(used(1, 30)), Some(used(2, 20))));
        assert_eq!((again.at, again.address), (used(1, 30).at, used(1, 30).address));
        // Another rotation: 3 is new, 2 is replaced, 1 is nothing any more, although it was used last.
        let third = Usage::after(Some(&again), used(3, 40), Some(hash(2)));
        assert_eq!((third.of(&hash(1)), third.of(&hash(2))), (None, Some(used(2, 20))));
        // The overlap is over.
        let alone = Usage::after(Some(&third), used(3, 50), None);
        assert_eq!((alone.of(&hash(2)), alone.other), (None, None));
    }

    #[test]
    fn a_use_of_an_unknown_secret_counts_as_one_of_the_replaced() {
        let early = Usage { at: used(1, 10).at, address: used(1, 10).address, secret: None, other: None };
        assert_eq!(early.of(&hash(1)), None);
        assert_eq!(early.of_replaced(&hash(1)), Some(used(1, 10)));
        let later = Usage::after(Some(&early), used(2, 20), Some(hash(1)));
        assert_eq!(later.of_replaced(&hash(1)), None);
    }
}
