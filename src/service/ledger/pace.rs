//! How much one may do a minute: an account may change so much, so that nobody fills the disk with changes, each of which is
//! recorded for long; a source may cause so many lines of the server's log. Pure: the time is an argument.
//!
//! A minute's worth may come at once, and is given back evenly. In memory, one number for each that did something within
//! the minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::domain::id::Id;
use crate::domain::time::Timestamp;

/// Microseconds of a minute, and of a second.
const MINUTE: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000;
/// From so many on, those that have all of their minute again are forgotten.
const FORGET_FROM: usize = 1_024;

/// What each has done lately: an account, unless it says otherwise.
pub(in crate::service) struct Pace<K = Id> {
    /// When one has all of its minute again, in microseconds since 1970.
    rested: Mutex<HashMap<K, i64>>,
}

impl<K> Default for Pace<K> {
    fn default() -> Self {
        Self { rested: Mutex::default() }
    }
}

impl<K: Eq + Hash> Pace<K> {
    /// Counts what one does that may do it `limit` times a minute.
    ///
    /// # Errors
    /// The seconds until it may do it once more.
    pub(super) fn count(&self, one: K, limit: u32, now: Timestamp) -> Result<(), i64> {
        let now = micros(now);
        let mut rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner);
        let next = next(&rested, &one, limit, now);
        if next > now + MINUTE {
            return Err((next - now - MINUTE + SECOND - 1).div_euclid(SECOND));
        }
        if rested.len() >= FORGET_FROM && !rested.contains_key(&one) {
            rested.retain(|_, at| (now..=now + MINUTE).contains(at));
        }
        rested.insert(one, next);
        Ok(())
    }

    /// Whether one may do it once more, which does not count as doing it.
    pub(super) fn has_room(&self, one: &K, limit: u32, now: Timestamp) -> bool {
        let now = micros(now);
        let rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner);
        next(&rested, one, limit, now) <= now + MINUTE
    }
}

fn micros(now: Timestamp) -> i64 {
    now.millis().saturating_mul(1_000)
}

/// When one has all of its minute again, should it do it once more.
fn next<K: Eq + Hash>(rested: &HashMap<K, i64>, one: &K, limit: u32, now: i64) -> i64 {
    // Beyond a minute it is only if the clock was set back.
    let at = rested.get(one).copied().filter(|at| (now..=now + MINUTE).contains(at)).unwrap_or(now);
    at + MINUTE / i64::from(limit.max(1))
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

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let pace = Pace::<Id>::default();
        assert_eq!(counted(&pace, 1, 1_000, at(315_360_000_000)), 600);
        assert_eq!(counted(&pace, 1, 1_000, at(0)), 600);
    }

    #[test]
    fn who_rests_is_forgotten() {
        let pace = Pace::<Id>::default();
        (0..5_000).for_each(|number| assert_eq!(pace.count(id(number), LIMIT, at(0)), Ok(())));
        (0..5_000).for_each(|number| assert_eq!(pace.count(id(10_000 + number), LIMIT, at(120_000)), Ok(())));
        assert!(pace.rested.lock().unwrap().len() <= 5_000);
        assert_eq!(pace.count(id(1), LIMIT, at(240_000)), Ok(()));
        assert_eq!(pace.rested.lock().unwrap().len(), 1);
    }
}
