//! Lengths of time, counted by how long they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::time::Clock;

/// How often something took how long.
#[derive(Debug)]
pub struct Histogram {
    clock: Clock,
    /// Upper bounds in seconds, rising; what is longer has a cell of its own behind them.
    bounds: &'static [f64],
    cells: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn new(clock: &Clock, bounds: &'static [f64]) -> Self {
        let cells = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { clock: clock.clone(), bounds, cells, nanoseconds: AtomicU64::new(0) }
    }

    /// Does some work and notes how long it took.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let begun = self.clock.uptime();
        let done = work();
        self.note(self.clock.uptime().saturating_sub(begun));
        done
    }

    /// Notes a length of time.
    pub fn note(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = self.bounds.partition_point(|bound| *bound < seconds);
        if let Some(cell) = self.cells.get(place) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The sum in seconds, the count, and the count of each cell with its upper bound.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let cells: Vec<_> = bounds.zip(self.cells.iter().map(|cell| cell.load(Ordering::Relaxed))).collect();
        let count = cells.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        (sum, count, cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    #[test]
    fn each_length_is_in_the_cell_of_the_first_bound_that_it_does_not_exceed() {
        let clock = Clock::fixed(Timestamp::from_seconds(1_000));
        let histogram = Histogram::new(&clock, &[1.0, 5.0]);
        for millis in [0, 1_000, 1_001, 5_000, 60_000] {
            histogram.note(Duration::from_millis(millis));
        }
        histogram.time(|| clock.pass(2));
        assert_eq!(histogram.read(), (69.001, 6, vec![(1.0, 2), (5.0, 3), (f64::INFINITY, 1)]));
    }
}
