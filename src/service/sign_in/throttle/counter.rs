//! Counters of wrong passwords, bounded in memory.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// First wait, in seconds; it doubles with each further failure.
const FIRST_WAIT: i64 = 5;
/// Longest wait, in seconds.
pub(super) const LONGEST_WAIT: i64 = 15 * 60;
/// Failures of a [`Counter`] are forgotten after this time without another, in seconds.
pub(super) const MEMORY: i64 = 60 * 60;
/// Distinct failures from one source, over all names, before it waits.
const PER_SOURCE: i64 = 100;
/// After how many seconds one failure of a source has faded: a hundred in an hour.
const FADES_IN: i64 = 36;
/// Most counters of each kind.
pub(super) const MAX_COUNTERS: usize = 65_536;
/// Most distinct guesses that one counter tells apart.
const MAX_GUESSES: usize = 128;

/// A digest of a wrong guess, keyed for this process: it tells nothing of the guess itself.
pub(super) type Guess = [u8; 8];

/// Failures for one name: whoever goes on guessing waits longer each time.
#[derive(Clone, Default)]
pub(super) struct Counter {
    guesses: Vec<Guess>,
    failures: u32,
    last: i64,
    pub(super) locked_until: i64,
}

impl Counter {
    /// Counts a guess, unless it was counted before.
    pub(super) fn add(&mut self, guess: Guess, limit: u32, now: i64) {
        if now - self.last > MEMORY {
            *self = Self::default();
        }
        self.last = now;
        if self.guesses.contains(&guess) {
            return;
        }
        if self.guesses.len() < MAX_GUESSES {
            self.guesses.push(guess);
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= limit {
            let doublings = (self.failures - limit).min(20);
            self.locked_until = now + (FIRST_WAIT << doublings).min(LONGEST_WAIT);
        }
    }
}

/// Failures from one source, over all names. They fade one by one, so that many people behind one address do not wait
/// for what one of them did: no longer than until there is room for one more.
#[derive(Clone, Default)]
pub(super) struct Fading {
    /// The latest ones.
    guesses: VecDeque<Guess>,
    /// When all have faded.
    gone_at: i64,
}

impl Fading {
    /// Counts a guess, unless it was counted lately.
    pub(super) fn add(&mut self, guess: Guess, now: i64) {
        if self.gone_at <= now {
            *self = Self { guesses: VecDeque::new(), gone_at: now };
        }
        if self.guesses.contains(&guess) {
            return;
        }
        if self.guesses.len() >= MAX_GUESSES {
            self.guesses.pop_front();
        }
        self.guesses.push_back(guess);
        self.gone_at += FADES_IN;
    }

    pub(super) fn locked_until(&self) -> i64 {
        self.gone_at - (PER_SOURCE - 1) * FADES_IN
    }
}

/// What is dropped when memory runs short.
pub(super) trait Bounded {
    /// Whether it counts nothing any more.
    fn is_over(&self, now: i64) -> bool;

    /// Whether somebody waits because of it.
    fn locks(&self, now: i64) -> bool;

    /// What has the least is dropped first.
    fn rank(&self) -> i64;
}

impl Bounded for Counter {
    fn is_over(&self, now: i64) -> bool {
        now - self.last > MEMORY
    }

    fn locks(&self, now: i64) -> bool {
        self.locked_until > now
    }

    fn rank(&self) -> i64 {
        self.last
    }
}

impl Bounded for Fading {
    fn is_over(&self, now: i64) -> bool {
        self.gone_at <= now
    }

    fn locks(&self, now: i64) -> bool {
        self.locked_until() > now
    }

    fn rank(&self) -> i64 {
        self.gone_at
    }
}

/// Bounds the memory of guesses: drops counters that are over and, if that is not enough, the lower half, but none that
/// still locks.
pub(super) fn make_room<K: Hash + Eq, C: Bounded>(counters: &mut HashMap<K, C>, now: i64) {
    if counters.len() < MAX_COUNTERS {
        return;
    }
    counters.retain(|_, counter| !counter.is_over(now));
    if counters.len() < MAX_COUNTERS {
        return;
    }
    let mut ranks: Vec<i64> = counters.values().map(C::rank).collect();
    let middle = ranks.len() / 2;
    let (_, median, _) = ranks.select_nth_unstable(middle);
    let median = *median;
    let mut room = MAX_COUNTERS / 4;
    counters.retain(|_, counter| {
        let rank = counter.rank();
        let stays = counter.locks(now) || rank > median || (rank == median && room > 0);
        room = room.saturating_sub(usize::from(stays && rank == median));
        stays
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(number: u64) -> Guess {
        number.to_le_bytes()
    }

    #[test]
    fn failures_of_a_source_fade_one_by_one() {
        let mut source = Fading::default();
        (0..99).for_each(|number| source.add(guess(number), 1_000));
        assert!(!source.locks(1_000));
        source.add(guess(99), 1_000);
        assert_eq!(source.locked_until(), 1_000 + FADES_IN);
        // Whoever goes on as soon as there is room waits as long again, and no longer.
        for number in 100..1_000 {
            let now = source.locked_until();
            source.add(guess(number), now);
            assert_eq!(source.locked_until(), now + FADES_IN);
        }
        let all_gone = source.locked_until() + (PER_SOURCE - 1) * FADES_IN;
        assert!(!source.is_over(all_gone - 1) && source.is_over(all_gone));
        assert!(source.guesses.len() <= MAX_GUESSES);
    }

    #[test]
    fn an_equal_guess_counts_once_while_it_is_remembered() {
        let mut source = Fading::default();
        (0..500).for_each(|number| source.add(guess(number % 99), 0));
        assert!(!source.locks(0));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut counters: HashMap<u32, Counter> = (0..70_000).map(|name| (name, Counter::default())).collect();
        make_room(&mut counters, 0);
        assert!(counters.len() < MAX_COUNTERS);
        let mut sources: HashMap<u32, Fading> = HashMap::new();
        for number in 0..70_000_u32 {
            sources.entry(number).or_default().add(guess(0), i64::from(number / 1_000));
        }
        for number in 0..100 {
            sources.entry(7).or_default().add(guess(number), 0);
        }
        make_room(&mut sources, 35);
        assert!(sources.len() < MAX_COUNTERS);
        assert!(sources.contains_key(&7), "what locks stays");
        make_room(&mut sources, 1_000_000);
        assert!(sources.len() < MAX_COUNTERS);
    }
}
