//! How often a repository was pulled and pushed to, day by day. A day is one of UTC.

use std::collections::BTreeMap;
use std::fmt;

use super::time::Timestamp;

/// How many days are kept and shown, the present one included.
pub const KEPT_DAYS: usize = 90;
/// Seconds of a day.
const DAY: i64 = 24 * 3_600;

/// A day, counted from the first of January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    /// The day of this number.
    #[must_use]
    pub fn numbered(number: u32) -> Self {
        Self(number)
    }

    /// The day that this moment is in; the first one for all moments before it.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.seconds().div_euclid(DAY)).unwrap_or(0))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The [`KEPT_DAYS`] days that end with this one, oldest first.
    pub fn and_before(self) -> impl Iterator<Item = Self> {
        let back = u32::try_from(KEPT_DAYS).unwrap_or(u32::MAX).saturating_sub(1);
        (self.0.saturating_sub(back)..=self.0).map(Self)
    }
}

impl fmt::Display for Day {
    /// As `2026-11-29`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = Timestamp::from_seconds(i64::from(self.0).saturating_mul(DAY)).to_string();
        f.write_str(begin.split('T').next().unwrap_or_default())
    }
}

/// What was counted on one day. Both numbers stop at the largest one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Pulls, counted as those of the whole repository are.
    pub pulls: u32,
    /// Pushes of a tag.
    pub pushes: u32,
}

impl DayCount {
    /// One pull.
    pub const PULL: Self = Self { pulls: 1, pushes: 0 };
    /// One push.
    pub const PUSH: Self = Self { pulls: 0, pushes: 1 };

    fn plus(self, other: Self) -> Self {
        let (pulls, pushes) = (self.pulls.saturating_add(other.pulls), self.pushes.saturating_add(other.pushes));
        Self { pulls, pushes }
    }

    fn minus(self, other: Self) -> Self {
        let (pulls, pushes) = (self.pulls.saturating_sub(other.pulls), self.pushes.saturating_sub(other.pushes));
        Self { pulls, pushes }
    }
}

/// The counts of the days on which there was anything to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(BTreeMap<Day, DayCount>);

impl Days {
    /// These days, of which those without anything are left out; the last one counts where a day stands twice.
    #[must_use]
    pub fn of(days: impl IntoIterator<Item = (Day, DayCount)>) -> Self {
        Self(days.into_iter().filter(|(_, count)| *count != DayCount::default()).collect())
    }

    /// Adds to what was counted on a day.
    pub fn add(&mut self, day: Day, count: DayCount) {
        let present = self.0.entry(day).or_default();
        *present = present.plus(count);
    }

    /// Takes these away again, as far as they are there.
    pub fn subtract(&mut self, others: &Self) {
        for (day, count) in &others.0 {
            if let Some(present) = self.0.get_mut(day) {
                *present = present.minus(*count);
            }
        }
        self.0.retain(|_, count| *count != DayCount::default());
    }

    /// The sum of both, without more than the newest [`KEPT_DAYS`] of its days. They are counted and not compared with
    /// today: a clock that is wrong for a moment makes nothing of the past go.
    #[must_use]
    pub fn with(mut self, others: &Self) -> Self {
        others.0.iter().for_each(|(day, count)| self.add(*day, *count));
        while self.0.len() > KEPT_DAYS {
            self.0.pop_first();
        }
        self
    }

    /// What was counted on a day.
    #[must_use]
    pub fn on(&self, day: Day) -> DayCount {
        self.0.get(&day).copied().unwrap_or_default()
    }

    /// Its days, oldest first.
    pub fn counts(&self) -> impl Iterator<Item = (Day, DayCount)> {
        self.0.iter().map(|(day, count)| (*day, *count))
    }

    /// The pulls of all of its days.
    #[must_use]
    pub fn pulls(&self) -> u64 {
        self.0.values().map(|count| u64::from(count.pulls)).sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_utc() {
        let day = Day::of(at("2026-11-29T00:00:00Z"));
        assert_eq!(Day::of(at("2026-11-29T23:59:59.999Z")), day);
        assert_eq!(Day::of(at("2026-11-30T00:00:00Z")).number(), day.number() + 1);
        assert_eq!(Day::of(at("2026-11-30T00:30:00+01:00")), day);
        assert_eq!((day.to_string().as_str(), Day::of(Timestamp::NEVER).number()), ("2026-11-29", 0));
        let shown: Vec<Day> = day.and_before().collect();
        assert_eq!((shown.len(), shown[0].to_string().as_str(), shown[89]), (90, "2026-09-01", day));
    }

    #[test]
    fn counts_are_added_taken_away_and_stop_at_the_largest_number() {
        let day = Day::numbered(7);
        let mut days = Days::default();
        days.add(day, DayCount::PULL);
        days.add(day, DayCount::PULL);
        let written = days.clone();
        days.add(day, DayCount::PUSH);
        days.subtract(&written);
        assert_eq!(days, Days::of([(day, DayCount::PUSH)]));
        days.subtract(&written);
        assert_eq!((days.on(day), days.pulls()), (DayCount::PUSH, 0));
        let most = DayCount { pulls: u32::MAX, pushes: u32::MAX };
        let full = Days::of([(day, most)]).with(&Days::of([(day, DayCount { pulls: 1, pushes: 1 })]));
        assert_eq!(full.on(day), most);
        days.subtract(&Days::of([(day, most)]));
        assert!(days.is_empty());
    }

    #[test]
    fn the_newest_ninety_days_stay_and_a_wrong_clock_takes_one_of_them() {
        let day = |number| (Day::numbered(number), DayCount::PULL);
        let all = Days::of((1..=200).map(day)).with(&Days::default());
        assert_eq!(all.counts().map(|(day, _)| day.number()).collect::<Vec<_>>(), (111..=200).collect::<Vec<_>>());
        let later = all.with(&Days::of([day(40_000)]));
        let numbers: Vec<u32> = later.counts().map(|(day, _)| day.number()).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[89]), (90, 112, 40_000));
    }
}
