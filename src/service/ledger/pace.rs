//! How much one may do a minute: an account may change so much, so that nobody fills the disk with changes, each of which is
//! recorded for long; a source may cause so many lines of the server's log. The rule is that of [`Rate`].

use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::Id;
use crate::domain::pace::{Paces, Rate, SECOND};
use crate::domain::time::Timestamp;

/// What each has done lately: an account, unless it says otherwise.
pub(in crate::service) struct Pace<K = Id>(Mutex<Paces<K>>);

impl<K> Default for Pace<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Pace<K> {
    fn lock(&self) -> MutexGuard<'_, Paces<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what one does that may do it `limit` times a minute.
    ///
    /// # Errors
    /// The seconds until it may do it once more.
    pub(super) fn count(&self, one: K, limit: u32, now: Timestamp) -> Result<(), i64> {
        let (rate, now) = (Rate::a_minute(limit), micros(now));
        let mut paces = self.lock();
        match paces.wait(&one, rate, now) {
            0 => {
                paces.count(one, rate, now);
                Ok(())
            }
            wait => Err((wait + SECOND - 1).div_euclid(SECOND)),
        }
    }

    /// Whether one may do it once more, which does not count as doing it.
    pub(super) fn has_room(&self, one: &K, limit: u32, now: Timestamp) -> bool {
        self.lock().wait(one, Rate::a_minute(limit), micros(now)) == 0
    }
}

fn micros(now: Timestamp) -> i64 {
    now.millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 600;

    fn id(number: u128) -> Id {
        Id::from_bytes(number.to_be_bytes())
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_795_296_000_000 + millis)
    }

    fn counted(pace: &Pace, account: u128, tries: u32, now: Timestamp) -> usize {
        (0..tries).filter(|_| pace.count(id(account), LIMIT, now).is_ok()).count()
    }

    #[test]
    fn a_minutes_worth_comes_at_once_and_is_given_back_evenly() {
        let pace = Pace::<Id>::default();
        assert_eq!(counted(&pace, 1, 1_000, at(0)), 600);
        assert_eq!(pace.count(id(1), LIMIT, at(0)), Err(1));
        assert_eq!(counted(&pace, 2, 1_000, at(0)), 600, "others have their own");
        assert_eq!(counted(&pace, 1, 1_000, at(1_000)), 10);
        assert_eq!(counted(&pace, 1, 1_000, at(120_000)), 600);
        assert_eq!(Pace::<Id>::default().count(id(1), 1, at(0)), Ok(()));
    }

    #[test]
    fn the_wait_is_until_the_next_may_be_made() {
        let pace = Pace::<Id>::default();
        assert_eq!(pace.count(id(1), 1, at(0)), Ok(()));
        assert_eq!(pace.count(id(1), 1, at(500)), Err(60));
        assert_eq!(pace.count(id(1), 1, at(59_500)), Err(1));
        assert_eq!(pace.count(id(1), 1, at(60_000)), Ok(()));
    }
}
