//! How often one may do something: so many at once, and then one after another. Pure: the moments are arguments.
//!
//! Each takes a length of time for itself (a "generic cell rate algorithm"): all that is kept of one is until when what it
//! has done has used up the time. Lengths are in microseconds, moments in microseconds of one clock, whichever.

use std::collections::HashMap;
use std::hash::Hash;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// From so many on, those that have all of their time again are forgotten.
const FORGET_FROM: usize = 1_024;

/// How often.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The time that each takes.
    pub each: i64,
    /// The time that may be used up ahead without a wait: so many come at once as fit in.
    pub at_once: i64,
    /// The most that is ever used up ahead, `at_once` or more.
    pub most: i64,
}

impl Rate {
    /// So many a minute, which may come at once.
    #[must_use]
    pub fn a_minute(limit: u32) -> Self {
        Self { each: MINUTE / i64::from(limit.max(1)), at_once: MINUTE, most: MINUTE }
    }

    /// How much is used up ahead of now. Beyond the most it is only if the clock was set back: then nothing is.
    fn ahead(self, used_until: i64, now: i64) -> i64 {
        Some(used_until.saturating_sub(now)).filter(|ahead| (0..=self.most).contains(ahead)).unwrap_or(0)
    }

    /// How long one more waits; 0 if it need not.
    fn wait(self, used_until: i64, now: i64) -> i64 {
        (self.ahead(used_until, now) + self.each - self.at_once).max(0)
    }

    /// Until when the time is used up with one more.
    fn with_one_more(self, used_until: i64, now: i64) -> i64 {
        now.saturating_add((self.ahead(used_until, now) + self.each).min(self.most))
    }
}

/// What each has done lately: one number for each that has used up time ahead.
#[derive(Debug)]
pub struct Paces<K> {
    used_until: HashMap<K, i64>,
    /// How many were left when they were last looked through.
    left: usize,
}

impl<K> Default for Paces<K> {
    fn default() -> Self {
        Self { used_until: HashMap::new(), left: 0 }
    }
}

impl<K: Eq + Hash> Paces<K> {
    fn used_until(&self, one: &K, now: i64) -> i64 {
        self.used_until.get(one).copied().unwrap_or(now)
    }

    /// How long one waits that would do it once more; 0 if it need not.
    #[must_use]
    pub fn wait(&self, one: &K, rate: Rate, now: i64) -> i64 {
        rate.wait(self.used_until(one, now), now)
    }

    /// Counts that one does it, or will after its wait.
    pub fn count(&mut self, one: K, rate: Rate, now: i64) {
        let until = rate.with_one_more(self.used_until(&one, now), now);
        self.forget(rate, now);
        self.used_until.insert(one, until);
    }

    /// Drops those that are as good as new, when twice as many are known as the last time.
    fn forget(&mut self, rate: Rate, now: i64) {
        if self.used_until.len() >= FORGET_FROM.max(self.left.saturating_mul(2)) {
            self.used_until.retain(|_, until| rate.ahead(*until, now) > 0);
            self.left = self.used_until.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { each: 10, at_once: 50, most: 80 };

    fn waits(paces: &mut Paces<u32>, one: u32, count: usize, now: i64) -> Vec<i64> {
        let mut next = || {
            let wait = paces.wait(&one, RATE, now);
            paces.count(one, RATE, now);
            wait
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn some_come_at_once_and_the_others_one_after_another() {
        let mut paces = Paces::default();
        assert_eq!(waits(&mut paces, 1, 10, 0), [0, 0, 0, 0, 0, 10, 20, 30, 40, 40]);
        assert_eq!(waits(&mut paces, 2, 1, 0), [0], "others have their own");
        assert_eq!(waits(&mut paces, 1, 3, 40), [0, 10, 20], "what is used up is given back evenly");
        assert_eq!(waits(&mut paces, 1, 6, 1_000), [0, 0, 0, 0, 0, 10]);
    }

    #[test]
    fn a_minutes_worth_fits_into_a_minute() {
        for limit in [0, 1, 7, 600] {
            let (mut paces, rate) = (Paces::default(), Rate::a_minute(limit));
            for _ in 0..limit.max(1) {
                assert_eq!(paces.wait(&0, rate, 5), 0);
                paces.count(0, rate, 5);
            }
            assert!(paces.wait(&0, rate, 5) > 0 && paces.wait(&0, rate, 5 + MINUTE) == 0);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_waiting() {
        let mut paces = Paces::default();
        waits(&mut paces, 1, 10, 1_000_000);
        assert_eq!(waits(&mut paces, 1, 6, 0), [0, 0, 0, 0, 0, 10]);
    }

    #[test]
    fn who_rests_is_forgotten() {
        let mut paces = Paces::default();
        (0..5_000).for_each(|one| paces.count(one, RATE, 0));
        assert_eq!(paces.used_until.len(), 5_000, "all have used up time");
        (5_000..30_000).for_each(|one| paces.count(one, RATE, i64::from(one)));
        assert!(paces.used_until.len() <= FORGET_FROM, "{}", paces.used_until.len());
    }
}
