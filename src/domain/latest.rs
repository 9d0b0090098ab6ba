//! The latest date that was seen: what has ended by it stays ended when the clock is set back.
//!
//! A clock is put right by seconds every day, and starts in 1970 or 2000 on a machine with an empty battery. Either way an
//! access token that has ended would open again. A clock that was far ahead for a while must not end them all until that
//! date comes, though: a step of more than [`FARTHEST`] back is believed, unless it leads to before there was this program.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::time::Timestamp;

/// How far a clock may be behind the latest date until that is taken for the wrong one of the two, in milliseconds: two days.
pub const FARTHEST: i64 = 2 * 24 * 3_600 * 1_000;

/// `2026-11-01T00:00:00Z`: no machine has run this before, so a clock that says so is wrong.
const EARLIEST: i64 = 1_793_491_200_000;

/// The latest date that was seen. Clones share it; it belongs to what runs, and is no part of what a state says: all are equal.
#[derive(Clone)]
pub struct Latest(Arc<AtomicI64>);

impl Default for Latest {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(Timestamp::NEVER.millis())))
    }
}

impl PartialEq for Latest {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Latest {
    /// The latest date that was seen.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Whether what is judged by it is judged by a date of more than a minute after `now`.
    #[must_use]
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        now.plus_seconds(60) < self.judged(now)
    }

    /// Notes a date that was seen once: when something was written.
    pub fn note(&self, date: Timestamp) {
        self.0.fetch_max(date.millis(), Ordering::Relaxed);
    }

    /// The date by which is judged what has ended, while the clock says `now`: never one before the latest that was seen,
    /// unless that was wrong.
    #[must_use]
    pub fn judged(&self, now: Timestamp) -> Timestamp {
        let (seen, millis) = (self.0.load(Ordering::Relaxed), now.millis());
        if millis > seen {
            self.0.fetch_max(millis, Ordering::Relaxed);
            return now;
        }
        if seen.saturating_sub(millis) <= FARTHEST || millis < EARLIEST {
            return Timestamp::from_millis(seen);
        }
        // Of two that find out at once, one writes.
        _ = self.0.compare_exchange(seen, millis, Ordering::Relaxed, Ordering::Relaxed);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_clock_that_is_set_back_by_a_little_brings_no_date_back() {
        let (latest, noon) = (Latest::default(), at("2027-03-01T12:00:00Z"));
        assert_eq!(latest.judged(noon), noon);
        for back in [1, 3_600, DAY, 2 * DAY] {
            assert_eq!(latest.clone().judged(noon.plus_seconds(-back)), noon, "{back} seconds");
        }
        let later = noon.plus_seconds(1);
        assert_eq!((latest.judged(later), latest.seen()), (later, later));
    }

    #[test]
    fn a_clock_that_was_far_ahead_and_is_put_right_is_believed_from_then_on() {
        let (latest, noon) = (Latest::default(), at("2027-03-01T12:00:00Z"));
        assert_eq!(latest.judged(at("2099-01-01T00:00:00Z")), at("2099-01-01T00:00:00Z"));
        assert_eq!((latest.judged(noon), latest.seen()), (noon, noon));
        assert_eq!(latest.judged(noon.plus_seconds(-DAY)), noon, "and holds again");
    }

    #[test]
    fn a_clock_of_before_this_program_is_never_believed() {
        let (latest, noon) = (Latest::default(), at("2027-03-01T12:00:00Z"));
        latest.note(noon);
        latest.note(at("2026-12-01T00:00:00Z"));
        for wrong in ["1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "2026-10-31T23:59:59Z"] {
            assert_eq!(latest.judged(at(wrong)), noon, "{wrong}");
        }
        assert_eq!(at("2026-11-01T00:00:00Z").millis(), EARLIEST);
        assert_eq!(latest.judged(at("2026-11-01T00:00:00Z")), at("2026-11-01T00:00:00Z"));
    }

    #[test]
    fn no_date_is_too_early_or_too_late() {
        let latest = Latest::default();
        for date in [Timestamp::NEVER, Timestamp::LAST, Timestamp::NEVER] {
            _ = latest.judged(date);
        }
        assert_eq!(latest.seen(), Timestamp::LAST);
    }
}
